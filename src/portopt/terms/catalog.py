"""Every term by its name, written out: whoever searches for a name finds each use of it here.

Requests and policies spell limits and costs as {name: value} and an objective as {"kind": name, …options}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from portopt.domain.errors import InvalidValue, MissingInput, UnknownField
from portopt.domain.problem import Cost, Limit, Objective, TermEntry
from portopt.terms.limit_spellings import limits_in_catalog_words, path_in_catalog_words
from portopt.terms.shared.checks import mapping
from portopt.terms.shared.percentages import is_levered, refuse_percentages
from portopt.terms.soft import as_wish, bare, is_wish, softened
from portopt.terms.spellings import in_catalog_words, is_a_name


def term(home: str) -> Callable[[Any], Any]:
    """What parses a term, by the class it becomes, `limits.max_weight.MaxWeight`.

    The class is imported when a request first names it: there are sixty, a request has eight, and a first answer has no time
    for the others. A test parses every example, so none of these names can be wrong.
    """
    module, _, name = home.rpartition(".")
    return lambda value: getattr(import_module(f"portopt.terms.{module}"), name).parse(value)


def holding(home: str, *nested: str) -> Callable[[Any], Any]:
    """The same for an objective that holds others, as they are spelled, in its fields `nested`: what cannot be read is refused
    with it."""
    parse = term(home)

    def read(value: Any) -> Any:
        objective = parse(value)
        for spec in (getattr(objective, name) for name in nested):
            if spec is not None:
                parse_objective(spec)
        return objective

    return read


OBJECTIVES: dict[str, TermEntry] = {
    "max_ratio": TermEntry(
        "max_ratio",
        "highest excess return per unit of any risk measure",
        term("objectives.max_ratio.MaxRatio"),
        {"measure": "cvar"},
    ),
    "max_sharpe": TermEntry(
        "max_sharpe", "highest excess return per unit of volatility", term("objectives.max_sharpe.MaxSharpe"), {}
    ),
    "min_risk": TermEntry("min_risk", "lowest risk, by volatility or another measure", term("objectives.min_risk.MinRisk"), {}),
    "max_return": TermEntry(
        "max_return", "highest expected return within the limits", term("objectives.max_return.MaxReturn"), {}
    ),
    "utility": TermEntry(
        "utility", "expected return less a price for risk", term("objectives.utility.Utility"), {"risk_aversion": 4.0}
    ),
    "min_tracking_error": TermEntry(
        "min_tracking_error", "as close to the benchmark as allowed", term("objectives.min_tracking_error.MinTrackingError"), {}
    ),
    "min_turnover": TermEntry(
        "min_turnover",
        "the least trading that brings the book within every limit",
        term("objectives.min_turnover.MinTurnover"),
        {},
    ),
    "min_cost": TermEntry(
        "min_cost", "the cheapest trades that bring the book within every limit", term("objectives.min_cost.MinCost"), {}
    ),
    "custom": TermEntry(
        "custom",
        "an expression of one's own, alone or on top of a utility",
        term("objectives.custom.CustomObjective"),
        {"minimize": "sum_squares(w - benchmark)"},
    ),
    "multi_period": TermEntry(
        "multi_period",
        "the first step of the best plan over several periods",
        term("objectives.multi_period.MultiPeriod"),
        {"risk_aversion": 4.0, "periods": 4, "years": 0.25},
    ),
    "factor_risk_budget": TermEntry(
        "factor_risk_budget",
        "factors share the systematic risk as budgeted",
        term("objectives.factor_risk_budget.FactorRiskBudget"),
        {"budgets": {"MKT": 0.6, "VAL": 0.4}},
    ),
    "robust_utility": TermEntry(
        "robust_utility",
        "utility at the worst expected returns and covariance of their sets",
        term("objectives.robust_utility.RobustUtility"),
        {"risk_aversion": 4.0, "returns": {"set": "box", "radius": 0.01}},
    ),
    "robust_min_risk": TermEntry(
        "robust_min_risk",
        "lowest volatility at the worst covariance of its set",
        term("objectives.robust_min_risk.RobustMinRisk"),
        {"covariance": {"set": "box", "radius": 0.1}},
    ),
    "robust_max_sharpe": TermEntry(
        "robust_max_sharpe",
        "highest Sharpe ratio at the worst of the sets",
        term("objectives.robust_max_sharpe.RobustMaxSharpe"),
        {"returns": {"set": "ellipsoid", "radius": 0.2, "observations": 756}},
    ),
    "multi_objective": TermEntry(
        "multi_objective",
        "a weighted sum of return, risk, ESG score, cost, turnover and tracking error",
        term("objectives.multi_objective.MultiObjective"),
        {"weights": {"return": 1, "risk": 4, "esg": 0.01, "cost": 1, "turnover": 0.1, "tracking_error": 2}},
    ),
    "goals": TermEntry(
        "goals",
        "least weighted distance to goals on several axes",
        term("objectives.goals.Goals"),
        {"goals": {"return": {"goal": 0.08}, "risk": {"goal": 0.12, "weight": 2}, "esg": {"goal": 7, "weight": 0.01}}},
    ),
    "esg_tilt": TermEntry(
        "esg_tilt",
        "utility with a price for ESG score",
        term("objectives.esg_tilt.EsgTilt"),
        {"risk_aversion": 4.0, "taste": 0.01},
    ),
    "worst_case_return": TermEntry(
        "worst_case_return",
        "best return in the worst of named scenarios",
        term("objectives.worst_case_return.WorstCaseReturn"),
        {"scenarios": [{"name": "bull", "returns": {"*": 0.2}}, {"name": "bear", "returns": {"*": -0.1}}]},
    ),
    "hierarchical": TermEntry(
        "hierarchical",
        "weights from a tree of similar assets: HRP, HERC, NCO",
        holding("objectives.hierarchical.Hierarchical", "inner", "outer"),
        {"variant": "hrp"},
    ),
    "resampled": TermEntry(
        "resampled",
        "the average optimum over resampled histories",
        holding("objectives.resampled.Resampled", "of"),
        {"of": {"kind": "max_sharpe"}, "draws": 50},
    ),
    "target_weights": TermEntry(
        "target_weights",
        "as close to given weights as allowed",
        term("objectives.target_weights.TargetWeights"),
        {"weights": {"AAPL": 0.3}, "rest": "equally"},
    ),
    "model": TermEntry(
        "model",
        "back within the bands of a model portfolio by the least trading",
        term("objectives.model.Model"),
        {"to": "edge"},
    ),
    "equal_weight": TermEntry(
        "equal_weight",
        "the same weight for everything that may be held",
        term("objectives.equal_weight.EqualWeight"),
        {},
    ),
    "max_diversification": TermEntry(
        "max_diversification",
        "the most volatility of the parts per unit of volatility of the whole",
        term("objectives.max_diversification.MaxDiversification"),
        {},
    ),
    "risk_parity": TermEntry(
        "risk_parity",
        "shares of the risk as budgeted, equal ones by default",
        term("objectives.risk_parity.RiskParity"),
        {"measure": "volatility"},
    ),
}

LIMITS: dict[str, TermEntry] = {
    "budget": TermEntry("budget", "weights, cash included, add up to one", term("limits.budget.Budget"), True),
    "long_only": TermEntry("long_only", "no position sold short", term("limits.long_only.LongOnly"), True),
    "max_weight": TermEntry(
        "max_weight", "largest position; never binds cash", term("limits.max_weight.MaxWeight"), {"AAPL": 0.2, "*": 0.1}
    ),
    "min_weight": TermEntry("min_weight", "smallest position", term("limits.min_weight.MinWeight"), {"AAPL": 0.05}),
    "sector_limits": TermEntry(
        "sector_limits",
        "weight of each sector",
        term("limits.sector_limits.SectorLimits"),
        {"Energy": 0.1, "Technology": [0.05, 0.3], "(none)": 0.4},
    ),
    "asset_class_limits": TermEntry(
        "asset_class_limits",
        "weight of each asset class",
        term("limits.asset_class_limits.AssetClassLimits"),
        {"Equity": 0.8, "Bond": [0.1, 0.4]},
    ),
    "max_turnover": TermEntry(
        "max_turnover", "share of the portfolio that changes hands, one-way", term("limits.max_turnover.MaxTurnover"), 0.2
    ),
    "leverage_limit": TermEntry(
        "leverage_limit", "gross exposure, long and short added", term("limits.leverage_limit.LeverageLimit"), 1.5
    ),
    "max_tracking_error": TermEntry(
        "max_tracking_error",
        "distance from the benchmark, annual",
        term("limits.max_tracking_error.MaxTrackingError"),
        {"limit": 0.02},
    ),
    "max_volatility": TermEntry("max_volatility", "volatility, annual", term("limits.max_volatility.MaxVolatility"), 0.15),
    "max_risk": TermEntry(
        "max_risk",
        "risk by any measure",
        term("limits.max_risk.MaxRisk"),
        {"cvar": {"limit": 0.02, "confidence": 0.95}, "mad": 0.006},
    ),
    "exposure_limits": TermEntry(
        "exposure_limits",
        "exposure to factors and attributes of the assets",
        term("limits.exposure_limits.ExposureLimits"),
        {"beta": [0.8, 1.2], "duration": 5.0},
    ),
    "active_exposure_limits": TermEntry(
        "active_exposure_limits",
        "exposure less the benchmark's",
        term("limits.active_exposure_limits.ActiveExposureLimits"),
        {"beta": 0.1, "*": [-0.5, None]},
    ),
    "factor_risk_limits": TermEntry(
        "factor_risk_limits",
        "volatility from one factor alone",
        term("limits.factor_risk_limits.FactorRiskLimits"),
        {"MKT": 0.12, "*": [-0.05, 0.05]},
    ),
    "max_systematic_volatility": TermEntry(
        "max_systematic_volatility",
        "volatility from all factors together",
        term("limits.max_systematic_volatility.MaxSystematicVolatility"),
        0.12,
    ),
    "max_specific_volatility": TermEntry(
        "max_specific_volatility",
        "volatility that no factor explains",
        term("limits.max_specific_volatility.MaxSpecificVolatility"),
        {"limit": 0.03, "active": True},
    ),
    "min_return": TermEntry("min_return", "expected return, annual", term("limits.min_return.MinReturn"), 0.06),
    "min_quality": TermEntry(
        "min_quality",
        "quality score that may be held",
        term("limits.min_quality.MinQuality"),
        {"score": 6.0, "grandfather": True},
    ),
    "axis_bounds": TermEntry(
        "axis_bounds",
        "bounds on the axes of a multi-objective choice",
        term("limits.axis_bounds.AxisBounds"),
        {"return": 0.06, "esg": 6.5},
    ),
    "min_esg": TermEntry(
        "min_esg",
        "average ESG score of the portfolio",
        term("limits.min_esg.MinEsg"),
        {"score": 6.0, "unscored": "worst"},
    ),
    "esg_exclusion": TermEntry(
        "esg_exclusion",
        "ESG score that may be held",
        term("limits.esg_exclusion.EsgExclusion"),
        {"score": 4.0, "grandfather": True},
    ),
    "cash": TermEntry("cash", "share kept in cash", term("limits.cash.CashLimit"), {"min": 0.0, "max": 0.02}),
    "fully_invested": TermEntry("fully_invested", "no cash", term("limits.fully_invested.FullyInvested"), True),
    "custom": TermEntry(
        "custom",
        "limits written as expressions",
        term("limits.custom.Custom"),
        {"near the book": "norm2(w - w_prev) <= 0.1"},
    ),
    "frozen": TermEntry("frozen", "what cannot be traded keeps its weight", term("limits.frozen.Frozen"), True),
    "pinned": TermEntry(
        "pinned", "trades that are decided already", term("limits.pinned.Pinned"), {"AAPL": "none", "XOM": "3%"}
    ),
    "exclusions": TermEntry("exclusions", "assets that may not be held", term("limits.exclusions.Exclusions"), ["XOM"]),
    "buy_only": TermEntry("buy_only", "nothing is sold", term("limits.buy_only.BuyOnly"), True),
    "sell_only": TermEntry("sell_only", "nothing is bought", term("limits.sell_only.SellOnly"), True),
    "do_not_buy": TermEntry(
        "do_not_buy", "what may not be bought", term("limits.do_not_buy.DoNotBuy"), ["AAPL", {"sector": "Energy"}]
    ),
    "do_not_sell": TermEntry(
        "do_not_sell", "what may not be sold", term("limits.do_not_sell.DoNotSell"), ["AAPL", {"asset_class": "Bond"}]
    ),
    "keep": TermEntry("keep", "what is neither bought nor sold", term("limits.keep.Keep"), ["XOM", "JNJ"]),
    "max_cost": TermEntry("max_cost", "what trading costs, a share of the portfolio", term("limits.max_cost.MaxCost"), 0.002),
    "liquidity": TermEntry(
        "liquidity",
        "days a trade takes at a share of the volume",
        term("limits.liquidity.Liquidity"),
        {"participation": 0.05, "days": 1},
    ),
    "days_to_liquidate": TermEntry(
        "days_to_liquidate",
        "days a position takes to sell",
        term("limits.days_to_liquidate.DaysToLiquidate"),
        {"participation": 0.1, "days": 1},
    ),
    "model_bands": TermEntry(
        "model_bands",
        "targets of a model portfolio, each with a band around it",
        term("limits.model_bands.ModelBands"),
        {"weights": {"AAPL": {"target": 0.15, "band": 0.05}}, "band": "5/25", "others": "free"},
    ),
    "concentration": TermEntry(
        "concentration", "Herfindahl index of the positions", term("limits.concentration.Concentration"), {"hhi": 0.2}
    ),
    "top_k": TermEntry("top_k", "the largest positions together", term("limits.top_k.TopK"), {"k": 3, "weight": 0.6}),
    "max_positions": TermEntry(
        "max_positions",
        "how many positions are held",
        term("limits.max_positions.MaxPositions"),
        {"*": 4, "sector": {"Technology": 1}},
    ),
    "min_positions": TermEntry(
        "min_positions", "how many positions, at least", term("limits.min_positions.MinPositions"), {"count": 4}
    ),
    "min_position": TermEntry(
        "min_position", "a position is nothing or at least this", term("limits.min_position.MinPosition"), 0.05
    ),
    "max_trades": TermEntry("max_trades", "how many trades are made", term("limits.max_trades.MaxTrades"), 3),
    "min_trade": TermEntry("min_trade", "a trade is nothing or at least this", term("limits.min_trade.MinTrade"), 0.02),
    "round_lots": TermEntry(
        "round_lots", "trades in whole lots, inside the problem", term("limits.round_lots.RoundLots"), {"lot": 100}
    ),
    "ucits_5_10_40": TermEntry("ucits_5_10_40", "the 5/10/40 rule of European funds", term("limits.ucits.Ucits"), True),
}

COSTS: dict[str, TermEntry] = {
    "commission": TermEntry(
        "commission", "a fee per trade and a rate on its value", term("costs.commission.Commission"), {"per_trade": "5.00"}
    ),
    "linear_impact": TermEntry(
        "linear_impact", "market impact at a flat rate", term("costs.linear_impact.LinearImpact"), {"bps": 15}
    ),
    "square_root_impact": TermEntry(
        "square_root_impact",
        "market impact by the square-root law",
        term("costs.square_root_impact.SquareRootImpact"),
        {"coefficient": 1.0},
    ),
    "quadratic_impact": TermEntry(
        "quadratic_impact",
        "market impact in proportion to the size of the trade",
        term("costs.quadratic_impact.QuadraticImpact"),
        {"coefficient": 1.0},
    ),
    "spread": TermEntry("spread", "half the bid-ask spread", term("costs.spread.Spread"), {"bps": {"AAPL": 1, "*": 8}}),
    "borrow": TermEntry("borrow", "a fee on short positions, annual", term("costs.borrow.Borrow"), {"rate": 0.01}),
}


def objective_words(spec: Any) -> Any:
    """An objective in the catalog's words, {"kind": …}, of what people type: a name alone, and the names of others too.

    Raises InvalidValue for a name that leaves a choice open; what is no objective is left for `parse_objective` to refuse.
    """
    return in_catalog_words(spec, OBJECTIVES)


def is_objective(name: str) -> bool:
    """Whether a name alone says what is wanted: the catalog's, people's own, or one whose refusal spells what does."""
    return is_a_name(name, OBJECTIVES)


def parse_objective(spec: str | Mapping[str, Any]) -> Objective:
    """{"kind": "utility", "risk_aversion": 4.0} as a term; a name alone, and the names that people type (spellings.py), too.

    Raises MissingInput without a kind, UnknownField for a kind or an option nobody knows, InvalidValue for a bad value.
    """
    given = dict(mapping("objective", objective_words(spec), example='{"kind": "max_sharpe"}'))
    kind = given.pop("kind", None)
    if kind is None:
        raise MissingInput("objective needs a kind", field="objective.kind", fixes=[f"use one of: {', '.join(OBJECTIVES)}"])
    if not isinstance(kind, str):
        raise InvalidValue("objective.kind", kind, "a name is needed", fix=f"use one of: {', '.join(OBJECTIVES)}")
    if kind not in OBJECTIVES:
        raise UnknownField(kind, OBJECTIVES, path="objective", value=kind)
    objective: Objective = OBJECTIVES[kind].parse(given)
    return objective


def limit_words(spec: Any, path: str = "limits") -> Any:
    """Limits under the catalog's names, of the names that people type for them. Raises InvalidValue as parse_limits does."""
    return limits_in_catalog_words(spec, LIMITS, path)


def limit_path(path: str) -> str:
    """A dotted path of a policy with the catalog's name for the limit in it: "limits.te.limit"."""
    return path_in_catalog_words(path, LIMITS)


def parse_limits(spec: Mapping[str, Any]) -> tuple[Limit, ...]:
    """{"max_weight": 0.1, "long_only": true} as terms, in that order; null, and false for a flag, is absence.

    Any limit may be a wish, {"value": …, "soft": true, "penalty": …} (see soft.py).
    Raises UnknownField for a name that is no limit, InvalidValue for a value that cannot mean anything: a percentage in the
    place of a fraction is one unless leverage is allowed (see percentages.py).
    """
    spelled = mapping("limits", spec, example='{"max_weight": 0.1}')
    given = {kind: as_wish(kind, value) for kind, value in spelled.items()}
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
