"""What a soft limit costs where no penalty is given: the same whatever the objective and the limit are counted in.

A penalty that is given is in the objective's unit for each unit of the limit, as it stands. The default is ten units of annual
return for each unit missed, in a market whose typical asset has 20 % volatility; elsewhere, with k the typical volatility over
20 % and h the typical deviation of an asset's scenarios over 20 %,

    10 size(objective) / size(limit)        size: k^2 for returns, which go with variances as the clock is changed, and ratios
                                            k^2 / 5 for half variances: the slope of s^2 / 2 at s = 20 % k is 20 % k
                                            k for volatilities, h for losses by scenarios, h^2 / 5 for their half squares
                                            1 for fractions, counts, exposures and sums of unlike things

so that daily figures, or a variance in the place of a return, make no limit harder or softer.
"""

from __future__ import annotations

import numpy as np

from portopt.domain.problem import Problem

DEFAULT = 10.0
TYPICAL = 0.2  # volatility a year

VOLATILITIES = ("volatility", "tracking_error")
RETURNS = ("return", "ratio")
LOSSES = ("loss", "risk")
SQUARES = ("half variance", "half square")


def default_price(p: Problem, unit: str, *, by_scenarios: bool = False) -> float:
    """In the objective's unit for each unit of the limit. unit: the limit's; by_scenarios: whether it reads them."""
    return DEFAULT * _size(p, p.objective.unit, p.objective.reads_scenarios) / _size(p, unit, by_scenarios)


def _size(p: Problem, unit: str, by_scenarios: bool) -> float:
    """What one is in that unit."""
    if unit in RETURNS:
        return _volatility(p) ** 2
    own = _deviation(p) if by_scenarios else _volatility(p)
    if unit in SQUARES:
        return TYPICAL * own**2
    return own if unit in VOLATILITIES or unit in LOSSES else 1.0


def _volatility(p: Problem) -> float:
    """k: the median volatility of the assets that have any, over 20 %."""
    return _typical(np.sqrt(np.maximum(p.moments.covariance.diagonal(), 0.0)))


def _deviation(p: Problem) -> float:
    """h: the same of the assets' scenarios, over one period."""
    return _volatility(p) if p.moments.scenarios is None else _typical(p.moments.scenarios.std(axis=0))


def _typical(deviations: np.ndarray) -> float:
    positive = deviations[deviations > 0.0]
    return float(np.median(positive)) / TYPICAL if len(positive) else 1.0
