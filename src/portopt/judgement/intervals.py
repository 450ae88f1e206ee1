"""What was forecast as a range, and how often it held."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import DataError, InvalidValue


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often ranges of this probability held. above, below: misses on either side.

    p_value: of so many misses or more extreme ones, were the ranges right (binomial, exact, two-sided).
    """

    probability: float
    count: int
    held: int
    above: int
    below: int
    p_value: float

    @property
    def share(self) -> float:
        return self.held / self.count


def normal_interval(mean: Vector, deviation: Vector, probability: float) -> tuple[Vector, Vector]:
    """(K,), (K,) central ranges of returns that are forecast as normal with mean (K,) and deviation (K,), both of a window."""
    from scipy.special import ndtri

    if not 0.0 < probability < 1.0:
        raise InvalidValue("probability", probability, "must be between 0 and 1", fix="0.9")
    z = float(ndtri(0.5 + probability / 2.0))
    return mean - z * deviation, mean + z * deviation


def over_window(annual_mean: float, annual_volatility: float, periods: int, periods_per_year: float) -> tuple[float, float]:
    """(mean, deviation) of the return of a window of so many periods, of independent periods: m h, s sqrt(h)."""
    h = periods / periods_per_year
    return annual_mean * h, annual_volatility * math.sqrt(h)


def coverage(low: Vector, high: Vector, realized: Vector, probability: float) -> Coverage:
    """Of K ranges (K,) to (K,), what was realized (K,). Raises DataError where there are none."""
    if not len(realized):
        raise DataError("no forecast range has a return to be held against", field="realized")
    above, below = int(np.sum(realized > high)), int(np.sum(realized < low))
    held = len(realized) - above - below
    return Coverage(probability, len(realized), held, above, below, _binomial(held, len(realized), probability))


def _binomial(held: int, count: int, probability: float) -> float:
    """The probability of all outcomes that are no likelier than this one."""
    from scipy.special import gammaln, xlog1py, xlogy

    k = np.arange(count + 1)
    log = (
        gammaln(count + 1) - gammaln(k + 1) - gammaln(count - k + 1) + xlogy(k, probability) + xlog1py(count - k, -probability)
    )
    return float(min(1.0, np.exp(log[log <= log[held] + 1e-9]).sum()))
