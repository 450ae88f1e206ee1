"""What presses on a day's answer, and what more room under each limit would be worth at the margin."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from portopt.domain.arrays import Vector
from portopt.optimization.daily.day import Day, Found
from portopt.optimization.daily.template import Template

NEGLIGIBLE = 1e-8  # of the gradient


def binding(template: Template, day: Day, found: Found, benchmark: Vector | None = None) -> tuple[tuple[str, float], ...]:
    """(limit and member, worth of one natural unit more of it, in the objective's own unit), the dearest first.

    benchmark: (n,) of the day.
    """
    floor = NEGLIGIBLE * float(np.abs(found.gradient).max(initial=0.0))
    slope, together = _slope(template, day, found.w, benchmark), dict[str, float]()
    for name, price in _pressing(template, day, found, floor):
        together[name] = together.get(name, 0.0) + price * slope
    return tuple(sorted(together.items(), key=lambda item: (-item[1], item[0])))


def _slope(template: Template, day: Day, w: Vector, benchmark: Vector | None) -> float:
    """What the figure that people see moves by for one of the objective."""
    if not day.ratio and not template.square:
        return 1.0
    d = w - benchmark if template.about and benchmark is not None else w
    below = float(np.sqrt(max(float(d @ (day.M @ d)), 0.0)))
    return 1.0 / below if below > 0.0 else 0.0


def _pressing(template: Template, day: Day, found: Found, floor: float) -> Iterator[tuple[str, float]]:
    form, k = template.form, template.first
    rows = np.zeros(len(form.row_lower))
    rows[k.rows] = found.y
    for groups, prices in (
        (form.row_groups, np.abs(rows) * form.row_relax),
        (form.bound_groups, _of_bounds(template, day, found) * form.bound_relax),
    ):
        for group in groups:
            part = prices[group.start : group.stop]
            for i in np.flatnonzero(part > floor).tolist() if group.limit in template.asked else ():
                yield _named(group.limit, group.members, i), float(part[i])
    for cone in form.cones:
        if cone.limit in template.asked and found.pull > 0.0:
            yield cone.limit, found.pull * day.radius * float(np.sqrt(template.scale))


def _of_bounds(template: Template, day: Day, found: Found) -> Vector:
    """(k,) what presses on each bound of the form."""
    form = template.form
    wants = -(found.gradient + found.y @ day.G)
    buying, selling = day.buying + found.y @ day.G_buys, day.selling + found.y @ day.G_sells
    paid = np.where(found.w > day.book, buying, np.where(found.w < day.book, -selling, np.clip(wants, -selling, buying)))
    up = np.where(found.w >= day.upper, np.maximum(wants - paid, 0.0), 0.0)
    down = np.where(found.w <= day.lower, np.maximum(paid - wants, 0.0), 0.0)
    of_weight = form.bound_columns < day.n
    j = np.where(of_weight, form.bound_columns, 0)
    pressed = up[j] * (form.bound_upper == day.upper[j]) + down[j] * (form.bound_lower == day.lower[j])
    return np.asarray(pressed * of_weight)


def _named(limit: str, members: tuple[str, ...] | None, i: int) -> str:
    return limit if members is None else f"{limit} {members[i]}".strip()
