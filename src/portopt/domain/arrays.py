"""Array types. `Vector` and `Matrix` are float64; values that keep an array make it read-only."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from portopt.domain.postponed import postpone

# SciPy imports everything that NumPy has, a reader of Fortran and a test harness among it: 50 ms of a first answer.
postpone("numpy.f2py")
postpone("numpy.testing")

Vector: TypeAlias = npt.NDArray[np.float64]
Matrix: TypeAlias = npt.NDArray[np.float64]
Indices: TypeAlias = npt.NDArray[np.intp]
Mask: TypeAlias = npt.NDArray[np.bool_]


def sealed(array: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """An array that was made for whoever keeps it, and that nobody else could write to: read-only as it is, not copied."""
    array.flags.writeable = False
    return array


def frozen(values: Any) -> npt.NDArray[np.float64]:
    """A float64 array nobody can write to; copied only when the caller could still write to it."""
    array = np.asarray(values, dtype=np.float64)
    if array.flags.writeable:
        array = array.copy()
        array.flags.writeable = False
    return array
