"""How responsible the portfolio is on average."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program
from portopt.terms.shared.checks import listed, number, options, required
from portopt.terms.shared.scores import esg_scores, neutral_scores, worst_scores

FIELD = "limits.min_esg"
EXAMPLE = '{"score": 6.0, "unscored": "worst"}'
UNSCORED = {
    "worst": "min_esg counts them as the worst score",
    "exclude": "min_esg leaves them out of the average, as unscored says",
    "neutral": "min_esg counts them as the mean of the scored, as unscored says",
}


@dataclass(frozen=True, slots=True)
class MinEsg(Limit):
    """sum_i (s_i - score) w_i  >=  -allowance        over the assets that count

    Without an allowance: the average score of what counts, weighted by its weights, is at least `score` (long only). It is
    read as score + sum (s_i - score) w_i, which is that average where everything held counts.
    score: on the scale of the assets' ESG scores. Cash never counts.
    unscored: "worst" counts assets without a score as zero, or as the lowest score where that is less: a missing score is not
        a pass. "exclude" leaves them out of the average; "neutral" counts them at the mean of the scored. To hold none of
        them, use esg_exclusion.
    allowance: how far the weighted sum may fall short; zero in most requests, there so that the limit can be opened.
    """

    score: float
    unscored: str = "worst"
    allowance: float = 0.0

    kind: ClassVar[str] = "min_esg"
    noun: ClassVar[str] = "the ESG score"
    stops: ClassVar[str] = "the ESG floor"
    unit: ClassVar[str] = "score"
    reads: ClassVar[tuple[str, ...]] = ("esg_score",)

    def __post_init__(self) -> None:
        object.__setattr__(self, "score", number(f"{FIELD}.score", self.score, example="6.0", counts="plain"))
        object.__setattr__(self, "allowance", number(f"{FIELD}.allowance", self.allowance, example="0.0"))
        if self.unscored not in UNSCORED:
            raise InvalidValue(f"{FIELD}.unscored", self.unscored, f"is one of {listed(UNSCORED)}", fix='write "worst"')

    def express(self, program: Program, p: Problem) -> None:
        program.add_rows(self._merits(p)[None, :], program.weights, -self.allowance, INF, limit=self.kind)

    def read(self, w: Vector, p: Problem) -> Readings:
        measured = np.array([self.score + float(self._merits(p) @ w)])
        return Readings(self.kind, ("",), measured, np.array([self.score - self.allowance]), np.array([np.inf]), self.unit)

    def relaxed(self, by: float) -> MinEsg:
        return MinEsg(self.score, self.unscored, self.allowance + by)

    def describe(self) -> str:
        short = f", short of it by at most {self.allowance:g}" if self.allowance > 0.0 else ""
        return f"average ESG score at least {self.score:g}{short}"

    def of_the_undescribed(self) -> str:
        return UNSCORED[self.unscored]

    def _merits(self, p: Problem) -> Vector:
        """(n,) s_i - score; 0.0 for what does not count."""
        scores = {"worst": worst_scores, "exclude": esg_scores, "neutral": neutral_scores}[self.unscored](p)
        merits = scores - self.score
        return np.where(np.isnan(merits) | p.universe.is_cash, 0.0, merits)

    @classmethod
    def parse(cls, value: Any) -> MinEsg:
        given = options(
            FIELD,
            value if isinstance(value, Mapping) else {"score": value},
            ("score", "unscored", "allowance"),
            example=EXAMPLE,
        )
        required(FIELD, given, "score", example=EXAMPLE)
        return cls(**{name: item for name, item in given.items() if item is not None})
