"""The programs behind a frontier in a risk measure.

Every program of the sweep differs from the one before in one side of one row: scenario programs keep their doubtful scenarios,
linear ones their basis, others the polish's guess.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.explanation import FrontierPoint
from portopt.domain.problem import Problem
from portopt.domain.program import INF, Program, StandardForm
from portopt.domain.solution import RawAnswer, SolveStatus
from portopt.optimization.convex import finished
from portopt.optimization.engine import solve, solve_beside
from portopt.optimization.frontier.answered import weights_of
from portopt.optimization.frontier.priced_face import priced_face
from portopt.optimization.polish.linear_vertex import refined
from portopt.optimization.polish.polish import polished
from portopt.optimization.scaling.presolve import crossing, restored, scaled
from portopt.optimization.solvers.highs import Session

FLOOR = "frontier return"
CEILING = "frontier risk"
HAIR = 1e-12  # relative: a side met to the last bit by rounding is opened by so much
CALMER = 1e-9
LITTLE, LITTLE_SQUARED = 1e-7, 1e-5  # of the frontier's length: what squares make of it is to be told from rounding
FREE = 1e-13
PRICED = 1e-9


class Expression(Protocol):
    """coefficients'x[columns] + constant: what a measure wrote into the program."""

    @property
    def columns(self) -> Indices: ...
    @property
    def coefficients(self) -> Vector: ...
    @property
    def constant(self) -> float: ...


class Measure(Protocol):
    """A risk measure, as terms/risk_measures has them."""

    @property
    def scenario_based(self) -> bool: ...

    @property
    def is_convex(self) -> bool: ...

    @property
    def is_root(self) -> bool: ...

    def express(self, program: Program, p: Problem) -> Expression: ...

    def express_square(self, program: Program, p: Problem, scale: float) -> None: ...

    def value(self, w: Vector, p: Problem) -> float: ...

    def describe(self, periods_per_year: float | None = None) -> str: ...


@dataclass(slots=True)
class MeasureSweep:
    """The programs of one frontier, solved one from the next.

    priced: the measure (or half its square) as objective. bounded: the measure as a row, no objective but soft limits.

    Both begin with the limits, `limits` says how many rows and bounds, and have a row for the return. risk: (N,) and constant
    of the measure in `bounded`.
    """

    problem: Problem
    measure: Measure
    priced: StandardForm
    bounded: StandardForm
    risk: tuple[Vector, float]
    max_risk: float | None
    limits: tuple[int, int]
    _near: RawAnswer | None = None
    _session: list[Session] = field(default_factory=list)

    @classmethod
    def of(cls, problem: Problem, measure: Measure, max_risk: float | None) -> MeasureSweep:
        program, row = _begun(problem), problem.moments.mu[None, :]
        begun = program.freeze()
        if measure.is_root:
            measure.express_square(program, problem, 1.0)
        else:
            bound = measure.express(program, problem)
            program.add_linear(bound.columns, bound.coefficients)
        program.add_rows(row, program.weights, -INF, INF, limit=FLOOR)
        priced = program.freeze()
        program = _begun(problem)
        bound = measure.express(program, problem)
        program.add_rows(row, program.weights, -INF, INF, limit=FLOOR)
        program.add_rows(bound.coefficients[None, :], bound.columns, -INF, INF, limit=CEILING)
        bounded = program.freeze()
        coefficients = np.zeros(bounded.n_columns)
        np.add.at(coefficients, bound.columns, bound.coefficients)
        limits = len(begun.row_lower), len(begun.bound_lower)
        return cls(problem, measure, priced, bounded, (coefficients, bound.constant), max_risk, limits)

    def at(self, floor: float) -> FrontierPoint:
        """The least risk at that return or more."""
        return self.read(self._next(with_side(self.priced, FLOOR, lower=floor)))

    def least(self) -> RawAnswer:
        """The least risk."""
        return self._next(self.priced)

    def best_paid(self, point: FrontierPoint, raw: RawAnswer, most: float) -> FrontierPoint:
        """Of the portfolios with the least risk the one with the highest return.  most: the highest there is.

        A little more return is asked for: where it costs no risk, the highest return at this risk is.
        """
        step = (LITTLE_SQUARED if self.priced.quadratics or self.priced.cones else LITTLE) * (most - point.expected_return)
        if raw.x is None or step <= 0.0:
            return point
        further = solved_near(with_side(self.priced, FLOOR, lower=point.expected_return + step), raw.x)
        if further.status is not SolveStatus.OPTIMAL or further.x is None:
            return point
        if self.priced.objective(further.x) > self.priced.objective(raw.x) * (1.0 + FREE):
            return point
        best = solve(self._towards_return(point.risk))
        return point if best.status is not SolveStatus.OPTIMAL or best.x is None else self.point(best.x[: self.problem.n])

    def highest(self) -> FrontierPoint:
        """The highest return below max_risk; where several portfolios earn it, the least risky of them."""
        raw = solve(self._towards_return(self.max_risk))
        best = self.read(raw)
        face = self._face(raw)
        calmer = None if face is None else solve(face)
        if calmer is None or calmer.status is not SolveStatus.OPTIMAL or calmer.x is None:
            return best
        point = self.point(calmer.x[: self.problem.n])
        return point if (point.risk or 0.0) < (best.risk or 0.0) * (1.0 - CALMER) else best

    def _face(self, raw: RawAnswer) -> StandardForm | None:
        """`priced` on the portfolios that earn the highest return: whatever has a price there stays as it is.

        None where max_risk or a cone has one: the risk is then decided already.
        """
        duals, limits = raw.duals, self.limits
        if duals is None or any(np.any(z) for z in duals.cones):
            return None
        smallest = PRICED * max(float(np.abs(self.problem.moments.mu).max(initial=0.0)), 1e-300)
        if float(np.abs(duals.rows[limits[0] :]).max(initial=0.0)) > smallest:
            return None
        return priced_face(self.priced, duals.rows[: limits[0]], duals.bounds[: limits[1]], smallest)

    def point(self, w: Vector) -> FrontierPoint:
        p = self.problem
        expected, sigma = float(p.moments.mu @ w), p.moments.covariance.volatility(w)
        sharpe = (expected - p.risk_free_rate) / sigma if sigma > 0.0 else None
        return FrontierPoint(expected, sigma, sharpe, w.copy(), risk=self.measure.value(w, p))

    def cap(self, risk: float) -> StandardForm:
        """`bounded` with at most that risk."""
        return with_side(self.bounded, CEILING, upper=risk * (1.0 + HAIR) - self.risk[1])

    def _towards_return(self, cap: float | None) -> StandardForm:
        form = self.bounded if cap is None else self.cap(cap)
        q = form.q.copy()
        q[: self.problem.n] -= self.problem.moments.mu
        return replace(form, q=q)

    def _next(self, form: StandardForm) -> RawAnswer:
        """The next program of the sweep, from where the last one ended."""
        near = self._near
        if near is None or near.x is None:
            raw = solve(form)
        elif form.hinges:
            raw = solved_near(form, near.x)
        elif not form.quadratics and not form.cones and not form.integer.any() and not crossing(form):
            raw = self._from_basis(form)
        else:
            raw = solve_beside(form, near)
        self._near = raw if raw.status is SolveStatus.OPTIMAL else near
        return raw

    def _from_basis(self, form: StandardForm) -> RawAnswer:
        program = scaled(form)
        if not self._session:
            self._session.append(Session(program))
        answer = self._session[0].solve(program)
        if answer.status is not SolveStatus.OPTIMAL:
            return solve(form)
        exact = refined(program, answer) or polished(program, answer)
        return finished(program, restored(program, exact or answer, 0.0), exact, 0.0)

    def read(self, raw: RawAnswer) -> FrontierPoint:
        return self.point(weights_of(self.problem, raw))


def solved_near(form: StandardForm, near: Vector | None) -> RawAnswer:
    """A scenario program from an answer nearby, and any other from nothing."""
    if near is None or not form.hinges:
        return solve(form)
    from portopt.optimization.scenarios.solve import solve_hinges

    return solve_hinges(form, near=near) or solve(form)


def _begun(problem: Problem) -> Program:
    program = Program(problem.n, problem.until)
    for limit in problem.limits:
        limit.express(program, problem)
    return program


def with_side(form: StandardForm, name: str, *, lower: float | None = None, upper: float | None = None) -> StandardForm:
    """The form with a side of the row that is called `name`."""
    row = next(group.start for group in form.row_groups if group.limit == name)
    row_lower, row_upper = form.row_lower.copy(), form.row_upper.copy()
    row_lower[row] = row_lower[row] if lower is None else lower
    row_upper[row] = row_upper[row] if upper is None else upper
    return replace(form, row_lower=row_lower, row_upper=row_upper)
