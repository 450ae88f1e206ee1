"""How far the portfolio's exposures may stand from the benchmark's."""

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

FIELD = "limits.active_exposure_limits"
EXAMPLE = '{"MKT": 0.1, "SMB": [-0.2, 0.3], "*": 0.25}'


@dataclass(frozen=True, slots=True)
class ActiveExposureLimits(Limit):
    """floor_k  <=  e_k'(w - b)  <=  cap_k        (b the benchmark)

    sides: (floor, cap) by exposure, None where a side is open, "*" for every exposure not named. A number is the most in
    either direction: 0.1 is [-0.1, 0.1], and 0 the benchmark's own exposure.
    """

    sides: Mapping[str, Sides]

    kind: ClassVar[str] = "active_exposure_limits"
    noun: ClassVar[str] = "active exposure to"
    stops: ClassVar[str] = "an active-exposure limit"
    unit: ClassVar[str] = "exposure"
    reads_factors: ClassVar[bool] = True  # what is no factor is an attribute, and every asset needs it

    def __post_init__(self) -> None:
        object.__setattr__(self, "sides", checked_sides(FIELD, self.sides, two_sided=True, example=EXAMPLE))

    def express(self, program: Program, p: Problem) -> None:
        write_rows(program, exposure_rows(FIELD, self.sides, p, p.benchmark_weights()), self.kind)

    def read(self, w: Vector, p: Problem) -> Readings:
        return read_rows(w, exposure_rows(FIELD, self.sides, p, p.benchmark_weights()), self.kind, self.unit)

    def relaxed(self, by: float) -> ActiveExposureLimits:
        return ActiveExposureLimits(opened(self.sides, by))

    def describe(self) -> str:
        return f"exposure less the benchmark's: {describe_sides(self.sides, 'exposure')}"

    @classmethod
    def parse(cls, value: Any) -> ActiveExposureLimits:
        return cls(value)
