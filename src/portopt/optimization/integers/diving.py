"""Diving: whole numbers from a relaxation, by turning off what is nearly off, a third at a time.

    repeat:  solve the convex relaxation;  hold the least third of the switches that are still free at zero
    until    every switch that is not zero may be one

Backward elimination, in the words of regression; one convex solve a step.
Source: Berthold (2006), Primal heuristics for mixed integer programs, section 3.1, on diving by fractions.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from portopt.domain.arrays import Mask, Vector
from portopt.domain.program import StandardForm
from portopt.optimization.scaling.extension import bounded, continuous

SHARE = 3  # one of so many is turned off at a time
OFF = 1e-7
HOLDS = 1e-9


def dive(form: StandardForm, relaxed: Vector, solved: Callable[[StandardForm], Vector | None]) -> Vector | None:
    """(N,) a point whose switches are whole, to be solved from there; None where the dive ends without one.

    form: its integer columns all switches (0 or 1), or there is no dive. relaxed: (N,) the optimum without whole numbers.
    solved: the convex solver, a point or None.
    """
    lower, upper = form.box()
    switches, every = np.flatnonzero(form.integer), np.arange(form.n_columns)
    if np.any(lower[switches] < -HOLDS) or np.any(upper[switches] > 1.0 + HOLDS):
        return None
    bare, x = continuous(form), relaxed
    for _ in range(len(switches)):
        on = form.integer & (x[: form.n_columns] > OFF)
        if _rows_hold(form, on):
            return np.where(form.integer, on.astype(float), x[: form.n_columns])
        free = switches[(upper[switches] > 0.5) & (lower[switches] < 0.5)]
        if not len(free):
            return None
        live = free[x[free] > OFF]
        least = live[np.argsort(x[live], kind="stable")[: max(1, len(live) // SHARE)]]
        upper[np.concatenate([free[x[free] <= OFF], least])] = 0.0
        found = solved(bounded(bare, every, lower, upper))
        if found is None:
            return None
        x = found
    return None


def _rows_hold(form: StandardForm, on: Mask) -> bool:
    """Whether the rows that speak of switches alone hold when these are on and the others off."""
    pure = np.bincount(
        np.repeat(np.arange(form.A.shape[0]), np.diff(form.A.indptr)),
        weights=~form.integer[form.A.indices] & (form.A.data != 0.0),
        minlength=form.A.shape[0],
    )
    rows = pure == 0
    at = form.A @ on.astype(float)
    return bool(np.all(at[rows] >= form.row_lower[rows] - HOLDS) and np.all(at[rows] <= form.row_upper[rows] + HOLDS))
