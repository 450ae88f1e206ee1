"""Whether a Sharpe ratio is more than luck: of one history, and of the best of many that were tried.

Ratios here are of one period (daily where the returns are daily), never annual: sr = mean / deviation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import DataError, InvalidValue
from portopt.judgement.long_run import long_run_covariance
from portopt.judgement.moments import NO_DEVIATION, deviation, excess_kurtosis, skewness

EULER = 0.5772156649015329


@dataclass(frozen=True, slots=True)
class SharpeMoments:
    """What the tests know of one history of `periods` excess returns. kurtosis: 3 for a normal."""

    sr: float
    periods: int
    skewness: float = 0.0
    kurtosis: float = 3.0

    @property
    def standard_error(self) -> float:
        """sqrt((1 - g3 sr + (g4 - 1)/4 sr^2) / (T - 1)), for returns independent through time. Source: Mertens (2002)."""
        spread = 1.0 - self.skewness * self.sr + (self.kurtosis - 1.0) / 4.0 * self.sr**2
        return math.sqrt(max(spread, 0.0) / (self.periods - 1))


def sharpe_moments(excess: Vector) -> SharpeMoments:
    """Of excess returns (T,). Raises DataError for fewer than three of them, or where they do not vary."""
    sigma = deviation(excess) if len(excess) > 2 else None
    g3, g4 = (skewness(excess), excess_kurtosis(excess)) if sigma else (None, None)
    if not sigma or g3 is None or g4 is None:
        raise DataError("a Sharpe ratio is judged on at least three returns that differ", field="returns")
    return SharpeMoments(float(excess.mean()) / sigma, len(excess), g3, g4 + 3.0)


def correlated_error(excess: Vector) -> float:
    """Standard error of the ratio of (T,) excess returns that may depend on each other through time.

    Delta method on the long-run covariance Psi of (r, r^2):  se = sqrt(g' Psi g / T),  g = (m2, -m1/2) / (m2 - m1^2)^(3/2)
    Source: Ledoit and Wolf (2008), section 3.1, of one series.
    """
    moments = np.column_stack([excess, excess**2])
    m1, m2 = moments.mean(axis=0)
    g = np.array([m2, -m1 / 2.0]) / (m2 - m1**2) ** 1.5
    return float(np.sqrt(g @ long_run_covariance(moments) @ g / len(excess)))


def probabilistic_sharpe(of: SharpeMoments, least: float = 0.0, standard_error: float | None = None) -> float:
    """Probability that the true ratio is above `least`:  Phi((sr - least) / se).

    standard_error: None for that of independent returns. Source: Bailey and López de Prado (2012).
    """
    error = of.standard_error if standard_error is None else standard_error
    return _normal((of.sr - least) / error) if error else float(of.sr > least)


def expected_maximum_sharpe(trials: int, variance: float) -> float:
    """The best ratio to be expected of so many independent trials without any skill, their ratios having this variance.

        sqrt(V) ((1 - gamma) z(1 - 1/N) + gamma z(1 - 1/(N e))),   gamma Euler's constant, z the normal quantile

    0 for one trial, which was not chosen. Source: Bailey and López de Prado (2014), equation 1.
    """
    from scipy.special import ndtri

    if trials < 1:
        raise InvalidValue("trials", trials, "at least one strategy was tried")
    if trials == 1:
        return 0.0
    best = (1.0 - EULER) * ndtri(1.0 - 1.0 / trials) + EULER * ndtri(1.0 - 1.0 / (trials * math.e))
    return float(math.sqrt(variance) * best)


def deflated_sharpe(of: SharpeMoments, trials: int, variance: float, standard_error: float | None = None) -> float:
    """Probability that the ratio of the best of `trials` is above what the best of as many without skill would have had.

    variance: of the trials' ratios, of one period. Source: Bailey and López de Prado (2014).
    """
    return probabilistic_sharpe(of, expected_maximum_sharpe(trials, variance), standard_error)


def minimum_track_record(of: SharpeMoments, least: float = 0.0, confidence: float = 0.95) -> float | None:
    """How many periods it takes to say with this confidence that the true ratio is above `least`; None where it is below.

        1 + (1 - g3 sr + (g4 - 1)/4 sr^2) (z / (sr - least))^2

    Source: Bailey and López de Prado (2012), equation 13.
    """
    from scipy.special import ndtri

    if of.sr <= least:
        return None
    spread = of.standard_error**2 * (of.periods - 1)
    return float(1.0 + spread * (ndtri(confidence) / (of.sr - least)) ** 2)


def ratios(R: Matrix) -> Vector:
    """(N,) ratio of each column of excess returns R (T, N); NaN of one that does not vary."""
    sigma = R.std(axis=0, ddof=1)
    varies = sigma > NO_DEVIATION * np.abs(R).max(axis=0)
    return np.asarray(np.divide(R.mean(axis=0), sigma, out=np.full(R.shape[1], np.nan), where=varies))


def _normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))
