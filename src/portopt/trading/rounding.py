"""From weights to whole shares: outer linearization and branch and cut, until the best book found is proved near the best.

    repeat:  search the linear program around the problem for whole lots;
             settle what it found in cents and read every limit off it;
             add the tangents there
    until    (value of the best book - proven bound)  <=  gap * value

A ratio N/sigma is searched as  min theta sigma - N  at the ratio theta just above the best known (Dinkelbach 1967): a bound
at or above zero proves that no book has a better ratio than theta.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.domain.request import TradingRules
from portopt.trading.book import Book, Settled
from portopt.trading.branch_and_cut import Found, Search, search
from portopt.trading.exactness import AFTER_COSTS, HOLDS, missed, scale_of, worth
from portopt.trading.extended import tightened
from portopt.trading.outer import OuterProgram, outer_program
from portopt.trading.share_program import ShareProgram
from portopt.trading.tangents import Tangents

NODES = 20_000  # per search: ordinary books end in tens or hundreds
ROUNDS = 60
SPENT_IN_SEARCH = 0.4  # of the relative gap; the rest is for the tangents
CENTS = 1e-6  # a limit missed by less was missed by rounding to the cent, and is closed by as much


@dataclass(frozen=True, slots=True, eq=False)
class Rounded:
    """The best book found. value, bound: what is minimized, its proven lower bound; gap relative; proved: within the rules."""

    settled: Settled
    value: float
    bound: float
    gap: float
    proved: bool
    rounds: int


@dataclass(slots=True)
class Rounding:
    """One run of the search, with everything it has learned.

    refine: how a point of the linear program becomes orders, where that is more than reading its lots (fractions).
    """

    problem: Problem
    book: Book
    rules: TradingRules
    program: ShareProgram
    cash_residual: float | None
    deadline: float
    outer: OuterProgram = field(init=False)
    tangents: Tangents = field(init=False)
    refine: Callable[[Vector], list[Decimal]] | None = None
    margins: dict[str, float] = field(default_factory=dict)
    best: Settled | None = None
    best_shares: list[Decimal] | None = None
    value: float = np.inf
    bound: float = -np.inf
    infeasible: bool = False
    rounds: int = 0

    def __post_init__(self) -> None:
        self.outer = outer_program(self.program.form)
        self.tangents = Tangents(self.outer)

    def run(self, x: Vector, reference: float) -> Rounded | None:
        """Round the certified point x (the columns of the problem's own form), worth `reference`.

        None when there is no such book, or none was found in time (`infeasible` says which).
        """
        wide = np.concatenate([x, np.zeros(self.program.form.n_columns - len(x))])
        self.tangents.touch(wide, fan=True)
        seen: set[tuple[Decimal, ...]] = set()
        while self.rounds < ROUNDS and self.seconds_left() > 0 and self.gap() > self.rules.mip_relative_gap:
            self.rounds += 1
            theta = self._theta(reference)
            found = self._search(theta, reference)
            self.infeasible = found.infeasible and self.best is None
            self._learn_bound(found, theta)
            if found.x is None:
                break
            shares = self.program.shares(found.x) if self.refine is None else self.refine(found.x)
            self._consider(shares, repeated=tuple(shares) in seen)
            seen.add(tuple(shares))
            self.tangents.touch(found.x)
        if self.best is None:
            return None
        gap = self.gap()
        proved = gap <= self.rules.mip_relative_gap
        return Rounded(self.best, self.value, self.bound, max(gap, 0.0), proved, self.rounds)

    def gap(self) -> float:
        if self.best is None:
            return np.inf
        return (self.value - self.bound) / scale_of(self.problem, self.value)

    def seconds_left(self) -> float:
        return self.deadline - time.monotonic()

    def _theta(self, reference: float) -> float:
        """The ratio to beat: the certified one first, then a little more than the best book's."""
        best = reference if self.best is None else self.value * (1.0 + 0.75 * self.rules.mip_relative_gap)
        return max(-best, 0.0) if self.program.form.ratio else 0.0

    def _search(self, theta: float, reference: float) -> Found:
        form = tightened(self.outer.form, self.margins)
        A, lower, upper = self.tangents.rows()
        cost = form.q.copy()
        scale = scale_of(self.problem, self.value if self.best is not None else reference)
        gap = SPENT_IN_SEARCH * self.rules.mip_relative_gap * scale
        if self.outer.sigma >= 0:
            cost[self.outer.sigma] = theta
            # The ratio's gap times the volatility is the gap of  theta sigma - N.
            sigma = self._volatility()
            scale, gap = scale * sigma, gap * sigma
        column_lower, column_upper = form.box()
        asked = Search(
            cost=cost,
            A=sp.csr_array(sp.vstack([form.A, A])),
            row_lower=np.concatenate([form.row_lower, lower]),
            row_upper=np.concatenate([form.row_upper, upper]),
            lower=column_lower,
            upper=column_upper,
            integer=form.integer,
            scale=scale,
            start=None if self.best_shares is None else self.program.start(self.best_shares),
        )
        found = search(asked, gap=gap, seconds=self.seconds_left(), nodes=NODES)
        return replace(found, bound=found.bound + form.constant)

    def _volatility(self) -> float:
        w = self.best.weights if self.best is not None else self.problem.previous()
        return max(self.problem.moments.covariance.volatility(w), 1e-4)

    def _learn_bound(self, found: Found, theta: float) -> None:
        if not np.isfinite(found.bound):
            return
        if self.outer.sigma < 0:
            self.bound = max(self.bound, found.bound)
        elif found.bound >= 0.0:
            self.bound = max(self.bound, -theta)

    def _consider(self, shares: list[Decimal], *, repeated: bool) -> None:
        """Settle the orders; keep the book when it misses nothing, else close what it missed by a rounding cent."""
        settled = self.book.settle(shares)
        faults = missed(self.problem, self.book, settled, self.cash_residual)
        if not faults:
            value = worth(self.problem, self.book, settled)
            if value < self.value:
                self.best, self.best_shares, self.value = settled, shares, value
            return
        curved = {cone.limit for cone in self.program.form.cones}
        for limit, by in faults.items():
            if by <= CENTS or repeated or limit not in curved:
                self.margins[limit] = self.margins.get(limit, 0.0) + by + HOLDS
        if AFTER_COSTS in faults:
            self.margins[AFTER_COSTS] = max(self.margins[AFTER_COSTS], faults[AFTER_COSTS] + HOLDS)
