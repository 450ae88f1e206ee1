"""A year of an installation, made here: prices drawn from a covariance, books rebalanced every month, runs, jobs and a store.

What is forecast is the covariance that the prices are drawn from: the noise is calibrated. Faults are planted by a plan; all
that a fault changes is what an outside world would show (prices, holdings, runs, a queue): figures come from the measures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

import numpy as np

from portopt.domain.universe import CASH, Universe
from portopt.monitoring.measures.calibration import Forecast
from portopt.monitoring.measures.fulfilment import DeclaredBook, PastProposal, trade_move
from portopt.monitoring.measures.held_returns import held_returns

WARM = 130  # sessions before the year: a forecast has been held against what came for that long
COMMON, OWN = 30, 10  # assets that any book may hold, and assets of one book each, whose prices may be faulty
MONTH = 21
COST = 0.005  # of the money traded
JOBS_A_DAY = 40
FIRST = date(2022, 1, 3)


@dataclass(frozen=True, slots=True)
class Fault:
    """kind: what is planted. start, length: sessions of the year. book: whose, "" for the installation's.

    rules: that may say so. within: sessions after the start by which one must have.
    """

    kind: str
    start: int
    length: int
    rules: tuple[str, ...]
    book: str = ""
    within: int = 2

    def holds(self, t: int) -> bool:
        return self.start <= t < self.start + self.length


@dataclass(slots=True)
class Book:
    """A book and its past. assets: positions of what it aims at; the first is its own where it has one."""

    name: str
    targets: Mapping[int, float]
    turn: int
    begins: int = -WARM
    shares: dict[int, float] = field(default_factory=dict)
    cash: float = 1e6
    proposals: list[PastProposal] = field(default_factory=list)
    moves: dict[str, float] = field(default_factory=dict)
    declared: list[DeclaredBook] = field(default_factory=list)
    days: list[date] = field(default_factory=list)
    returns: list[float] = field(default_factory=list)
    active: list[float] = field(default_factory=list)


class Year:
    """sessions: of the year. faults: the plan. Steps are taken in order; figures are of the day that was stepped to last."""

    def __init__(self, sessions: int, books: int, faults: Sequence[Fault], seed: int = 1) -> None:
        self.rng, self.faults, self.t = np.random.default_rng(seed), faults, -WARM
        self.ids = tuple(f"A{j:02d}" for j in range(COMMON + OWN))
        self.universe = Universe.of((*self.ids, CASH))
        self._draw(sessions)
        self.days = [d.item() for d in np.busday_offset(FIRST, np.arange(WARM + sessions), roll="forward")]
        self.seen = self.prices.copy()
        _spoil(self)
        own = sorted({f.book for f in faults if f.kind in PRICE_FAULTS and f.book})
        self.owned = {name: COMMON + k for k, name in enumerate(own)}
        self.books = {name: self._book(name, k) for k, name in enumerate(f"B{k:03d}" for k in range(books))}

    def _draw(self, sessions: int) -> None:
        n = COMMON + OWN
        loadings = np.column_stack([np.full(n, 0.15), self.rng.normal(0, 0.05, (n, 2))])
        self.Sigma = loadings @ loadings.T + np.diag(self.rng.uniform(0.02, 0.05, n))
        self.mu = np.full(n, 0.06)
        root = np.linalg.cholesky(self.Sigma / 252)
        steps = self.mu / 252 + self.rng.normal(size=(WARM + sessions, n)) @ root.T
        self.prices = self.rng.uniform(20, 200, n) * np.cumprod(1 + steps, axis=0)

    def _book(self, name: str, k: int) -> Book:
        own = [self.owned[name]] if name in self.owned else []
        common = self.rng.choice(COMMON, 10 - len(own), replace=False).tolist()
        shares = self.rng.uniform(0.8, 1.2, 10)
        targets = dict(zip((*own, *common), (0.96 * shares / shares.sum()).tolist(), strict=True))
        begins = min((f.start for f in self.faults if f.book == name and f.kind in FORECAST_FAULTS), default=-WARM)
        return Book(name, targets, k % MONTH, begins)

    def active(self, kind: str, book: str = "") -> Fault | None:
        return next((f for f in self.faults if f.kind == kind and f.book == book and f.holds(self.t)), None)

    @property
    def row(self) -> int:
        return WARM + self.t

    @property
    def close(self) -> datetime:
        """An hour after everything of the day is known, and declared."""
        return datetime.combine(self.days[self.row], time(23), UTC)

    def benchmark(self, book: Book) -> dict[str, float]:
        few = self.active("tracking_error", book.name) is not None
        chosen = [a for j, a in enumerate(self.ids[:COMMON]) if j not in book.targets][:3] if few else self.ids[:COMMON]
        return dict.fromkeys(chosen, 1.0 / len(chosen))

    def step(self, t: int) -> None:
        """The day's returns of what was held, then rebalancing, then whatever a fault does to holdings."""
        self.t = t
        for book in self.books.values():
            if t < book.begins:
                continue
            self._earn(book)
            starts = [f for f in self.faults if f.book == book.name and f.start == t and f.kind in STARTS_WITH_A_PROPOSAL]
            forgotten = self.active("proposal_old", book.name)
            if t == book.begins or starts or (t % MONTH == book.turn and forgotten is None and not self._is_spoiled(book)):
                self._rebalance(book)
            for fault in self.faults:
                if fault.book == book.name and t in (fault.start, fault.start + fault.length):
                    self._meddle(book, fault, ends=t != fault.start)

    def _is_spoiled(self, book: Book) -> bool:
        return any(f.book == book.name and f.holds(self.t) for f in self.faults)

    def _earn(self, book: Book) -> None:
        if self.t <= -WARM or not book.declared:
            return
        rows = slice(self.row - 1, self.row + 1)
        even = dict.fromkeys(self.ids[:COMMON], 1.0 / COMMON)
        found = held_returns(book.declared[-2:], self.ids, self.days[rows], self.prices[rows], even)
        book.days += found.days
        book.returns += found.returns.tolist()
        book.active += found.active.tolist() if found.active is not None else []

    def worth(self, book: Book, prices: np.ndarray) -> float:
        return math.fsum(n * float(prices[j]) for j, n in book.shares.items()) + book.cash

    def _rebalance(self, book: Book) -> None:
        prices = self.prices[self.row]
        value, before, cash = self.worth(book, prices), dict(book.shares), book.cash
        wanted = {j: w * value / prices[j] for j, w in book.targets.items()}
        trades = {j: wanted.get(j, 0.0) - before.get(j, 0.0) for j in {*wanted, *before}}
        gross = math.fsum(abs(n) * prices[j] for j, n in trades.items())
        at, run = datetime.combine(self.days[self.row], time(21), UTC), f"reb-{book.name}-{self.row}"
        proposal = PastProposal(
            run, book.name, at, self._forecast(book, run), {**{self.ids[j]: w for j, w in book.targets.items()}, CASH: 0.04},
            {self.ids[j]: n for j, n in trades.items()}, {self.ids[j]: float(prices[j]) for j in trades},
            {self.ids[j]: n for j, n in before.items()}, cash, COST * gross,
        )  # fmt: skip
        steps = self.prices[1 : self.row + 1] / self.prices[: self.row] - 1.0
        book.moves[run] = trade_move(proposal.trades, proposal.prices, {a: steps[:, j] for j, a in enumerate(self.ids)}) or 0.0
        book.proposals.append(proposal)
        share = 0.3 if self.active("unfilled", book.name) else 1.0
        dear = 5.0 if self.active("cost", book.name) else self.rng.uniform(0.8, 1.2)
        for j, n in trades.items():
            paid = share * n * prices[j] * (1.0 + math.copysign(self.rng.normal(0, 0.0005), n))
            book.shares[j], book.cash = before.get(j, 0.0) + share * n, book.cash - paid
        book.cash -= share * dear * COST * gross
        self._declare(book)

    def _forecast(self, book: Book, run: str) -> Forecast:
        w = np.zeros(len(self.ids))
        w[list(book.targets)] = list(book.targets.values())
        even = np.where(np.arange(len(self.ids)) < COMMON, 1.0 / COMMON, 0.0)
        sigma, error = (float(np.sqrt(x @ self.Sigma @ x)) for x in (w, w - even))
        told = {f.kind for f in self.faults if f.book == book.name}
        wrong = {"volatility_low": (0.4, 1.0), "volatility_high": (3.0, 1.0), "tracking_low": (1.0, 0.3)}
        up, near = next((factors for kind, factors in wrong.items() if kind in told), (1.0, 1.0))
        mean = 4.0 if "return_high" in told else float(self.mu @ w)
        var = 0.4 * 1.645 * sigma / math.sqrt(252) if "var_low" in told else None
        return Forecast(run, self.days[self.row], mean, up * sigma, near * error, var)

    def _declare(self, book: Book) -> None:
        shares = {self.ids[j]: n for j, n in book.shares.items()}
        book.declared.append(DeclaredBook(datetime.combine(self.days[self.row], time(22), UTC), shares, book.cash))

    def _meddle(self, book: Book, fault: Fault, *, ends: bool) -> None:
        """Holdings that nobody proposed, and at the end of it those that are proposed."""
        prices, (first, second, *_) = self.prices[self.row], [j for j in book.targets if j < COMMON]
        value = self.worth(book, prices)
        amount = {"limit": 0.12, "limit_badly": 0.25, "drift": 0.065}.get(fault.kind)
        if ends and fault.kind in MEDDLED:
            book.cash += 0.06 * value if fault.kind in ("cash_owed", "cash_low") else 0.0
            self._rebalance(book)
        elif not ends and amount is not None:
            held = {j: n * prices[j] / value for j, n in book.shares.items() if j < COMMON}
            first, second = min(held, key=lambda j: held[j]), max(held, key=lambda j: held[j])
            if fault.kind != "drift":
                first, second = second, first
            sources = [second] if fault.kind == "drift" else [j for j in held if j != first]
            for j in sources:
                book.shares[j] -= amount * value / len(sources) / prices[j]
            book.shares[first] += amount * value / prices[first]
            self._declare(book)
        elif not ends and fault.kind in ("cash_owed", "cash_low"):
            book.cash = -0.01 * value if fault.kind == "cash_owed" else 0.001 * value
            self._declare(book)


MEDDLED = ("limit", "limit_badly", "drift", "cash_owed", "cash_low", "unfilled")
FORECAST_FAULTS = ("volatility_low", "volatility_high", "tracking_low", "return_high", "var_low", "cost")
STARTS_WITH_A_PROPOSAL = ("unfilled", "proposal_old", "repeated_prices")
PRICE_FAULTS = ("stale_price", "repeated_prices", "split", "slip", "not_positive", "missing_asset")


def _spoil(year: Year) -> None:
    """What the source shows instead of the prices. A fault's own asset is given in the order of the books that have one."""
    own = sorted({f.book for f in year.faults if f.kind in PRICE_FAULTS and f.book})
    for fault in year.faults:
        rows = slice(WARM + fault.start, WARM + fault.start + fault.length)
        if fault.kind == "feed_down":
            year.seen[rows] = np.nan
        if fault.kind not in PRICE_FAULTS:
            continue
        j = COMMON + own.index(fault.book)
        if fault.kind in ("stale_price", "missing_asset"):
            year.seen[rows, j] = np.nan
        elif fault.kind == "repeated_prices":
            year.seen[rows, j] = year.seen[rows.start, j]
        elif fault.kind == "split":
            year.seen[rows, j] /= 2.0
        elif fault.kind == "slip":
            year.seen[rows.start, j] *= 100.0
        else:
            year.seen[rows.start, j] = 0.0
