"""Only assets that are good enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.problem import Problem, Readings
from portopt.domain.program import INF, Program
from portopt.terms.checks import flag, number, options, required
from portopt.terms.scores import barred_by

FIELD = "limits.min_quality"
EXAMPLE = '{"score": 6.0, "grandfather": true}'


@dataclass(frozen=True, slots=True)
class MinQuality:
    """w_i <= 0  for every asset but cash that scores below `score`, or has no score: a missing score is not a pass.

    score: on the scale of the assets' quality scores (S4: 0 to 10).
    grandfather: such an asset may be kept at its present weight, never increased.

    Opening it lowers the score, and assets come in one by one: there is no slope, so its bounds do not move by themselves.
    It is read in weights.
    """

    score: float
    grandfather: bool = False

    kind: ClassVar[str] = "min_quality"
    structural: ClassVar[bool] = False
    soft: ClassVar[bool] = False
    unit: ClassVar[str] = "score"
    scored_by: ClassVar[str] = "quality_score"  # it opens in steps, asset by asset of this attribute

    def __post_init__(self) -> None:
        object.__setattr__(self, "score", number(FIELD, self.score, example="6.0"))
        object.__setattr__(self, "grandfather", flag(f"{FIELD}.grandfather", self.grandfather))

    def express(self, program: Program, p: Problem) -> None:
        barred, most = self._barred(p)
        if len(barred):
            names = [p.universe.ids[i] for i in barred]
            program.add_bounds(barred, -INF, most, limit=self.kind, members=names, relax=0.0)

    def read(self, w: Vector, p: Problem) -> Readings:
        barred, most = self._barred(p)
        names = tuple(p.universe.ids[i] for i in barred)
        return Readings(self.kind, names, w[barred], np.full(len(barred), -np.inf), most)

    def relaxed(self, by: float) -> MinQuality:
        return MinQuality(self.score - by, self.grandfather)

    def describe(self) -> str:
        kept = "; a lower one may be kept, not increased" if self.grandfather else ""
        return f"quality score at least {self.score:g}{kept}"

    def _barred(self, p: Problem) -> tuple[Indices, Vector]:
        """Positions that do not pass, and the most each may weigh."""
        return barred_by(p, "quality_score", self.score, self.grandfather)

    @classmethod
    def parse(cls, value: Any) -> MinQuality:
        if not isinstance(value, Mapping):
            value = {"score": value}
        given = options(FIELD, value, ("score", "grandfather"), example=EXAMPLE)
        grandfather = given.get("grandfather")
        return cls(required(FIELD, given, "score", example=EXAMPLE), False if grandfather is None else grandfather)
