"""One book as it stands: its newest holdings at current prices, under the policy of its newest released proposal."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import numpy as np

from portopt.dialects.requests import rebalance_request_from_data
from portopt.domain.errors import MissingInput, PortoptError
from portopt.domain.holdings import Holdings
from portopt.domain.market import MarketSnapshot
from portopt.domain.portfolio import HoldingsVersion, Portfolio
from portopt.domain.request import Policy, RebalanceRequest
from portopt.domain.watch import Figure, labels
from portopt.formulation import exact_prices, formulate
from portopt.intake.request import rebalance_request
from portopt.intake.standing import book_of
from portopt.monitoring.measures.calibration import CALIBRATION, calibration
from portopt.monitoring.measures.fulfilment import FULFILMENT, DeclaredBook, PastProposal, fulfilment, trade_move
from portopt.monitoring.measures.held_returns import held_returns
from portopt.monitoring.measures.live_book import BOOK_FIGURES, LiveBook, live_figures, without
from portopt.monitoring.measures.price_quality import price_age, suspicious
from portopt.runs.watch.reading_market import Market, last_days, present_findings

PRICED = ("book_price_age", "book_suspicious_prices")
EVERY_FIGURE = (*BOOK_FIGURES, *PRICED, *CALIBRATION, *FULFILMENT)
NAMED_ASSETS = 10
WORTH = ("book_value", "book_cash")


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """What is known of one book before its prices are read. newest: what its newest released proposal was asked, if any."""

    portfolio: Portfolio
    holdings: Holdings
    versions: tuple[HoldingsVersion, ...]
    proposals: tuple[PastProposal, ...]
    newest: Mapping[str, Any] | None


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Priced:
    """A book, what would be asked of it now, and the prices that it is asked on."""

    standing: Standing
    request: RebalanceRequest
    snapshot: MarketSnapshot
    market: Market
    now: datetime


def book_figures(standing: Standing, market: Market, policies: Mapping[str, Policy]) -> tuple[list[Figure], dict[str, date]]:
    """(every figure of the book, {asset: day of its newest price}). What cannot be measured says why, and the rest goes on."""
    portfolio_id, now = standing.portfolio.id, market.now
    try:
        request = request_of(standing, policies, market.default_provider)
        book = _Priced(standing, request, market.snapshot(request), market, now)
    except PortoptError as error:
        why = _said(error, standing)
        told = fulfilment(portfolio_id, standing.proposals, declared_books(standing), now)
        return [*without(portfolio_id, why, now, (*BOOK_FIGURES, *PRICED, *CALIBRATION)), *told], {}
    days = last_days(book.snapshot, _held(standing))
    return [*_live(book), *_prices(book, days), *_calibrated(book), *_fulfilled(book)], days


def _said(error: PortoptError, standing: Standing) -> str:
    """Its sentence, and what is held where the sentence names none of it."""
    held = sorted(_held(standing))
    if not held or any(asset in error.detail for asset in held):
        return error.detail
    more = f" and {len(held) - NAMED_ASSETS} more" if len(held) > NAMED_ASSETS else ""
    return f"{error.detail} (held: {', '.join(held[:NAMED_ASSETS])}{more})"


# What came or went then, and what was said of shares, is in the holdings by now.
NO_FLOW: Mapping[str, Any] = {"cash_flow": None, "no_worse": False, "confirmed_shares": (), "actions": ()}


def request_of(standing: Standing, policies: Mapping[str, Policy], default_provider: str) -> RebalanceRequest:
    """What would be asked of this book now: as its newest released proposal was, else as the portfolio itself says.

    Raises MissingInput for a policy that nobody knows.
    """
    portfolio = standing.portfolio
    own = portfolio.provider or default_provider
    if standing.newest is not None:
        was = rebalance_request_from_data({name: told for name, told in standing.newest.items() if name != "asked"})
        provider = own if was.provider.startswith("pack:") else was.provider  # a pack is of its day, and this is another
        return dataclasses.replace(was, holdings=standing.holdings, provider=provider, as_of=None, notes=(), **NO_FLOW)
    if portfolio.policy not in policies:
        raise MissingInput(f"nobody knows the policy {portfolio.policy!r} of {portfolio.id!r}", field="policy")
    asked = rebalance_request(book_of(portfolio), policies[portfolio.policy])
    return dataclasses.replace(asked, holdings=standing.holdings, provider=own)


def _live(book: _Priced) -> list[Figure]:
    standing, request, now = book.standing, book.request, book.now
    value = float(standing.holdings.value(exact_prices(book.snapshot, standing.holdings, request.universe)))
    try:
        problem = formulate(request, book.snapshot, book.market.moments(request, book.snapshot))
    except PortoptError as error:
        return _worth_alone(standing, value, error.detail, now)
    targets = standing.proposals[-1].targets if standing.proposals else None
    return live_figures(LiveBook(standing.portfolio.id, problem, value, targets, book.market.drift_band), now)


def _worth_alone(standing: Standing, value: float, why: str, now: datetime) -> list[Figure]:
    """Value and cash of a book whose policy cannot be put to current prices."""
    of = labels(portfolio=standing.portfolio.id)
    share = float(standing.holdings.cash) / value if value > 0.0 else None
    cash = Figure("book_cash", of, now, share, limit=0.0, why="" if share is not None else why)
    rest = tuple(name for name in BOOK_FIGURES if name not in WORTH)
    return [Figure("book_value", of, now, value), cash, *without(standing.portfolio.id, why, now, rest)]


def _prices(book: _Priced, days: Mapping[str, date]) -> list[Figure]:
    portfolio_id, policy = book.standing.portfolio.id, book.request.policy.data
    present = present_findings(book.snapshot, policy)
    return [
        price_age(portfolio_id, days, book.market.sessions, book.now),
        suspicious(portfolio_id, days, present, book.snapshot.findings, book.now),
    ]


def _calibrated(book: _Priced) -> list[Figure]:
    snapshot, standing = book.snapshot, book.standing
    days = [day.item() for day in snapshot.dates.astype("datetime64[D]")]
    realized = held_returns(declared_books(standing), snapshot.asset_ids, days, snapshot.prices, book.request.benchmark)
    return calibration(standing.portfolio.id, [one.forecast for one in standing.proposals], realized, book.now)


def _fulfilled(book: _Priced) -> list[Figure]:
    snapshot, proposals = book.snapshot, book.standing.proposals
    with np.errstate(divide="ignore", invalid="ignore"):  # a price of zero is told elsewhere
        steps = snapshot.prices[1:] / snapshot.prices[:-1] - 1.0
    returns = {asset: steps[:, j] for j, asset in enumerate(snapshot.asset_ids)}
    found = {one.run_id: trade_move(one.trades, one.prices, returns) for one in proposals}
    moves = {run_id: move for run_id, move in found.items() if move is not None}
    return fulfilment(book.standing.portfolio.id, proposals, declared_books(book.standing), book.now, moves)


def _held(standing: Standing) -> list[str]:
    return [asset for asset, n in standing.holdings.shares.items() if n]


def declared_books(standing: Standing) -> list[DeclaredBook]:
    return [
        DeclaredBook(v.declared_at, {a: float(n) for a, n in v.holdings.shares.items()}, float(v.holdings.cash))
        for v in standing.versions
    ]
