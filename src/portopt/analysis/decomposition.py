"""Any risk measure taken apart: by asset, by sector, by factor; each way adds up to the whole."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.problem import Problem
from portopt.domain.risk_figures import RiskDecomposition, RiskPart
from portopt.terms.risk_measures.protocol import RiskMeasure
from portopt.terms.risk_measures.volatility import Volatility

NO_SECTOR = "no sector"
SPECIFIC = "specific"


def decompose(problem: Problem, w: Vector, measure: RiskMeasure | None = None) -> RiskDecomposition:
    """Euler's decomposition of R at w; the volatility when no measure is given.

        marginal_i = dR/dw_i,   component_i = w_i marginal_i,   sum of components = R

    Sectors add up their assets; assets without one are together under "no sector". By factor, where the problem has a factor
    model, a covariance in factor form or named exposures B (n, K): the marginals are split into B c and a rest, and factor k
    has (B'w)_k c_k, the rest "specific". c = Omega B'w / sigma for the volatility of a factor covariance, which is its own
    split; for every other measure the least-squares fit of the marginals on B.
    Where R has a kink the marginals are one of its subgradients. Below a target, components add up for weights that do.
    Source: Litterman (1996); Tasche (1999); Meucci (2007) for the factors.

    Args:
        w: (n,) weights.
    """
    measure = Volatility() if measure is None else measure
    total, marginal = measure.value(w, problem), measure.gradient(w, problem)
    component = w * marginal

    def part(name: str, of: str, exposure: float | None, slope: float | None, amount: float) -> RiskPart:
        return RiskPart(name, of, exposure, slope, amount, amount / total if total != 0.0 else 0.0)

    rows = zip(problem.universe.ids, w.tolist(), marginal.tolist(), component.tolist(), strict=True)
    parts = [part(name, "asset", weight, slope, amount) for name, weight, slope, amount in rows]
    for sector, at in _sectors(problem, w).items():
        parts.append(part(sector, "sector", float(w[at].sum()), None, float(component[at].sum())))
    split = _by_factor(problem, w, measure, marginal, total)
    if split is not None:
        names, exposures, slopes = split
        amounts = exposures * slopes
        lines = zip(names, exposures.tolist(), slopes.tolist(), amounts.tolist(), strict=True)
        parts += [part(name, "factor", exposure, slope, amount) for name, exposure, slope, amount in lines]
        parts.append(part(SPECIFIC, "factor", None, None, float(component.sum() - amounts.sum())))
    return RiskDecomposition(measure.describe(problem.moments.periods_per_year), total, tuple(parts))


def _sectors(problem: Problem, w: Vector) -> Mapping[str, Indices]:
    """Positions by sector, and of what has none where any of it has weight."""
    groups = dict(problem.universe.groups("sector"))
    rest = np.array([asset.sector is None for asset in problem.universe.assets])
    if np.any(w[rest]):
        groups[NO_SECTOR] = np.flatnonzero(rest)
    return groups


def _by_factor(
    problem: Problem, w: Vector, measure: RiskMeasure, marginal: Vector, total: float
) -> tuple[tuple[str, ...], Vector, Vector] | None:
    """(names, the portfolio's exposures (K,), marginals c (K,)); None where there are no factors."""
    moments = problem.moments
    model, covariance = moments.factor_model, moments.covariance
    if isinstance(measure, Volatility) and covariance.is_factor_form and total > 0.0:
        F, Omega, _ = covariance.factors()
        named = model is not None and np.array_equal(model.B, F)
        names = model.names if model is not None and named else tuple(f"factor {k + 1}" for k in range(F.shape[1]))
        exposures = F.T @ w
        return names, exposures, np.asarray(Omega @ exposures) / total
    if model is not None and len(model.names):
        return model.names, model.B.T @ w, _fit(model.B, marginal)
    if problem.exposures:
        B = np.column_stack(list(problem.exposures.values()))
        return tuple(problem.exposures), B.T @ w, _fit(B, marginal)
    return None


def _fit(B: Matrix, marginal: Vector) -> Vector:
    return np.asarray(np.linalg.lstsq(B, marginal, rcond=None)[0])
