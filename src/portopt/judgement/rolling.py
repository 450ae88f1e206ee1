"""Figures over a moving window, with the band within which chance alone would move them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import InvalidValue
from portopt.judgement.moments import NO_DEVIATION

NORMAL_975 = 1.959963984540054


@dataclass(frozen=True, slots=True, eq=False)
class Rolling:
    """Each (T,), annual, of the `window` returns that end on the day; NaN before there are so many, or where it is not defined.

    sharpe_low, sharpe_high: the 95 % band of the Sharpe ratio of that window. beta, tracking_error: None without a benchmark.
    """

    window: int
    mean_return: Vector
    volatility: Vector
    sharpe: Vector
    sharpe_low: Vector
    sharpe_high: Vector
    beta: Vector | None = None
    tracking_error: Vector | None = None


def rolling(
    r: Vector, window: int, *, risk_free: float = 0.0, benchmark: Vector | None = None, periods_per_year: float = 252.0
) -> Rolling:
    """Rolling figures of returns r (T,). benchmark: (T,) its returns. risk_free: a year, arithmetic.

    The band is that of returns that are independent and not normal (Mertens 2002): per period,
    var(SR) = (1 - g3 SR + (g4 - 1)/4 SR^2) / (window - 1), g3 skewness and g4 kurtosis of the window.

    Raises InvalidValue for a window below 2 or longer than the history.
    """
    if not 2 <= window <= len(r):
        raise InvalidValue("window", window, f"must be from 2 to {len(r)}, the number of returns")
    W = np.lib.stride_tricks.sliding_window_view(r, window)
    mean, sigma = W.mean(axis=1), _deviations(W)
    with np.errstate(divide="ignore", invalid="ignore"):
        sr = np.where(sigma > 0.0, (mean - risk_free / periods_per_year) / sigma, np.nan)
    half = NORMAL_975 * _standard_errors(W, sr)
    year, root = periods_per_year, np.sqrt(periods_per_year)
    beta, error = (None, None) if benchmark is None else _against(W, benchmark, window)
    return Rolling(
        window,
        _padded(mean * year, window),
        _padded(sigma * root, window),
        _padded(sr * root, window),
        _padded((sr - half) * root, window),
        _padded((sr + half) * root, window),
        None if beta is None else _padded(beta, window),
        None if error is None else _padded(error * root, window),
    )


def _deviations(W: Matrix) -> Vector:
    sigma = W.std(axis=1, ddof=1)
    return np.where(sigma > NO_DEVIATION * np.abs(W).max(axis=1), sigma, 0.0)


def _standard_errors(W: Matrix, sr: Vector) -> Vector:
    d = W - W.mean(axis=1, keepdims=True)
    m2, m3, m4 = (np.mean(d**k, axis=1) for k in (2, 3, 4))
    with np.errstate(divide="ignore", invalid="ignore"):
        g3, g4 = m3 / m2**1.5, m4 / m2**2
    return np.asarray(np.sqrt((1.0 - g3 * sr + (g4 - 1.0) / 4.0 * sr**2) / (W.shape[1] - 1)))


def _against(W: Matrix, benchmark: Vector, window: int) -> tuple[Vector, Vector]:
    B = np.lib.stride_tricks.sliding_window_view(benchmark, window)
    dB = B - B.mean(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        beta = np.sum((W - W.mean(axis=1, keepdims=True)) * dB, axis=1) / np.sum(dB**2, axis=1)
    return np.where(_deviations(B) > 0.0, beta, np.nan), _deviations(W - B)


def _padded(values: Vector, window: int) -> Vector:
    return np.concatenate([np.full(window - 1, np.nan), values])
