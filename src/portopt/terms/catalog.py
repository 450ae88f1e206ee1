"""Every term by its name, written out: whoever searches for a name finds each use of it here.

Requests and policies spell limits and costs as {name: value} and an objective as {"kind": name, …options}.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portopt.domain.errors import InvalidValue, MissingInput, UnknownField
from portopt.domain.problem import Cost, Limit, Objective, TermEntry
from portopt.terms.checks import mapping
from portopt.terms.constraints.active_exposure_limits import ActiveExposureLimits
from portopt.terms.constraints.asset_class_limits import AssetClassLimits
from portopt.terms.constraints.axis_bounds import AxisBounds
from portopt.terms.constraints.budget import Budget
from portopt.terms.constraints.cash import CashLimit
from portopt.terms.constraints.concentration import Concentration
from portopt.terms.constraints.custom import Custom
from portopt.terms.constraints.days_to_liquidate import DaysToLiquidate
from portopt.terms.constraints.esg_exclusion import EsgExclusion
from portopt.terms.constraints.exclusions import Exclusions
from portopt.terms.constraints.exposure_limits import ExposureLimits
from portopt.terms.constraints.factor_risk_limits import FactorRiskLimits
from portopt.terms.constraints.frozen import Frozen
from portopt.terms.constraints.fully_invested import FullyInvested
from portopt.terms.constraints.leverage_limit import LeverageLimit
from portopt.terms.constraints.liquidity import Liquidity
from portopt.terms.constraints.long_only import LongOnly
from portopt.terms.constraints.max_cost import MaxCost
from portopt.terms.constraints.max_positions import MaxPositions
from portopt.terms.constraints.max_risk import MaxRisk
from portopt.terms.constraints.max_specific_volatility import MaxSpecificVolatility
from portopt.terms.constraints.max_systematic_volatility import MaxSystematicVolatility
from portopt.terms.constraints.max_tracking_error import MaxTrackingError
from portopt.terms.constraints.max_trades import MaxTrades
from portopt.terms.constraints.max_turnover import MaxTurnover
from portopt.terms.constraints.max_volatility import MaxVolatility
from portopt.terms.constraints.max_weight import MaxWeight
from portopt.terms.constraints.min_esg import MinEsg
from portopt.terms.constraints.min_position import MinPosition
from portopt.terms.constraints.min_positions import MinPositions
from portopt.terms.constraints.min_quality import MinQuality
from portopt.terms.constraints.min_return import MinReturn
from portopt.terms.constraints.min_trade import MinTrade
from portopt.terms.constraints.min_weight import MinWeight
from portopt.terms.constraints.round_lots import RoundLots
from portopt.terms.constraints.sector_limits import SectorLimits
from portopt.terms.constraints.top_k import TopK
from portopt.terms.constraints.ucits import Ucits
from portopt.terms.costs.borrow import Borrow
from portopt.terms.costs.commission import Commission
from portopt.terms.costs.linear_impact import LinearImpact
from portopt.terms.costs.quadratic_impact import QuadraticImpact
from portopt.terms.costs.spread import Spread
from portopt.terms.costs.square_root_impact import SquareRootImpact
from portopt.terms.objectives.custom import CustomObjective
from portopt.terms.objectives.esg_tilt import EsgTilt
from portopt.terms.objectives.factor_risk_budget import FactorRiskBudget
from portopt.terms.objectives.goals import Goals
from portopt.terms.objectives.hierarchical import Hierarchical
from portopt.terms.objectives.max_ratio import MaxRatio
from portopt.terms.objectives.max_return import MaxReturn
from portopt.terms.objectives.max_sharpe import MaxSharpe
from portopt.terms.objectives.min_risk import MinRisk
from portopt.terms.objectives.min_tracking_error import MinTrackingError
from portopt.terms.objectives.multi_objective import MultiObjective
from portopt.terms.objectives.multi_period import MultiPeriod
from portopt.terms.objectives.resampled import Resampled
from portopt.terms.objectives.risk_parity import RiskParity
from portopt.terms.objectives.robust_max_sharpe import RobustMaxSharpe
from portopt.terms.objectives.robust_min_risk import RobustMinRisk
from portopt.terms.objectives.robust_utility import RobustUtility
from portopt.terms.objectives.utility import Utility
from portopt.terms.objectives.worst_case_return import WorstCaseReturn
from portopt.terms.percentages import is_levered, refuse_percentages
from portopt.terms.soft import bare, is_wish, softened

OBJECTIVES: dict[str, TermEntry] = {
    "max_ratio": TermEntry(
        "max_ratio", "highest excess return per unit of any risk measure", MaxRatio.parse, {"measure": "cvar"}
    ),
    "max_sharpe": TermEntry("max_sharpe", "highest excess return per unit of volatility", MaxSharpe.parse, {}),
    "min_risk": TermEntry("min_risk", "lowest risk, by volatility or another measure", MinRisk.parse, {}),
    "max_return": TermEntry("max_return", "highest expected return within the limits", MaxReturn.parse, {}),
    "utility": TermEntry("utility", "expected return less a price for risk", Utility.parse, {"risk_aversion": 4.0}),
    "min_tracking_error": TermEntry("min_tracking_error", "as close to the benchmark as allowed", MinTrackingError.parse, {}),
    "custom": TermEntry(
        "custom",
        "an expression of one's own, alone or on top of a utility",
        CustomObjective.parse,
        {"minimize": "sum_squares(w - benchmark)"},
    ),
    "multi_period": TermEntry(
        "multi_period",
        "the first step of the best plan over several periods",
        MultiPeriod.parse,
        {"risk_aversion": 4.0, "periods": 4, "years": 0.25},
    ),
    "factor_risk_budget": TermEntry(
        "factor_risk_budget",
        "factors share the systematic risk as budgeted",
        FactorRiskBudget.parse,
        {"budgets": {"MKT": 0.6, "VAL": 0.4}},
    ),
    "robust_utility": TermEntry(
        "robust_utility",
        "utility at the worst expected returns and covariance of their sets",
        RobustUtility.parse,
        {"risk_aversion": 4.0, "returns": {"set": "box", "radius": 0.01}},
    ),
    "robust_min_risk": TermEntry(
        "robust_min_risk",
        "lowest volatility at the worst covariance of its set",
        RobustMinRisk.parse,
        {"covariance": {"set": "box", "radius": 0.1}},
    ),
    "robust_max_sharpe": TermEntry(
        "robust_max_sharpe",
        "highest Sharpe ratio at the worst of the sets",
        RobustMaxSharpe.parse,
        {"returns": {"set": "ellipsoid", "radius": 0.2, "observations": 756}},
    ),
    "multi_objective": TermEntry(
        "multi_objective",
        "a weighted sum of return, risk, ESG score, cost, turnover and tracking error",
        MultiObjective.parse,
        {"weights": {"return": 1, "risk": 4, "esg": 0.01, "cost": 1, "turnover": 0.1, "tracking_error": 2}},
    ),
    "goals": TermEntry(
        "goals",
        "least weighted distance to goals on several axes",
        Goals.parse,
        {"goals": {"return": {"goal": 0.08}, "risk": {"goal": 0.12, "weight": 2}, "esg": {"goal": 7, "weight": 0.01}}},
    ),
    "esg_tilt": TermEntry(
        "esg_tilt", "utility with a price for ESG score", EsgTilt.parse, {"risk_aversion": 4.0, "taste": 0.01}
    ),
    "worst_case_return": TermEntry(
        "worst_case_return",
        "best return in the worst of named scenarios",
        WorstCaseReturn.parse,
        {"scenarios": [{"name": "bull", "returns": {"*": 0.2}}, {"name": "bear", "returns": {"*": -0.1}}]},
    ),
    "hierarchical": TermEntry(
        "hierarchical", "weights from a tree of similar assets: HRP, HERC, NCO", Hierarchical.parse, {"variant": "hrp"}
    ),
    "resampled": TermEntry(
        "resampled",
        "the average optimum over resampled histories",
        Resampled.parse,
        {"of": {"kind": "max_sharpe"}, "draws": 50},
    ),
    "risk_parity": TermEntry(
        "risk_parity", "shares of the risk as budgeted, equal ones by default", RiskParity.parse, {"measure": "volatility"}
    ),
}

LIMITS: dict[str, TermEntry] = {
    "budget": TermEntry("budget", "weights, cash included, add up to one", Budget.parse, True),
    "long_only": TermEntry("long_only", "no position sold short", LongOnly.parse, True),
    "max_weight": TermEntry("max_weight", "largest position; never binds cash", MaxWeight.parse, {"AAPL": 0.2, "*": 0.1}),
    "min_weight": TermEntry("min_weight", "smallest position", MinWeight.parse, {"AAPL": 0.05}),
    "sector_limits": TermEntry(
        "sector_limits",
        "weight of each sector",
        SectorLimits.parse,
        {"Energy": 0.1, "Technology": [0.05, 0.3], "(none)": 0.4},
    ),
    "asset_class_limits": TermEntry(
        "asset_class_limits", "weight of each asset class", AssetClassLimits.parse, {"Equity": 0.8, "Bond": [0.1, 0.4]}
    ),
    "max_turnover": TermEntry("max_turnover", "share of the portfolio that changes hands, one-way", MaxTurnover.parse, 0.2),
    "leverage_limit": TermEntry("leverage_limit", "gross exposure, long and short added", LeverageLimit.parse, 1.5),
    "max_tracking_error": TermEntry(
        "max_tracking_error", "distance from the benchmark, annual", MaxTrackingError.parse, {"limit": 0.02, "soft": True}
    ),
    "max_volatility": TermEntry("max_volatility", "volatility, annual", MaxVolatility.parse, 0.15),
    "max_risk": TermEntry(
        "max_risk", "risk by any measure", MaxRisk.parse, {"cvar": {"limit": 0.02, "confidence": 0.95}, "mad": 0.006}
    ),
    "exposure_limits": TermEntry(
        "exposure_limits",
        "exposure to factors and attributes of the assets",
        ExposureLimits.parse,
        {"beta": [0.8, 1.2], "duration": 5.0},
    ),
    "active_exposure_limits": TermEntry(
        "active_exposure_limits", "exposure less the benchmark's", ActiveExposureLimits.parse, {"beta": 0.1, "*": [-0.5, None]}
    ),
    "factor_risk_limits": TermEntry(
        "factor_risk_limits", "volatility from one factor alone", FactorRiskLimits.parse, {"MKT": 0.12, "*": [-0.05, 0.05]}
    ),
    "max_systematic_volatility": TermEntry(
        "max_systematic_volatility", "volatility from all factors together", MaxSystematicVolatility.parse, 0.12
    ),
    "max_specific_volatility": TermEntry(
        "max_specific_volatility",
        "volatility that no factor explains",
        MaxSpecificVolatility.parse,
        {"limit": 0.03, "active": True},
    ),
    "min_return": TermEntry("min_return", "expected return, annual", MinReturn.parse, 0.06),
    "min_quality": TermEntry(
        "min_quality", "quality score that may be held", MinQuality.parse, {"score": 6.0, "grandfather": True}
    ),
    "axis_bounds": TermEntry(
        "axis_bounds", "bounds on the axes of a multi-objective choice", AxisBounds.parse, {"return": 0.06, "esg": 6.5}
    ),
    "min_esg": TermEntry("min_esg", "average ESG score of the portfolio", MinEsg.parse, {"score": 6.0, "unscored": "worst"}),
    "esg_exclusion": TermEntry(
        "esg_exclusion", "ESG score that may be held", EsgExclusion.parse, {"score": 4.0, "grandfather": True}
    ),
    "cash": TermEntry("cash", "share kept in cash", CashLimit.parse, {"min": 0.0, "max": 0.02}),
    "fully_invested": TermEntry("fully_invested", "no cash", FullyInvested.parse, True),
    "custom": TermEntry("custom", "limits written as expressions", Custom.parse, {"near the book": "norm2(w - w_prev) <= 0.1"}),
    "frozen": TermEntry("frozen", "what cannot be traded keeps its weight", Frozen.parse, True),
    "exclusions": TermEntry("exclusions", "assets that may not be held", Exclusions.parse, ["XOM"]),
    "max_cost": TermEntry("max_cost", "what trading costs, a share of the portfolio", MaxCost.parse, 0.002),
    "liquidity": TermEntry(
        "liquidity", "days a trade takes at a share of the volume", Liquidity.parse, {"participation": 0.05, "days": 1}
    ),
    "days_to_liquidate": TermEntry(
        "days_to_liquidate", "days a position takes to sell", DaysToLiquidate.parse, {"participation": 0.1, "days": 1}
    ),
    "concentration": TermEntry("concentration", "Herfindahl index of the positions", Concentration.parse, {"hhi": 0.2}),
    "top_k": TermEntry("top_k", "the largest positions together", TopK.parse, {"k": 3, "weight": 0.6}),
    "max_positions": TermEntry(
        "max_positions", "how many positions are held", MaxPositions.parse, {"*": 4, "sector": {"Technology": 1}}
    ),
    "min_positions": TermEntry("min_positions", "how many positions, at least", MinPositions.parse, {"count": 4}),
    "min_position": TermEntry("min_position", "a position is nothing or at least this", MinPosition.parse, 0.05),
    "max_trades": TermEntry("max_trades", "how many trades are made", MaxTrades.parse, 3),
    "min_trade": TermEntry("min_trade", "a trade is nothing or at least this", MinTrade.parse, 0.02),
    "round_lots": TermEntry("round_lots", "trades in whole lots, inside the problem", RoundLots.parse, {"lot": 100}),
    "ucits_5_10_40": TermEntry("ucits_5_10_40", "the 5/10/40 rule of European funds", Ucits.parse, True),
}

COSTS: dict[str, TermEntry] = {
    "commission": TermEntry("commission", "a fee per trade and a rate on its value", Commission.parse, {"per_trade": "5.00"}),
    "linear_impact": TermEntry("linear_impact", "market impact at a flat rate", LinearImpact.parse, {"bps": 15}),
    "square_root_impact": TermEntry(
        "square_root_impact", "market impact by the square-root law", SquareRootImpact.parse, {"coefficient": 1.0}
    ),
    "quadratic_impact": TermEntry(
        "quadratic_impact", "market impact in proportion to the size of the trade", QuadraticImpact.parse, {"coefficient": 1.0}
    ),
    "spread": TermEntry("spread", "half the bid-ask spread", Spread.parse, {"bps": {"AAPL": 1, "*": 8}}),
    "borrow": TermEntry("borrow", "a fee on short positions, annual", Borrow.parse, {"rate": 0.01}),
}


def parse_objective(spec: Mapping[str, Any]) -> Objective:
    """{"kind": "utility", "risk_aversion": 4.0} as a term.

    Raises MissingInput without a kind, UnknownField for a kind or an option nobody knows, InvalidValue for a bad value.
    """
    example = '{"kind": "max_sharpe"}'
    given = dict(mapping("objective", spec, example=example))
    kind = given.pop("kind", None)
    if kind is None:
        raise MissingInput("objective needs a kind", field="objective.kind", fixes=[f"use one of: {', '.join(OBJECTIVES)}"])
    if not isinstance(kind, str):
        raise InvalidValue("objective.kind", kind, "a name is needed", fix=f"use one of: {', '.join(OBJECTIVES)}")
    if kind not in OBJECTIVES:
        raise UnknownField(kind, OBJECTIVES, path="objective", value=kind)
    objective: Objective = OBJECTIVES[kind].parse(given)
    return objective


def parse_limits(spec: Mapping[str, Any]) -> tuple[Limit, ...]:
    """{"max_weight": 0.1, "long_only": true} as terms, in that order; null, and false for a flag, is absence.

    Any limit may be a wish, {"value": …, "soft": true, "penalty": …} (see soft.py).
    Raises UnknownField for a name that is no limit, InvalidValue for a value that cannot mean anything: a percentage in the
    place of a fraction is one unless leverage is allowed (see percentages.py).
    """
    given = mapping("limits", spec, example='{"max_weight": 0.1}')
    plain = {kind: bare(value) for kind, value in given.items()}
    limits = tuple(limit for limit in _parsed("limits", plain, LIMITS, '{"max_weight": 0.1}') if limit is not None)
    if not is_levered(plain):
        refuse_percentages(limits)
    return tuple(softened(limit.kind, given[limit.kind], limit) if is_wish(given[limit.kind]) else limit for limit in limits)


def parse_costs(spec: Mapping[str, Any]) -> tuple[Cost, ...]:
    """{"linear_impact": {"bps": 15}} as terms, in that order; null is absence. Raises as parse_limits does."""
    return tuple(_parsed("costs", spec, COSTS, '{"linear_impact": {"bps": 15}}'))


def _parsed(path: str, spec: Any, catalog: Mapping[str, TermEntry], example: str) -> list[Any]:
    found = []
    for name, value in mapping(path, spec, example=example).items():
        if name not in catalog:
            raise UnknownField(name, catalog, path=path, value=value)
        if value is not None:
            found.append(catalog[name].parse(value))
    return found
