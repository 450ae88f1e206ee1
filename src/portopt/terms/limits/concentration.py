"""Not too much in too few, by the Herfindahl index."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import Program
from portopt.terms.shared.checks import number, options

FIELD = "limits.concentration"
EXAMPLE = '{"hhi": 0.1} or {"effective_positions": 10}'


@dataclass(frozen=True, slots=True)
class Concentration(Limit):
    """sqrt(sum_i w_i^2)  <=  sqrt(hhi)        (cash left out)

    hhi: cap on the Herfindahl-Hirschman index; 1/hhi is the effective number of positions of a fully invested book. Read
    and opened as the root, in which it is a cone. Source: Herfindahl (1950); Hannah and Kay (1977) for the effective number.
    """

    hhi: float

    kind: ClassVar[str] = "concentration"
    noun: ClassVar[str] = "concentration"
    stops: ClassVar[str] = "the concentration limit"
    unit: ClassVar[str] = "root_hhi"

    def __post_init__(self) -> None:
        object.__setattr__(self, "hhi", number(f"{FIELD}.hhi", self.hhi, low=0.0, example="0.1"))

    def express(self, program: Program, p: Problem) -> None:
        held = np.flatnonzero(~p.universe.is_cash)
        opening = np.zeros(1 + len(held))
        opening[0] = 1.0
        sides = np.concatenate([[math.sqrt(self.hhi)], np.zeros(len(held))])
        program.add_cone("second_order", [(1, sp.eye_array(len(held)), held)], sides, limit=self.kind, relax=opening)

    def read(self, w: Vector, p: Problem) -> Readings:
        root = np.array([float(np.linalg.norm(w[~p.universe.is_cash]))])
        return Readings(self.kind, ("",), root, np.array([-np.inf]), np.array([math.sqrt(self.hhi)]), self.unit)

    def relaxed(self, by: float) -> Concentration:
        return Concentration((math.sqrt(self.hhi) + by) ** 2)

    def describe(self) -> str:
        effective = f", {1.0 / self.hhi:.4g} effective positions" if self.hhi > 0.0 else ""
        return f"Herfindahl index at most {self.hhi:.6g}{effective}"

    def fractions(self) -> Iterator[tuple[str, float, float]]:
        yield f"{FIELD}.hhi", self.hhi, 1.0

    @classmethod
    def parse(cls, value: Any) -> Concentration:
        spelled = value if isinstance(value, Mapping) else {"hhi": value}
        given = options(FIELD, spelled, ("hhi", "effective_positions"), example=EXAMPLE)
        hhi, effective = given.get("hhi"), given.get("effective_positions")
        if (hhi is None) == (effective is None):
            raise InvalidValue(FIELD, dict(given), "needs one of hhi and effective_positions", fix=f"write {FIELD}: {EXAMPLE}")
        if effective is not None:
            return cls(1.0 / number(f"{FIELD}.effective_positions", effective, low=1.0, example="10", counts="plain"))
        return cls(number(f"{FIELD}.hhi", hhi, low=0.0, example="0.1"))
