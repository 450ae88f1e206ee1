"""What may not be traded stays where it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import Program
from portopt.domain.universe import Asset
from portopt.terms.shared.checks import flag, number, percent


@dataclass(frozen=True, slots=True)
class Frozen(Limit):
    """w_i = w_prev_i  for every asset that is not tradable.

    slack: zero in every request, there so that the limit can be opened like any other.
    """

    slack: float = 0.0

    kind: ClassVar[str] = "frozen"
    noun: ClassVar[str] = "the weight of"
    stops: ClassVar[str] = "it cannot be traded"
    structural: ClassVar[bool] = True
    unit: ClassVar[str] = "fraction"

    def __post_init__(self) -> None:
        object.__setattr__(self, "slack", number("limits.frozen", self.slack, low=0.0))

    def express(self, program: Program, p: Problem) -> None:
        held, names = _held(p)
        if len(held):
            now = p.previous()[held]
            program.add_bounds(held, now - self.slack, now + self.slack, limit=self.kind, members=names)

    def read(self, w: Vector, p: Problem) -> Readings:
        held, names = _held(p)
        now = p.previous()[held] if len(held) else np.zeros(0)
        return Readings(self.kind, names, w[held], now - self.slack, now + self.slack)

    def relaxed(self, by: float) -> Frozen:
        return Frozen(self.slack + by)

    def bars(self, asset: Asset, held: float) -> str:
        return "" if asset.tradable else self.stops

    def describe(self) -> str:
        within = f" to within {percent(self.slack)}" if self.slack else ""
        return f"what cannot be traded keeps its weight{within}"

    @classmethod
    def parse(cls, value: Any) -> Frozen | None:
        return cls() if flag("limits.frozen", value) else None


def _held(p: Problem) -> tuple[Indices, tuple[str, ...]]:
    held = [i for i, asset in enumerate(p.universe.assets) if not asset.tradable]
    return np.array(held, dtype=np.intp), tuple(p.universe.ids[i] for i in held)
