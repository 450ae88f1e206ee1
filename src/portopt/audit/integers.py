"""The second opinion on an answer in whole numbers.

What is proven here: the integer columns are whole; the convex program left when they are held where they are is solved (its own
multipliers, the same arithmetic as for any other answer); and, from the multipliers of the program without whole numbers, that
no portfolio at all is better by more than `first_bound`. That last bound is honest and weak: it ignores the whole numbers.
The tighter figure, `mip_gap`, rests on the branch and cut search alone: to verify it would be to search again, and it is
reported as what the search says. A gap below the first bound is therefore a claim, one above it would be a contradiction.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from portopt.audit.optimality import gap_bound, gradient
from portopt.domain.arrays import Vector
from portopt.domain.certificate import Tolerances
from portopt.domain.program import Group, StandardForm
from portopt.domain.solution import Duals, RawAnswer

WHOLE = 1e-9


def not_whole(form: StandardForm, x: Vector) -> list[str]:
    """A reason to refuse where an integer column holds anything else.

    x: (N,) every column of the form.
    """
    off = float(np.abs(x - np.round(x))[form.integer].max(initial=0.0))
    return [] if off <= WHOLE else [f"a whole number is off by {off:.1e}, over {WHOLE:.0e}"]


def held(form: StandardForm, x: Vector, duals: Duals) -> tuple[StandardForm, Duals]:
    """The convex program with the integer columns held at x, and the multipliers with those that hold them.

    A held column can take any multiplier; it is given the one that makes it stationary.
    x: (N,) every column of the form.
    """
    whole = np.flatnonzero(form.integer)
    k = len(form.bound_columns)
    left = replace(
        form,
        integer=np.zeros(form.n_columns, dtype=bool),
        bound_columns=np.concatenate([form.bound_columns, whole]),
        bound_lower=np.concatenate([form.bound_lower, x[whole]]),
        bound_upper=np.concatenate([form.bound_upper, x[whole]]),
        bound_relax=np.concatenate([form.bound_relax, np.zeros(len(whole))]),
        bound_groups=(*form.bound_groups, Group(k, k + len(whole), "")),
    )
    t = gradient(form, x) + form.A.T @ duals.rows
    t += np.bincount(form.bound_columns, duals.bounds, form.n_columns)
    for cone, z in zip(form.cones, duals.cones, strict=True):
        t -= cone.B.T @ z
    return left, Duals(duals.rows, np.concatenate([duals.bounds, -t[whole]]), duals.cones)


def first_bound(form: StandardForm, x: Vector, relaxed: RawAnswer | None, scale: float) -> float | None:
    """How much better any portfolio could be, relative, by the program without whole numbers; None where nothing proves it.

    For a ratio: of the relaxed answer's own ratio, which its multipliers certify to first order.
    x: (N,) every column of the form. scale: what the bound is relative to, in the objective's unit.
    """
    if relaxed is None or relaxed.x is None or relaxed.duals is None or len(relaxed.x) != form.n_columns or scale <= 0.0:
        return None
    without = replace(form, integer=np.zeros(form.n_columns, dtype=bool))
    there = relaxed.x
    gap, proven = gap_bound(without, there, gradient(without, there), relaxed.duals.rows, relaxed.duals.cones)
    if not proven or not np.isfinite(gap):
        return None
    if form.ratio:
        sigma = math.sqrt(max(float(x @ form.P_times(x)), 0.0))
        better = (form.objective(x) - form.objective(there)) * sigma
        return (max(better, 0.0) + gap) / scale
    return max(form.objective(x) - form.objective(there) + gap, 0.0) / scale


def gap_reasons(raw: RawAnswer, first: float | None, tolerances: Tolerances) -> tuple[float, list[str]]:
    """(the gap that is claimed, reasons to refuse it)."""
    gap = raw.mip_gap if raw.mip_gap is not None else first
    if gap is None or not np.isfinite(gap) or gap < 0.0:
        return float("nan"), ["no bound was proven: nothing is known about how much better another portfolio could be"]
    if gap > tolerances.mip_gap:
        return gap, [f"the search left a gap of {gap:.1e}, over {tolerances.mip_gap:.0e}"]
    return gap, []


def integer_claims(gap: float, first: float | None) -> tuple[tuple[str, float | str], ...]:
    """What is said of an answer in whole numbers, figures relative to the objective."""
    searched: tuple[tuple[str, float | str], ...] = (("gap left by the branch and cut search", gap),)
    if first is None:
        return searched
    return (*searched, ("no portfolio is better by more than, whole numbers ignored; proven by multipliers", first))
