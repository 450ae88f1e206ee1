"""Choices between two ways, turned where the multipliers of what they leave say that it may pay.

With the choices h held the rest is convex, and its value v(h) is at least  v(h0) + d'(h - h0),  d = q + A'y at its multipliers:
only choices with  d_k (1 - 2 h0_k) < 0  can gain anything by being turned. All of them are turned at once, then half of them,
and so on, until one try is better; then again from there.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.program import StandardForm
from portopt.domain.solution import Duals

NO_BETTER = 1e-9  # of the objective's size
LEAST = 1e-6  # what its size is at least

Way = Callable[[Vector], tuple[float, Vector, Duals] | None]


def turned(form: StandardForm, values: Vector, way: Way, tries: int) -> None:
    """From choices `values` (N,) to better ones. way: solves what choices leave, and keeps it where it is the best so far."""
    told, left = way(values), tries - 1
    columns = np.array(form.either, dtype=np.intp)
    while told is not None and left > 0:
        value, _, duals = told
        gain = (form.q + form.A.T @ duals.rows)[columns] * (1.0 - 2.0 * values[columns])
        order = columns[np.argsort(gain, kind="stable")[: int((gain < -NO_BETTER * max(abs(value), LEAST)).sum())]]
        told = None
        for at in _steps(order)[:left]:
            left -= 1
            other = values.copy()
            other[at] = 1.0 - other[at]
            found = way(other)
            if found is not None and found[0] < value - NO_BETTER * abs(value):
                values, told = other, found
                break


def _steps(order: Indices) -> list[Indices]:
    """All of them, half, and so on down to the first. Those after it, one by one, were found to gain nothing more."""
    halves, count = [], len(order)
    while count > 0:
        halves.append(order[:count])
        count //= 2
    return halves
