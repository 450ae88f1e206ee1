"""The best compromises between two or three axes, as a solved surface.

Every point is the optimum of an ordinary program (one axis best, bounds on the others), polished like any other. For three
axes the second is swept between the ends of the payoff table, and at each of its levels the third between what the best
primary has anyway and the most it can have there: no program is infeasible, and none asks for what costs nothing.
Sources: Haimes, Lasdon and Wismer (1971); Mavrotas (2009), the augmented sweep; Miettinen (1999) for the schemes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from portopt.analysis.lexicographic import lexicographic
from portopt.analysis.one_axis import alone, bounded, check_axes, measure_of
from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.pareto import Located, ParetoPoint, ParetoSurface
from portopt.domain.problem import Problem
from portopt.domain.solution import RawAnswer, SolveStatus
from portopt.optimization import assemble, solve
from portopt.optimization.engine import solve_beside
from portopt.optimization.frontier.answered import weights_of
from portopt.optimization.frontier.bounds import BoundedForm, kept
from portopt.optimization.polish.whole_numbers import without_whole_numbers
from portopt.terms.limits.axis_bounds import AxisBounds
from portopt.terms.shared.axes import AXES, axis_of, direction

if TYPE_CHECKING:
    from portopt.ports import Progress

__all__ = ["lexicographic", "pareto_surface"]

PRIMARIES = ("risk", "tracking_error")  # strictly convex: the point of least risk at its bounds is the only one
HAIR = 1e-6  # of an axis's range: how far a bound stays from the end, where the program would have no inside


def pareto_surface(
    problem: Problem,
    axes: Sequence[str] = ("return", "risk", "esg"),
    points: int = 49,
    *,
    risk_measure: str = "volatility",
    measure_options: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> ParetoSurface:
    """The surface of two or three axes within the problem's own limits; its objective is left aside.

    points: about how many (two axes: exactly so many are solved; three: a square grid). risk_measure, measure_options: what
    risk is. progress: told how many programs are solved, of how many in all, as it goes.
    Raises InvalidValue for axes that are no two or three different ones, InfeasibleRequest where the limits leave nothing.
    """
    names = _ordered(axes, points)
    # In whole numbers the surface has gaps, and each of its points is a search.
    problem, left = without_whole_numbers(problem)
    sweep = _Sweep(problem, names, risk_measure, dict(measure_options or {}), progress)
    payoff = {name: sweep.best_of(name) for name in names}
    if len(names) == 2:
        sweep.along_one(payoff, points)
    else:
        sweep.along_two(payoff, max(2, round(points**0.5)))
    found = [*payoff.values(), *sweep.found]
    losses = np.array([[direction(name) * point.amounts[name] for name in names] for point in found])
    keep = kept(losses)
    surface = tuple(point for point, good in zip(found, keep, strict=True) if good)
    return ParetoSurface(
        axes=names,
        points=tuple(sorted(surface, key=lambda point: [direction(name) * point.amounts[name] for name in names])),
        payoff={name: dict(point.amounts) for name, point in payoff.items()},
        current=None if problem.w_prev is None else sweep.located(problem.w_prev, surface),
        solved=sweep.solved,
        dropped=int((~keep).sum()),
        without=left,
        failed=sweep.failed,
    )


@dataclass(slots=True)
class _Sweep:
    problem: Problem
    axes: tuple[str, ...]
    risk_measure: str
    options: dict[str, Any]
    progress: Progress | None
    total: int = 0
    solved: int = 0
    failed: int = 0
    found: list[ParetoPoint] = field(default_factory=list)
    neighbours: dict[str, RawAnswer] = field(default_factory=dict)
    _forms: dict[str, BoundedForm] = field(default_factory=dict)

    def best_of(self, name: str) -> ParetoPoint:
        """The best of one axis; where several portfolios have it, the best of the primary among them (nearly)."""
        self.total = max(self.total, 2 * len(self.axes))
        single = alone(self.problem, name, self.risk_measure, self.options)
        raw = self._told(solve(assemble(single)))
        point = self._point(weights_of(self.problem, raw), {})
        primary = self.axes[0]
        if name == primary:
            return point
        hair = HAIR * max(abs(point.amounts[name]), 1e-3)
        better = self.at(primary, {name: point.amounts[name] + direction(name) * hair})
        return point if better is None else better

    def along_one(self, payoff: Mapping[str, ParetoPoint], points: int) -> None:
        primary, other = self.axes
        first, last = payoff[primary].amounts[other], payoff[other].amounts[other]
        self.total = self.solved + points - 2
        for level in np.linspace(first, last, points)[1:-1]:
            self._keep(self.at(primary, {other: float(level)}))

    def along_two(self, payoff: Mapping[str, ParetoPoint], side: int) -> None:
        primary, second, third = self.axes
        ends = [point.amounts[second] for point in payoff.values()]
        best = payoff[second].amounts[second]
        worst = max(ends) if direction(second) > 0.0 else min(ends)
        hair = HAIR * (best - worst)
        self.total = self.solved + side * (side + 1)
        for level in np.linspace(worst, best - hair, side):
            bound = {second: float(level)}
            easiest, hardest = self.at(primary, bound), self.at(third, bound)
            if easiest is None or hardest is None:
                self.failed += 1
                continue
            self._keep(easiest)
            low, high = easiest.amounts[third], hardest.amounts[third]
            for further in np.linspace(low, high - HAIR * (high - low), side)[1:]:
                self._keep(self.at(primary, bound | {third: float(further)}))

    def at(self, primary: str, bounds: Mapping[str, float]) -> ParetoPoint | None:
        """The best of `primary` at these bounds on axes, or None where nothing keeps them."""
        form = self._form(primary)
        own = self.problem.limit(AxisBounds.kind)
        asked = own.tightened(bounds).bounds if isinstance(own, AxisBounds) else bounds
        sides = {name: asked.get(name, direction(name) * np.inf) for name in form.bounds}
        raw = solve_beside(form.at(sides), self.neighbours.get(primary))
        self._told(raw)
        if raw.status is not SolveStatus.OPTIMAL or raw.x is None:
            return None
        self.neighbours[primary] = raw
        return self._point(weights_of(self.problem, raw), self._rates(primary, form.rates(raw), raw))

    def located(self, w: Vector, surface: Sequence[ParetoPoint]) -> Located:
        """Where a book stands."""
        amounts = self._amounts(w)
        dominating = self.at(self.axes[0], {name: amounts[name] for name in self.axes[1:]})
        values = np.array([[point.amounts[name] for name in self.axes] for point in surface])
        span = np.ptp(values, axis=0)
        away = (values - [amounts[name] for name in self.axes]) / np.where(span > 0.0, span, 1.0)
        nearest = int(np.argmin(np.linalg.norm(away, axis=1)))
        gains: dict[str, float] = {}
        distance = float(np.linalg.norm(away[nearest]))
        if dominating is not None:
            gains = {name: direction(name) * (amounts[name] - dominating.amounts[name]) for name in self.axes}
            scaled = [gain / (s if s > 0.0 else 1.0) for gain, s in zip(gains.values(), span, strict=True)]
            distance = float(np.linalg.norm(scaled))
        return Located(amounts, dominating, gains, distance, nearest)

    def _keep(self, point: ParetoPoint | None) -> None:
        if point is None:
            self.failed += 1
        else:
            self.found.append(point)

    def _told(self, raw: RawAnswer) -> RawAnswer:
        self.solved += 1
        if self.progress is not None:
            self.progress.count(self.solved, max(self.total, self.solved))
        return raw

    def _form(self, primary: str) -> BoundedForm:
        """The program of one axis with a row for each of the others (and for what the problem bounds itself)."""
        if primary not in self._forms:
            own = self.problem.limit(AxisBounds.kind)
            sides = dict.fromkeys((n for n in AXES if n in self.axes and n != primary), 0.0)
            if isinstance(own, AxisBounds):
                sides |= own.bounds
            bare = self.problem.replaced(limits=tuple(limit for limit in self.problem.limits if limit is not own))
            single = alone(bare, primary, self.risk_measure, self.options)
            problem = bounded(single, sides, self.risk_measure, self.options)
            self._forms[primary] = BoundedForm(assemble(problem), AxisBounds.kind, sides)
        return self._forms[primary]

    def _rates(self, primary: str, rates: Mapping[str, float], raw: RawAnswer) -> dict[str, float]:
        """From what is minimized to the primary's own amount: by the slope of its charge."""
        axis = axis_of(primary, measure_of(self.risk_measure, self.options))
        slope = direction(primary) * axis.slope(weights_of(self.problem, raw), self.problem)
        return {name: rate / slope if slope != 0.0 else float("nan") for name, rate in rates.items()}

    def _point(self, w: Vector, rates: Mapping[str, float]) -> ParetoPoint:
        return ParetoPoint(self._amounts(w), w, {name: rates.get(name, 0.0) for name in self.axes[1:]})

    def _amounts(self, w: Vector) -> dict[str, float]:
        measure = measure_of(self.risk_measure, self.options)
        return {name: axis_of(name, measure).amount(w, self.problem) for name in self.axes}


def _ordered(axes: Sequence[str], points: int) -> tuple[str, ...]:
    """The axes, the primary first."""
    check_axes(axes)
    if len(axes) not in (2, 3):
        raise InvalidValue("axes", list(axes), "a surface has two or three axes", fix='use ["return", "risk", "esg"]')
    if points < 2:
        raise InvalidValue("points", points, "a surface needs at least its two ends", fix="ask for 49 points")
    primary = next((name for name in PRIMARIES if name in axes), axes[0])
    return (primary, *(name for name in axes if name != primary))
