"""A wish priced beyond all reason: what it costs is lowered to where solvers see it beside the objective.

A column e >= 0 that only opens a soft limit and costs q_e a unit stays at zero at the optimum of q_e once the limit is worth
less, and then at every higher price too: only its own multiplier grows, by what is added to the price. So a price a thousand
times the size of everything else is first asked as a thousand times that size; where e is not zero there, the limit cannot be
kept at that price, and the program is solved as it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.program import StandardForm
from portopt.domain.solution import Duals, RawAnswer, SolveStatus

DEAR = 1e3  # of the rest of the objective
KEPT = 1e-15


def solve_with_dear_wishes(form: StandardForm, solve: Callable[[StandardForm], RawAnswer]) -> RawAnswer:
    """The optimum of a form, by `solve`, its dearest penalties lowered where that changes nothing."""
    dear, price = _dear(form)
    if len(dear) == 0:
        return solve(form)
    q = form.q.copy()
    q[dear] = price
    raw = solve(replace(form, q=q))
    kept = raw.status is SolveStatus.OPTIMAL and raw.x is not None and bool(np.all(raw.x[dear] <= KEPT))
    return _at_full_price(form, raw, dear, form.q[dear] - price) if kept else solve(form)


def _dear(form: StandardForm) -> tuple[Indices, float]:
    """(helper columns, bounded below by zero alone, that cost far more than all the others; what they are to cost instead)."""
    lower, upper = form.box()
    curvature = np.zeros(form.n_columns)
    for block in form.quadratics:
        np.add.at(curvature, block.columns, np.abs(block.M if block.M.ndim == 1 else np.diagonal(block.M)))
    pays = (
        (np.arange(form.n_columns) >= form.n_weights) & (form.q > 0.0) & (lower == 0.0) & np.isinf(upper) & (curvature == 0.0)
    )
    pays &= ~form.integer
    rest = max(float(curvature.max(initial=0.0)), float(np.abs(form.q[~pays]).max(initial=0.0)))
    return np.flatnonzero(pays & (form.q > DEAR * rest) & (rest > 0.0)), DEAR * rest


def _at_full_price(form: StandardForm, raw: RawAnswer, dear: Indices, added: Vector) -> RawAnswer:
    """The same point and multipliers, those of the columns' lower bounds larger by what was taken off the price."""
    if raw.duals is None:
        return raw
    bounds = raw.duals.bounds.copy()
    for column, amount in zip(dear, added, strict=True):
        entry = np.flatnonzero((form.bound_columns == column) & (form.bound_lower == 0.0))[0]
        bounds[entry] -= amount
    return replace(raw, duals=Duals(raw.duals.rows, bounds, raw.duals.cones, raw.duals.face))
