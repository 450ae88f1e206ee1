"""The portfolio is worth what it is worth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import Program
from portopt.terms.shared.checks import flag, number, percent


@dataclass(frozen=True, slots=True)
class Budget(Limit):
    """sum(w) = 1, cash included.

    slack: how far the sum may miss 1; zero in every request, there so that the limit can be opened like any other.
    """

    slack: float = 0.0

    kind: ClassVar[str] = "budget"
    noun: ClassVar[str] = "the sum of the weights"
    stops: ClassVar[str] = "the same money elsewhere"
    pulls_everywhere: ClassVar[bool] = True
    structural: ClassVar[bool] = True
    unit: ClassVar[str] = "fraction"

    def __post_init__(self) -> None:
        object.__setattr__(self, "slack", number("limits.budget", self.slack, low=0.0))

    def express(self, program: Program, p: Problem) -> None:
        ones = np.ones((1, p.n))
        program.add_rows(ones, program.weights, 1.0 - self.slack, 1.0 + self.slack, limit=self.kind)

    def read(self, w: Vector, p: Problem) -> Readings:
        # Rounded once: what NumPy adds up depends on the processor's width, by a last digit.
        total = np.array([math.fsum(w.tolist())])
        return Readings(self.kind, ("",), total, np.array([1.0 - self.slack]), np.array([1.0 + self.slack]))

    def relaxed(self, by: float) -> Budget:
        return Budget(self.slack + by)

    def describe(self) -> str:
        around = f", give or take {percent(self.slack)}" if self.slack else ""
        return f"weights, cash included, add up to 100.00 %{around}"

    @classmethod
    def parse(cls, value: Any) -> Budget | None:
        return cls() if flag("limits.budget", value) else None
