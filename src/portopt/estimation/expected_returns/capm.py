"""Equilibrium returns: an asset earns the market's premium as far as it moves with the market."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import DataError
from portopt.domain.moments import Covariance
from portopt.estimation.options import Option

OPTIONS = {
    "market_premium": Option(
        None, "annual return of the market over the risk-free rate; None: its historical mean", least=-1.0, most=1.0
    ),
}


def capm(mean: Vector, covariance: Covariance, market: Vector, risk_free: float, market_premium: float | None) -> Vector:
    """Expected returns of the capital asset pricing model, per period.

        mu = rf + beta premium,   beta = Sigma w_m / (w_m' Sigma w_m),   premium = w_m' m - rf unless given

    Args:
        mean: (n,) historical means m. covariance: Sigma, per period. market: (n,) w_m, adding to one.
        risk_free, market_premium: per period.
    Source: Sharpe (1964).
    """
    variance = covariance.variance(market)
    if variance <= 0.0:
        raise DataError("the market portfolio has no risk: betas cannot be measured", field="estimation.expected_returns")
    premium = float(market @ mean) - risk_free if market_premium is None else market_premium
    return np.asarray(risk_free + covariance.times(market) / variance * premium)
