"""Utility with a taste for responsible assets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from portopt.domain.arrays import Vector
from portopt.domain.problem import Objective, Problem
from portopt.domain.program import Program
from portopt.terms.shared.charges import charges
from portopt.terms.shared.checks import aversion, number, options, required
from portopt.terms.shared.risk import add_variance
from portopt.terms.shared.scores import neutral_scores

EXAMPLE = '{"kind": "esg_tilt", "risk_aversion": 4.0, "taste": 0.01}'


@dataclass(frozen=True, slots=True)
class EsgTilt(Objective):
    """maximize  mu'w - gamma/2 w'Sigma w + taste * s'w - costs

    taste: annual return one would give up for one more point of ESG score (0.01 is one percent a year a point).
    s: scores; cash and what nobody scored count as the mean of the scored assets.
    Source: Pedersen, Fitzgibbons and Pomorski (2021).
    """

    risk_aversion: float
    taste: float

    kind: ClassVar[str] = "esg_tilt"
    sense: ClassVar[str] = "maximize"
    unit: ClassVar[str] = "return"
    charges_costs: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "risk_aversion", aversion(self.risk_aversion))
        object.__setattr__(self, "taste", number("objective.taste", self.taste, low=-10.0, high=10.0, example="0.01"))

    @property
    def gamma(self) -> float | None:
        return self.risk_aversion

    def express(self, program: Program, p: Problem) -> None:
        add_variance(program, p.moments.covariance, self.risk_aversion)
        program.add_linear(program.weights, -p.moments.mu - self.taste * neutral_scores(p))

    def value(self, w: Vector, p: Problem) -> float:
        liked = float((p.moments.mu + self.taste * neutral_scores(p)) @ w)
        return liked - 0.5 * self.risk_aversion * p.moments.covariance.variance(w) - charges(w, p)

    def describe(self) -> str:
        worth = f"at {1e4 * self.taste:g} bps a year for each point of ESG score"
        return f"the best expected return after risk and trading costs, at risk aversion {self.risk_aversion:g} and {worth}"

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> EsgTilt:
        given = options("objective", spec, ("risk_aversion", "taste"), example=EXAMPLE)
        gamma = required("objective", given, "risk_aversion", example=EXAMPLE)
        return cls(gamma, required("objective", given, "taste", example=EXAMPLE))
