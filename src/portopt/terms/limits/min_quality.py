"""Only assets that are good enough."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from portopt.domain.arrays import Indices, Vector
from portopt.domain.canonical import LATER
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import Program
from portopt.domain.universe import Asset
from portopt.terms.shared.checks import flag, number
from portopt.terms.shared.choices import NOTHING
from portopt.terms.shared.scores import (
    and_exempt,
    barred_by,
    class_names,
    floor_of,
    is_exempt,
    of_the_barred,
    of_the_exempt,
    read_barred,
    score_steps,
    write_barred,
)
from portopt.terms.shared.told import below_the_floor

FIELD = "limits.min_quality"
EXAMPLE = '{"score": 6.0, "grandfather": true, "exempt_classes": ["Bond"]}'


@dataclass(frozen=True, slots=True)
class MinQuality(Limit):
    """w_i <= 0  for every asset but cash that scores below `score`, or has no score: a missing score is not a pass.

    score: on the scale of the assets' quality scores (S4: 0 to 10).
    grandfather: such an asset may be kept at its present weight, never increased.
    exempt_classes: asset classes that are not scored on this scale (a bond fund); the floor is not asked of their assets,
        scored or not. Upper and lower case count alike. Every other asset without a score stays barred.

    Opening it lowers the score, and assets come in one by one: there is no slope, so its bounds do not move by themselves.
    It is read in weights.
    """

    score: float
    grandfather: bool = False
    exempt_classes: tuple[str, ...] = field(default=(), metadata=LATER)

    kind: ClassVar[str] = "min_quality"
    noun: ClassVar[str] = "the weight of"
    stops: ClassVar[str] = "the quality floor"
    unit: ClassVar[str] = "score"
    reads: ClassVar[tuple[str, ...]] = ("quality_score",)
    scored_by: ClassVar[str] = "quality_score"  # it opens in steps, asset by asset of this attribute

    def __post_init__(self) -> None:
        object.__setattr__(self, "score", number(FIELD, self.score, example="6.0", counts="plain"))
        object.__setattr__(self, "grandfather", flag(f"{FIELD}.grandfather", self.grandfather))
        object.__setattr__(self, "exempt_classes", class_names(f"{FIELD}.exempt_classes", self.exempt_classes))

    def express(self, program: Program, p: Problem) -> None:
        write_barred(program, p, self._barred(p), self.kind)

    def read(self, w: Vector, p: Problem) -> Readings:
        return read_barred(w, p, self._barred(p), self.kind)

    def relaxed(self, by: float) -> MinQuality:
        return MinQuality(self.score - by, self.grandfather, self.exempt_classes)

    def describe(self) -> str:
        kept = "; a lower one may be kept, not increased" if self.grandfather else ""
        return f"quality score at least {self.score:g}{kept}{and_exempt(self.exempt_classes)}"

    def steps(self, p: Problem) -> tuple[float, ...]:
        return score_steps(p, "quality_score", self.score, self.exempt_classes)

    def bars(self, asset: Asset, held: float) -> str:
        if self.exempts(asset):
            return ""
        return below_the_floor("quality", asset.quality_score, self.score, kept=held > NOTHING)

    def of_the_undescribed(self) -> str:
        return of_the_barred(self.kind, self.grandfather)

    def exempts(self, asset: Asset) -> bool:
        return is_exempt(asset, self.exempt_classes)

    def of_the_exempt(self) -> str:
        return of_the_exempt(self.kind, self.exempt_classes)

    def _barred(self, p: Problem) -> tuple[Indices, Vector]:
        """Positions that do not pass, and the most each may weigh."""
        return barred_by(p, "quality_score", self.score, self.grandfather, self.exempt_classes)

    @classmethod
    def parse(cls, value: Any) -> MinQuality:
        return cls(*floor_of(FIELD, value, EXAMPLE))
