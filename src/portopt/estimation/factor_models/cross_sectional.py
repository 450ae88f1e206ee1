"""Factor returns by regression, date by date, on exposures that are given: what each characteristic paid on each day."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import DataError
from portopt.domain.factor_model import FactorModel
from portopt.estimation.factor_models.regression import (
    automatic_lags,
    date_weights,
    means_and_variances,
    newey_west_of_mean,
    weighted_covariance,
)
from portopt.estimation.factor_models.time_series import MOST_RESIDUALS

SINGULAR = 1e-12


def cross_sectional(
    R: Matrix,
    B: Matrix,
    names: tuple[str, ...],
    *,
    asset_weights: Vector | None = None,
    reweighted: bool = False,
    standard_errors: str = "newey_west",
    lags: int | None = None,
    half_life: float | None = None,
    periods_per_year: float = 252.0,
    risk_free: float = 0.0,
) -> FactorModel:
    """f_t = (B'WB)^-1 B'W r_t on every date, over the assets that have a return on it; premia and errors by Fama–MacBeth.

        premium_k = mean_t f_kt,   se_k = sd(f_k) / sqrt(T)  (classical), or Newey and West's over t
        alpha_i = mean_t e_it: what the exposures leave of an asset's own mean return

    Args:
        R: (T, n) periodic excess returns, NaN where missing. B: (n, K) exposures, constant over time, complete.
        asset_weights: (n,) positive diagonal of W; None weighs all alike. reweighted: a second pass with W divided by the
        specific variances of the first (feasible generalized least squares).
    Raises:
        DataError: exposures that say the same, or fewer assets on a date than factors.
    Source: Fama and MacBeth (1973), J. Political Economy 81; Rosenberg (1974), J. Financial and Quantitative Analysis 9.
    """
    T, n = R.shape
    K = len(names)
    _check(B, names)
    weights = np.ones(n) if asset_weights is None else np.asarray(asset_weights, dtype=float)
    p = date_weights(T, half_life)
    f = factor_returns(R, B, weights)
    if reweighted:
        _, v = means_and_variances(R - f @ B.T, p)
        f = factor_returns(R, B, weights / np.maximum(v, 1e-3 * float(np.median(v)) or 1.0))
    E = R - f @ B.T
    alpha, D = means_and_variances(E, p)
    _, total = means_and_variances(R, p)
    kernel = None if standard_errors == "classical" else automatic_lags(T) if lags is None else lags
    years = periods_per_year
    counts = np.maximum(np.isfinite(R).sum(axis=0), 1)
    return FactorModel(
        names=names,
        B=B,
        alpha=alpha * years,
        B_se=np.full((n, K), np.nan),
        alpha_se=np.sqrt(D / counts) * years,
        r_squared=1.0 - D / np.where(total > 0.0, total, np.inf),
        Omega=weighted_covariance(f, p) * years,
        D=D * years,
        premia=(p @ f) * years,
        premia_se=newey_west_of_mean(f, p, kernel) * years,
        factor_returns=f,
        method="cross_sectional",
        periods_per_year=years,
        risk_free=risk_free,
        weights=None if half_life is None else p,
        residuals=E - alpha if E.size <= MOST_RESIDUALS and not np.isnan(E).any() else None,
        lags=kernel,
    )


def factor_returns(R: Matrix, B: Matrix, weights: Vector) -> Matrix:
    """(T, K) weighted least squares of each date's returns on B; dates with the same assets are solved together."""
    missing = np.isnan(R)
    f = np.empty((len(R), B.shape[1]))
    _, kind = np.unique(np.packbits(missing, axis=1), axis=0, return_inverse=True)
    for which in np.unique(kind):
        rows = np.flatnonzero(np.asarray(kind).ravel() == which)
        have = np.flatnonzero(~missing[rows[0]])
        root = np.sqrt(weights[have])
        Q, upper = np.linalg.qr(B[have] * root[:, None], mode="reduced")
        diagonal = np.abs(np.diagonal(upper))
        if len(have) < B.shape[1] or diagonal.min() <= SINGULAR**0.5 * diagonal.max():
            raise DataError(
                f"row {rows[0]}: the {len(have)} assets with a return do not tell {B.shape[1]} factors apart",
                field="factors.exposures",
                measured={"assets": len(have), "factors": B.shape[1], "dates": len(rows)},
                fixes=["use fewer exposures", "use the dates on which all assets have a return"],
            )
        f[rows] = np.linalg.solve(upper, Q.T @ (R[np.ix_(rows, have)] * root).T).T
    return f


def standardized(B: Matrix, cap_weights: Vector | None = None) -> Matrix:
    """Columns with mean zero (weighted by cap_weights, which add to one) and standard deviation one over the assets.

    B: (n, K), and so the answer. cap_weights: (n,), None being equal ones.
    """
    n = len(B)
    w = np.full(n, 1.0 / n) if cap_weights is None else cap_weights
    centred = B - w @ B
    deviation = B.std(axis=0)
    return np.asarray(centred / np.where(deviation > 0.0, deviation, 1.0))


def _check(B: Matrix, names: tuple[str, ...]) -> None:
    if B.shape[1] != len(names):
        raise DataError(f"{len(names)} factors, exposures to {B.shape[1]}", field="factors.exposures")
    if not np.isfinite(B).all():
        i, k = np.argwhere(~np.isfinite(B))[0]
        raise DataError(f"exposure of asset {i} to {names[k]} is not a number", field=f"factors.exposures.{names[k]}")
    scale = np.linalg.norm(B, axis=0)
    for k in np.flatnonzero(scale == 0.0):
        raise DataError(f"no asset is exposed to {names[k]}", field="factors.exposures", value=names[k])
    upper = np.linalg.qr(B / scale, mode="r")
    small = np.abs(np.diagonal(upper)) if len(B) >= len(names) else np.zeros(1)
    if float(small.min()) ** 2 < SINGULAR:
        which = names[int(np.argmin(small))]
        raise DataError(
            f"exposure {which} is a combination of the others: what it paid cannot be told from what they paid",
            field="factors.exposures",
            value=which,
            fixes=[f"leave {which} out", "use intercept or sectors, not both"],
        )
