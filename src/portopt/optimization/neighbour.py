"""A problem that was solved, to begin the next one at.

A warm start has a budget, counted in rounds of correction: it is given up where it has cost a fraction of a solve from the
beginning, so that a neighbour that is none costs little. What it comes to satisfies every optimality condition to rounding and
is the optimum, wherever it began.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from portopt.domain.program import StandardForm
from portopt.domain.solution import RawAnswer, SolveStatus
from portopt.optimization.beside.answer import answer_beside
from portopt.optimization.beside.kinked import kinked
from portopt.optimization.convex import polished_near
from portopt.optimization.polish.polish import has_polish
from portopt.optimization.scaling.presolve import crossing

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
    if form.integer.any() or not is_known(near.raw) or shape_of(form) != shape_of(near.form) or crossing(form):
        return None
    return within_budget(form, near.raw, lambda: near.raw)


def within_budget(form: StandardForm, first: RawAnswer, nearest: Callable[[], RawAnswer]) -> RawAnswer | None:
    """The optimum of a form from answers to others of its shape, or None.

    first: the one to correct. nearest: finds the one to polish where that fails.
    """
    found = answer_beside(form, first)
    if found is None and kinked(form) is None and has_polish(form) and not form.hinges and not form.ratio:
        found = polished_near(form, nearest(), NEAR)
    return found
