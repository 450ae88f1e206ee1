"""At least so many positions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program
from portopt.terms.shared.checks import fraction, number, options, percent, required
from portopt.terms.shared.choices import NOTHING, countable, reaches

FIELD = "limits.min_positions"
EXAMPLE = '{"count": 20, "least": 0.001}'
LEAST = 0.001


@dataclass(frozen=True, slots=True)
class MinPositions(Limit):
    """number of w_i >= least  >=  count        (cash left out; what is sold short does not count)

    least: how large a position must be to count, a fraction. Integer: one column c_i in {0, 1} an asset, w_i >= least c_i.
    """

    count: float
    least: float = LEAST

    kind: ClassVar[str] = "min_positions"
    noun: ClassVar[str] = "the number of positions"
    stops: ClassVar[str] = "the least number of positions"
    unit: ClassVar[str] = "positions"

    def __post_init__(self) -> None:
        object.__setattr__(self, "count", number(f"{FIELD}.count", self.count, example="20", counts="plain"))
        least = number(f"{FIELD}.least", self.least, low=1e-6, high=1.0, example="0.001")
        object.__setattr__(self, "least", least)

    def express(self, program: Program, p: Problem) -> None:
        at, (floor, _) = countable(p), reaches(p)
        k = len(at)
        counted = program.add_columns(k, lower=0.0, upper=1.0, integer=True)
        # w_i >= least where c_i = 1; no less than structure allows where c_i = 0.
        block = sp.hstack([sp.eye_array(k), -(self.least - floor) * sp.eye_array(k)])
        program.add_rows(block, np.concatenate([at, counted]), floor, INF, limit="", relax=0.0)
        program.add_rows(np.ones((1, k)), counted, self.count, INF, limit=self.kind)

    def read(self, w: Vector, p: Problem) -> Readings:
        large = np.array([float((w[countable(p)] >= self.least - NOTHING).sum())])
        return Readings(self.kind, ("",), large, np.array([self.count]), np.array([np.inf]), self.unit)

    def relaxed(self, by: float) -> MinPositions:
        return MinPositions(self.count - by, self.least)

    def describe(self) -> str:
        return f"at least {np.ceil(self.count - NOTHING):.0f} positions of {percent(self.least)} or more"

    @classmethod
    def parse(cls, value: Any) -> MinPositions:
        if not isinstance(value, Mapping):
            value = {"count": value}
        given = options(FIELD, value, ("count", "least"), example=EXAMPLE)
        count = number(
            f"{FIELD}.count", required(FIELD, given, "count", example=EXAMPLE), low=0.0, example="20", counts="plain"
        )
        if count != int(count):
            raise InvalidValue(f"{FIELD}.count", count, "a whole number of positions is needed", fix=f"write {int(count)}")
        least = given.get("least")
        return cls(count, LEAST if least is None else fraction(f"{FIELD}.least", least))
