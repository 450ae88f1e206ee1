"""The optimal face of a linear program, as its multipliers leave it: whatever has a price there stays where it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.program import StandardForm


def priced_face(form: StandardForm, rows: Vector, bounds: Vector, smallest: float) -> StandardForm:
    """`form` with each of its rows and bounds that has a price made an equality at the side it presses on.

    rows (m,), bounds (k,): multipliers, in the sign convention of domain/program.py. smallest: what is no price.
    A floor on the objective instead would be met by the optima alone, and by rounding by none.
    """
    sides = [part.copy() for part in (form.row_lower, form.row_upper, form.bound_lower, form.bound_upper)]
    for (lower, upper), price in zip((sides[:2], sides[2:]), (rows, bounds), strict=True):
        above, below = np.flatnonzero(price > smallest), np.flatnonzero(price < -smallest)
        lower[above], upper[below] = upper[above], lower[below]
    return replace(form, row_lower=sides[0], row_upper=sides[1], bound_lower=sides[2], bound_upper=sides[3])
