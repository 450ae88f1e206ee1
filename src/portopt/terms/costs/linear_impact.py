"""Market impact and spread as a flat rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from portopt.domain.arrays import Vector
from portopt.domain.problem import Cost, Problem
from portopt.domain.program import Program
from portopt.domain.tariff import Tariff, exact
from portopt.terms.shared.checks import options, required
from portopt.terms.shared.proportional import charge_rates, checked_rates, own_bps, rates_in_words, rates_of, traded

FIELD = "costs.linear_impact"
EXAMPLE = '{"bps": 15}'


@dataclass(frozen=True, slots=True)
class LinearImpact(Cost):
    """sum_i bps_i / 10,000 * |w_i - w_prev_i|, over every asset but cash.

    bps: basis points of the value traded, whatever its size (S4: 15 for liquid stocks); one number or by asset id, "*" for
    every asset not named.
    """

    bps: float | Mapping[str, float]

    kind: ClassVar[str] = "linear_impact"
    model: ClassVar[str] = "linear"

    def __post_init__(self) -> None:
        object.__setattr__(self, "bps", checked_rates(f"{FIELD}.bps", self.bps))

    def express(self, program: Program, p: Problem) -> None:
        charge_rates(program, p, rates_of(f"{FIELD}.bps", self.bps, p))

    def value(self, w: Vector, p: Problem) -> float:
        return float(rates_of(f"{FIELD}.bps", self.bps, p) @ traded(w, p))

    def convex_value(self, w: Vector, p: Problem) -> float:
        return self.value(w, p)

    def tariff(self, p: Problem) -> Tariff:
        if isinstance(self.bps, Mapping):
            return Tariff(own_bps=own_bps(f"{FIELD}.bps", self.bps, p))
        return Tariff(bps=exact(self.bps))

    def describe(self) -> str:
        return f"market impact of {rates_in_words(self.bps)} of the value traded"

    @classmethod
    def parse(cls, value: Any) -> LinearImpact:
        given = options(FIELD, value, ("bps",), example=EXAMPLE)
        return cls(required(FIELD, given, "bps", example=EXAMPLE))
