"""Weights somebody wants, and the portfolio nearest to them within the limits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Objective, Problem
from portopt.domain.program import Program
from portopt.domain.universe import CASH
from portopt.terms.shared.checks import mapping, number, options, percent, required
from portopt.terms.shared.members import unknown_name
from portopt.terms.shared.nearest import UNITS, checked_way, distance, express_nearest, one_of

FIELD = "objective.weights"
EXAMPLE = '{"kind": "target_weights", "weights": {"AAPL": 0.3, "XOM": 0.2}}'
RESTS = ("cash", "equally")
SUM_TOLERANCE = 1e-3  # weights rounded to three digits still add up


@dataclass(frozen=True, slots=True)
class TargetWeights(Objective):
    """minimize  1/2 ||w - h||^2  ("weights")  or  1/2 (w - h)'Sigma(w - h)  ("risk"),    h the weights wanted

    weights: by asset id, fractions of portfolio value; what is not named is wanted at zero. rest: where what they leave of
    the portfolio belongs, to "cash" or "equally" to the assets that are not named.
    """

    weights: Mapping[str, float]
    rest: str = "cash"
    nearest: str = "weights"

    kind: ClassVar[str] = "target_weights"
    construction: ClassVar[str] = "weights"
    sense: ClassVar[str] = "minimize"
    charges_costs: ClassVar[bool] = False

    def __post_init__(self) -> None:
        given = mapping(FIELD, self.weights, example='{"AAPL": 0.3, "XOM": 0.2}')
        if not given:
            raise InvalidValue(FIELD, {}, "names no asset", fix=f"write {EXAMPLE}")
        wanted = {name: number(f"{FIELD}.{name}", w, low=-10.0, high=10.0) for name, w in given.items()}
        object.__setattr__(self, "weights", wanted)
        one_of("rest", self.rest, RESTS)
        checked_way(self.nearest)

    @property
    def unit(self) -> str:
        return UNITS[self.nearest]

    def wanted(self, p: Problem) -> Vector:
        """(n,) the weights wanted, adding to one. Raises InvalidValue for a name or a sum that cannot be."""
        ids = p.universe.ids
        for name, w in self.weights.items():
            if name not in ids:
                raise unknown_name(FIELD, name, w, [i for i in ids if i != CASH], "asset")
        h = np.array([self.weights.get(name, 0.0) for name in ids])
        rest = 1.0 - math.fsum(self.weights.values())
        others = [i for i, name in enumerate(ids) if name not in self.weights and name != CASH]
        cash = p.universe.cash_position
        if abs(rest) <= SUM_TOLERANCE:
            return np.asarray(h / h.sum())
        if rest > 0.0 and self.rest == "equally" and others:
            h[others] = rest / len(others)
        elif rest > 0.0 and self.rest == "cash" and cash is not None and CASH not in self.weights:
            h[cash] = rest
        else:
            ways = ["make them add up to 1"] + (['add "rest": "equally"'] if rest > 0.0 and others else [])
            raise InvalidValue(FIELD, round(1.0 - rest, 9), "the target weights do not add up to 1", fix=", or ".join(ways))
        return h

    def express(self, program: Program, p: Problem) -> None:
        express_nearest(program, p, self.nearest)

    def value(self, w: Vector, p: Problem) -> float:
        return distance(w, p, self.nearest)

    def describe(self) -> str:
        way = "the weights wanted" if self.nearest == "weights" else "the weights wanted, by tracking error"
        return f"the portfolio nearest to {way} ({percent(math.fsum(self.weights.values()))} in {len(self.weights)} names)"

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> TargetWeights:
        given = options("objective", spec, ("weights", "rest", "nearest"), example=EXAMPLE)
        wanted = required("objective", given, "weights", example=EXAMPLE)
        return cls(wanted, **{name: value for name, value in given.items() if name != "weights" and value is not None})
