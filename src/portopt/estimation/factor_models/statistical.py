"""Factors found in the returns themselves, and how many of them there are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import DataError
from portopt.domain.factor_model import FactorModel
from portopt.estimation.covariance.factor import leading_components
from portopt.estimation.factor_models.time_series import time_series

RULES = ("marchenko_pastur", "bai_ng", "eigenvalue_ratio")
MOST = 20  # factors a rule may find
QUIET = 1e-8  # of the largest noise: nothing


def statistical(
    R: Matrix,
    *,
    count: int | str = "bai_ng",
    technique: str = "principal_components",
    half_life: float | None = None,
    standard_errors: str = "newey_west",
    lags: int | None = None,
    periods_per_year: float = 252.0,
    risk_free: float = 0.0,
) -> FactorModel:
    """Principal components as factors F1, F2, …, then the regression of every asset on them.

    principal_components: of the correlation matrix, so that a few volatile assets do not make a factor of their own:
        Z = (R - mean) diag(1/s),   Z'Z / (T - 1) = V L V',   f = R diag(1/s) V_k
    asymptotic: the same with each asset divided by its residual's standard deviation instead, after a first step without
        any scaling; consistent as n grows with T fixed.

    A factor is the excess return of the portfolio that mimics it: gross exposure one, net exposure positive.

    Args:
        R: (T, n) periodic excess returns, complete. count: how many, or the rule that says: see `number_of_factors`.
    Source: Connor and Korajczyk (1986), J. Financial Economics 15, and (1988), 21, for the asymptotic technique.
    """
    if np.isnan(R).any():
        raise DataError(
            "a statistical factor model needs every asset's return on every date",
            field="factors.method",
            measured={"missing": int(np.isnan(R).sum())},
            fixes=["use the dates that all assets share (a shorter lookback)", "use time_series with given factors"],
        )
    T, n = R.shape
    most = min(T - 2, n)
    if most < 1:
        raise DataError(f"no factors can be found in {T} dates of {n} assets", field="factors.method")
    Y = R - R.mean(axis=0)
    s = _deviations(Y)
    values, V = leading_components(Y * _reciprocal(s), min(most, MOST + 1))
    k = number_of_factors(values, T, n, count) if isinstance(count, str) else count
    if k > len(values):
        raise DataError(f"{k} factors from {T} dates of {n} assets; at most {len(values)}", field="factors.count", value=k)
    W = _asymptotic(Y, k) if technique == "asymptotic" else _reciprocal(s)[:, None] * V[:, :k]
    W = W / (np.abs(W).sum(axis=0) * np.where(W.sum(axis=0) < 0.0, -1.0, 1.0))
    model = time_series(
        R, R @ W, tuple(f"F{i + 1}" for i in range(k)), standard_errors=standard_errors, lags=lags, half_life=half_life,
        periods_per_year=periods_per_year, risk_free=risk_free, method=f"statistical ({technique})",
    )  # fmt: skip
    return replace(model, notes=(f"{k} factors" + (f" by {count}" if isinstance(count, str) else " as asked"),))


def number_of_factors(values: Vector, T: int, n: int, rule: str) -> int:
    """How many factors, by a named rule, from the largest eigenvalues of the correlation matrix, descending; at least one.

    marchenko_pastur: eigenvalues above (1 + sqrt(n/T))^2, which noise alone does not reach. (Marchenko and Pastur 1967)
    bai_ng: the k that minimizes  ln V(k) + k (n + T)/(nT) ln min(n, T),  V(k) the share of the variance that k components
        leave: IC_p2 of Bai and Ng (2002), Econometrica 70.
    eigenvalue_ratio: the k with the largest value_k / value_(k+1). (Ahn and Horenstein 2013, Econometrica 81)
    None finds more than 20, or more than half of the smaller of T and n.
    """
    most = max(min(len(values) - 1, MOST, min(T - 1, n) // 2), 1)
    if rule == "marchenko_pastur":
        return int(np.clip(np.count_nonzero(values > (1.0 + np.sqrt(n / T)) ** 2), 1, most))
    if rule == "eigenvalue_ratio":
        following = values[1 : most + 1]
        ratios = values[: len(following)] / np.where(following > 0.0, following, np.inf)
        return int(np.argmax(ratios)) + 1 if len(ratios) else 1
    left = np.maximum(1.0 - np.cumsum(values)[:most] / n, np.finfo(float).tiny)
    penalty = np.arange(1, most + 1) * (n + T) / (n * T) * np.log(min(n, T))
    return int(np.argmin(np.log(left) + penalty)) + 1


def _asymptotic(Y: Matrix, k: int) -> Matrix:
    """(n, k) weights of the factors in Y (T, n), found twice: as it is, then with every asset's noise of one size."""
    _, V = leading_components(Y, k)
    noise = _deviations(Y - (Y @ V) @ V.T)
    noise = np.where(noise > QUIET * noise.max(initial=0.0), noise, 0.0)
    if not noise.any():  # the factors explain everything
        return V
    return np.asarray(_reciprocal(noise)[:, None] * leading_components(Y * _reciprocal(noise), k)[1])


def _deviations(Y: Matrix) -> Vector:
    return np.asarray(np.sqrt(np.einsum("ti,ti->i", Y, Y) / (len(Y) - 1)))


def _reciprocal(s: Vector) -> Vector:
    """1/s; 0 where s is 0: what does not move is in no factor."""
    return np.asarray(1.0 / np.where(s > 0.0, s, np.inf))
