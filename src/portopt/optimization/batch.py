"""Many portfolios in one call: each answer is where the next one's polish starts.

Members are grouped by their covariance (the same object) and the shape of their program, and solved in runs of RUN. Within
a run every member starts from the answer of the one most like it; a polish that strays falls back on a solve of its own.
What is returned is polished and checked the same way as a single answer, so the order changes nothing but the time. A run
begins without a neighbour, so that runs may go to other processes and give the same bits there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import PortoptError
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.domain.solution import RawAnswer, Solution, SolveStatus
from portopt.optimization.assemble import assemble
from portopt.optimization.engine import solve, solve_beside
from portopt.optimization.polish.polish import has_polish
from portopt.optimization.ratio.best_ratio import solve_ratio_beside

RUN = 50  # members that share neighbours: long enough that the first one's full solve does not count


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One of many: its solution, or why it could not be asked or answered (an error of its own)."""

    problem: Problem
    solution: Solution | None
    refusal: PortoptError | None = None

    def form(self) -> StandardForm:
        """Its program, assembled again: a thousand forms of one dense covariance are a thousand times its size."""
        return assemble(self.problem)


def optimize_batch(problems: Sequence[Problem]) -> list[Member]:
    """Every problem's answer, in the order given. An infeasible or refused member leaves the others as they are."""
    found: dict[int, Member] = {}
    for run in runs(problems):
        found.update(zip(run, (member for member, _ in solve_run([problems[i] for i in run])), strict=True))
    return [found[i] for i in range(len(problems))]


def runs(problems: Sequence[Problem]) -> list[tuple[int, ...]]:
    """Positions of the members that are solved together: one covariance and one kind of program each, RUN at most."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for i, p in enumerate(problems):
        kinds = (p.objective.kind, *(limit.kind for limit in p.limits), *(cost.kind for cost in p.costs))
        groups.setdefault((id(p.moments.covariance), p.n, kinds), []).append(i)
    return [tuple(group[i : i + RUN]) for group in groups.values() for i in range(0, len(group), RUN)]


def solve_run(problems: Sequence[Problem]) -> Iterator[tuple[Member, StandardForm | None]]:
    """The members of one run, in order, each with its form: the caller's to look at while it is there, and to let go."""
    neighbours = _Neighbours()
    for problem in problems:
        yield _solved(problem, neighbours)


def _solved(problem: Problem, neighbours: _Neighbours) -> tuple[Member, StandardForm | None]:
    form = None
    try:
        form = assemble(problem)
        near = neighbours.nearest(form)
        if near is None or form.hinges or not has_polish(form):
            raw = solve(form, start=problem.target)
        else:
            raw = solve_ratio_beside(form, near) if form.ratio else solve_beside(form, near)
    except PortoptError as refusal:
        return Member(problem, None, refusal), form
    neighbours.remember(form, raw)
    weights = raw.x[: form.n_weights].copy() if raw.status is SolveStatus.OPTIMAL and raw.x is not None else None
    return Member(problem, Solution(raw.status, problem.identity(), weights, raw)), form


class _Neighbours:
    """Polished answers of a run by what was asked: linear objective and sides."""

    def __init__(self) -> None:
        self._asked: dict[tuple[object, ...], list[Vector]] = {}
        self._answers: dict[tuple[object, ...], list[RawAnswer]] = {}

    def nearest(self, form: StandardForm) -> RawAnswer | None:
        shape = _shape(form)
        if shape not in self._asked:
            return None
        wanted = _asked(form)
        distances = [float(np.abs(asked - wanted).sum()) for asked in self._asked[shape]]
        return self._answers[shape][int(np.argmin(distances))]

    def remember(self, form: StandardForm, raw: RawAnswer) -> None:
        if raw.status is SolveStatus.OPTIMAL and raw.polished:
            shape = _shape(form)
            self._asked.setdefault(shape, []).append(_asked(form))
            self._answers.setdefault(shape, []).append(raw)


def _shape(form: StandardForm) -> tuple[object, ...]:
    """What an answer must share with a form to be one of its rows, columns, bounds and cones."""
    cones = tuple(cone.B.shape for cone in form.cones)
    return form.n_columns, form.A.shape, form.bound_columns.tobytes(), cones, form.ratio


def _asked(form: StandardForm) -> Vector:
    """The linear objective over the size of the quadratic one (a risk aversion scales it), and the sides."""
    size = max((float(np.max(q.M if q.M.ndim == 1 else np.diagonal(q.M), initial=0.0)) for q in form.quadratics), default=1.0)
    sides = np.concatenate([form.row_upper, form.row_lower, form.bound_upper, form.bound_lower])
    return np.concatenate([form.q / (size or 1.0), np.where(np.isfinite(sides), sides, 0.0)])
