"""Targets with bands around them: what a model portfolio says of one asset or one group.

    0.05       absolute: 20 % may be 15 % to 25 %
    "25%"      relative, of the target: 20 % may be 15 % to 25 %, 4 % may be 3 % to 5 %
    "5/25"     both, the smaller counts: 20 % may be 15 % to 25 %, 4 % may be 3 % to 5 %
    null       never sold; bought up to the target

Source of 5/25: Swedroe and Kizer, The Only Guide to Alternative Investments You'll Ever Need (2008), and elsewhere under
Swedroe's name: rebalance at an absolute 5 % or a relative 25 %, whichever is less.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portopt.domain.errors import InvalidValue
from portopt.domain.quantities import spelled_fraction
from portopt.terms.shared.checks import number, options, percent, required

USUAL_BAND = "5/25"
BOTH = re.compile(r"\s*([0-9.]+)\s*%?\s*/\s*([0-9.]+)\s*%?\s*")
EXAMPLE = '{"target": 0.2, "band": "5/25"}'
BANDS = '0.05, "25%", "5/25" or null'


@dataclass(frozen=True, slots=True)
class Band:
    """Fractions of the portfolio (absolute) and of the target (relative); the smaller counts. Neither: never sold."""

    absolute: float | None = None
    relative: float | None = None

    @property
    def never_sold(self) -> bool:
        return self.absolute is None and self.relative is None

    def width(self, target: float) -> float:
        """How far from the target it reaches, a fraction of the portfolio."""
        said = [*([] if self.absolute is None else [self.absolute])]
        said += [] if self.relative is None else [self.relative * abs(target)]
        return min(said)

    def describe(self) -> str:
        if self.never_sold:
            return "never sold"
        parts = [] if self.absolute is None else [percent(self.absolute)]
        parts += [] if self.relative is None else [f"{percent(self.relative)} of the target"]
        return "± " + " or ".join(parts) + (", the smaller" if len(parts) > 1 else "")


@dataclass(frozen=True, slots=True)
class Target:
    """What is wanted of one asset or group, and how far it may stray."""

    target: float
    band: Band

    def edges(self, now: float) -> tuple[float, float]:
        """(least, most) as fractions of the portfolio. now: what it is before the trade, for what is never sold."""
        if self.band.never_sold:
            return now, max(now, self.target)
        width = self.band.width(self.target)
        least = self.target - width
        return (max(least, 0.0) if self.target >= 0.0 else least), self.target + width


def read_band(field: str, value: Any) -> Band:
    """A band as it is spelled. Raises InvalidValue."""
    if value is None:
        return Band()
    if isinstance(value, Mapping):
        return _of_parts(field, options(field, value, ("absolute", "relative"), example='{"absolute": 0.05}'))
    if not isinstance(value, str):
        return Band(absolute=number(field, value, low=0.0, high=1.0, example="0.05"))
    both = BOTH.fullmatch(value)
    if both:
        return _percentages(field, value, both)
    relative = spelled_fraction(value)
    if relative is None or relative < 0.0:
        raise InvalidValue(field, value, "is no band", fix=f"write {BANDS}")
    return Band(relative=relative)


def _of_parts(field: str, given: Mapping[str, Any]) -> Band:
    parts = {name: None if given.get(name) is None else number(f"{field}.{name}", given[name], low=0.0) for name in given}
    return Band(**parts)


def _percentages(field: str, value: str, both: re.Match[str]) -> Band:
    absolute, relative = (spelled_fraction(f"{part}%") for part in both.groups())
    if absolute is None or relative is None:
        raise InvalidValue(field, value, "is no band", fix=f"write {BANDS}")
    return Band(absolute, relative)


def read_target(field: str, value: Any, usual: Band) -> Target:
    """A target as it is spelled: a fraction with the usual band, or an object with its own. Raises InvalidValue."""
    if isinstance(value, Target):
        return value
    if not isinstance(value, Mapping):
        return Target(number(field, value, low=-10.0, high=10.0, example="0.2"), usual)
    given = options(field, value, ("target", "band"), example=EXAMPLE)
    target = number(f"{field}.target", required(field, given, "target", example=EXAMPLE), low=-10.0, high=10.0, example="0.2")
    return Target(target, read_band(f"{field}.band", given["band"]) if "band" in given else usual)
