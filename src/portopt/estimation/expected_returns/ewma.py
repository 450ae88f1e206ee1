"""The mean in which yesterday counts more than last year."""

from __future__ import annotations

from portopt.domain.arrays import Matrix, Vector
from portopt.estimation.covariance.ewma import decay
from portopt.estimation.options import Option

OPTIONS = {"half_life": Option(252.0, "periods after which an observation counts half", least=1.0)}


def ewma(X: Matrix, half_life: float) -> Vector:
    """m = sum_t a_t x_t with a_t halving every `half_life` periods, adding to one; per period. X (T, n), complete."""
    return decay(X.shape[0], half_life) @ X
