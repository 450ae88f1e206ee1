"""What presses on a day's answer, and what more room under each limit would be worth at the margin."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from portopt.domain.arrays import Vector
from portopt.optimization.daily.day import Day, Found
from portopt.optimization.daily.template import Template

NEGLIGIBLE = 1e-8  # of the gradient


def binding(template: Template, day: Day, found: Found) -> tuple[tuple[str, float], ...]:
    """(limit and member, worth of one natural unit more of it, in the objective's own unit), the dearest first."""
    floor = NEGLIGIBLE * float(np.abs(found.gradient).max(initial=0.0))
    slope, together = _slope(template, day, found.w), dict[str, float]()
    for name, price in _pressing(template, day, found):
        if price > floor:
            together[name] = together.get(name, 0.0) + price * slope
    return tuple(sorted(together.items(), key=lambda item: (-item[1], item[0])))


def _slope(template: Template, day: Day, w: Vector) -> float:
    """What the figure that people see moves by for one of the objective."""
    d = w - day.center if template.about and day.center is not None else w
    below = float(np.sqrt(max(float(d @ (day.M @ d)), 0.0))) if day.ratio or template.square else 1.0
    return 1.0 / below if below > 0.0 else 0.0


def _pressing(template: Template, day: Day, found: Found) -> Iterator[tuple[str, float]]:
    form, k = template.form, template.first
    y = np.zeros(len(form.row_lower))
    y[k.rows] = found.y
    wants = -(found.gradient + found.y @ day.G)
    buying, selling = day.buying + found.y @ day.G_buys, day.selling + found.y @ day.G_sells
    at_upper, at_lower = np.maximum(wants - buying, 0.0), np.maximum(-wants - selling, 0.0)
    up, down = np.where(found.w >= day.upper, at_upper, 0.0), np.where(found.w <= day.lower, at_lower, 0.0)
    for group in form.row_groups:
        for i in range(group.start, group.stop) if group.limit in template.asked else ():
            yield _named(group.limit, group.members, i - group.start), float(abs(y[i]) * form.row_relax[i])
    for group in form.bound_groups:
        for i in range(group.start, group.stop) if group.limit in template.asked else ():
            j = form.bound_columns[i]
            if j >= day.n:
                continue
            pressed = up[j] * (form.bound_upper[i] == day.upper[j]) + down[j] * (form.bound_lower[i] == day.lower[j])
            yield _named(group.limit, group.members, i - group.start), float(pressed * form.bound_relax[i])
    for cone in form.cones:
        if cone.limit in template.asked:
            yield cone.limit, found.pull * day.radius * float(np.sqrt(template.scale))


def _named(limit: str, members: tuple[str, ...] | None, i: int) -> str:
    return limit if members is None else f"{limit} {members[i]}".strip()
