"""Why a set of limits cannot hold: one sentence with the numbers in it.

Arithmetic where it is enough; otherwise one limit of the set is opened until the others hold, and read there: "with
each position at most 10.00 %, turnover is at least 70.00 %, over the 20.00 % allowed".
"""

from __future__ import annotations

from functools import partial

import numpy as np

from portopt.diagnosis.effort import OutOfWork
from portopt.diagnosis.elastic import elastic
from portopt.diagnosis.feasibility import Feasibility
from portopt.diagnosis.quick_checks import impossible
from portopt.diagnosis.smallest_openings import SMALLEST_SIZE, has_slope
from portopt.diagnosis.whole_openings import smallest_whole
from portopt.domain.arrays import Vector
from portopt.domain.problem import Limit, Problem
from portopt.domain.solution import SolveStatus
from portopt.domain.voice import TOLD_LAST
from portopt.domain.words import in_unit

HALVINGS = 7  # a sentence needs two figures


def reason(limits: Feasibility, names: tuple[str, ...]) -> str:
    """Why `names` (a minimal conflict) leave no portfolio."""
    problem = limits.problem
    if not names:
        structural = [limit.describe() for limit in problem.limits if limit.structural]
        return f"what no request can give up already leaves no portfolio: {'; '.join(structural)}"
    found = impossible(problem, limits.form, names)
    if found is not None:
        return found
    for name in sorted((name for name in names if has_slope(limits.form, name)), key=partial(_precedence, problem)):
        try:
            said = _measured(limits, names, name)
        except OutOfWork:
            break
        if said is not None:
            return said
    return "together they leave no portfolio"


def _precedence(problem: Problem, name: str) -> int:
    """The limit a desk would rather see measured comes first: one figure for the whole portfolio before one for each asset."""
    limit = problem.limit(name)
    return TOLD_LAST if limit is None else limit.precedence


def _measured(limits: Feasibility, names: tuple[str, ...], opened: str) -> str | None:
    """The sentence with `opened` measured while the rest of `names` holds."""
    others = tuple(name for name in names if name != opened)
    ball, limit = limits.ball(opened), limits.problem.limit(opened)
    if limits.form.integer.any() and limit is not None:
        return _counted(limits, limit, others)
    if ball is not None and not limits.conic() & set(others):
        _, _, raw = limits.nearest(ball, set(others))
    else:
        gone = limits.always_gone | (set(limits.names) - set(names))
        raw = limits.ask(elastic(limits.form, {opened: 1.0}, set(others), ignored=gone, unit_where_none=False).form)
    if raw.status is not SolveStatus.OPTIMAL or raw.x is None or limit is None:
        return None
    given = [other.describe() for other in limits.problem.limits if other.kind in others]
    return closest(limits.problem, limit, raw.x[: limits.problem.n], given)


def _counted(limits: Feasibility, limit: Limit, others: tuple[str, ...]) -> str | None:
    """The same where limits count: at the portfolio found with `limit` opened as little as halves tell."""
    reading = limit.read(np.zeros(limits.problem.n), limits.problem)
    sides = np.abs(np.concatenate([reading.lower, reading.upper]))
    size = max(float(sides[np.isfinite(sides)].max(initial=0.0)), SMALLEST_SIZE)
    found = smallest_whole(limits, {limit.kind: size}, frozenset(others), halvings=HALVINGS)
    if found is None or not found.openings:
        return None
    given = [other.describe() for other in limits.problem.limits if other.kind in others]
    return closest(limits.problem, limit, found.weights, given)


def closest(problem: Problem, limit: Limit, w: Vector, given: list[str]) -> str:
    """What `limit` measures at w, the nearest portfolio the others allow, against the side it misses.

    w: (n,) weights.
    """
    reading = limit.read(w, problem)
    i = int(reading.slack().argmin())
    value, low, high = float(reading.measured[i]), float(reading.lower[i]), float(reading.upper[i])
    above = value - high > low - value
    measured, side = in_unit(reading.unit, value, high if above else low)
    what = f"{limit.noun} {reading.members[i]}".strip()
    clause = f"at least {measured}, over the {side} allowed" if above else f"at most {measured}, under the {side} asked for"
    if len(reading.members) > 1:
        clause = f"{measured} at best, " + (f"over the {side} allowed" if above else f"under the {side} asked for")
    opening = f"with {' and '.join(given)}, " if given else "even with every other limit gone, "
    return f"{opening}{what} is {clause}"
