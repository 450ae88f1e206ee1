"""The least trading that brings the book within every limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Objective, Problem
from portopt.domain.program import Program
from portopt.terms.shared.charges import charges
from portopt.terms.shared.checks import options
from portopt.terms.shared.tie_break import express_tie_break, tie_break

BETWEEN_EQUALS = 0.01  # of half the active variance


@dataclass(frozen=True, slots=True)
class MinTurnover(Objective):
    """minimize  1/2 sum |w - w_prev|  +  k/2 (w - b)'Sigma(w - b),    k = 0.01

    One-way turnover, cash included. Many books are reached by the same turnover: of those the one of the least tracking error
    against the benchmark b, of the least risk without one (terms/shared/tie_break.py says what that may cost).
    """

    kind: ClassVar[str] = "min_turnover"
    sense: ClassVar[str] = "minimize"
    unit: ClassVar[str] = "fraction"
    charges_costs: ClassVar[bool] = False
    helpers: ClassVar[str] = "turnover"
    about_benchmark: ClassVar[bool] = True
    left_alone: ClassVar[str] = "no limit asks for a trade in it"
    linear: ClassVar[str] = "risk"  # what of the tie-break is linear: -k Sigma b

    def express(self, program: Program, p: Problem) -> None:
        both = np.concatenate(program.trade_columns(p.previous()))
        program.add_linear(both, 0.5)
        express_tie_break(program, p, BETWEEN_EQUALS)

    def value(self, w: Vector, p: Problem) -> float:
        traded = 0.5 * float(np.abs(w - p.previous()).sum())
        return traded + tie_break(w, p, BETWEEN_EQUALS) + charges(w, p)

    def describe(self) -> str:
        return "the least trading that keeps every limit"

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> MinTurnover:
        options("objective", spec, (), example='{"kind": "min_turnover"}')
        return cls()
