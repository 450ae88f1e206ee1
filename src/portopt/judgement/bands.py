"""Between what and what the annual figures of a history may lie: by histories that might have been (bootstrap.py)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.judgement.bootstrap import Band, band

FEWEST_RETURNS = 20
DRAWS = 1000


def annual_bands(
    r: Vector, *, risk_free: float = 0.0, seed: int = 1, periods_per_year: float = 252.0, draws: int = DRAWS
) -> dict[str, Band]:
    """95 % bands of annual return, volatility, Sharpe ratio and deepest drawdown of returns r (T,); {} for fewer than twenty.

    The stationary bootstrap, its block from the returns themselves; the same for the same seed.
    """
    if len(r) < FEWEST_RETURNS:
        return {}
    year = periods_per_year
    statistics: dict[str, Callable[[Matrix], Vector]] = {
        "annual_return": lambda H: np.exp(np.log1p(H).sum(axis=1) * year / H.shape[1]) - 1.0,
        "volatility": lambda H: H.std(axis=1, ddof=1) * year**0.5,
        "sharpe": lambda H: _sharpes(H - risk_free / year) * year**0.5,
        "max_drawdown": _deepest,
    }
    return {name: band(r, statistic, seed=seed, draws=draws) for name, statistic in statistics.items()}


def _sharpes(H: Matrix) -> Vector:
    sigma = H.std(axis=1, ddof=1)
    return np.asarray(np.divide(H.mean(axis=1), sigma, out=np.zeros(len(H)), where=sigma > 1e-15))


def _deepest(H: Matrix) -> Vector:
    worth = np.cumprod(1.0 + H, axis=1)
    peak = np.maximum(np.maximum.accumulate(worth, axis=1), 1.0)
    return np.asarray((1.0 - worth / peak).max(axis=1))
