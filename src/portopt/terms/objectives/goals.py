"""Goals on several axes, and the least weighted distance to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Objective, Problem
from portopt.domain.program import INF, Program
from portopt.terms.risk_measures.catalog import OPTIONS, parse_measure
from portopt.terms.risk_measures.protocol import RiskMeasure
from portopt.terms.shared.axes import AXES, MORE_IS_BETTER, axis_of, direction
from portopt.terms.shared.charges import charges
from portopt.terms.shared.checks import listed, mapping, number, options, required
from portopt.terms.shared.risk import add_variance

FIELD = "objective.goals"
EXAMPLE = '{"return": {"goal": 0.08, "weight": 1}, "risk": {"goal": 0.12, "weight": 2}, "esg": {"goal": 7, "weight": 0.01}}'
TIE_BREAK = 1e-3


@dataclass(frozen=True, slots=True)
class Goals(Objective):
    """minimize  sum over axes of  weight * shortfall(w)  +  tie_break/2 w'Sigma w

        shortfall = max(goal - amount, 0) for return and ESG, max(amount - goal, 0) for the others, in the axis's own unit

    goals: by axis {"goal": …, "weight": …}; the weight is 1 where it is left out. Volatilities and tracking errors are
        measured as they are, not squared.
    tie_break: picks the calmest of the portfolios that come equally close; a tenth of a percent of a half variance, so small
        that it never trades a shortfall worth mentioning. Zero leaves the choice among them open.
    risk_measure: what risk is; confidence, horizon, target, radius, norm: its options.
    Source: Charnes, Cooper and Ferguson (1955), goal programming.
    """

    goals: Mapping[str, Mapping[str, float]]
    tie_break: float = TIE_BREAK
    risk_measure: str = "volatility"
    confidence: float | None = None
    horizon: int | None = None
    target: float | None = None
    radius: float | None = None
    norm: str | None = None

    kind: ClassVar[str] = "goals"
    helpers: ClassVar[str] = "goals"  # what its helper columns pull for
    sense: ClassVar[str] = "minimize"
    unit: ClassVar[str] = "weighted shortfall"
    charges_costs: ClassVar[bool] = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "goals", _goals(self.goals))
        object.__setattr__(self, "tie_break", number("objective.tie_break", self.tie_break, low=0.0, high=1e3, example="1e-3"))
        measure = self.measure
        for name in OPTIONS:
            object.__setattr__(self, name, getattr(measure, name, None))

    @property
    def measure(self) -> RiskMeasure:
        given = {name: getattr(self, name) for name in OPTIONS}
        return parse_measure("objective", self.risk_measure, given)

    @property
    def reads_scenarios(self) -> bool:
        return "risk" in self.goals and self.measure.scenario_based

    def express(self, program: Program, p: Problem) -> None:
        measure = self.measure
        if self.tie_break > 0.0:
            add_variance(program, p.moments.covariance, self.tie_break)
        for name, item in self.goals.items():
            bound = axis_of(name, measure).express(program, p)
            short = program.add_columns(1, lower=0.0)
            program.add_linear(short, item["weight"])
            row = np.append(bound.coefficients, -direction(name))
            side = item["goal"] - bound.constant
            lower, upper = (side, INF) if name in MORE_IS_BETTER else (-INF, side)
            program.add_rows(row[None, :], np.append(bound.columns, short), lower, upper, limit="", relax=0.0)

    def value(self, w: Vector, p: Problem) -> float:
        missed = sum(item["weight"] * self.shortfalls(w, p)[name] for name, item in self.goals.items())
        return missed + 0.5 * self.tie_break * p.moments.covariance.variance(w) + charges(w, p)

    def shortfalls(self, w: Vector, p: Problem) -> dict[str, float]:
        """What each goal is missed by, in its own unit; 0.0 where it is reached.

        w: (n,) weights.
        """
        measure = self.measure
        return {
            name: max(direction(name) * (axis_of(name, measure).amount(w, p) - item["goal"]), 0.0)
            for name, item in self.goals.items()
        }

    def describe(self) -> str:
        named = [
            f"{name.replace('_', ' ')} {'at least' if name in MORE_IS_BETTER else 'at most'} {item['goal']:g}"
            for name, item in self.goals.items()
        ]
        return f"as close as possible to {listed(named)}"

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> Goals:
        given = options("objective", spec, ("goals", "tie_break", "risk_measure", *OPTIONS), example=EXAMPLE)
        required("objective", given, "goals", example=EXAMPLE)
        return cls(**{name: value for name, value in given.items() if value is not None})


def _goals(value: Any) -> dict[str, dict[str, float]]:
    given = mapping(FIELD, value, example=EXAMPLE)
    if not given:
        raise InvalidValue(FIELD, {}, "names no goal", fix=f"write {FIELD}: {EXAMPLE}")
    found = {}
    for name, item in given.items():
        where = f"{FIELD}.{name}"
        if name not in AXES:
            raise InvalidValue(where, item, f"is no axis; known: {listed(AXES)}", fix=f"use {listed(AXES)}")
        said = options(where, item if isinstance(item, Mapping) else {"goal": item}, ("goal", "weight"), example=EXAMPLE)
        goal = number(f"{where}.goal", required(where, said, "goal", example=EXAMPLE), example="0.08")
        weight = said.get("weight")
        found[name] = {
            "goal": goal,
            "weight": number(
                f"{where}.weight", 1.0 if weight is None else weight, low=0.0, high=1e6, example="1.0", counts="plain"
            ),
        }
    return found
