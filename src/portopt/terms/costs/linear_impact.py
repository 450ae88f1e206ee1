"""Market impact and spread as a flat rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.domain.program import Program
from portopt.terms.checks import number, options, required
from portopt.terms.costs.proportional import charge_proportional, traded

FIELD = "costs.linear_impact"
EXAMPLE = '{"bps": 15}'


@dataclass(frozen=True, slots=True)
class LinearImpact:
    """bps / 10,000 * sum |w_i - w_prev_i|, over every asset but cash.

    bps: basis points of the value traded, whatever its size (S4: 15 for liquid stocks).
    """

    bps: float

    kind: ClassVar[str] = "linear_impact"

    def __post_init__(self) -> None:
        object.__setattr__(self, "bps", number(f"{FIELD}.bps", self.bps, low=0.0, high=10_000.0, example="15"))

    def express(self, program: Program, p: Problem) -> None:
        charge_proportional(program, p, self.bps)

    def value(self, w: Vector, p: Problem) -> float:
        return self.bps * 1e-4 * float(traded(w, p).sum())

    def convex_value(self, w: Vector, p: Problem) -> float:
        return self.value(w, p)

    def describe(self) -> str:
        return f"market impact of {self.bps:g} bps of the value traded"

    @classmethod
    def parse(cls, value: Any) -> LinearImpact:
        given = options(FIELD, value, ("bps",), example=EXAMPLE)
        return cls(required(FIELD, given, "bps", example=EXAMPLE))
