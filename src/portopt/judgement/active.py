"""Figures against a benchmark, of returns on the same days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Mask, Vector
from portopt.domain.errors import DataError
from portopt.judgement.moments import deviation, mean_over


@dataclass(frozen=True, slots=True)
class ActiveFigures:
    """Annual, arithmetic: active_return = information_ratio × tracking_error. None: these returns do not say it.

    alpha: Jensen's, over beta times the benchmark's excess return. correlation: of the returns. up_capture, down_capture:
    compounded return in the periods in which the benchmark gained (lost), over the benchmark's, both a year of such periods.
    benchmark_return, benchmark_volatility: annual, the first compounded.
    """

    active_return: float
    tracking_error: float | None
    information_ratio: float | None
    beta: float | None
    alpha: float | None
    correlation: float | None
    up_capture: float | None
    down_capture: float | None
    benchmark_return: float
    benchmark_volatility: float | None


def active_figures(r: Vector, b: Vector, *, risk_free: float, periods_per_year: float) -> ActiveFigures:
    """Of returns r (T,) against a benchmark's b (T,). risk_free: a year, arithmetic. Raises DataError on unequal lengths."""
    if r.shape != b.shape:
        raise DataError(f"{len(r)} returns stand beside {len(b)} of the benchmark", field="benchmark")
    ppy, away = periods_per_year, r - b
    error, sigma_r, sigma_b = _apart(away, b), deviation(r), deviation(b)
    active, rf = float(away.mean() * ppy), risk_free / ppy
    beta = _covariance(r, b) / sigma_b**2 if sigma_b else None
    return ActiveFigures(
        active_return=active,
        tracking_error=None if error is None else float(error * np.sqrt(ppy)),
        information_ratio=mean_over(active, error, ppy),
        beta=beta,
        alpha=None if beta is None else float((r.mean() - rf - beta * (b.mean() - rf)) * ppy),
        correlation=_covariance(r, b) / (sigma_r * sigma_b) if sigma_r and sigma_b else None,
        up_capture=_capture(r, b, b > 0.0, ppy),
        down_capture=_capture(r, b, b < 0.0, ppy),
        benchmark_return=_a_year(b, ppy),
        benchmark_volatility=None if sigma_b is None else float(sigma_b * np.sqrt(ppy)),
    )


def _apart(away: Vector, b: Vector) -> float | None:
    """The deviation of active returns; what is rounding beside the benchmark's own returns is none."""
    error = deviation(away)
    return error if error is None or error > 1e-12 * float(np.max(np.abs(b), initial=0.0)) else 0.0


def _covariance(r: Vector, b: Vector) -> float:
    return float((r - r.mean()) @ (b - b.mean()) / (len(r) - 1))


def _a_year(r: Vector, ppy: float) -> float:
    return float(np.prod(1.0 + r) ** (ppy / len(r)) - 1.0)


def _capture(r: Vector, b: Vector, which: Mask, ppy: float) -> float | None:
    return _a_year(r[which], ppy) / _a_year(b[which], ppy) if which.any() else None
