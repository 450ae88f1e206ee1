"""A solved surface of best compromises between two or three axes, and where the book stands beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portopt.domain.arrays import Vector
from portopt.domain.canonical import plain


@dataclass(frozen=True, slots=True, eq=False)
class ParetoPoint:
    """One portfolio that no other beats on every axis.

    amounts: by axis, in the axis's own unit. weights: (n,).
    rates: by every axis but the primary: change of the primary amount per unit the axis is asked to be larger (return, ESG)
        or allowed to be larger (the others); 0.0 where it does not bind.
    """

    amounts: Mapping[str, float]
    weights: Vector
    rates: Mapping[str, float]

    def exchange(self, give: str, get: str) -> float:
        """Units of `give` per unit of `get`, the primary amount unchanged; NaN where one of them does not bind."""
        a, b = self.rates[give], self.rates[get]
        return -b / a if a != 0.0 and b != 0.0 else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """A given book beside the surface.

    dominating: the portfolio at least as good on every other axis and best on the primary; None where the limits leave none.
    improvement: what it gains on each axis, positive is better. distance: of the book to it (to `nearest` without one), each
    axis measured against its range on the surface. nearest: position of the closest point of the surface.
    """

    amounts: Mapping[str, float]
    dominating: ParetoPoint | None
    improvement: Mapping[str, float]
    distance: float
    nearest: int


@dataclass(frozen=True, slots=True, eq=False)
class ParetoSurface:
    """axes: the first is the primary, what each point has the best of at its bounds on the others.

    payoff: for each axis the amounts where that axis is best. solved: programs solved; dropped: points that were the same
    as another, or dominated. without: kinds of limits in whole numbers, which the surface is drawn without.
    failed: points that were asked for and not found.
    """

    axes: tuple[str, ...]
    points: tuple[ParetoPoint, ...]
    payoff: Mapping[str, Mapping[str, float]]
    current: Located | None
    solved: int
    dropped: int
    without: tuple[str, ...] = ()
    failed: int = 0

    def data(self) -> dict[str, Any]:
        """As plain data, for documents and plots."""
        found: dict[str, Any] = plain(self)
        return found


@dataclass(frozen=True, slots=True)
class LexicographicStage:
    """One step of a lexicographic order: the axis, its best amount given the steps before, and the bound carried on."""

    axis: str
    best: float
    bound: float
    tolerance: float
