"""Returns that make the market portfolio the best one."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import DataError
from portopt.domain.moments import Covariance
from portopt.estimation.options import Option

OPTIONS = {
    "risk_aversion": Option(None, "of the market; None: its historical premium over its variance", least=1e-9, most=1000.0),
}


def equilibrium(mean: Vector, covariance: Covariance, market: Vector, risk_free: float, risk_aversion: float | None) -> Vector:
    """Reverse optimization, per period.

        mu = rf + delta Sigma w_m,   delta = (w_m' m - rf) / (w_m' Sigma w_m) unless given

    With delta from the market it is `capm`; with a given delta it needs no historical mean at all. It is the prior of
    Black and Litterman.

    Args:
        mean: (n,) historical means m. covariance: Sigma. market: (n,) w_m, adding to one. risk_free: per period.
    Source: Sharpe (1974), Imputing expected security returns from portfolio composition.
    """
    variance = covariance.variance(market)
    if variance <= 0.0:
        raise DataError("the market portfolio has no risk: nothing follows from it", field="estimation.expected_returns")
    aversion = (float(market @ mean) - risk_free) / variance if risk_aversion is None else risk_aversion
    return np.asarray(risk_free + aversion * covariance.times(market))
