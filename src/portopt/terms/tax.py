"""The tax that a rebalance costs, as a cost beside those of trading: terms/shared/lots.py has its formulas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portopt.domain.arrays import Vector
from portopt.domain.problem import Cost, Problem
from portopt.domain.program import Program
from portopt.terms.shared.lot_choice import lot_choice
from portopt.terms.shared.lots import express_due


@dataclass(frozen=True, slots=True)
class Tax(Cost):
    """due(S, L) - due(S_0, L_0)    as a fraction of portfolio value, paid once

    S, L: the tax year's net short and long gains with those of the lots sold; S_0, L_0: without. Below zero where these sales
    save tax on gains that were realized before.
    """

    kind: ClassVar[str] = "tax"
    spans_periods: ClassVar[bool] = False  # lots that a later period would buy are none of today's

    def express(self, program: Program, p: Problem) -> None:
        if p.objective.charges_costs:
            program.add_linear(express_due(program, p), 1.0 / p.holding_period_years)
            program.constant -= p.held_lots().due_before / p.holding_period_years

    def value(self, w: Vector, p: Problem) -> float:
        return lot_choice(w, p).due

    def convex_value(self, w: Vector, p: Problem) -> float:
        return self.value(w, p)

    def describe(self) -> str:
        return "tax on realized gains"
