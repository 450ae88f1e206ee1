"""Where the risk comes from."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.explanation import RiskContribution
from portopt.domain.problem import Problem

NO_SECTOR = "no sector"


def risk_contributions(problem: Problem, w: Vector) -> tuple[RiskContribution, ...]:
    """Euler contributions to the volatility, by asset and by sector; either set adds up to it.

        RC_i = w_i (Sigma w)_i / sigma,     sum of RC_i = sigma

    Args:
        w: (n,) weights.
    Returns:
        One per asset in the universe's order, then one per sector by name. Assets without a sector, cash among them, are
        together under "no sector" where any of them has weight. All zero for a riskless book.
    Source: Litterman (1996), Hot Spots and Hedges.
    """
    covariance = problem.moments.covariance
    sigma = covariance.volatility(w)
    contribution = w * covariance.times(w) / sigma if sigma > 0.0 else np.zeros(problem.n)

    def line(name: str, of: str, weight: float, part: float) -> RiskContribution:
        return RiskContribution(name, of, weight, part, part / sigma if sigma > 0.0 else 0.0)

    by_asset = [line(a, "asset", float(w[i]), float(contribution[i])) for i, a in enumerate(problem.universe.ids)]
    sectors = problem.universe.groups("sector")
    by_sector = [line(s, "sector", float(w[at].sum()), float(contribution[at].sum())) for s, at in sectors.items()]
    rest = np.array([asset.sector is None for asset in problem.universe.assets])
    if np.any(w[rest]):
        by_sector.append(line(NO_SECTOR, "sector", float(w[rest].sum()), float(contribution[rest].sum())))
    return (*by_asset, *by_sector)
