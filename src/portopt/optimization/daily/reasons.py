"""Why a problem is none of those that the quick path serves."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Vector

SAME = 1e-12


class NotDaily(Exception):
    """Why a problem is not of this kind, in words."""


def close(a: Vector, b: Vector | None) -> bool:
    """Whether two days' numbers follow the law that is looked for: to rounding."""
    return b is not None and bool(np.abs(a - b).max(initial=0.0) <= SAME * max(1.0, float(np.abs(a).max(initial=0.0))))
