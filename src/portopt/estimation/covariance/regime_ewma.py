"""Fading weights that know of the regime: when today's returns outgrow their forecasts, the whole forecast is scaled."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import DataError
from portopt.domain.moments import Covariance
from portopt.estimation.covariance.ewma import decay
from portopt.estimation.covariance.ewma import ewma as ewma_covariance
from portopt.estimation.covariance.forms import scaled, sealed
from portopt.estimation.options import Option

OPTIONS = {
    "volatility_half_life": Option(84.0, "periods, of the variances", least=1.0),
    "correlation_half_life": Option(504.0, "periods, of the correlations", least=1.0),
    "regime_half_life": Option(42.0, "periods, of the regime", least=1.0),
}


def regime_ewma(X: Matrix, volatility_half_life: float, correlation_half_life: float, regime_half_life: float) -> Covariance:
    """Volatility regime adjustment of an exponentially weighted covariance.

        Sigma = l^2 diag(s) C diag(s),   l^2 = sum_t a_t B_t^2,   B_t^2 = (1/n) sum_i (x_ti / s_ti)^2

    s and C: deviations and correlations by their own half-lives. s_ti: the deviation as it was forecast before t. B_t, the
    cross-sectional bias, is one on average where forecasts are right; a_t fade by the regime's half-life. Means count as
    zero, as is usual at these horizons. The days before one volatility half-life (or half the history) only warm up.

    Args:
        X: (T, n) simple returns, complete.
    Raises:
        DataError: fewer than 4 returns.
    Source: Menchero, Orr and Wang (2011), The Barra US equity model (USE4), methodology notes, section 4.2 (factor) and
        5.2 (specific), whose half-lives are the defaults; here applied to the assets themselves.
    """
    T = len(X)
    if T < 4:
        raise DataError(f"a regime needs at least 4 returns: there are {T}", field="estimation.covariance")
    forecast = _forecasts(X**2, volatility_half_life)
    begin = min(int(np.ceil(volatility_half_life)), T // 2)
    regime = _multiplier(X[begin:], forecast[begin:-1], regime_half_life)
    variances, correlations = forecast[-1], ewma_covariance(X, correlation_half_life)
    own = correlations.diagonal()
    ratio = np.sqrt(regime * variances / np.where(own > 0.0, own, 1.0))
    if correlations.Sigma is not None:
        return sealed(correlations.Sigma * np.outer(ratio, ratio))
    F, Omega, D = scaled(correlations, 1.0).factors()
    return Covariance(F=ratio[:, None] * F, Omega=Omega, D=ratio**2 * D)


def _forecasts(squares: Matrix, half_life: float) -> Matrix:
    """(T + 1, n): row t is the weighted mean of the squares before t; row T is today's forecast. Row 0 is zero."""
    keep = 0.5 ** (1.0 / half_life)
    out = np.zeros((len(squares) + 1, squares.shape[1]))
    total = np.zeros(squares.shape[1])
    mass = 0.0
    for t, row in enumerate(squares):
        total = keep * total + row
        mass = keep * mass + 1.0
        out[t + 1] = total / mass
    return out


def _multiplier(X: Matrix, forecast: Matrix, half_life: float) -> float:
    """l^2 of the days that have a forecast; one where nothing moves."""
    known = forecast > 0.0
    bias = np.divide(X**2, forecast, out=np.zeros_like(X), where=known)
    counts = known.sum(axis=1)
    days = counts > 0
    if not days.any():
        return 1.0
    daily: Vector = bias.sum(axis=1)[days] / counts[days]
    return float(decay(len(daily), half_life) @ daily)
