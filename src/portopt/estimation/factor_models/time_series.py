"""Exposures by regression on factors whose returns are given: one regression an asset, all of them at once."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.factor_model import FactorModel
from portopt.estimation.factor_models.regression import (
    automatic_lags,
    date_weights,
    means_and_variances,
    newey_west_of_mean,
    regress,
    weighted_covariance,
)
from portopt.estimation.factor_models.shrinkage import Shrinkage, market_column, shrunk

MOST_RESIDUALS = 5_000_000  # 40 MB; beyond it they are not carried along


def time_series(
    R: Matrix,
    F: Matrix,
    names: tuple[str, ...],
    *,
    standard_errors: str = "newey_west",
    lags: int | None = None,
    half_life: float | None = None,
    shrink: Shrinkage = Shrinkage(),
    market: str | None = None,
    periods_per_year: float = 252.0,
    risk_free: float = 0.0,
    method: str = "time_series",
) -> FactorModel:
    """r_i = alpha_i + B_i f + e_i for every asset; Omega the factors' covariance, D the variance of e.

    Args:
        R: (T, n) periodic excess returns, NaN where missing. F: (T, K) factor returns net of financing, complete.
        standard_errors: "newey_west" (lags None: Newey and West's own rule) or "classical".
        half_life: periods until a date counts half; None counts all alike. shrink, market: see shrinkage.py.
        periods_per_year: means and variances times this are annual. risk_free: annual mean, kept for reports.
    Source: Jensen (1968); Fama and French (1993), J. Financial Economics 33; Newey and West (1987), Econometrica 55.
    """
    p = date_weights(len(R), half_life)
    kernel = None if standard_errors == "classical" else automatic_lags(len(R)) if lags is None else lags
    fit = regress(R, F, p, kernel, names)
    alpha, B = fit.coefficients[0], np.ascontiguousarray(fit.coefficients[1:].T)
    B_se, E = np.ascontiguousarray(fit.errors[1:].T), fit.residuals
    if shrink.method != "none":
        B, B_se = shrunk(B, B_se, shrink, market_column(names, market))
        alpha, E = remaining(R, F, B, p)
    D, total = means_and_variances(E, p)[1], means_and_variances(R, p)[1]
    years = periods_per_year
    return FactorModel(
        names=names,
        B=B,
        alpha=alpha * years,
        B_se=B_se,
        alpha_se=fit.errors[0] * years,
        r_squared=1.0 - D / np.where(total > 0.0, total, np.inf),
        Omega=weighted_covariance(F, p) * years,
        D=D * years,
        premia=(p @ F) * years,
        premia_se=newey_west_of_mean(F, p, kernel) * years,
        factor_returns=F,
        method=method,
        periods_per_year=years,
        risk_free=risk_free,
        weights=None if half_life is None else p,
        residuals=E if E.size <= MOST_RESIDUALS and not np.isnan(E).any() else None,
        lags=kernel,
        shrunk=shrink.method != "none",
    )


def remaining(R: Matrix, F: Matrix, B: Matrix, p: Vector) -> tuple[Vector, Matrix]:
    """alpha (n,) and residuals (T, n) for exposures that are not the regression's own: the means still add up."""
    left = R - F @ B.T
    alpha, _ = means_and_variances(left, p)
    return alpha, left - alpha
