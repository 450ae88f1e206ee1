"""Limits that users write themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program
from portopt.terms.custom.wish import Wish, limit_wish
from portopt.terms.shared.checks import listed, mapping

FIELD = "limits.custom"
EXAMPLE = '{"near the book": "norm2(w - w_prev) <= 0.1"}'
MOST = 50


@dataclass(frozen=True, slots=True)
class Custom(Limit):
    """g_k(w) <= opened  for every wish k; g_k = left - right of what was written, convex by cvxpy's rules.

    wishes: expressions, or functions of installed packages, by the user's own names, which the diagnosis and the
    certificate use. opened: how far all of them are opened.
    """

    wishes: Mapping[str, Any]
    opened: float = 0.0

    kind: ClassVar[str] = "custom"
    noun: ClassVar[str] = "the expression"
    stops: ClassVar[str] = "a limit of your own"
    unit: ClassVar[str] = "expression"

    def __post_init__(self) -> None:
        given = mapping(FIELD, self.wishes, example=EXAMPLE)
        if not 1 <= len(given) <= MOST:
            raise InvalidValue(FIELD, len(given), f"between 1 and {MOST} named limits are accepted", fix=f"write {EXAMPLE}")
        self._read()

    @property
    def reads_scenarios(self) -> bool:
        """A function is given the whole problem."""
        return any(isinstance(wish, Mapping) for wish in self.wishes.values())

    @property
    def reads_factors(self) -> bool:
        return self.reads_scenarios

    def express(self, program: Program, p: Problem) -> None:
        for name, wish in self._read().items():
            bound = wish.write(program, p)
            program.add_bounds(bound, -INF, self.opened, limit=self.kind, members=[name])

    def read(self, w: Vector, p: Problem) -> Readings:
        measured = np.array([wish.value(w, p) for wish in self._read().values()])
        k = len(measured)
        return Readings(self.kind, tuple(self.wishes), measured, np.full(k, -np.inf), np.full(k, self.opened), self.unit)

    def relaxed(self, by: float) -> Custom:
        return Custom(self.wishes, self.opened + by)

    def describe(self) -> str:
        return listed(f"{name}: {wish.text or wish.function}" for name, wish in self._read().items())

    def _read(self) -> dict[str, Wish]:
        return {name: limit_wish(item, f"{FIELD}.{name}") for name, item in self.wishes.items()}

    @classmethod
    def parse(cls, value: Any) -> Custom:
        return cls(value)
