"""What an answer means: prices of limits, where the risk comes from, why each trade, where the book stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portopt.domain.arrays import Vector


@dataclass(frozen=True, slots=True)
class ShadowPrice:
    """What one binding limit costs.

    multiplier: change of the program's minimized objective per natural unit the limit is opened (never positive).
    cost_bps_per_unit: basis points of annual, risk-adjusted return gained per unit of opening (per 1.0 of weight, …).
    cost_bps: a first-order figure for a customary step (1 percentage point for fractions), for people; `step` says which.
    measured, bound: where the portfolio stands and the side it presses on. member: "" for a limit on the whole portfolio.
    """

    limit: str
    member: str
    unit: str
    side: str  # "lower" or "upper"
    measured: float
    bound: float
    multiplier: float
    cost_bps_per_unit: float
    cost_bps: float
    step: float


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


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Everything said about one certified answer."""

    prices: tuple[ShadowPrice, ...]
    contributions: tuple[RiskContribution, ...]
    reasons: tuple[TradeReason, ...]
    gamma: float | None  # the risk aversion at which this portfolio maximizes utility; None for linear objectives
