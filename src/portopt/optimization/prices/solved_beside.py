"""A form close to one already answered, solved from that answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.program import Group, StandardForm
from portopt.domain.solution import Duals, RawAnswer
from portopt.optimization.engine import corrected_beside, solve, solve_beside
from portopt.optimization.integers.switches import remainder, whole_numbers
from portopt.optimization.ratio.best_ratio import solve_ratio_beside


def solve_again(form: StandardForm, near: RawAnswer) -> RawAnswer:
    """The optimum of `form`, looked for near an answer to its neighbour; the whole numbers stay those of that answer.

    Raises NoExcessReturn and RisklessExcess for a ratio that has no maximum.
    """
    if near.x is None:
        return solve(form)
    if form.integer.any():
        return solve(remainder(form, whole_numbers(form, near.x)).form)
    if form.ratio:
        return corrected_beside(form, near) or solve_ratio_beside(form, near)
    if form.hinges:
        from portopt.optimization.scenarios.solve import solve_hinges

        return solve_hinges(form, near=near.x) or solve(form)
    if any(cone.kind != "second_order" for cone in form.cones):
        return solve(form)
    return corrected_beside(form, near) or solve_beside(form, near)


def held(form: StandardForm, x: Vector) -> StandardForm:
    """The program with its whole numbers held where x (N,) has them; the same rows and columns, and no integer any more."""
    if not form.integer.any():
        return form
    whole, k = np.flatnonzero(form.integer), len(form.bound_columns)
    at = np.round(x[whole])
    return replace(
        form,
        integer=np.zeros(form.n_columns, dtype=bool),
        bound_columns=np.concatenate([form.bound_columns, whole]),
        bound_lower=np.concatenate([form.bound_lower, at]),
        bound_upper=np.concatenate([form.bound_upper, at]),
        bound_relax=np.concatenate([form.bound_relax, np.zeros(len(whole))]),
        bound_groups=(*form.bound_groups, Group(k, k + len(whole), "")),
    )


def held_answer(form: StandardForm, raw: RawAnswer) -> RawAnswer:
    """The answer of a program in whole numbers as one of the program that holds them: no multiplier on what holds them."""
    if raw.duals is None or not form.integer.any():
        return raw
    bounds = np.concatenate([raw.duals.bounds, np.zeros(int(form.integer.sum()))])
    return replace(raw, duals=Duals(raw.duals.rows, bounds, raw.duals.cones))
