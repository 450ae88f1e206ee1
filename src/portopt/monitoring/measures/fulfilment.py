"""What became of released proposals: trades that the holdings do not show, and what those that they show have cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.watch import Figure, labels
from portopt.monitoring.measures.calibration import Forecast

FULFILMENT = ("book_proposal_age", "book_unfilled", "book_cost_ratio")
TRADES_NAMED = 10
CENTS = 0.005
SESSION_HOURS = 6.5
FEWEST_RETURNS = 20
LOTS = 1e-6  # shares: less is arithmetic
NO_FILLS, NO_COST = "no holdings declared after a proposal tell what its trades cost", "its trades were to cost nothing"
NO_PROPOSAL = "no proposal was released"


@dataclass(frozen=True, slots=True)
class PastProposal:
    """A released proposal, as far as it is held against what came.

    trades: signed shares by asset. prices: of those assets, what the proposal reckoned with. shares_before, cash_before: the
    book that it was made for. cost: what it expected the trades to cost, money. targets: weights after them.
    """

    run_id: str
    portfolio_id: str
    released_at: datetime
    forecast: Forecast
    targets: Mapping[str, float]
    trades: Mapping[str, float] = field(default_factory=dict)
    prices: Mapping[str, float] = field(default_factory=dict)
    shares_before: Mapping[str, float] = field(default_factory=dict)
    cash_before: float = 0.0
    cost: float = 0.0

    def was_made_for(self, book: DeclaredBook) -> bool:
        held = {asset: n for asset, n in book.shares.items() if n}
        return book.cash == self.cash_before and held == {asset: n for asset, n in self.shares_before.items() if n}

    @property
    def gross(self) -> float:
        """Money that it would trade."""
        return math.fsum(abs(n) * self.prices[a] for a, n in self.trades.items())


@dataclass(frozen=True, slots=True)
class DeclaredBook:
    """Holdings as they were declared at an instant."""

    at: datetime
    shares: Mapping[str, float]
    cash: float


def fulfilment(
    portfolio_id: str,
    proposals: Sequence[PastProposal],
    books: Sequence[DeclaredBook],
    now: datetime,
    moves: Mapping[str, float] | None = None,
) -> list[Figure]:
    """The figures of FULFILMENT. proposals, books: of the window, in any order.

    moves: by run, the standard deviation of a session of what its trades are worth, money; see trade_move.
    """
    of = labels(portfolio=portfolio_id)
    if not proposals:
        return [Figure(name, of, now, None, why=NO_PROPOSAL) for name in FULFILMENT]
    ordered = sorted(proposals, key=lambda one: (one.released_at, one.run_id))
    newest = ordered[-1]
    age = max((now - newest.released_at) / timedelta(days=1), 0.0)
    return [
        Figure("book_proposal_age", of, now, age, detail={"run": newest.run_id, "released": newest.released_at.isoformat()}),
        _unfilled(newest, shown_after(newest, None, books), now),
        _cost_ratio(portfolio_id, ordered, books, moves or {}, now),
    ]


def shown_after(proposal: PastProposal, until: datetime | None, books: Sequence[DeclaredBook]) -> DeclaredBook | None:
    """The newest holdings declared after the proposal was released, and up to `until`; None where there are none.

    Those that it was made for are declared with it, and show nothing.
    """
    later = [book for book in books if book.at > proposal.released_at and (until is None or book.at <= until)]
    later = [book for book in later if not proposal.was_made_for(book)]
    return max(later, key=lambda book: book.at, default=None)


def filled_share(proposal: PastProposal, asset: str, shown: DeclaredBook | None) -> float:
    """How much of one trade the holdings show, 0 to 1: what went the other way is not filled, what went further is whole."""
    if shown is None:
        return 0.0
    moved = shown.shares.get(asset, 0.0) - proposal.shares_before.get(asset, 0.0)
    return min(max(moved / proposal.trades[asset], 0.0), 1.0)


def _unfilled(proposal: PastProposal, shown: DeclaredBook | None, now: datetime) -> Figure:
    """sum |n_i| p_i (1 - f_i) / sum |n_i| p_i, f the share filled; 0 where there was nothing to trade."""
    of, name, gross = labels(portfolio=proposal.portfolio_id), "book_unfilled", proposal.gross
    if gross <= 0.0:
        return Figure(name, of, now, 0.0, detail={"run": proposal.run_id, "trades": 0})
    open_money = {
        a: abs(n) * proposal.prices[a] * (1.0 - filled_share(proposal, a, shown)) for a, n in proposal.trades.items() if n
    }
    largest = sorted((a for a, money in open_money.items() if money > CENTS), key=lambda a: (-open_money[a], a))
    detail = {
        "run": proposal.run_id,
        "declared": None if shown is None else shown.at.isoformat(),
        "hours_since_release": (now - proposal.released_at) / timedelta(hours=1),
        "open": [{"asset": a, "money": open_money[a]} for a in largest[:TRADES_NAMED]],
    }
    return Figure(name, of, now, math.fsum(open_money.values()) / gross, detail=detail)


def realized_cost(proposal: PastProposal, shown: DeclaredBook) -> tuple[float, float] | None:
    """(what the trades cost, what was expected of as much of them), money; None where the holdings do not tell.

        realized = cash before - cash after - sum (n_after - n_before) p          p the price that the decision was made at
        expected = cost x  filled money / money of all trades

    They tell where no shares moved but as the proposal said, and not further: anything else came from elsewhere. Cash that
    was paid in or out between the two would count as cost, so a cost beyond all that was traded is no cost either.
    Source: Perold (1988), implementation shortfall.
    """
    named = {*proposal.shares_before, *shown.shares, *proposal.trades}
    moved = {a: shown.shares.get(a, 0.0) - proposal.shares_before.get(a, 0.0) for a in named}
    moved = {a: n for a, n in moved.items() if abs(n) > LOTS}
    if not moved or not all(_is_of(proposal.trades.get(a, 0.0), n) for a, n in moved.items()):
        return None
    filled = math.fsum(abs(n) * proposal.prices[a] for a, n in moved.items())
    spent = proposal.cash_before - shown.cash - math.fsum(n * proposal.prices[a] for a, n in moved.items())
    if abs(spent) > filled or proposal.gross <= 0.0:
        return None
    return spent, proposal.cost * filled / proposal.gross


def _is_of(trade: float, moved: float) -> bool:
    """Whether shares moved as the trade said, and no further."""
    return trade * moved > 0.0 and abs(moved) <= abs(trade) + LOTS


def trade_move(trades: Mapping[str, float], prices: Mapping[str, float], returns: Mapping[str, Vector]) -> float | None:
    """Standard deviation of a session of  sum n_i p_i r_i,  money; None where the returns of an asset are not known.

    returns: (T,) by asset, of the same sessions, NaN where there was none.
    """
    if not trades:
        return 0.0
    if any(asset not in returns for asset in trades):
        return None
    money = np.sum([n * prices[a] * returns[a] for a, n in trades.items()], axis=0)
    known = money[np.isfinite(money)]
    return float(np.std(known)) if len(known) >= FEWEST_RETURNS else None


def sessions_between(released: datetime, shown: datetime) -> float:
    """How many sessions' moves lie between a decision and the book that shows it, rather too many than too few: trading hours
    count whole, and so does every day.

    >>> sessions_between(datetime(2024, 3, 1, 15), datetime(2024, 3, 1, 18, 15)), round(
    ...     sessions_between(datetime(2024, 3, 1, 15), datetime(2024, 3, 4, 15)), 2)
    (0.5, 4.0)
    """
    hours = (shown - released) / timedelta(hours=1)
    return min(hours / SESSION_HOURS, 1.0 + hours / 24.0)


def _cost_ratio(
    portfolio_id: str,
    ordered: Sequence[PastProposal],
    books: Sequence[DeclaredBook],
    moves: Mapping[str, float],
    now: datetime,
) -> Figure:
    """What the trades have cost at least, over what was expected, added up over the window's proposals.

        (sum realized - 2 sqrt(sum move^2 sessions)) / sum expected,    no less than 0

    Realized cost is measured from the prices of the decision, so what prices moved by meanwhile is in it, for and against: two
    standard errors of that are taken off. Many proposals say more than one.
    """
    of, name = labels(portfolio=portfolio_id), "book_cost_ratio"
    ends = [*(one.released_at for one in ordered[1:]), None]
    known, noise = [], 0.0
    for proposal, until in zip(ordered, ends, strict=True):
        shown = shown_after(proposal, until, books)
        costs = None if shown is None or proposal.run_id not in moves else realized_cost(proposal, shown)
        if shown is not None and costs is not None:
            known.append((proposal.run_id, *costs))
            noise += moves[proposal.run_id] ** 2 * sessions_between(proposal.released_at, shown.at)
    realized, expected = math.fsum(r for _, r, _ in known), math.fsum(e for _, _, e in known)
    if expected <= CENTS:
        return Figure(name, of, now, None, why=NO_COST if known else NO_FILLS)
    dearest = max(known, key=lambda one: (one[1] - one[2], one[0]))
    detail = {"proposals": len(known), "realized": realized, "expected": expected, "standard_error": math.sqrt(noise),
              "dearest": dearest[0]}  # fmt: skip
    return Figure(name, of, now, max(realized - 2.0 * math.sqrt(noise), 0.0) / expected, detail=detail)
