"""How much of the portfolio each asset class may be."""

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

FIELD = "limits.asset_class_limits"


@dataclass(frozen=True, slots=True)
class AssetClassLimits(Limit):
    """floor_g  <=  sum of w over the assets of asset class g  <=  cap_g

    groups: (floor, cap) by asset class, None where a side is open, "*" for every asset class not named. A number is a cap,
    one number for all is {"*": cap}: 0.25, or {"Equity": 0.8, "Bond": [0.1, 0.4]}.
    Assets without an asset class are in a group of their own, "(none)", under the smallest cap of all unless it is named. Cash
    is in none.
    """

    groups: Mapping[str, Sides]

    kind: ClassVar[str] = "asset_class_limits"
    noun: ClassVar[str] = "the asset class"
    stops: ClassVar[str] = "the limit of its asset class"
    precedence: ClassVar[int] = 10
    unit: ClassVar[str] = "fraction"
    reads: ClassVar[tuple[str, ...]] = ("asset_class",)

    def __post_init__(self) -> None:
        object.__setattr__(self, "groups", checked_sides(FIELD, self.groups))

    def express(self, program: Program, p: Problem) -> None:
        write_exposures(program, self._exposures(p), self.kind)

    def read(self, w: Vector, p: Problem) -> Readings:
        return read_exposures(w, self._exposures(p), self.kind)

    def relaxed(self, by: float) -> AssetClassLimits:
        return AssetClassLimits(opened(self.groups, by))

    def describe(self) -> str:
        return describe_exposures(self.groups, "asset class")

    def binds_group_of(self, asset: Asset) -> bool:
        return not is_blank(asset.asset_class)

    def presses(self, asset: Asset, reading: Readings, *, up: bool) -> str:
        return group_at_its_side("asset class", asset.asset_class, reading, up=up)

    def of_the_undescribed(self) -> str:
        return of_no_group(self.groups, self.kind)

    def _exposures(self, p: Problem) -> Exposures:
        return exposures(FIELD, self.groups, "asset_class", p)

    def fractions(self) -> Iterator[tuple[str, float, float]]:
        yield from fractions_of(FIELD, self.groups)

    @classmethod
    def parse(cls, value: Any) -> AssetClassLimits:
        return cls(value)
