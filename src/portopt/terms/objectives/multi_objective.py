"""Several wishes at once: a weighted sum of axes, or one axis alone beside limits on the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Objective, Problem
from portopt.domain.program import Program
from portopt.terms.objectives.goals import Goals
from portopt.terms.risk_measures.catalog import OPTIONS, parse_measure
from portopt.terms.risk_measures.protocol import RiskMeasure
from portopt.terms.shared.axes import AXES, axis_of, direction
from portopt.terms.shared.charges import charges
from portopt.terms.shared.checks import listed, mapping, number, options, required

EXAMPLE = '{"kind": "multi_objective", "scheme": "weighted_sum", "weights": {"return": 1, "risk": 4, "esg": 0.01}}'
BOUNDED_BY = {
    "return": "min_return",
    "risk": "max_volatility or max_risk",
    "esg": "min_esg",
    "cost": "max_cost",
    "turnover": "max_turnover",
    "tracking_error": "max_tracking_error",
}


@dataclass(frozen=True, slots=True)
class MultiObjective(Objective):
    """maximize  sum over axes of  +- weight * charge(w)        (+ for return and ESG, - for the others)

    weights: by axis: "return", "risk", "esg", "cost", "turnover", "tracking_error". Charges: mu'w; half the squared risk for
        volatility-like measures, the risk itself for others (so "risk": 4 is a risk aversion of 4); the ESG score; costs by
        the year; one-way turnover; half the squared tracking error. With a weight on return all weights count relative to
        it and the value is an annual return.
    risk_measure: what risk is; confidence, horizon, target, radius, norm: its options.
    One axis alone with weight 1 is the epsilon-constraint scheme: its bounds on the others are ordinary limits.
    Sources: Miettinen (1999), II.3; Haimes, Lasdon and Wismer (1971).
    """

    weights: Mapping[str, float]
    risk_measure: str = "volatility"
    confidence: float | None = None
    horizon: int | None = None
    target: float | None = None
    radius: float | None = None
    norm: str | None = None

    kind: ClassVar[str] = "multi_objective"
    sense: ClassVar[str] = "maximize"

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", _weights(self.weights))
        measure = self.measure
        for name in OPTIONS:
            object.__setattr__(self, name, getattr(measure, name, None))

    @property
    def measure(self) -> RiskMeasure:
        given = {name: getattr(self, name) for name in OPTIONS}
        return parse_measure("objective", self.risk_measure, given)

    @property
    def unit(self) -> str:
        return "return" if "return" in self.weights else "weighted sum"

    @property
    def helpers(self) -> str:
        """What its helper columns pull for: the risk where it is made of scenarios, else trading."""
        return "risk" if self.reads_scenarios else ""

    @property
    def reads_scenarios(self) -> bool:
        return "risk" in self.weights and self.measure.scenario_based

    @property
    def charges_costs(self) -> bool:
        """A cost at full weight is charged as everywhere else, the flat fees of whole shares too."""
        return self._scaled().get("cost") == 1.0

    def express(self, program: Program, p: Problem) -> None:
        measure = self.measure
        for name, weight in self._charged().items():
            axis_of(name, measure).price(program, p, direction(name) * weight)

    def value(self, w: Vector, p: Problem) -> float:
        measure = self.measure
        parts = (direction(name) * weight * axis_of(name, measure).charge(w, p) for name, weight in self._charged().items())
        return -sum(parts) - charges(w, p)

    def describe(self) -> str:
        named = [f"{weight:g} x {name.replace('_', ' ')}" for name, weight in self.weights.items()]
        risk = "" if "risk" not in self.weights or self.risk_measure == "volatility" else f" (risk: {self.measure.describe()})"
        return f"the best sum of {listed(named)}{risk}"

    def _scaled(self) -> dict[str, float]:
        """The weights relative to that of return."""
        unit = self.weights.get("return", 1.0)
        return {name: weight / unit for name, weight in self.weights.items()}

    def _charged(self) -> dict[str, float]:
        """The weights of what this objective adds itself: a cost at full weight speaks for itself."""
        return {name: weight for name, weight in self._scaled().items() if name != "cost" or weight != 1.0}

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> MultiObjective | Goals:
        given = dict(mapping("objective", spec, example=EXAMPLE))
        scheme = given.pop("scheme", "weighted_sum")
        if scheme == "goal":
            return Goals.parse(given)
        if scheme == "epsilon_constraint":
            return cls(**_single(given))
        if scheme != "weighted_sum":
            known = '"weighted_sum", "epsilon_constraint" or "goal"'
            more = "; a lexicographic order is a sequence of programs" if scheme == "lexicographic" else ""
            raise InvalidValue("objective.scheme", scheme, f"is {known}{more}", fix=f"write {EXAMPLE}")
        found = options("objective", given, ("weights", "risk_measure", *OPTIONS), example=EXAMPLE)
        required("objective", found, "weights", example=EXAMPLE)
        return cls(**{name: value for name, value in found.items() if value is not None})


def _single(given: dict[str, Any]) -> dict[str, Any]:
    """One axis at weight 1. Raises InvalidValue for bounds, which are limits."""
    example = '{"scheme": "epsilon_constraint", "axis": "return"}'
    if given.get("bounds") is not None:
        where = listed(f"{axis}: limits.{limit}" for axis, limit in BOUNDED_BY.items())
        raise InvalidValue("objective.bounds", given["bounds"], f"bounds on the other axes are limits ({where})", fix=example)
    found = options("objective", given, ("axis", "risk_measure", *OPTIONS), example=example)
    axis = required("objective", found, "axis", example=example)
    kept = {name: value for name, value in found.items() if value is not None and name != "axis"}
    return {**kept, "weights": {axis: 1.0}}


def _weights(value: Any) -> dict[str, float]:
    given = mapping("objective.weights", value, example='{"return": 1, "risk": 4}')
    for name in given:
        if name not in AXES:
            fix = f"use {listed(AXES)}"
            raise InvalidValue(f"objective.weights.{name}", given[name], f"is no axis; known: {listed(AXES)}", fix=fix)
    found = {
        name: number(f"objective.weights.{name}", item, low=0.0, high=1e9, example="1.0", counts="plain")
        for name, item in given.items()
    }
    kept = {name: weight for name, weight in found.items() if weight > 0.0}
    if not kept:
        raise InvalidValue("objective.weights", value, "no axis has a weight above zero", fix=f"write {EXAMPLE}")
    return kept
