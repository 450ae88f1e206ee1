"""Outer linearization and branch and cut: the one search for whole numbers, whatever a point of it is made into.

    repeat:  search the linear program around the problem for whole numbers (HiGHS), which proves a bound;
             hand what it found to `accept`, which makes it into an answer and offers that;
             add the tangents there
    until    (best answer - bound)  <=  gap * |best answer|

A ratio N/sigma is searched as  v = min theta sigma - N  at the ratio theta of the best answer (Dinkelbach 1967):
N <= theta sigma - v for every portfolio, so no ratio is above theta - v / (the least volatility), nor above theta
where v >= 0.
Source: Duran and Grossmann (1986); Quesada and Grossmann (1992); Bonami et al. (2008).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.program import StandardForm
from portopt.optimization.integers.effort import Effort
from portopt.optimization.integers.outer_linear import NONE_CHOSEN, Outer, outer_linear
from portopt.optimization.integers.tangents import Tangents
from portopt.optimization.scaling.extension import continuous, tightened
from portopt.optimization.solvers.highs_search import Ended, Found, Search, search

SPENT_IN_SEARCH = 0.3  # of the gap; the rest is for the tangents
EARLY = 0.2  # of the gap as it stands
ROUNDS = 60
GROWN = 2  # times the nodes of the same search before: it begins anew, and would only repeat itself with less
DEEPENINGS, GAINS = 3, 1e-2
STALLED, STALLS = 0.05, 2  # of the gap; rounds that close less of it, in a row, are the last
LEAST_VOLATILITY = 1e-4

Answer = TypeVar("Answer")
Whole = tuple[Indices, Vector]  # columns of whole numbers, and their values


@dataclass(frozen=True, slots=True, eq=False)
class Offer(Generic[Answer]):
    """An answer that keeps every limit. value: as minimized; whole: its whole numbers, for a search to begin with.

    slack: how far below a bound it may be without refuting it, where it is not a point of the very program that is searched.
    """

    answer: Answer
    value: float
    whole: Whole
    slack: float = 0.0


@dataclass(slots=True)
class OuterApproximation(Generic[Answer]):
    """One search and what it has learned.

    relaxed: solves a convex program, a point or None. gap: relative, asked for; smallest: what a value at least counts as,
    where gaps are relative to it. bound: what no answer is known to be below. beyond: the share of the gap by which a ratio is
    to be beaten. until: ends it with the best answer so far. margins: by limit, how much it is closed in every search.
    """

    tangents: Tangents
    relaxed: Callable[[StandardForm], Vector | None]
    effort: Effort
    gap: float
    smallest: float
    bound: float
    beyond: float = 0.0
    until: Deadline = NEVER
    margins: dict[str, float] = field(default_factory=dict)
    best: Offer[Answer] | None = None
    rounds: int = 0
    early: float = EARLY
    nothing: bool = False  # there is no point within the margins
    failure: str = ""  # of a search, in the words of what failed
    volatility: float | None = None
    thorough: bool = False  # what a search without heuristics ended at was no better than what was known

    @property
    def outer(self) -> Outer:
        return self.tangents.outer

    def offer(self, offered: Offer[Answer]) -> bool:
        """Keep an answer when it is the best so far. One below the bound refutes it; the search will find another."""
        if offered.value < self.bound - offered.slack:
            self.bound = -np.inf
        better = self.best is None or offered.value < self.best.value
        if better:
            self.best = offered
        return better

    def run(self, accept: Callable[[Vector], object]) -> None:
        """Search, accept, add tangents, until the gap is closed or the work is done.

        accept: makes a point of the linear program (its columns, the source's first) into an answer, and offers that.
        """
        stalls = 0
        while self.rounds < ROUNDS and self.is_open and not self.is_spent and stalls < STALLS:
            self.rounds += 1
            gap, known = self.relative_gap(), self._known()
            nodes = self.effort.nodes_left(self.tangents.n_rows)
            found = self.search(nodes)
            if found.ended is Ended.FAILED:
                self.failure = found.message
            self.nothing = found.infeasible
            if found.x is None:
                return
            self.tangents.touch(found.x)
            accept(found.x)
            if self._known() == known and not self._has_more(found, nodes):
                if self.early == 0.0:
                    return  # the same whole numbers, and nothing new to say about them
                self.early = 0.0
            stalls = stalls + 1 if self.best is not None and self.relative_gap() > (1.0 - STALLED) * gap else 0

    def _has_more(self, found: Found, nodes: int) -> bool:
        """Whether a search that used up its nodes is worth beginning anew: with many more of them, or with heuristics."""
        if found.ended is not Ended.STOPPED:
            return False
        if self.effort.nodes_left(self.tangents.n_rows) >= GROWN * nodes:
            return True
        self.thorough, was = True, self.thorough
        return not was

    def deepen(self) -> None:
        """Tangents where the relaxation with perspectives goes, which is not where the one without them does."""
        before = -np.inf
        for _ in range(DEEPENINGS):
            found = self.search(1, whole=False)
            if found.x is None or self.until.is_over or found.bound - before <= GAINS * self.scale():
                return
            before = found.bound
            self.tangents.touch(found.x)

    def search(
        self,
        nodes: int,
        *,
        whole: bool = True,
        margins: Mapping[str, float] | None = None,
        bounds: tuple[Vector, Vector] | None = None,
    ) -> Found:
        """The linear program as it is, searched. Its bound counts for the problem unless it was asked of a part of it.

        margins: instead of the search's own. bounds: of the source's columns, to stay close to a point.
        """
        form, theta = tightened(self.outer.form, self.margins if margins is None else margins), self._theta()
        A, lower, upper = self.tangents.rows(form)
        cost, scale = form.q.copy(), self.scale()
        if self.outer.sigma >= 0:
            cost[self.outer.sigma] = theta
            scale *= max(self.least_volatility(), LEAST_VOLATILITY)
        box = _within(form.box(), bounds)
        integer = form.integer if whole else np.zeros(form.n_columns, dtype=bool)
        start = self.best.whole if self.best is not None and whole else None
        # While the tangents are few, an answer to their program needs no more precision than they have.
        gap = max(SPENT_IN_SEARCH * self.gap, self.early * min(self.relative_gap(), 1.0)) * scale
        # Of lots the presolve takes five seconds where all the rest takes a quarter of one.
        asked = Search(
            cost, A, lower, upper, *box, integer, scale=scale, start=start, thorough=self.thorough,
            presolve=not form.either, until=self.until,
        )  # fmt: skip
        found = search(asked, gap=gap, nodes=nodes, checkpoints=self.effort.checkpoints(nodes))
        if whole:
            self.effort.count(found, len(lower))
        found = replace(found, bound=found.bound + form.constant)
        if bounds is None and margins is None:
            self._learn(found.bound, theta)
        return found

    @property
    def is_spent(self) -> bool:
        """Whether the work, or the time of whoever asked, is used up."""
        return self.effort.used_up or self.until.is_over

    @property
    def is_open(self) -> bool:
        return self.relative_gap() > self.gap

    def relative_gap(self) -> float:
        """(answer - bound) over the answer's size."""
        return np.inf if self.best is None else max(self.best.value - self.bound, 0.0) / self.scale()

    def scale(self) -> float:
        """What a gap is relative to."""
        value = self.bound if self.best is None else self.best.value
        return max(abs(value), self.smallest) if np.isfinite(value) else 1.0

    def least_volatility(self) -> float:
        """Of a ratio: a volatility that no portfolio of the program is below."""
        if self.volatility is None:
            source = self.outer.source
            x = self.relaxed(replace(continuous(source), ratio=False, q=np.zeros(source.n_columns), constant=0.0))
            variance = 0.0 if x is None else float(x[: source.n_columns] @ source.P_times(x[: source.n_columns]))
            self.volatility = (1.0 - 1e-6) * math.sqrt(max(variance, 0.0))
        return self.volatility

    def _theta(self) -> float:
        """The ratio to beat."""
        best = self.bound if self.best is None else self.best.value * (1.0 + self.beyond * self.gap)
        return max(-best, 0.0) if self.outer.sigma >= 0 else 0.0

    def _learn(self, bound: float, theta: float) -> None:
        if not np.isfinite(bound):
            return
        if self.outer.sigma < 0:
            self.bound = max(self.bound, bound)
        elif bound >= 0.0:
            self.bound = max(self.bound, -theta)
        elif self.least_volatility() > 0.0:
            self.bound = max(self.bound, -theta + bound / self.least_volatility())

    def _known(self) -> tuple[int, float, tuple[float, ...]]:
        """What would tell the next search anything new."""
        return self.tangents.n_rows, np.inf if self.best is None else self.best.value, tuple(self.margins.values())


def _within(box: tuple[Vector, Vector], bounds: tuple[Vector, Vector] | None) -> tuple[Vector, Vector]:
    if bounds is None:
        return box
    own = slice(0, len(bounds[0]))
    lower, upper = box
    lower[own], upper[own] = np.maximum(lower[own], bounds[0]), np.minimum(upper[own], bounds[1])
    return lower, upper


def surrounded(form: StandardForm, x: Vector, unit: float, diagonals: Mapping[int, Vector] = NONE_CHOSEN) -> Tangents:
    """The linear program around `form` with tangents at x (N,) and around it. unit: the objective's size.

    diagonals: as for `outer_linear`.
    """
    tangents = Tangents(outer_linear(form, x, unit, diagonals))
    tangents.fan(x)
    return tangents
