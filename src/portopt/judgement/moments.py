"""Moments and tails of one history of returns. What rounding alone has made is nothing: constant returns have no deviation."""

from __future__ import annotations

import math

import numpy as np

from portopt.domain.arrays import Vector

NO_DEVIATION = 1e-12  # a deviation below this part of the returns' size is the rounding of equal numbers


def deviation(r: Vector) -> float | None:
    """Standard deviation of returns (T,) with T - 1 degrees of freedom; None of one return; 0.0 where all are equal."""
    if len(r) < 2:
        return None
    sigma = float(np.std(r, ddof=1))
    return sigma if sigma > NO_DEVIATION * float(np.max(np.abs(r))) else 0.0


def mean_over(excess: float, sigma: float | None, periods_per_year: float) -> float | None:
    """An annual mean over a deviation of one period, as an annual ratio; None where there is no deviation.

    ratio = excess / (sigma sqrt(periods_per_year))
    """
    return excess / (sigma * math.sqrt(periods_per_year)) if sigma else None


def skewness(r: Vector) -> float | None:
    """m3 / m2^(3/2) of (T,) returns, moments about the mean with 1/T; None where all are equal."""
    d = r - r.mean()
    return float(np.mean(d**3) / np.mean(d**2) ** 1.5) if deviation(r) else None


def excess_kurtosis(r: Vector) -> float | None:
    """m4 / m2^2 - 3 of (T,) returns, moments about the mean with 1/T; 0 for a normal; None where all are equal."""
    d = r - r.mean()
    return float(np.mean(d**4) / np.mean(d**2) ** 2 - 3.0) if deviation(r) else None


def tail(losses: Vector, confidence: float) -> tuple[float, float]:
    """(value at risk, conditional value at risk) of (T,) losses, all equally likely.

        VaR = the smallest x with P(loss <= x) >= confidence
        CVaR = mean of the worst (1 - confidence) T losses, the last of them in part

    Source: Rockafellar and Uryasev (2002) for CVaR of a discrete distribution.

    >>> tail(np.arange(1.0, 21.0), 0.95)
    (19.0, 20.0)
    """
    worst = np.sort(losses)[::-1]
    count = (1.0 - confidence) * len(worst)
    whole = math.floor(count + NO_DEVIATION * len(worst))
    part = max(0.0, count - whole)
    var = float(worst[min(whole, len(worst) - 1)])
    return var, float((worst[:whole].sum() + part * var) / count)
