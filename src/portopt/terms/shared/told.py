"""What several limits say alike of why they move an asset."""

from __future__ import annotations

from portopt.domain.universe import NO_GROUP
from portopt.domain.voice import Readings
from portopt.domain.words import signed_percent


def at_its_limit(what: str, *, up: bool) -> str:
    """A limit on a risk: "holding less lowers the tracking error, which is at its limit"."""
    return f"holding {'more' if up else 'less'} lowers the {what}, which is at its limit"


def group_at_its_side(noun: str, group: str | None, reading: Readings, *, up: bool) -> str:
    """A limit on groups: "its sector Energy is at the 10.00 % cap"; for an asset of no group "what has no sector is …"."""
    sides = reading.sides(group or NO_GROUP)
    side = "" if sides is None else f" {signed_percent(sides[0] if up else sides[1])}"
    whose = f"its {noun} {group}" if group else f"what has no {noun}"
    return f"{whose} is at the{side} {'floor' if up else 'cap'}"


def below_the_floor(noun: str, score: float | None, floor: float, *, kept: bool) -> str:
    """A floor on scores, for an asset it bars: "quality 4.5 is below the floor of 6.0"; "" for one that passes."""
    if score is not None and score >= floor:
        return ""
    may = " and an existing position may be kept" if kept else ""
    if score is None:
        return f"it has no {noun} score, which is not a pass: the floor is {floor:.1f}{may}"
    called = noun if noun == "quality" else f"{noun} score"
    return f"{called} {score:g} is below the floor of {floor:.1f}{may}"
