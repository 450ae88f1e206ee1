"""A proposal's books, trades and figures in S2's words, read off its stored document: for answers and for rows alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

IMPROVEMENT = {"return": "expected_return", "risk": "volatility", "sharpe": "sharpe_ratio"}

OF_UNITS = ("price_multiplier", "accrued_interest", "unit_price", "accrued_value", "settles_on", "nav_priced", "cut_off")


def allocation(document: Mapping[str, Any], column: str) -> dict[str, float]:
    """Weights by asset id, those that are not zero; cash among them. column: "weight_before" or "weight_after"."""
    return {line["asset_id"]: line[column] for line in document.get("proposal", []) if line[column]}


def trade(line: Mapping[str, Any]) -> dict[str, Any]:
    """S2's trade: money is a number there. What is quoted or settled otherwise than a share says so beside it."""
    return {
        "instrument_id": line["asset_id"],
        "action": line["side"],
        "quantity": line["shares"],
        "estimated_value": float(line["value"]),
        "weight_change": line["weight_after"] - line["weight_before"],
        "priority": line["priority"],
        **{name: line[name] for name in OF_UNITS if name in line},
    }


def plan_metrics(document: Mapping[str, Any]) -> dict[str, Any]:
    """S2's RebalanceMetrics. Taxes are not estimated without lots, which is not the same as no taxes: null."""
    taxes = document.get("taxes")
    headline = document.get("headline") or {}
    change = {row["name"]: row["change"] for row in document.get("figures", [])}
    cost = headline.get("total_cost")
    return {
        "turnover": headline.get("turnover"),
        "expected_improvement": {theirs: change.get(ours) for theirs, ours in IMPROVEMENT.items()},
        "transaction_costs": None if cost is None else float(cost),
        "tax_implications": None if taxes is None else float(taxes["tax"]),
    }
