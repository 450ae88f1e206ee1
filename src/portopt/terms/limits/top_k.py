"""The largest positions together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program
from portopt.terms.shared.checks import number, options, percent, required

FIELD = "limits.top_k"
EXAMPLE = '{"k": 5, "weight": 0.4}'


@dataclass(frozen=True, slots=True)
class TopK(Limit):
    """w_(1) + ... + w_(k)  <=  weight        (the k largest, cash left out)

    Exactly, in n + 1 columns:  k t + sum_i u_i <= weight,  u_i >= w_i - t,  u_i >= 0.
    Source: Ogryczak and Tamir (2003); Boyd and Vandenberghe (2004), exercise 5.19.
    """

    k: int
    weight: float

    kind: ClassVar[str] = "top_k"
    noun: ClassVar[str] = "the weight of the largest positions"
    stops: ClassVar[str] = "the limit on the largest positions"
    unit: ClassVar[str] = "fraction"

    def __post_init__(self) -> None:
        k = number(f"{FIELD}.k", self.k, low=1.0, example="5", counts="plain")
        if k != int(k):
            raise InvalidValue(f"{FIELD}.k", self.k, "a whole number of positions is needed", fix=f"write {FIELD}: {EXAMPLE}")
        object.__setattr__(self, "k", int(k))
        object.__setattr__(self, "weight", number(f"{FIELD}.weight", self.weight, example="0.4"))

    def express(self, program: Program, p: Problem) -> None:
        held = np.flatnonzero(~p.universe.is_cash)
        n = len(held)
        t, u = program.add_columns(1), program.add_columns(n, lower=0.0)
        over = sp.hstack([-sp.eye_array(n), np.ones((n, 1)), sp.eye_array(n)])
        program.add_rows(over, np.concatenate([held, t, u]), 0.0, INF, limit="", relax=0.0)
        total = np.concatenate([[float(min(self.k, n))], np.ones(n)])[None, :]
        program.add_rows(total, np.concatenate([t, u]), -INF, self.weight, limit=self.kind)

    def read(self, w: Vector, p: Problem) -> Readings:
        largest = np.sort(w[~p.universe.is_cash])[::-1][: self.k]
        return Readings(self.kind, ("",), np.array([float(largest.sum())]), np.array([-np.inf]), np.array([self.weight]))

    def relaxed(self, by: float) -> TopK:
        return TopK(self.k, self.weight + by)

    def describe(self) -> str:
        return f"the {self.k} largest positions together at most {percent(self.weight)}"

    def fractions(self) -> Iterator[tuple[str, float, float]]:
        yield f"{FIELD}.weight", self.weight, 1.0

    @classmethod
    def parse(cls, value: Any) -> TopK:
        given = options(FIELD, value, ("k", "weight"), example=EXAMPLE)
        weight = required(FIELD, given, "weight", example=EXAMPLE)
        return cls(required(FIELD, given, "k", example=EXAMPLE), weight)
