"""What each binding limit costs: at first order from the multipliers of the answer, and at a stated step by solving again.

A limit opened by s natural units moves its row, bound or cone by relax * s. What that gains, g(s), is concave with g(0) = 0
and the multiplier for its slope there, so that

    g(s)  <=  price * s

and nothing less than another solve says how far below g(s) stays: a tracking error of 0.15 % is worth a hundred times more at
the margin than over its next percentage point. So every price is told for a step in proportion to its limit, a tenth of it,
and there is what solving again gave (`solved_again`); where a program is large only the dearest limits are, and the others
are told as "at most". In the objective's own unit (own_unit.py): a return only where a return is given up.

Gains of a ratio are measured at the ratio's own risk aversion: g is then concave up to the change of volatility along the step.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, replace

import numpy as np

from portopt.domain.errors import RequestError
from portopt.domain.explanation import ShadowPrice
from portopt.domain.problem import Problem, Readings
from portopt.domain.program import StandardForm
from portopt.domain.solution import RawAnswer, SolveStatus
from portopt.optimization.polish.whole_numbers import whole_number_limits
from portopt.optimization.prices.limit_steps import Opening, openings
from portopt.optimization.prices.own_unit import OwnUnit
from portopt.optimization.prices.solved_beside import solve_again

TENTH = 0.1  # of the limit: the step its price is told for
STEPS = {"score": 1.0}  # for a limit of nothing: every other unit is a fraction of something, one percentage point
NOTHING = 1e-6
NEGLIGIBLE = 1e-8  # of the largest multiplier's scale; a polished answer has exact zeros here
ENTRIES = 1_500_000  # of the program, times the solves: what prices may cost together
MOST = 12


@dataclass(frozen=True, slots=True)
class _Pressed:
    limit: str
    member: str
    side: str
    price: float  # of the minimized objective per natural unit, positive


def shadow_prices(problem: Problem, form: StandardForm, raw: RawAnswer) -> tuple[ShadowPrice, ...]:
    """A price for every binding limit (and member of it), the dearest first, each as the most that its step can be worth.

    Empty when there is no multiplier to read.
    """
    if raw.x is None or raw.duals is None:
        return ()
    w = raw.x[: form.n_weights]
    own = OwnUnit(problem, form, raw.x)
    slope, whole = own.slope, bool(form.integer.any())
    floor = NEGLIGIBLE * max(1e-12, float(np.abs(form.q + form.P_times(raw.x)).max(initial=0.0)))
    without = whole_number_limits(problem) if whole else ()  # what opens in steps has no price at the margin
    # Structural limits, the budget among them, cannot be opened.
    asked = {limit.kind: limit for limit in problem.limits if not limit.structural and limit.kind not in without}
    together: dict[tuple[str, str, str], float] = {}
    for item in _pressed(form, raw, asked):
        if item.price > floor:
            key = (item.limit, item.member, item.side)
            together[key] = together.get(key, 0.0) + item.price
    pressing = {name for name, _, _ in together}
    readings = {kind: (limit.read(w, problem), limit.unit) for kind, limit in asked.items() if kind in pressing}
    found, told_in = [], own.name
    for (name, member, side), price in together.items():
        reading, unit = readings[name]
        told, measured, bound = _standing(reading, member, side)
        step, per_unit = step_of(bound, unit), price * slope
        standing = (name, member, unit, told, measured, bound, -price)
        found.append(ShadowPrice(*standing, told_in, per_unit, step, per_unit * step, whole_numbers_stay=whole))
    return _dearest_first(found)


def solved_again(
    problem: Problem, form: StandardForm, raw: RawAnswer, prices: tuple[ShadowPrice, ...], most: int | None = None
) -> tuple[ShadowPrice, ...]:
    """The prices with what their steps gain when the dearest of them are solved for again, each limit opened by itself.

    most: how many are; by default as many as the program's size affords. A whole number in the answer stays what it is.
    """
    if raw.x is None or raw.duals is None:
        return prices
    own, count = OwnUnit(problem, form, raw.x), affordable(form) if most is None else most
    opening = tuple(openings(problem, form, raw))
    tried = [_solved(price, next((o for o in opening if o.is_of(price)), None), own, raw) for price in prices[:count]]
    return _dearest_first([*tried, *prices[count:]])


def affordable(form: StandardForm) -> int:
    """How many more programs of this size are worth solving for an explanation. Counted, so that any machine says the same."""
    entries = sum(block.shared.size for block in form.quadratics) + form.A.nnz + sum(cone.B.nnz for cone in form.cones)
    return int(min(ENTRIES // max(entries, 1), MOST))


def step_of(bound: float, unit: str) -> float:
    """A tenth of the limit, to two digits."""
    return float(f"{TENTH * abs(bound):.2g}") if abs(bound) > NOTHING else STEPS.get(unit, 0.01)


def _solved(price: ShadowPrice, opening: Opening | None, own: OwnUnit, raw: RawAnswer) -> ShadowPrice:
    if opening is None:
        return price
    try:
        answer = solve_again(opening.opened(own.form, price.step), raw)
    except RequestError:  # with more room the ratio has no maximum: what is known is the bound
        return price
    if answer.status is not SolveStatus.OPTIMAL or answer.x is None:
        return price
    return replace(price, worth=own.gained(answer.x), solved_again=True)


def _dearest_first(prices: list[ShadowPrice]) -> tuple[ShadowPrice, ...]:
    return tuple(sorted(prices, key=lambda p: (-p.worth, p.multiplier, p.limit, p.member)))


def _pressed(form: StandardForm, raw: RawAnswer, asked: Container[str]) -> Iterator[_Pressed]:
    duals = raw.duals
    if duals is None:
        return
    for groups, multipliers, relax in (
        (form.row_groups, duals.rows, form.row_relax),
        (form.bound_groups, duals.bounds, form.bound_relax),
    ):
        for group in groups:
            if group.limit not in asked:
                continue
            for i in group.start + np.flatnonzero(multipliers[group.start : group.stop]):
                member = "" if group.members is None else group.members[i - group.start]
                side = "upper" if multipliers[i] > 0 else "lower"
                yield _Pressed(group.limit, member, side, float(abs(multipliers[i]) * relax[i]))
    for cone, z in zip(form.cones, duals.cones, strict=True):
        if cone.limit in asked and cone.relax is not None:
            yield _Pressed(cone.limit, cone.member or "", "upper", float(z @ cone.relax))


def _standing(reading: Readings, member: str, side: str) -> tuple[str, float, float]:
    """(which side people see, measured, its bound) of one member; where a limit reads as a whole, of the nearest to its side.

    A limit that reads a size (days to trade, distance from whole lots) has an upper side alone, whichever way it presses.
    """
    if not np.isfinite(reading.upper if side == "upper" else reading.lower).any():
        side = "lower" if side == "upper" else "upper"
    bounds = reading.upper if side == "upper" else reading.lower
    if member in reading.members:
        i = reading.members.index(member)
    else:
        i = int(np.argmin(np.abs(bounds - reading.measured)))
    return side, float(reading.measured[i]), float(bounds[i])
