"""What would make room: the smallest openings, of one limit or of several, each solved again before it is told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from portopt.audit.audit import audit
from portopt.diagnosis.any_portfolio import found_portfolio
from portopt.diagnosis.effort import OutOfWork
from portopt.diagnosis.elastic import elastic
from portopt.diagnosis.feasibility import HOLDS, Feasibility
from portopt.diagnosis.room_for_lots import GRIDS, TIMES, Rounds, coarsest, room_in
from portopt.diagnosis.whole_openings import COUNTED, smallest_whole, unit_of
from portopt.domain.arrays import Vector
from portopt.domain.diagnosis import Fix, Relaxation
from portopt.domain.errors import PortoptError
from portopt.domain.problem import Limit, Problem
from portopt.domain.program import StandardForm
from portopt.domain.solution import Solution, SolveStatus
from portopt.optimization import assemble

NEGLIGIBLE = 1e-8
INSIDE = 1e-6
SMALLEST_SIZE = 0.05  # a limit of zero (no cash at all) is opened as if it were this large


@dataclass(frozen=True, slots=True)
class Repairs:
    """Finds openings for one infeasible problem.

    limits: what is known about its feasibility so far. room: left to whole lots beyond the smallest opening, a fraction of
    portfolio value (see room_for_lots.py).
    rounds: whether an opened problem has whole lots; None where nobody asks.
    """

    limits: Feasibility
    room: float = 0.0
    rounds: Rounds | None = None

    def smallest(self, names: tuple[str, ...], *, hard: tuple[str, ...] | None = None) -> dict[str, float] | None:
        """Openings of `names`, jointly smallest relative to the limits' own sizes; None when even free they do not suffice.

        hard: the limits kept as they are; by default all others. Raises OutOfWork.
        """
        if self.limits.form.integer.any():
            return self._counted(names, hard)
        found = self._steps(names, hard)
        if found is None:
            return None
        problem, steps = found
        smooth = tuple(name for name in names if name not in steps)
        if not smooth:
            return steps
        now = self._limits_of(problem)
        kept = tuple(name for name in now.names if name not in smooth and name not in self._gone(names, hard))
        openings = _openings(now, smooth, kept, {name: 1.0 / self._size(name) for name in smooth})
        return None if openings is None else {**steps, **openings}

    def _counted(self, names: tuple[str, ...], hard: tuple[str, ...] | None) -> dict[str, float] | None:
        """The same where limits count; see whole_openings.py."""
        kept = frozenset(name for name in self.limits.names if name not in self._gone(names, hard))
        sizes = {name: self._size(name) for name in names}
        found = smallest_whole(self.limits, sizes, kept)
        return None if found is None else dict(found.openings)

    def fix(self, openings: Mapping[str, float]) -> Fix | None:
        """These openings and the room, solved with the real objective and read limit by limit; None when nothing holds.

        The room grows until whole lots are found; where none are, the first that holds in weights. Raises OutOfWork.
        """
        first: Fix | None = None
        for times in TIMES:
            rooms = {name: self._room(name, by, times * self.room) for name, by in openings.items()}
            try:
                held = self._held(openings, rooms)
            except OutOfWork:
                if first is None:
                    raise
                return first
            if held is None or self.rounds is None:
                return first or held
            first = first or held
            if self.rounds(relaxed(self.limits.problem, {r.limit: r.by for r in held.relaxations})):
                return held
            if not any(rooms.values()):
                return first
        return first

    def _room(self, name: str, by: float, room: float) -> float:
        limit = self.limits.problem.limit(name)
        return 0.0 if limit is None else room_in(limit, self.limits.problem, by, room)

    def _held(self, openings: Mapping[str, float], rooms: Mapping[str, float]) -> Fix | None:
        """The first rounding whose answer is certified; where none is, the first at which every limit was seen to hold."""
        held: Fix | None = None
        least = self._inside(openings)
        for grid, hair in dict.fromkeys([(GRIDS[0], least), *((grid, max(least, NEGLIGIBLE)) for grid in GRIDS)]):
            rounded = {
                name: self.rounded(name, by + room, coarsest(grid, room), min(hair, NEGLIGIBLE) if room else hair)
                for (name, by), room in zip(openings.items(), (rooms[name] for name in openings), strict=True)
            }
            worst, certified = self._solved_again(relaxed(self.limits.problem, rounded))
            if worst <= HOLDS and (held is None or certified):
                relaxations = tuple(relaxation(self.limits.problem, name, by) for name, by in rounded.items())
                held = Fix(relaxations, verified=True, summary=summary(self.limits.problem, relaxations), worst_violation=worst)
            if certified:
                break
        return held

    def _inside(self, openings: Mapping[str, float]) -> float:
        """What is added to an opening before it is rounded up: more than nothing where a curve has a part in what it opens.

        Against a flat limit the least opening leaves a face, which has an optimum like any other set; against a curved one it
        leaves a point, and in a set of a hair's width the best one takes a hundred times as long to find.
        """
        curved, names = self.limits.mask(self.limits.curved()), self.limits.mask(openings)
        touched = any(core & names and core & curved for core in self.limits.impossible)
        return INSIDE if touched else -NEGLIGIBLE

    def _solved_again(self, problem: Problem) -> tuple[float, bool]:
        """(the largest violation at the answer, whether the answer is certified); infinity where there is none."""
        form, has_optimum = assemble(problem), True
        if form.integer.any():
            # The best whole numbers may take long to find; that there are some is what is promised.
            w = found_portfolio(self.limits, form, set(self.limits.names))
            worst = math.inf if w is None else worst_violation(problem, w)
            return worst, worst <= HOLDS
        try:
            raw = self.limits.ask(form, exactly=True)
        except PortoptError:
            # A ratio without excess return has no maximum; whether the limits leave a portfolio is still a question.
            raw = self.limits.ask(elastic(form, {}, frozenset(), ignored=self.limits.always_gone).form)
            has_optimum = False
        if raw.status is not SolveStatus.OPTIMAL or raw.x is None:
            return math.inf, False
        w = raw.x[: problem.n]
        worst = worst_violation(problem, w)
        answer = Solution(raw.status, problem.identity(), w, raw)
        return worst, has_optimum and worst <= HOLDS and audit(problem, form, answer).certified

    def _steps(self, names: tuple[str, ...], hard: tuple[str, ...] | None) -> tuple[Problem, dict[str, float]] | None:
        """Openings of those limits that open in steps (a score), the smallest with which freeing the others makes room."""
        problem, steps = self.limits.problem, {}
        smooth = {name for name in names if has_slope(self.limits.form, name)}
        for name in names:
            limit = problem.limit(name)
            if name in smooth or limit is None:
                continue
            by = self._first_step(problem, limit, limit.steps(problem), self._gone(names, hard) | smooth)
            if by is None:
                return None
            steps[name] = by
            problem = problem.with_limit(limit.relaxed(by))
        return problem, steps

    def _first_step(self, problem: Problem, limit: Limit, steps: tuple[float, ...], gone: frozenset[str]) -> float | None:
        """The smallest of `steps` that makes room, by bisection: opening further never takes room away."""
        first, last = 0, len(steps)
        while first < last:
            middle = (first + last) // 2
            now = self._limits_of(problem.with_limit(limit.relaxed(steps[middle])))
            possible = now.core(now.mask(name for name in now.names if name not in gone)) is None
            first, last = (first, middle) if possible else (middle + 1, last)
        return steps[first] if first < len(steps) else None

    def _limits_of(self, problem: Problem) -> Feasibility:
        if problem is self.limits.problem:
            return self.limits
        return Feasibility(problem, assemble(problem), self.limits.budget, exactly=self.limits.exactly)

    def _gone(self, names: tuple[str, ...], hard: tuple[str, ...] | None) -> frozenset[str]:
        others = set(self.limits.names) - set(names) - set(hard) if hard is not None else set()
        return self.limits.always_gone | others

    def _size(self, name: str) -> float:
        limit = self.limits.problem.limit(name)
        if limit is None:
            return 1.0
        reading = limit.read(np.zeros(self.limits.problem.n), self.limits.problem)
        sides = np.abs(np.concatenate([reading.lower, reading.upper]))
        sides = sides[np.isfinite(sides)]
        return max(float(np.median(sides)) if len(sides) else 0.0, SMALLEST_SIZE)

    def rounded(self, name: str, by: float, grid: float, hair: float) -> float:
        """Up to the grid; a hair more than the least leaves the set an inside, a hair less takes 0.4 for 0.4000000001."""
        if not has_slope(self.limits.form, name) or unit_of(self.limits.problem, name) in COUNTED:
            return by
        return round(math.ceil((by + hair) / grid) * grid, 12)


def _openings(
    limits: Feasibility, names: tuple[str, ...], kept: tuple[str, ...], prices: Mapping[str, float]
) -> dict[str, float] | None:
    """Openings of `names` at the least price with `kept` as they are and the rest gone; None when they do not suffice.

    Cone programs are asked last: a ball alone is a quadratic program, and often the linear limits leave nothing to the cones.
    """
    gone = set(limits.names) | limits.always_gone
    linear = tuple(name for name in kept if name not in limits.conic())
    ball = limits.ball(names[0]) if len(names) == 1 else None
    if ball is not None and linear == kept:
        question, _, raw = limits.nearest(ball, set(kept))
        if raw.x is None or raw.status is not SolveStatus.OPTIMAL:
            return None
        return _noticed({names[0]: float(np.linalg.norm(question.cone.B[1:] @ raw.x + question.cone.b[1:])) - float(ball.b[0])})
    ask_linear_first = linear != kept and not limits.conic() & set(names)
    for held in (linear, kept) if ask_linear_first else (kept,):
        asked = elastic(limits.form, prices, frozenset(), ignored=gone - set(held) - set(names), unit_where_none=False)
        raw = limits.ask(asked.form)
        if raw.status is not SolveStatus.OPTIMAL or raw.x is None:
            return None
        w = raw.x[: limits.problem.n]
        holds = all(limit.read(w, limits.problem).worst() <= HOLDS for limit in limits.problem.limits if limit.kind in kept)
        if holds or held == kept:
            return _noticed(asked.openings(raw.x))
    return None


def _noticed(openings: Mapping[str, float]) -> dict[str, float]:
    return {name: by for name, by in openings.items() if by > NEGLIGIBLE}


def has_slope(form: StandardForm, name: str) -> bool:
    """Whether the limit's rows, bounds or cones say how they open."""
    parts = [form.row_relax[g.start : g.stop] for g in form.row_groups if g.limit == name]
    parts += [form.bound_relax[g.start : g.stop] for g in form.bound_groups if g.limit == name]
    parts += [cone.relax for cone in form.cones if cone.limit == name and cone.relax is not None]
    return any(bool(part.any()) for part in parts)


def relaxed(problem: Problem, openings: Mapping[str, float]) -> Problem:
    """`problem` with each named limit opened by that much."""
    for name, by in openings.items():
        limit = problem.limit(name)
        if limit is not None:
            problem = problem.with_limit(limit.relaxed(by))
    return problem


def relaxation(problem: Problem, name: str, by: float) -> Relaxation:
    """One opening in words; `name` is one of the problem's limits."""
    limit = next(limit for limit in problem.limits if limit.kind == name)
    return Relaxation(name, by, limit.unit, limit.describe(), limit.relaxed(by).describe())


def summary(problem: Problem, relaxations: tuple[Relaxation, ...]) -> str:
    """One sentence for a fix: what an opening allows, where the limit has words for it."""
    allowed = {r.limit: limit.allows(r.by) for r in relaxations if (limit := problem.limit(r.limit)) is not None}
    said = [text for text in allowed.values() if text]
    changes = [f"{r.limit} to {r.after!r} (now {r.before!r})" for r in relaxations if not allowed.get(r.limit)]
    return " and ".join([*said, *([f"change {' and '.join(changes)}"] if changes else [])])


def worst_violation(problem: Problem, w: Vector) -> float:
    """The largest violation of any hard limit at w, natural units.

    w: (n,) weights.
    """
    return max((limit.read(w, problem).worst() for limit in problem.limits if not limit.soft), default=0.0)
