"""Resampled portfolios: the average optimum over histories drawn from what is believed, and how far the optima lie apart.

Source: Michaud (1998), Efficient Asset Management; Scherer (2002) for its limits: it is an average of answers to noise, and
inherits each one's corner solutions in part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from portopt.construction.nested import Construct
from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import DataError, MissingInput
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Objective, Problem
from portopt.domain.program import psd_root
from portopt.domain.solution import RawAnswer
from portopt.optimization import assemble, solve
from portopt.optimization.engine import solve_beside
from portopt.optimization.ratio.best_ratio import NoExcessReturn, RisklessExcess
from portopt.terms.catalog import parse_objective
from portopt.terms.objectives.resampled import Resampled

USABLE = 0.5  # of the draws; fewer say more about the limits than about the beliefs


@dataclass(frozen=True, slots=True, eq=False)
class Resampling:
    """weights: (K, n) the optimum of every usable draw. skipped: draws without one.

    Robustness: `deviation` says how much each weight depends on the sample, `turnover` how far two samples are apart.
    """

    weights: Matrix
    skipped: int

    @property
    def mean(self) -> Vector:
        """(n,)"""
        return np.asarray(self.weights.mean(axis=0))

    @property
    def deviation(self) -> Vector:
        """(n,) standard deviation of each weight over the draws."""
        return np.asarray(self.weights.std(axis=0, ddof=1))

    def quantiles(self, *levels: float) -> Matrix:
        """(len(levels), n) of each weight over the draws."""
        return np.asarray(np.quantile(self.weights, levels, axis=0))

    @property
    def turnover(self) -> float:
        """Mean one-way turnover from the average to the optimum of a single draw."""
        return float(0.5 * np.abs(self.weights - self.mean).sum(axis=1).mean())


def resampled_target(problem: Problem, construct: Construct) -> Vector:
    """(n,) the mean of the resampled optima."""
    return resample(problem, construct).mean


def resample(problem: Problem, construct: Construct) -> Resampling:
    """The optimum of every draw, under the problem's own limits and costs. construct: for objectives that refer to a portfolio.

    A draw is skipped where its moments leave no optimum (no excess return for a Sharpe ratio, a limit on risk or return that
    those moments cannot keep). Raises DataError where fewer than half are left, MissingInput without a number of
    observations.
    """
    objective = problem.objective
    if not isinstance(objective, Resampled):
        raise DataError("the resampled portfolio is constructed for its own objective", field="objective.kind")
    of = parse_objective(objective.of)
    found, neighbour = [], None
    for moments in _drawn(problem, objective):
        answer = _optimum(construct(problem.replaced(moments=moments, objective=of)), of, neighbour)
        if answer is None or answer.x is None:
            continue
        neighbour = neighbour or answer
        found.append(answer.x[: problem.n])
    skipped = objective.draws - len(found)
    if len(found) < max(2, USABLE * objective.draws):
        raise DataError(
            f"only {len(found)} of {objective.draws} draws have an optimum within the limits",
            field="objective.of",
            measured={"usable": len(found), "draws": objective.draws},
            fixes=["open the limits on risk or return", "resample min_risk instead", "draw more observations"],
        )
    return Resampling(np.array(found), skipped)


def _optimum(p: Problem, of: Objective, neighbour: RawAnswer | None) -> RawAnswer | None:
    form = assemble(p)
    plain = not form.ratio and all(cone.kind == "second_order" for cone in form.cones) and not form.integer.any()
    try:
        answer = solve_beside(form, neighbour) if plain else solve(form, start=p.target)
    except (NoExcessReturn, RisklessExcess):
        return None
    return answer if answer.x is not None else None


def _drawn(problem: Problem, objective: Resampled) -> Iterator[Moments]:
    """Moments of every draw; a draw's numbers depend on the seed and its own position alone."""
    m = problem.moments
    T = _observations(problem, objective)
    cash = problem.universe.is_cash
    scenarios = problem.scenarios() if objective.method == "bootstrap" else None
    roots = () if scenarios is not None else _roots(m.covariance)
    years, span = (m.periods_per_year, 1.0) if scenarios is None else (m.scenarios_per_year, m.scenario_span)
    for k in range(objective.draws):
        rng = np.random.default_rng([objective.seed, k])
        if scenarios is not None:
            R = scenarios[0][rng.choice(len(scenarios[0]), size=T, p=scenarios[1])]
        else:
            R = np.broadcast_to(m.mu / m.periods_per_year, (T, problem.n)).copy()
            for root in roots:
                R += rng.standard_normal((T, len(root))) @ root / np.sqrt(m.periods_per_year)
        mu = np.where(cash, m.mu, R.mean(axis=0) * years)
        centred = np.where(cash, 0.0, R - R.mean(axis=0))
        Sigma = centred.T @ centred * (years / (T - 1))
        yield replace(m, mu=mu, covariance=Covariance(Sigma=Sigma), scenarios=R, probabilities=None, scenario_span=span)


def _roots(covariance: Covariance) -> tuple[Matrix, ...]:
    """Matrices A with  sum of A'A = Sigma."""
    if not covariance.is_factor_form:
        return (psd_root(covariance.dense()).T,)
    F, Omega, D = covariance.factors()
    return (F @ psd_root(Omega)).T, np.diag(np.sqrt(D))


def _observations(problem: Problem, objective: Resampled) -> int:
    if objective.observations is not None:
        return objective.observations
    scenarios = problem.moments.scenarios
    if scenarios is None or len(scenarios) < 3:
        raise MissingInput(
            "how many observations a draw stands for is needed where there are no scenarios to count",
            field="objective.observations",
            fixes=['add "observations": 756', "give returns"],
        )
    return len(scenarios)
