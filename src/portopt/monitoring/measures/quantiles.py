"""The one definition of a quantile that the watch uses."""

from __future__ import annotations

import math
from collections.abc import Sequence


def quantile(values: Sequence[float], probability: float) -> float:
    """The smallest of the values that at least this share of them does not exceed: the inverse of their distribution.

        Q(p) = x_(k),  k = ceil(p n),  x_(1) <= ... <= x_(n)

    No interpolation: what is told was waited for by somebody, and of fewer than 100 values the 99th percentile is the largest.
    Raises ValueError for no values, and for a probability outside (0, 1].
    Source: Hyndman and Fan (1996), definition 1.

    >>> quantile([4.0, 1.0, 3.0, 2.0], 0.5), quantile([4.0, 1.0, 3.0, 2.0], 0.99)
    (2.0, 4.0)
    """
    if not values:
        raise ValueError("there is no quantile of no values")
    if not 0.0 < probability <= 1.0:
        raise ValueError(f"{probability} is no probability of a quantile")
    # A probability such as 0.95 is not exactly that: 0.95 * 20 must be 19 and not a little more.
    k = math.ceil(probability * len(values) - 1e-9)
    return sorted(values)[max(k, 1) - 1]
