"""The efficient frontier under the request's own limits: from its turning points where every limit is linear and hard,
otherwise (cones such as tracking error, soft limits, whole numbers, very wide programs) swept by return and polished point
by point, which Frontier.turning_points = None says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import DataError, InvalidValue
from portopt.domain.explanation import Frontier, FrontierPoint
from portopt.domain.problem import Problem
from portopt.domain.program import Program, StandardForm, psd_root
from portopt.domain.solution import RawAnswer, SolveStatus
from portopt.optimization.engine import solve, solve_beside
from portopt.optimization.frontier.answered import weights_of
from portopt.optimization.frontier.by_measure import measure_frontier
from portopt.optimization.frontier.exact import exact_frontier
from portopt.optimization.frontier.priced_face import priced_face
from portopt.optimization.frontier.sweep import PRICED, Measure
from portopt.optimization.polish.whole_numbers import without_whole_numbers
from portopt.optimization.ratio.best_ratio import NoExcessReturn, RisklessExcess

INF = float("inf")
FLOOR = "frontier return"
CEILING = "frontier risk"


def efficient_frontier(
    problem: Problem,
    points: int = 20,
    *,
    min_return: float | None = None,
    max_risk: float | None = None,
    measure: Measure | None = None,
) -> Frontier:
    """The portfolios of least volatility for `points` returns, equally spaced from the least risky to the best paid.

    The problem's objective and costs are left out: the plane has return and risk and nothing else. A soft limit keeps its
    price. Limits in whole numbers are left out, and `without` names them: with them the line has gaps, and each of its points
    is a search. min_return, max_risk: annual fractions that cut the ends off; `optimal` is the best Sharpe ratio of the rest.
    measure: another risk measure in volatility's place, see by_measure.py; max_risk is then in its unit.

    Raises InvalidValue for fewer than two points and for ends that leave nothing, InfeasibleRequest when no portfolio
    satisfies the limits, OptimizerStopped when none is found.
    """
    if points < 2:
        raise InvalidValue("points", points, "a frontier needs at least its two ends", fix="ask for 20 points")
    drawn, left = without_whole_numbers(problem)
    if measure is not None and measure.scenario_based:
        found = measure_frontier(drawn, measure, points, min_return=min_return, max_risk=max_risk)
        return replace(found, without=left)
    form = frontier_form(drawn)
    exact = exact_frontier(drawn, form, points, min_return, max_risk)
    return replace(_swept(drawn, form, points, min_return, max_risk) if exact is None else exact, without=left)


def affordable_frontier(problem: Problem, points: int, swept: int, solved: StandardForm | None = None) -> Frontier:
    """The exact frontier with `points`; where it has to be swept, at an optimization a point, one of `swept` points.

    solved: the problem's own form, which may tell at once. Raises TooManyToSweep where it has to be swept and `swept` is
    less than two.
    """
    if swept < 2 and solved is not None and _has_curved_limit(problem, solved):
        raise TooManyToSweep(problem.n)
    left: tuple[str, ...] = ()
    form = frontier_form(problem)
    if form.integer.any():
        problem, left = without_whole_numbers(problem)
        form = frontier_form(problem)
    exact = exact_frontier(problem, form, points, None, None)
    if exact is None and swept < 2:
        raise TooManyToSweep(problem.n)
    return replace(_swept(problem, form, swept, None, None) if exact is None else exact, without=left)


def _has_curved_limit(problem: Problem, solved: StandardForm) -> bool:
    """Whether a limit is a cone, as which it stands in the frontier's form too; one in whole numbers would be left out."""
    kinds = {limit.kind for limit in problem.limits}
    return not solved.integer.any() and any(cone.limit in kinds for cone in solved.cones)


class TooManyToSweep(DataError):
    """A frontier that cannot be walked along its turning points, of more assets than are worth an optimization a point."""

    def __init__(self, assets: int) -> None:
        super().__init__(
            f"it would have to be swept, an optimization a point, and {assets:,} assets are too many for that in a report",
            fixes=["`portopt frontier` draws it by itself"],
        )


def _swept(problem: Problem, form: StandardForm, points: int, min_return: float | None, max_risk: float | None) -> Frontier:
    sweep = _Sweep(problem, form, frontier_form(problem, max_risk))
    least = sweep.least_risk()
    sweep.check_ends(least, min_return, max_risk)
    bottom = sweep.least_risk(min_return) if min_return is not None and least.expected_return < min_return else least
    top = sweep.most_return()
    returns = np.linspace(bottom.expected_return, max(top.expected_return, bottom.expected_return), points)
    swept = (bottom, *sweep.rising(returns[1:-1]), top)
    return Frontier(
        points=swept,
        min_risk=bottom,
        max_return=top,
        optimal=sweep.best_ratio(min_return, swept),
        current=None if problem.w_prev is None else _point(problem, problem.w_prev),
    )


@dataclass(frozen=True, slots=True)
class _Sweep:
    """form: variance as objective, a row for the return, the limits. capped: the same below max_risk."""

    problem: Problem
    form: StandardForm
    capped: StandardForm

    def least_risk(self, at_least: float | None = None, form: StandardForm | None = None) -> FrontierPoint:
        """The least volatility at that return or more."""
        return self._solved(_with_floor(self.form if form is None else form, at_least))

    def rising(self, returns: Vector) -> list[FrontierPoint]:
        """The least volatility at each of these returns; each solution is where the next one starts."""
        found, neighbour = [], None
        for r in returns:
            neighbour = solve_beside(_with_floor(self.form, float(r)), neighbour)
            found.append(self._read(neighbour))
        return found

    def most_return(self) -> FrontierPoint:
        """The highest return; where several portfolios earn it, the least risky of them."""
        n, N = self.problem.n, self.capped.n_columns
        q = self.capped.q.copy()
        q[:n] -= self.problem.moments.mu
        raw = solve(replace(self.capped, quadratics=(), q=q[:N]))
        best = self._read(raw)
        # A cone that has a price there is met in one point: the risk is decided already.
        if raw.duals is None or any(np.any(z) for z in raw.duals.cones):
            return best
        smallest = PRICED * max(float(np.abs(self.problem.moments.mu).max(initial=0.0)), 1e-300)
        calmer = solve(priced_face(self.form, raw.duals.rows, raw.duals.bounds, smallest))
        if calmer.status is not SolveStatus.OPTIMAL or calmer.x is None:
            return best
        point = _point(self.problem, calmer.x[:n])
        enough = best.expected_return - 1e-12 * max(1.0, abs(best.expected_return))
        # Calmer by what rounding buys is not another portfolio.
        return point if point.volatility < best.volatility * (1.0 - 1e-9) and point.expected_return >= enough else best

    def best_ratio(self, min_return: float | None, swept: tuple[FrontierPoint, ...]) -> FrontierPoint:
        """The best Sharpe ratio within the same ends; where it has no maximum, the best of the points."""
        form = replace(_with_floor(self.capped, min_return), ratio=True, constant=self.problem.risk_free_rate)
        q = form.q.copy()
        q[: self.problem.n] -= self.problem.moments.mu
        best = max(swept, key=lambda p: -INF if p.sharpe_ratio is None else p.sharpe_ratio)
        try:
            raw = solve(replace(form, q=q))
        except (NoExcessReturn, RisklessExcess):
            return best
        if raw.status is not SolveStatus.OPTIMAL or raw.x is None:
            return best
        found = _point(self.problem, raw.x[: self.problem.n])
        return found if (found.sharpe_ratio or -INF) >= (best.sharpe_ratio or -INF) else best

    def check_ends(self, least: FrontierPoint, min_return: float | None, max_risk: float | None) -> None:
        if max_risk is not None and least.volatility > max_risk:
            raise InvalidValue(
                "max_risk",
                max_risk,
                f"the least volatility within these limits is {least.volatility:.6f}",
                fix=f"ask for max_risk of at least {least.volatility + 5e-7:.6f}",
            )
        highest = self.most_return().expected_return if min_return is not None else INF
        if min_return is not None and highest < min_return:
            raise InvalidValue(
                "min_return",
                min_return,
                f"the highest expected return within these limits is {highest:.6f}",
                fix=f"ask for min_return of at most {highest - 5e-7:.6f}",
            )

    def _solved(self, form: StandardForm) -> FrontierPoint:
        return self._read(solve(form))

    def _read(self, raw: RawAnswer) -> FrontierPoint:
        return _point(self.problem, weights_of(self.problem, raw))


def frontier_form(problem: Problem, max_risk: float | None = None) -> StandardForm:
    """Half the variance as objective, the limits, an open row for the return and, where there is a max_risk, its cone."""
    program = Program(problem.n, problem.until)
    covariance = problem.moments.covariance
    if covariance.is_factor_form:
        y, D = program.factor_columns(covariance)
        program.add_quadratic(program.weights, D)
        program.add_quadratic(y, np.ones(len(y)))
    else:
        program.add_quadratic(program.weights, covariance.dense())
    for limit in problem.limits:
        limit.express(program, problem)
    program.add_rows(problem.moments.mu[None, :], program.weights, -INF, INF, limit=FLOOR)
    if max_risk is not None:
        if covariance.is_factor_form:
            blocks = [(1, np.eye(len(y)), y), (1 + len(y), np.diag(np.sqrt(D)), program.weights)]
            size = len(y) + len(D)
        else:
            R = psd_root(covariance.dense())
            blocks, size = [(1, R.T, program.weights)], R.shape[1]
        program.add_cone("second_order", blocks, np.concatenate([[max_risk], np.zeros(size)]), limit=CEILING)
    return program.freeze()


def _with_floor(form: StandardForm, at_least: float | None) -> StandardForm:
    """The form with its return row set to `at_least` or more."""
    if at_least is None:
        return form
    row = next(group.start for group in form.row_groups if group.limit == FLOOR)
    lower = form.row_lower.copy()
    lower[row] = at_least
    return replace(form, row_lower=lower)


def _point(problem: Problem, w: Vector) -> FrontierPoint:
    expected, sigma = float(problem.moments.mu @ w), problem.moments.covariance.volatility(w)
    sharpe = (expected - problem.risk_free_rate) / sigma if sigma > 0.0 else None
    return FrontierPoint(expected, sigma, sharpe, w.copy())
