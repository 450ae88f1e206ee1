"""How exposed the portfolio may be: to a factor, to the market (beta), to rates (duration), to any attribute of its assets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from portopt.domain.arrays import Vector
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import Program
from portopt.terms.shared.named_exposures import (
    Sides,
    checked_sides,
    describe_sides,
    exposure_rows,
    opened,
    read_rows,
    write_rows,
)

FIELD = "limits.exposure_limits"
EXAMPLE = '{"beta": [0.8, 1.2], "MKT": [null, 1.1], "duration": 5.0}'


@dataclass(frozen=True, slots=True)
class ExposureLimits(Limit):
    """floor_k  <=  e_k'w  <=  cap_k        (e_k: exposures of the assets, in their own unit; cash has none)

    sides: (floor, cap) by exposure, None where a side is open, "*" for every exposure not named. A number is a cap.
    Exposures are attributes of the assets and factors of the factor model (domain/exposures.py).
    """

    sides: Mapping[str, Sides]

    kind: ClassVar[str] = "exposure_limits"
    noun: ClassVar[str] = "exposure to"
    stops: ClassVar[str] = "an exposure limit"
    unit: ClassVar[str] = "exposure"
    reads_factors: ClassVar[bool] = True  # what is no factor is an attribute, and every asset needs it

    def __post_init__(self) -> None:
        object.__setattr__(self, "sides", checked_sides(FIELD, self.sides, two_sided=False, example=EXAMPLE))

    def express(self, program: Program, p: Problem) -> None:
        write_rows(program, exposure_rows(FIELD, self.sides, p, None), self.kind)

    def read(self, w: Vector, p: Problem) -> Readings:
        return read_rows(w, exposure_rows(FIELD, self.sides, p, None), self.kind, self.unit)

    def relaxed(self, by: float) -> ExposureLimits:
        return ExposureLimits(opened(self.sides, by))

    def describe(self) -> str:
        return f"exposure: {describe_sides(self.sides, 'exposure')}"

    @classmethod
    def parse(cls, value: Any) -> ExposureLimits:
        return cls(value)
