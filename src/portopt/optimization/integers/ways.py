"""Choices between two ways, turned where the multipliers of what they leave say that it may pay.

With the choices h held the rest is convex, and its value v(h) is at least  v(h0) + d'(h - h0),  d = q + A'y at its multipliers:
only choices with  d_k (1 - 2 h0_k) < 0  can gain anything by being turned. All of them are turned at once, then half of them,
and so on, until one try is better; then again from there.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.program import StandardForm
from portopt.domain.solution import Duals

NO_GAIN = 1e-9  # of the objective's size

Way = Callable[[Vector], tuple[float, Vector, Duals] | None]


def turned(form: StandardForm, values: Vector, way: Way, tries: int) -> None:
    """From choices `values` (N,) to better ones. way: solves what choices leave, and keeps it where it is the best so far."""
    told, tries = way(values), tries - 1
    columns = np.array(form.either, dtype=np.intp)
    while told is not None and tries > 0:
        value, _, duals = told
        gain = (form.q + form.A.T @ duals.rows)[columns] * (1.0 - 2.0 * values[columns])
        order = np.argsort(gain, kind="stable")
        count = int((gain < -NO_GAIN * max(abs(value), 1e-6)).sum())
        better = None
        while count > 0 and tries > 0:
            tries -= 1
            other = values.copy()
            at = columns[order[:count]]
            other[at] = 1.0 - other[at]
            found = way(other)
            if found is not None and found[0] < value - NO_GAIN * abs(value):
                values, better = other, found
                break
            count //= 2
        if better is None:
            return
        told = better
