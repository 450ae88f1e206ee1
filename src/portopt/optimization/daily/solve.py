"""The weights of one day, from where everything stood the day before."""

from __future__ import annotations

from dataclasses import replace

from portopt.domain.arrays import Vector
from portopt.optimization.beside.standing import Standing, possible
from portopt.optimization.daily.check import checked
from portopt.optimization.daily.day import Day, Found
from portopt.optimization.daily.powers import with_powers
from portopt.optimization.daily.settle import come_to

LOOKS = 2


def solved(day: Day, now: Standing, tau: float, y: Vector) -> Found | None:
    """The optimum, checked, or None where it is not come to in the steps that are counted.

    now, tau, y: where everything stood, and tau and the rows' multipliers, of an answer nearby. What a first look ends at
    and does not pass the check, a table that many corners have worn, is begun at again with a new one.
    """
    now = replace(now, places=possible(day, now.places))
    for _ in range(LOOKS):
        found = come_to(day, now, tau, y) if day.powers is None else with_powers(day, now, tau, y)
        if found is None or checked(day.as_traded(found.w), found).holds():
            return found
        now, tau, y = found.standing, found.tau, found.y
    return None
