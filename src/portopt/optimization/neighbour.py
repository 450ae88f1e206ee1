"""A problem that was solved, to begin the next one at.

A warm start has a budget, counted in rounds of correction: it is given up where it has cost a fraction of a solve from the
beginning, so that a neighbour that is none costs little. What it comes to satisfies every optimality condition to rounding and
is the optimum, wherever it began.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

import numpy as np

from portopt.domain.program import StandardForm
from portopt.domain.solution import Duals, RawAnswer, SolveStatus
from portopt.optimization.beside.answer import answer_beside
from portopt.optimization.beside.kinked import kinked
from portopt.optimization.convex import polished_near
from portopt.optimization.polish.polish import has_polish
from portopt.optimization.scaling.presolve import crossing, gathered, spread

ON_BOUND = 1e-15  # a weight that is past a bound by less was rounded there
NEAR = 6  # rounds of a polish from a neighbour: more cost more than a good part of a solve


@dataclass(frozen=True, slots=True, eq=False)
class Neighbour:
    """form: what was asked. raw: its answer; of use where it is polished."""

    form: StandardForm
    raw: RawAnswer


def is_known(raw: RawAnswer) -> bool:
    """Whether an answer is exact enough to begin another one at."""
    return raw.status is SolveStatus.OPTIMAL and raw.polished


def shape_of(form: StandardForm) -> tuple[object, ...]:
    """What an answer must share with a form to be one of its rows, columns, bounds and cones."""
    cones = tuple(cone.B.shape for cone in form.cones)
    return form.n_columns, form.A.shape, form.bound_columns.tobytes(), cones, form.ratio


def solved_from(form: StandardForm, near: Neighbour) -> RawAnswer | None:
    """The optimum of `form`, from a neighbour's; None where they are not of one shape, or it was not come to in its budget."""
    if form.integer.any() or not is_known(near.raw) or crossing(form):
        return None
    kept = _kept(form, near)
    if kept is not None or not _alike(form, near.form):
        return kept
    first = near.raw if shape_of(form) == shape_of(near.form) else _with_bounds_of(form, near)
    return within_budget(form, first, lambda: first)


def _alike(a: StandardForm, b: StandardForm) -> bool:
    """Whether they have one shape but for which columns are bounded, and how often: a trade that is pinned adds a bound."""
    (*rest, _, cones, ratio), (*others, _, their_cones, their_ratio) = shape_of(a), shape_of(b)
    return (rest, cones, ratio) == (others, their_cones, their_ratio)


def _with_bounds_of(form: StandardForm, near: Neighbour) -> RawAnswer:
    """The neighbour's answer, each column's multiplier at the tightest bound that it has here."""
    duals = near.raw.duals
    if duals is None:
        return near.raw
    return replace(near.raw, duals=Duals(duals.rows, spread(form, gathered(near.form, duals.bounds)), duals.cones))


def _kept(form: StandardForm, near: Neighbour) -> RawAnswer | None:
    """The neighbour's own answer, where the form is its program within tighter bounds and it keeps them: nothing is better."""
    raw, (lower, upper), (wider, higher) = near.raw, form.box(), near.form.box()
    if raw.x is None or raw.duals is None or not _same_but_for_bounds(form, near.form):
        return None
    tighter = bool(np.all(lower >= wider) and np.all(upper <= higher))
    if not tighter or float(np.maximum(lower - raw.x, raw.x - upper).max(initial=0.0)) > ON_BOUND:
        return None
    bounds = spread(form, gathered(near.form, raw.duals.bounds))
    return replace(raw, duals=Duals(raw.duals.rows, bounds, raw.duals.cones))


def _same_but_for_bounds(a: StandardForm, b: StandardForm) -> bool:
    """Whether two programs have the same objective, rows and cones."""
    pairs = zip_longest(_but_for_bounds(a), _but_for_bounds(b), fillvalue=np.zeros(0))
    return all(one is other or np.array_equal(one, other) for one, other in pairs)


def _but_for_bounds(form: StandardForm) -> Iterator[Any]:
    """All that a program says beside its bounds, the shortest first."""
    yield np.array([form.n_columns, form.ratio, form.constant, len(form.quadratics), len(form.cones)])
    yield from (form.q, form.integer, form.row_lower, form.row_upper)
    yield from (np.array([block.times]) for block in form.quadratics)
    matrices = (form.A, *(cone.B for cone in form.cones))
    yield from (part for A in matrices for part in (A.indptr, A.indices, A.data))
    yield from (cone.b for cone in form.cones)
    yield from (part for block in form.quadratics for part in (block.columns, block.shared))


def within_budget(form: StandardForm, first: RawAnswer, nearest: Callable[[], RawAnswer]) -> RawAnswer | None:
    """The optimum of a form from answers to others of its shape, or None.

    first: the one to correct. nearest: finds the one to polish where that fails.
    """
    found = answer_beside(form, first)
    if found is None and kinked(form) is None and has_polish(form) and not form.hinges and not form.ratio:
        found = polished_near(form, nearest(), NEAR)
    return found
