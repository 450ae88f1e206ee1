"""The cheapest trades that bring the book within every limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from portopt.domain.arrays import Vector
from portopt.domain.errors import MissingInput
from portopt.domain.problem import Objective, Problem
from portopt.domain.program import Program
from portopt.terms.shared.charges import charges
from portopt.terms.shared.checks import options
from portopt.terms.shared.tie_break import express_tie_break, tie_break

BETWEEN_EQUALLY_DEAR = 1e-5  # of half the active variance: a cost is a thousandth of a trade


@dataclass(frozen=True, slots=True)
class MinCost(Objective):
    """minimize  costs(w) / holding_period_years  +  k/2 (w - b)'Sigma(w - b),    k = 0.00001

    The cost terms of the request, flat fees in the plan too. Of books that cost the same to reach the one of the least tracking
    error against the benchmark b, of the least risk without one. Raises MissingInput where the request states no costs.
    """

    kind: ClassVar[str] = "min_cost"
    sense: ClassVar[str] = "minimize"
    unit: ClassVar[str] = "return"
    charges_costs: ClassVar[bool] = True
    about_benchmark: ClassVar[bool] = True
    left_alone: ClassVar[str] = "no limit asks for a trade in it"
    linear: ClassVar[str] = "risk"  # what of the tie-break is linear: -k Sigma b

    def express(self, program: Program, p: Problem) -> None:
        if not p.costs:
            raise MissingInput(
                "the objective is the cost of trading, and the request states no costs",
                field="costs",
                fixes=['add costs, for example {"linear_impact": {"bps": 15}}', 'use {"kind": "min_turnover"}'],
            )
        express_tie_break(program, p, BETWEEN_EQUALLY_DEAR)

    def value(self, w: Vector, p: Problem) -> float:
        return tie_break(w, p, BETWEEN_EQUALLY_DEAR) + charges(w, p)

    def describe(self) -> str:
        return "the cheapest trades that keep every limit"

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> MinCost:
        options("objective", spec, (), example='{"kind": "min_cost"}')
        return cls()
