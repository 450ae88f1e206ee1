"""How a limit is spoken of: its third voice, beside the program's and the auditor's.

Reasons of trades, diagnoses and reports ask the limit itself for its words; nobody else knows limits by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.universe import Asset

LAST = 100


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """One limit read off one portfolio: measured against its sides, in the limit's own unit.

    members: names of the single readings (assets, sectors), or ("",) for a limit on the whole portfolio.
    measured, lower, upper: (r,); -inf or inf where a side is open.
    unit: what the numbers are: "fraction" (of portfolio value), "volatility", "tracking_error", "return", "score",
        "exposure" (in the exposure's own unit).
    """

    limit: str
    members: tuple[str, ...]
    measured: Vector
    lower: Vector
    upper: Vector
    unit: str = "fraction"

    def slack(self) -> Vector:
        """(r,) distance to the nearer side; negative is a violation."""
        return np.minimum(self.upper - self.measured, self.measured - self.lower)

    def worst(self) -> float:
        """The largest violation, 0.0 when every side holds."""
        return float(max(0.0, -self.slack().min())) if len(self.measured) else 0.0

    def sides(self, member: str) -> tuple[float, float] | None:
        """(lower, upper) of one member; None where the limit does not bind it."""
        if member not in self.members:
            return None
        at = self.members.index(member)
        return float(self.lower[at]), float(self.upper[at])


class Voice(Protocol):
    """What is said of a limit.

    noun: what it measures: "turnover", "the weight of" (a member's name follows).
    stops: what it is called where it ends a trade, "the turnover limit" (stops more).
    precedence: the smaller, the rather a desk sees it measured when limits conflict.
    pulls_everywhere: it pulls at every asset alike (the budget), and so says nothing of one.
    uses: what every trade uses up of it, where a trade must be worth that: "turnover".
    caps_positions, floors_positions: it is a cap (a floor) on the weight of single assets, told as such.
    """

    @property
    def noun(self) -> str: ...

    @property
    def stops(self) -> str: ...

    @property
    def precedence(self) -> int:
        return LAST

    @property
    def pulls_everywhere(self) -> bool:
        return False

    @property
    def uses(self) -> str:
        return ""

    @property
    def caps_positions(self) -> bool:
        return False

    @property
    def floors_positions(self) -> bool:
        return False

    def bars(self, asset: Asset, held: float) -> str:
        """Why the asset may not be held, whatever else holds; "" where it may. held: its weight in the answer."""
        return ""

    def binds_group_of(self, asset: Asset) -> bool:
        """Whether it is a limit on a group that the asset belongs to: of several reasons to sell that one is told."""
        return False

    def presses(self, asset: Asset, reading: Readings, *, up: bool) -> str:
        """Why it asks for more (up) or less of the asset, where it is what moves it. reading: at the answer."""
        return f"{self.stops} asks for {'more' if up else 'less'} of it"

    def of_cash(self, held: float, *, up: bool) -> str:
        """What a limit on cash itself says where it binds; "" for every other. up: whether it asks for more cash."""
        return ""
