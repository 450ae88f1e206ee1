"""What each binding limit costs, read off the multipliers of the answer.

A limit opened by d natural units moves its row, bound or cone by relax * d, and the minimized objective by
-(multiplier) * relax * d to first order. As basis points of annual return:

    utility, max_return    the objective is a return already
    max_sharpe             multipliers are those of the utility program at the portfolio's own risk aversion: a return
    min_risk, min_tracking_error, without a risk aversion
                           the objective is sigma^2 / 2, and d(sigma^2 / 2) = sigma d(sigma): divided by sigma, basis points
                           of volatility (of tracking error)
    min_risk by another measure
                           likewise: basis points of that measure, over its own horizon
    min_risk, min_tracking_error, with one
                           the objective is a return again
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.explanation import ShadowPrice
from portopt.domain.problem import Problem, Readings
from portopt.domain.program import StandardForm
from portopt.domain.solution import RawAnswer

BPS = 1e4
STEPS = {"score": 1.0}  # every other unit is a fraction of something: one percentage point
# Distances from a constructed portfolio, in weights, and whatever a user or a goal counts in: no return is given up for it.
NO_RETURN = ("squared distance", "weighted shortfall", "expression")
NEGLIGIBLE = 1e-8  # of the largest multiplier's scale; a polished answer has exact zeros here


@dataclass(frozen=True, slots=True)
class _Pressed:
    limit: str
    member: str
    side: str
    price: float  # of the minimized objective per natural unit, positive


def shadow_prices(problem: Problem, form: StandardForm, raw: RawAnswer) -> tuple[ShadowPrice, ...]:
    """A price for every binding limit (and member of it), the dearest first. Empty when there is no multiplier to read."""
    if raw.x is None or raw.duals is None:
        return ()
    w = raw.x[: form.n_weights]
    to_return = _return_per_objective(problem, w)
    floor = NEGLIGIBLE * max(1e-12, float(np.abs(form.q + form.P_times(raw.x)).max(initial=0.0)))
    together: dict[tuple[str, str, str], float] = {}
    for item in _pressed(form, raw):
        if item.price > floor:
            key = (item.limit, item.member, item.side)
            together[key] = together.get(key, 0.0) + item.price
    readings = {limit.kind: (limit.read(w, problem), limit.unit) for limit in problem.limits if not limit.structural}
    found = []
    for (name, member, side), price in together.items():
        if name not in readings:  # structural limits, the budget among them, cannot be opened
            continue
        reading, unit = readings[name]
        measured, bound = _standing(reading, member, side)
        step = STEPS.get(unit, 0.01)
        per_unit = price * to_return * BPS
        found.append(ShadowPrice(name, member, unit, side, measured, bound, -price, per_unit, per_unit * step, step))
    return tuple(sorted(found, key=lambda p: (-p.cost_bps, p.multiplier, p.limit, p.member)))


def _pressed(form: StandardForm, raw: RawAnswer) -> Iterator[_Pressed]:
    duals = raw.duals
    if duals is None:
        return
    for groups, multipliers, relax in (
        (form.row_groups, duals.rows, form.row_relax),
        (form.bound_groups, duals.bounds, form.bound_relax),
    ):
        for group in groups:
            if not group.limit:
                continue
            for i in group.start + np.flatnonzero(multipliers[group.start : group.stop]):
                member = "" if group.members is None else group.members[i - group.start]
                side = "upper" if multipliers[i] > 0 else "lower"
                yield _Pressed(group.limit, member, side, float(abs(multipliers[i]) * relax[i]))
    for cone, z in zip(form.cones, duals.cones, strict=True):
        if cone.limit and cone.relax is not None:
            yield _Pressed(cone.limit, cone.member or "", "upper", float(z @ cone.relax))


def _return_per_objective(problem: Problem, w: Vector) -> float:
    objective = problem.objective
    if objective.unit in NO_RETURN:
        return 0.0
    if objective.unit == "half square" and getattr(objective, "risk_aversion", None) is None:
        # The root of a mean square, semideviation or ulcer index, minimized as half its square.
        root = float(np.sqrt(2.0 * max(objective.value(w, problem), 0.0)))
        return 1.0 / root if root > 0.0 else 0.0
    if objective.unit != "half variance" or getattr(objective, "risk_aversion", None) is not None:
        return 1.0
    active = w
    if objective.kind == "min_tracking_error" and problem.benchmark is not None:
        active = w - problem.benchmark
    elif getattr(objective, "nearest", None) == "risk" and problem.target is not None:
        active = w - problem.target
    sigma = problem.moments.covariance.volatility(active)
    return 1.0 / sigma if sigma > 0.0 else 0.0


def _standing(reading: Readings, member: str, side: str) -> tuple[float, float]:
    """(measured, the side it presses on) of one member; where a limit reads as a whole, of the nearest to its side."""
    bounds = reading.upper if side == "upper" else reading.lower
    if member in reading.members:
        i = reading.members.index(member)
    else:
        i = int(np.argmin(np.abs(bounds - reading.measured)))
    return float(reading.measured[i]), float(bounds[i])
