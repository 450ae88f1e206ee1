"""What an answer means: prices of limits, where the risk comes from, why each trade, where the book stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portopt.domain.arrays import Vector


@dataclass(frozen=True, slots=True)
class ShadowPrice:
    """What one binding limit costs.

    measured, bound: where the portfolio stands and the side it presses on. member: "" for a limit on the whole portfolio.
    multiplier: change of the program's minimized objective per natural unit the limit is opened (never positive).
    worth_unit: what the objective counts in (optimization/prices/own_unit.py): "return" is an annual fraction.
    worth_per_unit: what opening it is worth at the margin, in that unit per unit of the limit.
    step: how much more room is spoken of, in the limit's unit. worth: what that room is worth, in worth_unit:
    solved_again: what solving with that room gained; where it was not solved for, the most it can gain.
    whole_numbers_stay: the answer is in whole numbers (which assets, how many lots), and these were held.
    """

    limit: str
    member: str
    unit: str
    side: str  # "lower" or "upper"
    measured: float
    bound: float
    multiplier: float
    worth_unit: str
    worth_per_unit: float
    step: float
    worth: float
    solved_again: bool = False
    whole_numbers_stay: bool = False


@dataclass(frozen=True, slots=True)
class RiskContribution:
    """w_i (Sigma w)_i / sigma: adds up to the volatility. share: as a fraction of it. of: "asset" or "sector"."""

    name: str
    of: str
    weight: float
    contribution: float
    share: float


@dataclass(frozen=True, slots=True)
class TradeReason:
    """Why one asset is bought, sold or kept. pulls: basis points of annual utility per unit of weight, by source,
    ("expected return", "risk", "trading cost", or a limit's kind), at the optimum; they add up to zero there.
    """

    asset_id: str
    sentence: str
    limits: tuple[str, ...]
    pulls: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An analysis that a certified answer goes without. part: what it would have been; reason: without a full stop."""

    part: str
    reason: str

    @property
    def sentence(self) -> str:
        return f"Left out: {self.part}; {self.reason}."


@dataclass(frozen=True, slots=True, eq=False)
class FrontierPoint:
    """One portfolio in the plane of return and risk. weights (n,) in the universe's order, or None.

    expected_return, volatility: annual fractions. risk: by the frontier's own measure and horizon; None is the volatility.
    """

    expected_return: float
    volatility: float
    sharpe_ratio: float | None
    weights: Vector | None = None
    risk: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Frontier:
    """Minimum-volatility portfolios for rising return, under the request's own limits, and the four to compare with.

    optimal: the best ratio of excess return to risk on this frontier. current: the book before the trade, or None.
    risk_measure: what risk means here, with its confidence and horizon. turning_points: how many the exact frontier has
    between its ends, which `corners` are; None for one that was swept point by point. Between two corners weights are linear.
    without: kinds of limits that speak in whole numbers; the line is drawn as if they were not there, so that what they allow
    may lie to the right of it.
    """

    points: tuple[FrontierPoint, ...]
    min_risk: FrontierPoint
    max_return: FrontierPoint
    optimal: FrontierPoint
    current: FrontierPoint | None
    target: FrontierPoint | None = None
    risk_measure: str = "volatility"
    turning_points: int | None = None
    corners: tuple[FrontierPoint, ...] = ()
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Everything said about one certified answer. left_out: what could not be said, and why."""

    prices: tuple[ShadowPrice, ...]
    contributions: tuple[RiskContribution, ...]
    reasons: tuple[TradeReason, ...]
    gamma: float | None  # the risk aversion at which this portfolio maximizes utility; None for linear objectives
    left_out: tuple[LeftOut, ...] = ()
