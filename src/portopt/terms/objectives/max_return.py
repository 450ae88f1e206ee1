"""The most expected return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from portopt.domain.arrays import Vector
from portopt.domain.problem import Objective, Problem
from portopt.domain.program import Program
from portopt.terms.shared.charges import charges
from portopt.terms.shared.checks import options


@dataclass(frozen=True, slots=True)
class MaxReturn(Objective):
    """maximize  mu'w - costs        (a linear program; only the limits hold it back)"""

    kind: ClassVar[str] = "max_return"
    sense: ClassVar[str] = "maximize"
    unit: ClassVar[str] = "return"
    charges_costs: ClassVar[bool] = True

    def express(self, program: Program, p: Problem) -> None:
        program.add_linear(program.weights, -p.moments.mu)

    def value(self, w: Vector, p: Problem) -> float:
        return float(p.moments.mu @ w) - charges(w, p)

    def describe(self) -> str:
        return "the highest expected return after trading costs"

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> MaxReturn:
        options("objective", spec, (), example='{"kind": "max_return"}')
        return cls()
