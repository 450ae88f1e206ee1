"""Programs with whole-number columns: what the search finds is held, and the convex remainder solved exactly.

The answer that leaves is the convex remainder at the best whole numbers, polished; its multipliers are the remainder's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.deadline import NEVER
from portopt.domain.errors import DeadlineExceeded, RequestError
from portopt.domain.program import StandardForm
from portopt.domain.solution import Duals, RawAnswer, SolveStatus
from portopt.optimization.integers.diving import dive
from portopt.optimization.integers.effort import Effort
from portopt.optimization.integers.exchange import exchanged
from portopt.optimization.integers.outer_approximation import Offer, OuterApproximation, surrounded
from portopt.optimization.integers.perspective import chosen_diagonals
from portopt.optimization.integers.switches import remainder, whole_numbers, with_tight_switches
from portopt.optimization.integers.ways import turned
from portopt.optimization.scaling.extension import continuous
from portopt.optimization.solvers.highs_search import Found, Search, search

log = logging.getLogger(__name__)
ASKED_GAP = 1e-6  # relative, asked for
# The same where many choices between two ways are made: proving the last of them takes most of the time.
MANY_WAYS, WAYS_GAP = 60, 9e-4
TURNS = 24  # programs solved for a choice the other way
FIRST_NODES = 2_000
SLACK = 1e-7  # of it: an answer below the bound by less is the solver's, not a better one
HAIR = 1e-9  # of the objective's size: what a convex solver's answer may be above its optimum
Exact = Callable[[StandardForm, bool], RawAnswer]


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Whole numbers, the other columns zero, and the optimum of the remainder that they leave; (N,) each."""

    values: Vector
    x: Vector


@dataclass(slots=True)
class MixedInteger:
    """One search. exact: solves a convex or ratio program, polished or not. tried: whole numbers that were held already."""

    form: StandardForm
    exact: Exact
    effort: Effort
    gap: float = ASKED_GAP
    tight: StandardForm = field(init=False)
    master: OuterApproximation[Held] = field(init=False)
    tried: set[bytes] = field(default_factory=set)
    began: float = field(default_factory=perf_counter)

    def run(self) -> RawAnswer:
        """The best whole numbers within the gap or the nodes."""
        self.tight = with_tight_switches(self.form)
        lower, upper = self.tight.box()
        if np.any(lower > upper + 1e-9):
            return self._nothing(SolveStatus.INFEASIBLE, "bounds cross when the whole numbers are asked for")
        first = self._first()
        if first.infeasible:
            return self._nothing(SolveStatus.INFEASIBLE, "no whole numbers satisfy the rows")
        held = self._held(first.x) if self._is_question and first.x is not None else None
        if held is not None:
            return self._answer(held, self.form.objective(held.x))
        relaxed = self.exact(continuous(self.tight), False)
        if relaxed.x is None:
            return self._nothing(relaxed.status, relaxed.message)
        return self._searched(relaxed.x, first.x)

    def _searched(self, relaxed: Vector, first: Vector | None) -> RawAnswer:
        """Good whole numbers first, then the search. relaxed: (N,) the optimum without; first: any that keep the rows."""
        value = self.form.objective(relaxed)
        unit = max(abs(value), self._smallest)
        tangents = surrounded(self.tight, relaxed, unit, chosen_diagonals(self.tight, self._point))
        bound = value - HAIR * unit
        until = self.form.until
        self.master = OuterApproximation(tangents, self._point, self.effort, self.gap, self._smallest, bound, until=until)
        try:
            self._begin(relaxed, first)
            self.master.deepen()
            self.master.run(self._accept_turned if self._chooses_ways else self._accept)
            self._exchanged()
        except DeadlineExceeded:
            if self.master.best is None or not until.gives_best:
                raise
        best, nothing = self.master.best, self.master.nothing
        if not until.gives_best:
            until.check("searching for whole numbers")
        if self.master.failure:  # the gap was open and the work not used up: what is known by then is a guess, not an answer
            return self._nothing(SolveStatus.FAILED, self.master.failure)
        if best is None:
            until.check("searching for whole numbers")
            status = SolveStatus.INFEASIBLE if nothing else SolveStatus.WORK_LIMIT
            return self._nothing(status, "no whole numbers satisfy the program" if nothing else "")
        return self._answer(best.answer, best.value if nothing else self.master.bound)

    def _begin(self, relaxed: Vector, first: Vector | None) -> None:
        """Good whole numbers to begin with: rounded, dived for, exchanged."""
        if self._chooses_ways:
            self._accept_turned(relaxed)
            if first is not None and self.master.best is None:
                self._accept_turned(first)
            return
        self._accept(relaxed)
        if first is not None and self.master.best is None:
            self._accept(first)
        dived = dive(self.tight, relaxed, self._point)
        if dived is not None:
            self._accept(dived)
        self._exchanged()

    def _exchanged(self) -> None:
        """Exchanges around the best so far; a ratio is not one for its gradient."""
        best = self.master.best
        if best is None or self.form.ratio or self._chooses_ways or not self.master.is_open or self.master.until.is_over:
            return
        exchanged(self.tight, best.answer.values, best.answer.x, self._exchange)
        if self.master.best is not None and self.master.best is not best:
            self.master.tangents.touch(self.master.best.answer.x)

    @property
    def _chooses_ways(self) -> bool:
        """Whether every whole number is a choice between two ways."""
        return len(self.form.either) == int(self.form.integer.sum())

    def _accept_turned(self, x: Vector) -> None:
        """The same for choices between two ways, and those turned that the multipliers of their remainder speak against."""
        self._accept(x)
        turned(self.tight, whole_numbers(self.form, x), self._way, TURNS)

    def _way(self, values: Vector) -> tuple[float, Vector, Duals] | None:
        """What the remainder at these choices is worth, where its optimum is, and its multipliers on the program's own rows."""
        self.tried.add(values[self.form.integer].tobytes())
        left = remainder(self.tight, values)
        raw = self._solved(left.form, False)
        if raw is None or raw.x is None or raw.duals is None:
            return None
        held = Held(values, raw.x)
        if self._offer(held):
            self.master.tangents.touch(held.x)
        return self.form.objective(held.x), held.x, left.duals(raw.duals)

    @property
    def _is_question(self) -> bool:
        """Whether nothing is minimized: any point will do."""
        return not (self.form.ratio or self.form.quadratics or self.form.q.any())

    def _first(self) -> Found:
        """Any whole numbers within the rows alone, cones and objective aside: often proof enough that there are none."""
        form, none = self.tight, np.zeros(self.tight.n_columns)
        asked = Search(none, form.A, form.row_lower, form.row_upper, *form.box(), form.integer, until=form.until)
        return search(asked, gap=1.0, nodes=FIRST_NODES, checkpoints=self.effort.checkpoints(FIRST_NODES))

    def _accept(self, x: Vector) -> None:
        """The whole numbers of x (N,) or more: their remainder solved, offered and touched."""
        held = self._held(x)
        if held is not None:
            self._offer(held)
            self.master.tangents.touch(held.x)

    def _exchange(self, values: Vector) -> tuple[float, Vector] | None:
        """What the remainder at these whole numbers is worth, and its optimum. Not touched: tangents at every step of the way
        would only slow the search.
        """
        held = self._held(values)
        if held is None:
            return None
        self._offer(held)
        return self.form.objective(held.x), held.x

    def _offer(self, held: Held) -> bool:
        columns = np.flatnonzero(self.form.integer)
        value = self.form.objective(held.x)
        return self.master.offer(Offer(held, value, (columns, held.values[columns]), SLACK * max(abs(value), self._smallest)))

    def _held(self, x: Vector) -> Held | None:
        """The whole numbers of x held; None where they were before, or leave nothing."""
        values = whole_numbers(self.form, x)
        key = values[self.form.integer].tobytes()
        if key in self.tried:
            return None
        self.tried.add(key)
        point = self._point(remainder(self.tight, values).form)
        return None if point is None else Held(values, point)

    def _point(self, form: StandardForm) -> Vector | None:
        raw = self._solved(form, False)
        return None if raw is None else raw.x

    def _solved(self, form: StandardForm, polish: bool) -> RawAnswer | None:
        try:
            raw = self.exact(form, polish)
        except RequestError:  # a ratio without excess return under these whole numbers: no answer to this one
            return None
        return raw if raw.status is SolveStatus.OPTIMAL else None

    def _answer(self, held: Held, bound: float) -> RawAnswer:
        """The convex remainder at the whole numbers, exactly, with its multipliers on the form's own rows.

        What was found in time is worked out to the end: one more convex program.
        """
        form = replace(self.form, until=NEVER)
        left = remainder(form, held.values)
        raw = self._solved(left.form, not self._is_question)
        if raw is None or raw.x is None:
            return self._nothing(SolveStatus.FAILED, "the whole numbers that were found could not be solved exactly")
        x = np.where(self.form.integer, held.values, raw.x)
        value = self.form.objective(x)
        bound = min(bound, value)
        gap = (value - bound) / max(abs(value), self._smallest)
        said = f"{self.effort.nodes} nodes; gap {gap:.1e}" + (", stopped before it closed" if gap > self.gap else "")
        return RawAnswer(
            SolveStatus.OPTIMAL,
            x,
            None if raw.duals is None else left.duals(raw.duals),
            f"outer+{raw.solver}",
            self.effort.nodes,
            perf_counter() - self.began,
            polished=raw.polished,
            mip_gap=gap,
            message=said,
            relaxed=None if self._is_question else self._solved(continuous(form), True),
            bound=bound,
        )

    @property
    def _smallest(self) -> float:
        """What the objective's size is at least."""
        diagonals = [b.M if b.M.ndim == 1 else np.diagonal(b.M) for b in self.form.quadratics]
        typical = float(np.concatenate(diagonals).mean()) if diagonals else 0.0
        return 1e-2 if self.form.ratio else max(1e-3 * typical, 1e-6)

    def _nothing(self, status: SolveStatus, message: str) -> RawAnswer:
        return RawAnswer(status, None, None, "outer", self.effort.nodes, perf_counter() - self.began, message=message)


def solve_mixed_integer(form: StandardForm, exact: Exact, *, effort: float = 1.0, gap: float = ASKED_GAP) -> RawAnswer:
    """Solve a form with integer columns. exact: what solves the convex (or ratio) programs on the way, polished or not.

    Status optimal with the proven `mip_gap`, also where the nodes were used up with an answer; work_limit where none was
    found; infeasible where the search proved it. Counted work, by the program alone, ends the search: the answer is the same
    on any machine. effort: a share of the usual one. Raises what `exact` raises about the program without whole numbers (no
    excess return, riskless excess).
    """
    asked = max(gap, WAYS_GAP) if len(form.either) > MANY_WAYS else gap
    raw = MixedInteger(form, exact, Effort(effort), asked).run()
    left = "" if raw.mip_gap is None else f", gap {raw.mip_gap:.1e}"
    log.debug("in whole numbers: %s after %d nodes%s %s", raw.status.value, raw.iterations, left, raw.message)
    return raw
