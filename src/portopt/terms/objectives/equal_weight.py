"""The same weight for everything that may be held: 1/n."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Mask, Vector
from portopt.domain.errors import DataError
from portopt.domain.problem import Objective, Problem
from portopt.domain.program import Program
from portopt.terms.shared.checks import options
from portopt.terms.shared.nearest import UNITS, checked_way, distance, express_nearest


@dataclass(frozen=True, slots=True)
class EqualWeight(Objective):
    """minimize  1/2 ||w - h||^2  ("weights")  or  1/2 (w - h)'Sigma(w - h)  ("risk"),    h_i = 1/n for each that counts

    Who counts: every asset but cash that can be traded and that no limit bars (an exclusion by name, a floor on quality or
    ESG scores). What cannot be traded keeps its weight, and the others stay equal around it. Limits that h breaks give the
    nearest portfolio that keeps them: under a cap of 1/n or more nothing changes.
    Source: DeMiguel, Garlappi and Uppal (2009), Optimal versus naive diversification.
    """

    nearest: str = "weights"

    kind: ClassVar[str] = "equal_weight"
    construction: ClassVar[str] = "equal weights"
    sense: ClassVar[str] = "minimize"
    charges_costs: ClassVar[bool] = False

    def __post_init__(self) -> None:
        checked_way(self.nearest)

    @property
    def unit(self) -> str:
        return UNITS[self.nearest]

    def wanted(self, p: Problem) -> Vector:
        """(n,) h. Raises DataError where nothing may be held."""
        who = counted(p)
        if not who.any():
            raise DataError("no asset may be held: nothing to weigh equally", field="objective.kind", value=self.kind)
        return np.where(who, 1.0 / np.count_nonzero(who), 0.0)

    def express(self, program: Program, p: Problem) -> None:
        express_nearest(program, p, self.nearest)

    def value(self, w: Vector, p: Problem) -> float:
        return distance(w, p, self.nearest)

    def describe(self) -> str:
        return "the same weight for every asset that may be held" + (", by tracking error" if self.nearest == "risk" else "")

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> EqualWeight:
        given = options("objective", spec, ("nearest",), example='{"kind": "equal_weight"}')
        return cls(**{name: value for name, value in given.items() if value is not None})


def counted(p: Problem) -> Mask:
    """(n,) which assets may be bought, whatever the amounts: tradable, not cash, barred by no limit."""
    forbidding = [limit for limit in p.limits if not limit.soft]
    barred = [any(limit.bars(asset, 0.0) for limit in forbidding) for asset in p.universe.assets]
    tradable = np.array([asset.tradable for asset in p.universe.assets])
    return np.asarray(tradable & ~np.array(barred) & ~p.universe.is_cash)
