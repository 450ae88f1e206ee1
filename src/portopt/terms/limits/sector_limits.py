"""How much of the portfolio each sector may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from portopt.domain.arrays import Vector
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import Program
from portopt.domain.universe import Asset, is_blank
from portopt.terms.shared.exposure import (
    Exposures,
    Sides,
    checked_sides,
    describe_exposures,
    exposures,
    fractions_of,
    of_no_group,
    opened,
    read_exposures,
    write_exposures,
)
from portopt.terms.shared.told import group_at_its_side

FIELD = "limits.sector_limits"


@dataclass(frozen=True, slots=True)
class SectorLimits(Limit):
    """floor_g  <=  sum of w over the assets of sector g  <=  cap_g

    groups: (floor, cap) by sector, None where a side is open, "*" for every sector not named. A number is a cap, one number
    for all is {"*": cap}: 0.25, or {"Energy": 0.1, "Technology": [0.05, 0.3]}.
    Assets without a sector are in a group of their own, "(none)", under the smallest cap of all unless it is named. Cash
    is in none.
    """

    groups: Mapping[str, Sides]

    kind: ClassVar[str] = "sector_limits"
    noun: ClassVar[str] = "the sector"
    stops: ClassVar[str] = "the limit of its sector"
    precedence: ClassVar[int] = 9
    unit: ClassVar[str] = "fraction"
    reads: ClassVar[tuple[str, ...]] = ("sector",)

    def __post_init__(self) -> None:
        object.__setattr__(self, "groups", checked_sides(FIELD, self.groups))

    def express(self, program: Program, p: Problem) -> None:
        write_exposures(program, self._exposures(p), self.kind)

    def read(self, w: Vector, p: Problem) -> Readings:
        return read_exposures(w, self._exposures(p), self.kind)

    def relaxed(self, by: float) -> SectorLimits:
        return SectorLimits(opened(self.groups, by))

    def describe(self) -> str:
        return describe_exposures(self.groups, "sector")

    def binds_group_of(self, asset: Asset) -> bool:
        return not is_blank(asset.sector)

    def presses(self, asset: Asset, reading: Readings, *, up: bool) -> str:
        return group_at_its_side("sector", asset.sector, reading, up=up)

    def of_the_undescribed(self) -> str:
        return of_no_group(self.groups, self.kind)

    def _exposures(self, p: Problem) -> Exposures:
        return exposures(FIELD, self.groups, "sector", p)

    def fractions(self) -> Iterator[tuple[str, float, float]]:
        yield from fractions_of(FIELD, self.groups)

    @classmethod
    def parse(cls, value: Any) -> SectorLimits:
        return cls(value)
