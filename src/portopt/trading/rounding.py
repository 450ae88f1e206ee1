"""From weights to whole shares: what the one search for whole numbers finds is settled in cents and every limit read off it.

The search itself (optimization/integers) knows lots; a cent, a fee rounded to it and the limits as they are read are known
here. A limit missed by what rounding moved is closed by as much, and the search goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from portopt.domain.arrays import Vector
from portopt.optimization.integers.effort import USUAL_WORK, Effort
from portopt.optimization.integers.outer_approximation import LEAST_VOLATILITY, Offer, OuterApproximation, surrounded
from portopt.trading.book import Settled
from portopt.trading.exactness import HOLDS, relative_gap, scale_of, smallest_scale, worth
from portopt.trading.first_book import FirstBook, first_book
from portopt.trading.primal import neighbourhood, own_risk_aversion, resized, solved, target
from portopt.trading.share_program import CASH_CAPS, ShareProgram
from portopt.trading.spending import most_cash, spend
from portopt.trading.to_round import ToRound

NODES_TO_FIND, NODES_TO_IMPROVE = 400, 40  # close to the target
TRIES, IMPROVEMENTS, EASY_TRIES = 12, 3, 6
RELAXED_SLACK = 1e-7  # a convex solver's answer is that far, relatively, from a bound
CLOSE, FAR = 2, 200  # lots around the target
WORK_ON_LOTS = 0.5 * USUAL_WORK  # one or two seconds' worth
BEYOND = 0.75  # of the gap by which a ratio is to be beaten
SIZED_AGAIN = 1.2  # times what the nearest lots missed
CENTS = 1e-6  # a limit missed by less was missed by rounding to the cent, and is closed by as much


@dataclass(frozen=True, slots=True, eq=False)
class Rounded:
    """The best book found. bound: proven, of what is minimized; gap relative; proved: within the rules.

    rounds: of the search; 0 where the first book was good enough, or all there was. failure: of a search that broke off
    before its work was used up, in the words of what failed.
    """

    book: FirstBook
    bound: float
    gap: float
    proved: bool
    rounds: int = 0
    failure: str = ""

    @classmethod
    def of(cls, asked: ToRound, book: FirstBook, bound: float, rounds: int = 0, failure: str = "") -> Rounded:
        """The book with its gap measured."""
        gap = max(relative_gap(asked.problem, book.value, bound), 0.0)
        return cls(book, bound, gap, gap <= asked.rules.mip_relative_gap, rounds, failure)

    @property
    def settled(self) -> Settled:
        return self.book.settled


Refine = Callable[[Vector], list[Decimal]]


def best_book(asked: ToRound, refining: Callable[[ToRound, ShareProgram], Refine] | None = None) -> Rounded | None:
    """A first book; where its gap is open and the book is not large, the best that the search finds. None where none was.

    Of a large book a search is worth its time where nothing else was found.

    refining: how a point of the linear program becomes orders, where that is more than reading its lots (fractions).
    """
    first = first_book(asked, weighed=not asked.few)
    rounded = None if first is None else Rounded.of(asked, first, asked.certified.bound)
    if rounded is not None and (rounded.proved or not asked.few):
        return rounded
    if not asked.searchable:
        return None
    program = asked.share_program()
    return Rounding(asked, program, first, None if refining is None else refining(asked, program)).run()


@dataclass(slots=True)
class Rounding:
    """One run of the search. first: a book to begin with, or None. target: what lots are looked for around."""

    asked: ToRound
    program: ShareProgram
    first: FirstBook | None = None
    refine: Refine | None = None
    master: OuterApproximation[FirstBook] = field(init=False)
    target: Vector = field(init=False)
    gamma: float = field(init=False)
    seen: set[tuple[Decimal, ...]] = field(default_factory=set)

    def __post_init__(self) -> None:
        certified, problem, rules = self.asked.certified, self.asked.problem, self.asked.rules
        wide = np.concatenate([certified.x, np.zeros(self.program.form.n_columns - len(certified.x))])
        self.gamma = own_risk_aversion(self.program.form, wide)
        aimed, relaxed = target(self.program, self.gamma)
        self.target = wide if aimed is None else aimed
        scale = scale_of(problem, certified.value)
        self.master = OuterApproximation(
            surrounded(self.program.form, self.target, scale),
            solved,
            Effort(rules.search_effort, WORK_ON_LOTS),
            rules.mip_relative_gap,
            smallest_scale(problem),
            max(relaxed - RELAXED_SLACK * scale, certified.bound),
            beyond=BEYOND,
            early=0.0,
            until=self.asked.until,
        )
        if self.first is not None:
            self._offer(self.first)

    def any_book(self) -> bool:
        """Whether a book of whole lots is easily found close to the target; no is "not found", not "there is none"."""
        self._begin(EASY_TRIES)
        return self.master.best is not None

    def run(self) -> Rounded | None:
        """None when none was found, which does not say that there is none: limits are closed on the way (see probe.py)."""
        if self.master.is_open:
            self.master.deepen()
        self._begin()
        if self.refine is None and self.master.is_open:
            self._nearest()
        # Whole numbers whose own search left a gap open are not proved best by a search that adds lots to them.
        if self.asked.certified.is_closed(self.asked.problem, self.asked.rules) or self.master.best is None:
            self.master.run(self._consider)
        best = self.master.best
        if best is None:
            return None
        return Rounded.of(self.asked, best.answer, self.master.bound, self.master.rounds, self.master.failure)

    def _begin(self, tries: int = TRIES) -> None:
        """A good book to begin with: the best lots close to the target, limits closed until they hold, or farther off."""
        margins: dict[str, float] = {}
        lots = CLOSE
        for tried in range(tries):
            known = self.master.best is not None
            if lots > FAR or not self.master.is_open or self.master.until.is_over:
                return
            nodes = NODES_TO_IMPROVE if known else NODES_TO_FIND
            bounds = neighbourhood(self.program, self.target, lots)
            found = self.master.search(nodes, margins=_added(self.master.margins, margins), bounds=bounds)
            missed_by: Mapping[str, float] = {}
            if found.x is not None:
                self.master.tangents.touch(found.x)
                missed_by = self._consider(found.x)
            if (found.x is not None and not missed_by) or (known and tried >= IMPROVEMENTS):
                return
            lots = lots * 8 if found.x is None else lots
            margins = _added(margins, {limit: 1.5 * by for limit, by in missed_by.items()})

    def _nearest(self) -> None:
        """The nearest lots of the target, its trades sized again with every limit closed by what rounding missed it by.

        A ratio is proved the best by having nothing above it: the better the book to begin with, the fewer nodes that takes.
        """
        asked, residual = self.asked, self.asked.cash_residual
        margins: dict[str, float] = {}
        x: Vector | None = self.target
        for _ in range(TRIES):
            if x is None:
                return
            shares = self.program.shares(x)
            if residual is not None:
                most = most_cash(asked.book.value, residual)
                shares = spend(asked.book, asked.rules, shares, most, self.program.form.box())
            faults = self.offer(shares)
            if not faults or (residual is not None and not CASH_CAPS.isdisjoint(faults)):
                return
            margins = _added(margins, {limit: SIZED_AGAIN * by for limit, by in faults.items()})
            x = resized(self.program, self.gamma, x, margins)

    def _consider(self, x: Vector) -> Mapping[str, float]:
        """Settle the orders of x and offer the book. Returns the limits it misses, and by how much.

        What was missed by a rounding cent, or again after its tangents were there, is closed by as much.
        """
        shares = self.program.shares(x) if self.refine is None else self.refine(x)
        faults = self.offer(shares)
        curved = {cone.limit for cone in self.program.form.cones}
        repeated = tuple(shares) in self.seen
        self.seen.add(tuple(shares))
        closed = {limit: by + HOLDS for limit, by in faults.items() if by <= CENTS or repeated or limit not in curved}
        self.master.margins = _added(self.master.margins, closed)
        return faults

    def offer(self, shares: list[Decimal]) -> Mapping[str, float]:
        """Offer the book of these orders when it misses nothing. Returns what it misses."""
        settled = self.asked.book.settle(shares)
        faults = self.asked.missed(settled)
        if not faults:
            self._offer(FirstBook(shares, settled, worth(self.asked.problem, self.asked.book, settled)))
        return faults

    def _offer(self, book: FirstBook) -> None:
        whole = self.program.start(book.shares)
        self.master.offer(Offer(book, book.value, whole, self._cents(book.settled)))

    def _cents(self, settled: Settled) -> float:
        """What rounding every order to the cent can move the objective by: the bound knows lots, not cents."""
        problem = self.asked.problem
        moved = 0.01 * (len(settled.orders) + 1) / float(self.asked.book.value)
        if self.program.form.ratio:
            moved /= max(problem.moments.covariance.volatility(settled.weights), LEAST_VOLATILITY)
        return moved + RELAXED_SLACK * self.master.scale()


def _added(margins: Mapping[str, float], more: Mapping[str, float]) -> dict[str, float]:
    """By limit, both."""
    return {limit: margins.get(limit, 0.0) + more.get(limit, 0.0) for limit in {**margins, **more}}
