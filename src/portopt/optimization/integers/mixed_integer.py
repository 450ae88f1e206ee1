"""Programs with whole-number columns: outer linearization and branch and cut, around exact convex solves.

    repeat:  search the linear program around the problem for whole numbers (HiGHS), which proves a bound;
             hold the whole numbers it found, solve the convex remainder exactly, which gives an answer;
             add the tangents at both
    until    answer - bound <= gap * |answer|

A ratio N/sigma is searched as  v = min theta sigma - N  at the ratio theta of the best answer (Dinkelbach 1967):
N <= theta sigma - v for every portfolio, so no ratio is above theta - v / (the least volatility).
The answer that leaves is the convex remainder at the best whole numbers, polished; its multipliers are the remainder's.
Source: Duran and Grossmann (1986); Quesada and Grossmann (1992); Bonami et al. (2008).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import RequestError
from portopt.domain.program import StandardForm
from portopt.domain.solution import RawAnswer, SolveStatus
from portopt.optimization.integers.diving import dive
from portopt.optimization.integers.exchange import exchanged
from portopt.optimization.integers.outer_linear import Outer, outer_linear
from portopt.optimization.integers.switches import remainder, whole_numbers, with_tight_switches, without_integers
from portopt.optimization.solvers.highs_search import NODE_CHECKPOINTS, ROOT_CHECKPOINTS, Ended, Found, Search, search

GAP = 1e-6  # relative, asked for
SPENT_IN_SEARCH = 0.3  # of the gap; the rest is for the tangents
EARLY = 0.2  # of the gap as it stands
ROUNDS = 60
FIRST_NODES = 2_000
DEEPENINGS, GAINS = 3, 1e-2
WORK = 5e7  # simplex iterations times rows, a few seconds' worth: the same end on any machine
USUAL_ITERATIONS = 500.0  # a node, before any were seen
SEEN = 20  # nodes after which what they took is believed
FEWEST_NODES, MOST_NODES = 20, 200_000
STALLED, STALLS = 0.05, 2  # of the gap; rounds that close less of it, in a row, are the last
Exact = Callable[[StandardForm, bool], RawAnswer]


@dataclass(slots=True)
class MixedInteger:
    """One search. exact: solves a convex or ratio program, polished or not. effort: a share of the usual."""

    form: StandardForm
    exact: Exact
    effort: float = 1.0
    gap: float = GAP
    outer: Outer = field(init=False)
    tight: StandardForm = field(init=False)
    value: float = np.inf
    bound: float = -np.inf
    best: Vector | None = None
    best_x: Vector | None = None
    exchanging: bool = False  # tangents at every exchange that was no better would only slow the search
    tried: dict[bytes, float] = field(default_factory=dict)
    nodes: int = 0
    iterations: int = 0
    work: float = 0.0
    least_volatility: float = 0.0
    early: float = EARLY
    failure: str = ""  # of a search, in the words of what failed

    def run(self) -> RawAnswer:
        """The best whole numbers within the gap or the nodes."""
        began = perf_counter()
        self.tight = with_tight_switches(self.form)
        lower, upper = self.tight.box()
        if np.any(lower > upper + 1e-9):
            return self._nothing(SolveStatus.INFEASIBLE, began, "bounds cross when the whole numbers are asked for")
        first = self._first()
        if first.infeasible:
            return self._nothing(SolveStatus.INFEASIBLE, began, "no whole numbers satisfy the rows")
        if self._is_question and first.x is not None:
            self._try(first.x)
            if self.best is not None:
                self.bound = self.value
                return self._answer(began)
        relaxed = self.exact(without_integers(self.tight), False)
        if relaxed.status is SolveStatus.INFEASIBLE:
            return self._nothing(SolveStatus.INFEASIBLE, began, relaxed.message)
        if relaxed.x is None:
            return self._nothing(relaxed.status, began, relaxed.message)
        unit = self._unit(relaxed.x)
        self.bound = self.form.objective(relaxed.x) - 1e-9 * self._scale()
        self.outer = outer_linear(self.tight, unit)
        self.outer.touch(relaxed.x)
        self.outer.fan(relaxed.x)
        if self.form.ratio:
            self.least_volatility = self._least_volatility()
        self._try(relaxed.x)
        if first.x is not None and self.best is None:
            self._try(first.x)
        dived = dive(self.tight, relaxed.x, lambda form: None if (raw := self._solved(form, False)) is None else raw.x)
        if dived is not None:
            self._try(dived)
        if self.best is not None and self.best_x is not None and not self.form.ratio:
            self.exchanging = True
            exchanged(self.tight, self.best, self.best_x, self._try)
            self.exchanging = False
        self._deepen()
        infeasible = self._rounds(relaxed.x)
        if self.failure:  # the gap was open and the work not used up: what is known by then is a guess, not an answer
            return self._nothing(SolveStatus.FAILED, began, self.failure)
        if self.best is None:
            status = SolveStatus.INFEASIBLE if infeasible else SolveStatus.WORK_LIMIT
            return self._nothing(status, began, "no whole numbers satisfy the program" if infeasible else "")
        return self._answer(began)

    def _rounds(self, x: Vector) -> bool:
        """Search, solve, add tangents. True when the search proved that there is nothing."""
        theta_of = relaxed_ratio = max(-self.form.objective(x), 0.0) if self.form.ratio else 0.0
        stalls = 0
        for _ in range(ROUNDS):
            gap = self.relative_gap()
            if gap <= self.gap or self.work >= self.effort * WORK or stalls >= STALLS:
                break
            theta_of = max(-self.value, 0.0) if self.best is not None and self.form.ratio else relaxed_ratio
            found = self._search(theta_of, self._nodes_left())
            if found.infeasible:
                if self.best is None:
                    return True
                self.bound = self.value
                break
            if found.ended is Ended.FAILED:
                self.failure = found.message
                break
            self._learn(found, theta_of)
            if found.x is None:
                break
            known = len(self.tried)
            cuts = len(self.outer.cuts)
            self._try(found.x)
            self.outer.touch(found.x)
            if len(self.tried) == known and len(self.outer.cuts) == cuts:
                if self.early == 0.0:
                    break  # the same whole numbers, and nothing new to say about them
                self.early = 0.0
            stalls = stalls + 1 if self.best is not None and self.relative_gap() > (1.0 - STALLED) * gap else 0
        return False

    @property
    def _is_question(self) -> bool:
        """Whether nothing is minimized: any point will do."""
        return not (self.form.ratio or self.form.quadratics or self.form.q.any())

    def _first(self) -> Found:
        """Any whole numbers within the rows alone, cones and objective aside: often proof enough that there are none."""
        form, none = self.tight, np.zeros(self.tight.n_columns)
        asked = Search(none, form.A, form.row_lower, form.row_upper, *form.box(), form.integer)
        return self._ask(asked, 1.0, FIRST_NODES)

    def _deepen(self) -> None:
        """Tangents where the relaxation with perspectives goes, which is not where the one without them does."""
        before = -np.inf
        theta = max(-self.bound, 0.0) if self.form.ratio else 0.0
        for _ in range(DEEPENINGS):
            found = self._search(theta, 1, whole=False)
            if found.x is None or found.bound - before <= GAINS * self._scale():
                return
            before = found.bound
            self._learn(found, theta)
            self.outer.touch(found.x)

    def _search(self, theta: float, nodes: int, *, whole: bool = True) -> Found:
        outer = self.outer
        A, lower, upper = outer.rows()
        cost = outer.form.q.copy()
        scale = self._scale()
        if outer.sigma >= 0:
            cost[outer.sigma] = theta
            scale *= max(self.least_volatility, 1e-4)
        start = None
        if self.best is not None:
            columns = np.flatnonzero(self.form.integer)
            start = columns, self.best[columns]
        box = outer.form.box()
        integer = outer.form.integer if whole else np.zeros(len(cost), dtype=bool)
        asked = Search(cost, A, lower, upper, *box, integer, scale=scale, start=start if whole else None)
        # While the tangents are few, an answer to their program needs no more precision than they have.
        gap = max(SPENT_IN_SEARCH * self.gap, self.early * min(self.relative_gap(), 1.0)) * scale
        found = self._ask(asked, gap, nodes)
        self.nodes += max(found.nodes, 1) if whole else 0
        self.iterations += found.iterations if whole else 0
        self.work += float(found.iterations) * len(lower)
        return replace(found, bound=found.bound + outer.form.constant)

    def _ask(self, asked: Search, gap: float, nodes: int) -> Found:
        """One search of so many nodes, and this share of the checkpoints that bound its root."""
        checkpoints = int(self.effort * ROOT_CHECKPOINTS) + NODE_CHECKPOINTS * nodes
        return search(asked, gap=gap, nodes=nodes, checkpoints=max(checkpoints, 1))

    def _learn(self, found: Found, theta: float) -> None:
        if not np.isfinite(found.bound) or (found.x is None and not found.proved):
            return
        if not self.form.ratio:
            self.bound = max(self.bound, found.bound)
        elif found.bound >= 0.0:
            self.bound = max(self.bound, -theta)
        elif self.least_volatility > 0.0:
            self.bound = max(self.bound, -theta + found.bound / self.least_volatility)

    def _try(self, x: Vector) -> tuple[float, Vector] | None:
        """Hold the whole numbers of x and solve what is left; keep it when it is the best so far, touch it anyway.

        Returns what it is worth and its optimum, None for whole numbers that were tried before or leave nothing.
        """
        values = whole_numbers(self.form, x)
        key = values[self.form.integer].tobytes()
        if key in self.tried:
            return None
        self.tried[key] = np.inf
        raw = self._solved(remainder(self.tight, values).form, False)
        if raw is None or raw.x is None:
            return None
        value = self.form.objective(raw.x)
        self.tried[key] = value
        better = value < self.value
        if better:
            self.value, self.best, self.best_x = value, values, raw.x
        if not self._is_question and (better or not self.exchanging):
            self.outer.touch(raw.x)
        return value, raw.x

    def _solved(self, form: StandardForm, polish: bool) -> RawAnswer | None:
        try:
            raw = self.exact(form, polish)
        except RequestError:  # a ratio without excess return under these whole numbers: no answer to this one
            return None
        return raw if raw.status is SolveStatus.OPTIMAL else None

    def _answer(self, began: float) -> RawAnswer:
        """The convex remainder at the best whole numbers, exactly, with its multipliers on the form's own rows."""
        if self.best is None:
            return self._nothing(SolveStatus.FAILED, began, "")
        left = remainder(self.form, self.best)
        raw = self._solved(left.form, not self._is_question)
        if raw is None or raw.x is None:
            return self._nothing(SolveStatus.FAILED, began, "the whole numbers that were found could not be solved exactly")
        x = np.where(self.form.integer, self.best, raw.x)
        self.value = self.form.objective(x)
        self.bound = min(self.bound, self.value)
        duals = None if raw.duals is None else left.duals(raw.duals)
        out_of_time = self.relative_gap() > self.gap
        message = f"{self.nodes} nodes; gap {self.relative_gap():.1e}" + (", stopped before it closed" if out_of_time else "")
        return RawAnswer(
            SolveStatus.OPTIMAL,
            x,
            duals,
            f"outer+{raw.solver}",
            self.nodes,
            perf_counter() - began,
            polished=raw.polished,
            mip_gap=self.relative_gap(),
            message=message,
            relaxed=None if self._is_question else self._solved(without_integers(self.form), True),
            bound=self.bound,
        )

    def relative_gap(self) -> float:
        """(answer - bound) over the answer's size."""
        if self.best is None:
            return np.inf
        return max(self.value - self.bound, 0.0) / self._scale()

    def _scale(self) -> float:
        value = self.value if np.isfinite(self.value) else self.bound
        return max(abs(value), self._smallest) if np.isfinite(value) else 1.0

    @property
    def _smallest(self) -> float:
        diagonals = [b.M if b.M.ndim == 1 else np.diagonal(b.M) for b in self.form.quadratics]
        typical = float(np.concatenate(diagonals).mean()) if diagonals else 0.0
        return 1e-2 if self.form.ratio else max(1e-3 * typical, 1e-6)

    def _unit(self, x: Vector) -> float:
        return max(abs(self.form.objective(x)), self._smallest)

    def _least_volatility(self) -> float:
        bare = replace(without_integers(self.tight), ratio=False, q=np.zeros(self.form.n_columns), constant=0.0)
        raw = self._solved(bare, False)
        variance = 0.0 if raw is None or raw.x is None else float(raw.x @ bare.P_times(raw.x))
        return (1.0 - 1e-6) * math.sqrt(max(variance, 0.0))

    def _nodes_left(self) -> int:
        """The nodes that what is left of the work allows, at what a node took so far."""
        rows = self.outer.form.A.shape[0] + sum(len(side) for _, _, side in self.outer.cuts)
        a_node = self.iterations / self.nodes if self.nodes >= SEEN else USUAL_ITERATIONS
        left = (self.effort * WORK - self.work) / (rows * max(a_node, 1.0))
        return int(np.clip(left, FEWEST_NODES, MOST_NODES))

    def _nothing(self, status: SolveStatus, began: float, message: str) -> RawAnswer:
        return RawAnswer(status, None, None, "outer", self.nodes, perf_counter() - began, message=message)


def solve_mixed_integer(form: StandardForm, exact: Exact, *, effort: float = 1.0, gap: float = GAP) -> RawAnswer:
    """Solve a form with integer columns. exact: what solves the convex (or ratio) programs on the way, polished or not.

    Status optimal with the proven `mip_gap`, also where the nodes were used up with an answer; work_limit where none was
    found; infeasible where the search proved it. A number of nodes, by the program's size alone, ends the search: the answer
    is the same on any machine. effort: a share of the usual one, in checkpoints of every search. Raises what `exact` raises
    about the program without whole numbers (no excess return, riskless excess).
    """
    return MixedInteger(form, exact, effort, gap).run()
