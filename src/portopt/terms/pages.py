"""Which page of docs/ tells more of a term; what has none here is told in policies.md, where every term has its row."""

from __future__ import annotations

from collections.abc import Mapping

EVERY_TERM = "policies.md"
PAGES: Mapping[str, Mapping[str, str]] = {
    "objectives": {
        "max_ratio": "methods/max-ratio.md",
        "min_risk": "methods/risk-measures.md",
        "min_turnover": "money-in-and-out.md",
        "min_cost": "money-in-and-out.md",
        "custom": "methods/custom-terms.md",
        "multi_period": "methods/multi-period.md",
        "factor_risk_budget": "methods/factor-models.md",
        "robust_utility": "methods/robust.md",
        "robust_min_risk": "methods/robust.md",
        "robust_max_sharpe": "methods/robust.md",
        "multi_objective": "methods/multi-objective.md",
        "goals": "methods/multi-objective.md",
        "esg_tilt": "methods/esg.md",
        "worst_case_return": "methods/robust.md",
        "hierarchical": "methods/hierarchical.md",
        "resampled": "methods/resampled.md",
        "model": "models-and-bands.md",
        "risk_parity": "methods/risk-parity.md",
    },
    "limits": {
        "max_risk": "methods/risk-measures.md",
        "exposure_limits": "methods/factor-models.md",
        "active_exposure_limits": "methods/factor-models.md",
        "factor_risk_limits": "methods/factor-models.md",
        "max_systematic_volatility": "methods/factor-models.md",
        "max_specific_volatility": "methods/factor-models.md",
        "axis_bounds": "methods/multi-objective.md",
        "min_esg": "methods/esg.md",
        "esg_exclusion": "methods/esg.md",
        "custom": "methods/custom-terms.md",
        "pinned": "alternatives.md",
        "buy_only": "money-in-and-out.md",
        "sell_only": "money-in-and-out.md",
        "do_not_buy": "money-in-and-out.md",
        "do_not_sell": "money-in-and-out.md",
        "keep": "money-in-and-out.md",
        "max_cost": "methods/costs-and-liquidity.md",
        "liquidity": "methods/costs-and-liquidity.md",
        "days_to_liquidate": "methods/costs-and-liquidity.md",
        "model_bands": "models-and-bands.md",
        "concentration": "methods/costs-and-liquidity.md",
        "top_k": "methods/costs-and-liquidity.md",
        "max_positions": "methods/mixed-integer.md",
        "min_positions": "methods/mixed-integer.md",
        "min_position": "methods/mixed-integer.md",
        "max_trades": "methods/mixed-integer.md",
        "min_trade": "methods/mixed-integer.md",
        "round_lots": "methods/mixed-integer.md",
        "ucits_5_10_40": "methods/mixed-integer.md",
    },
    "costs": {
        "square_root_impact": "methods/costs-and-liquidity.md",
        "quadratic_impact": "methods/costs-and-liquidity.md",
        "spread": "methods/costs-and-liquidity.md",
        "borrow": "methods/costs-and-liquidity.md",
    },
}
MEASURES = "methods/risk-measures.md"


def page_of(catalog: str, name: str) -> str:
    """The page, under docs/."""
    return MEASURES if catalog == "measures" else PAGES[catalog].get(name, EVERY_TERM)
