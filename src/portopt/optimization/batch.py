"""Many portfolios in one call: a few answers are solved for, and the others found beside them.

Members are grouped by what their covariance is (its content, not which object holds it) and the shape of their program, and
solved in runs of RUN. In a run the first answer of each shape is where the others begin: where every weight of it stands is
corrected until nothing is wrong (beside/), or, for programs that are not of weights alone, the nearest answer is polished.
Either has a budget, a fraction of a solve, and a run in which it is missed again and again does without: a batch takes no
longer than its members one by one. What is returned satisfies the same conditions as a single answer, so that where it began
changes nothing but the time. A run begins without a neighbour: it may go to another process and give the same bits there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import PortoptError
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.domain.solution import RawAnswer, Solution, SolveStatus
from portopt.optimization.assemble import assemble
from portopt.optimization.engine import solve
from portopt.optimization.neighbour import is_known, shape_of, within_budget
from portopt.optimization.scaling.presolve import crossing

# Members that share neighbours: long enough that the first one's full solve does not count; as few as that are two runs of half
# as many, for two processes.
RUN = 100
PATIENCE = 3  # starts that may miss beyond those that arrive, before a run does without


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One of many: its solution, or why it could not be asked or answered (an error of its own)."""

    problem: Problem
    solution: Solution | None
    refusal: PortoptError | None = None

    def form(self) -> StandardForm:
        """Its program, assembled again: a thousand forms of one dense covariance are a thousand times its size."""
        return assemble(self.problem, multiples=True)


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
        groups.setdefault((p.moments.covariance.identity(), p.n, kinds), []).append(i)
    return [run for group in groups.values() for run in _divided(group)]


def _divided(group: list[int]) -> list[tuple[int, ...]]:
    long = RUN if len(group) > RUN else RUN // 2
    return [tuple(group[i : i + long]) for i in range(0, len(group), long)]


def solve_run(problems: Sequence[Problem]) -> Iterator[tuple[Member, StandardForm | None]]:
    """The members of one run, in order, each with its form: the caller's to look at while it is there, and to let go."""
    neighbours = _Neighbours()
    for problem in problems:
        yield _solved(problem, neighbours)


def _solved(problem: Problem, neighbours: _Neighbours) -> tuple[Member, StandardForm | None]:
    form = None
    try:
        form = assemble(problem, multiples=True)
        raw = neighbours.answer_beside(form) or solve(form, start=problem.target)
    except PortoptError as refusal:
        return Member(problem, None, refusal), form
    neighbours.remember(form, raw)
    weights = raw.x[: form.n_weights].copy() if raw.status is SolveStatus.OPTIMAL and raw.x is not None else None
    return Member(problem, Solution(raw.status, problem.identity(), weights, raw)), form


@dataclass(slots=True)
class _Shape:
    """The answers of one shape: what was asked each time, and how many more starts missed than arrived."""

    forms: list[Vector] = field(default_factory=list)
    answers: list[RawAnswer] = field(default_factory=list)
    missed: int = 0

    def nearest(self, form: StandardForm) -> RawAnswer:
        wanted = _asked(form)
        return self.answers[int(np.argmin([float(np.abs(asked - wanted).sum()) for asked in self.forms]))]


class _Neighbours:
    """Polished answers of a run by the shape of what was asked."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[object, ...], _Shape] = {}

    def answer_beside(self, form: StandardForm) -> RawAnswer | None:
        """The optimum, from one of them; None where there is none near, or it was not come to within its budget."""
        shape = self._shapes.get(shape_of(form))
        if shape is None or shape.missed >= PATIENCE or crossing(form):
            return None
        found = within_budget(form, shape.answers[0], lambda: shape.nearest(form))
        shape.missed += 1 if found is None else -1
        return found

    def remember(self, form: StandardForm, raw: RawAnswer) -> None:
        if is_known(raw):
            shape = self._shapes.setdefault(shape_of(form), _Shape())
            shape.forms.append(_asked(form))
            shape.answers.append(raw)


def _asked(form: StandardForm) -> Vector:
    """The linear objective over the size of the quadratic one (a risk aversion scales it), and the sides."""
    size = max((float(np.max(q.diagonal, initial=0.0)) for q in form.quadratics), default=1.0)
    sides = np.concatenate([form.row_upper, form.row_lower, form.bound_upper, form.bound_lower])
    return np.concatenate([form.q / (size or 1.0), np.where(np.isfinite(sides), sides, 0.0)])
