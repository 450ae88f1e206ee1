"""The average of what would have been best in many histories that could have been."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Objective, Problem
from portopt.domain.program import Program
from portopt.terms.shared.checks import mapping, number, options, required
from portopt.terms.shared.nearest import UNITS, checked_way, distance, express_nearest, one_of

EXAMPLE = '{"kind": "resampled", "of": {"kind": "max_sharpe"}, "draws": 200, "seed": 0}'
METHODS = ("normal", "bootstrap")
MOST_DRAWS = 10_000


@dataclass(frozen=True, slots=True)
class Resampled(Objective):
    """minimize  1/2 ||w - h||^2,    h = the mean over draws k of  argmax of(w; mu_k, Sigma_k)  under the same limits

    Moments of draw k are those of `observations` returns drawn from what is believed ("normal": N(mu, Sigma), periodic) or
    from the scenarios ("bootstrap": rows with replacement, by their probabilities). An average of portfolios within convex
    limits is within them, so the answer is the average itself.

    of: any objective of the catalog but this one. draws, seed: the same seed gives the same draws on any machine.
    observations: how much history each draw stands for; None is the number of scenarios. nearest: see hierarchical.
    Source: Michaud (1998), Efficient Asset Management.
    """

    of: Mapping[str, Any]
    draws: int = 200
    seed: int = 0
    observations: int | None = None
    method: str = "normal"
    nearest: str = "weights"

    kind: ClassVar[str] = "resampled"
    construction: ClassVar[str] = "average"
    sense: ClassVar[str] = "minimize"
    charges_costs: ClassVar[bool] = False
    reads_scenarios: ClassVar[bool] = True
    reads_factors: ClassVar[bool] = True  # as what is resampled may

    def __post_init__(self) -> None:
        object.__setattr__(self, "of", dict(mapping("objective.of", self.of, example='{"kind": "max_sharpe"}')))
        if self.of.get("kind") == self.kind:
            raise InvalidValue("objective.of", dict(self.of), "is resampled already", fix='write {"kind": "max_sharpe"}')
        object.__setattr__(self, "draws", _whole("draws", self.draws, 2, MOST_DRAWS, "200"))
        object.__setattr__(self, "seed", _whole("seed", self.seed, 0, 2**63 - 1, "0"))
        if self.observations is not None:
            object.__setattr__(self, "observations", _whole("observations", self.observations, 3, 10**7, "756"))
        one_of("method", self.method, METHODS)
        checked_way(self.nearest)

    @property
    def unit(self) -> str:
        return UNITS[self.nearest]

    def express(self, program: Program, p: Problem) -> None:
        express_nearest(program, p, self.nearest)

    def value(self, w: Vector, p: Problem) -> float:
        return distance(w, p, self.nearest)

    def describe(self) -> str:
        return f"the average of {self.draws} resampled optima of {str(self.of.get('kind')).replace('_', ' ')}, seed {self.seed}"

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> Resampled:
        given = options("objective", spec, [f.name for f in fields(cls)], example=EXAMPLE)
        required("objective", given, "of", example='"of": {"kind": "max_sharpe"}')
        return cls(**{name: value for name, value in given.items() if value is not None})


def _whole(name: str, value: Any, low: int, high: int, example: str) -> int:
    field = f"objective.{name}"
    result = number(field, value, low=low, high=high, example=example, counts="plain")
    if result % 1 != 0:
        raise InvalidValue(field, value, "a whole number is needed", fix=f"write {name} as {example}")
    return int(value)
