"""What a run leaves in S1's and S2's tables, read off its request and its document.

kind         asked (at the start)                                  decided and read (at the end)
rebalance    rebalance_requests                                    rebalance_results, rebalance_plans
optimize     optimization_requests, optimization_configurations    optimization_results, portfolio_optimizations,
                                                                   strategy_optimization_results, portfolio_optimization_ts
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, TypeAlias

from sqlalchemy import Table

from portopt.adapters.store import models
from portopt.adapters.store.records import fits
from portopt.domain.canonical import plain
from portopt.domain.run import RunRecord

Rows: TypeAlias = list[tuple[Table, dict[str, Any]]]
REQUESTS = {"rebalance": models.rebalance_requests, "optimize": models.optimization_requests}
FIGURES = ("expected_return", "expected_volatility", "sharpe_ratio")


def asked_rows(run: RunRecord) -> Rows:
    """What was asked."""
    about = {"id": run.run_id, "portfolio_id": run.portfolio_id, "status": run.status.value}
    times = {"created_at": run.created_at, "updated_at": run.created_at}
    if run.kind == "rebalance":
        limits = _object(run.request, "policy").get("limits", {})
        requested = {"target_type": _target_type(run), "constraints": plain(limits)}
        return [(models.rebalance_requests, {**about, **times, **requested})]
    if run.kind == "optimize":
        limits = plain(run.request.get("limits", {}))
        preferences = {name: plain(run.request[name]) for name in ("costs", "estimation") if name in run.request}
        requested = {**about, **times, **_choice(run), "constraints": limits, "preferences": preferences}
        configured = {
            "id": _uuid(run, "configuration"),
            "portfolio_id": run.portfolio_id,
            "objective": _choice(run)["objective"],
            "method": _choice(run)["optimization_type"],
            "constraints": limits,
            "risk_parameters": {"risk_free_rate": run.request.get("risk_free_rate"), **preferences},
            "created_at": run.created_at,
        }
        return [(models.optimization_requests, requested), (models.optimization_configurations, configured)]
    return []


def decided_rows(run: RunRecord) -> Rows:
    """What came out, for the command side and the query side."""
    if run.kind == "rebalance":
        return _rebalance(run)
    if run.kind == "optimize":
        return _optimization(run)
    return []


def _rebalance(run: RunRecord) -> Rows:
    document = run.document or {}
    book = {
        "current_allocation": _allocation(document, "weight_before"),
        "target_allocation": _allocation(document, "weight_after"),
        "trades": [_trade(trade) for trade in document.get("trades", [])],
        "metrics": _metrics(document),
    }
    decided = {"rebalance_id": run.run_id, "completed_at": run.completed_at, **book}
    read = {
        "rebalance_id": run.run_id,
        "portfolio_id": run.portfolio_id,
        "target_type": _target_type(run),
        "created_at": run.created_at,
        **book,
    }
    return [(models.rebalance_results, decided), (models.rebalance_plans, read)]


def _allocation(document: Mapping[str, Any], column: str) -> dict[str, float]:
    """Weights by asset id, those that are not zero."""
    return {line["asset_id"]: line[column] for line in document.get("proposal", []) if line[column]}


def _trade(trade: Mapping[str, Any]) -> dict[str, Any]:
    """S2's trade: money is a number there."""
    return {
        "instrument_id": trade["asset_id"],
        "action": trade["side"],
        "quantity": trade["shares"],
        "estimated_value": float(trade["value"]),
        "weight_change": trade["weight_after"] - trade["weight_before"],
        "priority": trade["priority"],
    }


def _metrics(document: Mapping[str, Any]) -> dict[str, Any]:
    """S2's metrics. Taxes are not estimated, which is not the same as no taxes: null."""
    headline = _object(document, "headline")
    change = {row["name"]: row["change"] for row in document.get("figures", [])}
    improvement = {"return": "expected_return", "risk": "volatility", "sharpe": "sharpe_ratio"}
    cost = headline.get("total_cost")
    return {
        "turnover": headline.get("turnover"),
        "expected_improvement": {theirs: change.get(ours) for theirs, ours in improvement.items()},
        "transaction_costs": None if cost is None else float(cost),
        "tax_implications": None,
    }


def _optimization(run: RunRecord) -> Rows:
    document = run.document or {}
    answer = {
        "portfolio_id": run.portfolio_id,
        "optimal_weights": document.get("optimal_weights", {}),
        **{name: document.get(name) for name in FIGURES},
        "optimization_metadata": document.get("optimization_metadata"),
    }
    book = {
        "metrics": {name: document.get(name) for name in FIGURES} | dict(_object(_object(document, "portopt"), "metrics")),
        "current_allocation": plain(run.request.get("current_weights")) or {},
        "target_allocation": document.get("optimal_weights", {}),
        "trades": [],  # weights alone: there are no shares to trade
    }
    stored = {"id": _uuid(run, "result"), "optimization_id": run.run_id, "created_at": run.completed_at, **answer}
    at_time = {"timestamp": run.completed_at, "optimization_id": run.run_id, **answer}
    decided = {"optimization_id": run.run_id, "completed_at": run.completed_at, **book}
    read = {
        **decided,
        **_choice(run),
        "portfolio_id": run.portfolio_id,
        "status": run.status.value,
        "created_at": run.created_at,
    }
    return [
        (models.optimization_results, decided),
        (models.portfolio_optimizations, read),
        (models.strategy_optimization_results, stored),
        (models.portfolio_optimization_ts, at_time),
    ]


def _target_type(run: RunRecord) -> str:
    return fits("target_type", str(run.request.get("target_type", "optimal")))


def _choice(run: RunRecord) -> dict[str, str]:
    objective = _object(run.request, "objective")
    return {
        "optimization_type": str(run.request.get("method", "mean_variance")).lower(),
        "objective": str(objective.get("kind", "max_sharpe")),
        "risk_measure": str(objective.get("measure") or objective.get("risk_measure") or "volatility"),
    }


def _object(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name)
    return found if isinstance(found, Mapping) else {}


def _uuid(run: RunRecord, what: str) -> uuid.UUID:
    """From the run's own id, so that the same run can never leave two."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"portopt:{run.run_id}:{what}")
