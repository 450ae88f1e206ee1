"""What a run leaves in S1's and S2's tables, read off its request and its document.

kind         asked (at the start)                                  decided and read (at the end)
rebalance    rebalance_requests                                    rebalance_results, rebalance_plans,
                                                                   portfolio_optimization_ts
optimize     optimization_requests, optimization_configurations    optimization_results, portfolio_optimizations,
                                                                   strategy_optimization_results, portfolio_optimization_ts
frontier     efficient_frontier_requests                           efficient_frontier_results, efficient_frontiers
factors      factor_analysis_requests                              factor_analysis_results, factor_exposures

Further questions (a surface of compromises, a plan over periods, …) have no tables there: they are runs and their results.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from sqlalchemy import Table

from portopt.adapters.store import models
from portopt.adapters.store.records import fits
from portopt.adapters.store.types import written
from portopt.dialects.portfolio_trades import allocation, plan_metrics, trade
from portopt.dialects.strategy_answers import keeps_its_limits
from portopt.dialects.strategy_words import method_of
from portopt.domain.canonical import plain
from portopt.domain.run import RunRecord, RunStatus

Rows: TypeAlias = list[tuple[Table, dict[str, Any]]]
REQUESTS = {
    "rebalance": models.rebalance_requests,
    "optimize": models.optimization_requests,
    "frontier": models.efficient_frontier_requests,
    "factors": models.factor_analysis_requests,
}
POINTS = ("current_portfolio", "optimal_portfolio", "min_risk_portfolio", "max_return_portfolio")
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
    if run.kind == "frontier":
        return [(models.efficient_frontier_requests, {**about, **times, **_frontier_asked(run)})]
    if run.kind == "factors":
        return [(models.factor_analysis_requests, {**about, **times, "factors": _factors_asked(run)})]
    return []


def decided_rows(run: RunRecord) -> Rows:
    """What came out, for the command side and the query side."""
    if run.kind == "rebalance":
        return _rebalance(run)
    decide = {"optimize": _optimization, "frontier": _frontier, "factors": _factors}.get(run.kind)
    return [] if decide is None else decide(run)


def _frontier_asked(run: RunRecord) -> dict[str, Any]:
    asked, policy = _object(run.request, "asked"), _object(run.request, "policy")
    bounds = {name: asked.get(name) for name in ("min_return", "max_risk")}
    limits = policy.get("limits", {}) if policy else run.request.get("limits", {})
    measure = fits("risk_measure", str(asked.get("risk_measure", "volatility")))
    return {"risk_measure": measure, "points": asked.get("points", 0), **bounds, "constraints": plain(limits)}


def _frontier(run: RunRecord) -> Rows:
    document, measure = run.document or {}, _frontier_asked(run)["risk_measure"]
    points = {name: dict(_object(document, name)) for name in POINTS}
    drawn = {"frontier_id": run.run_id, "frontier_points": document.get("efficient_frontier", []), **points}
    decided = {**drawn, "completed_at": run.completed_at}
    read = {**drawn, "portfolio_id": run.portfolio_id, "risk_measure": measure, "created_at": run.created_at}
    return [(models.efficient_frontier_results, decided), (models.efficient_frontiers, read)]


def _factors_asked(run: RunRecord) -> list[str]:
    """Those that were asked for by name; else all that the model has."""
    named = _object(run.request, "asked").get("names")
    return list(named) if named else [line["factor"] for line in (run.document or {}).get("exposures", [])]


def _factors(run: RunRecord) -> Rows:
    """as_of: midnight UTC of the day that the data is of."""
    document = run.document or {}
    as_of = datetime(run.as_of.year, run.as_of.month, run.as_of.day, tzinfo=UTC)
    found = {"as_of": as_of, "exposures": document.get("exposures", []), "attribution": document.get("attribution", [])}
    decided = {"analysis_id": run.run_id, "completed_at": run.completed_at, **found}
    read = {"analysis_id": run.run_id, "portfolio_id": run.portfolio_id, "created_at": run.created_at, **found}
    return [(models.factor_analysis_results, decided), (models.factor_exposures, read)]


def _rebalance(run: RunRecord) -> Rows:
    document = run.document or {}
    book = {
        "current_allocation": allocation(document, "weight_before"),
        "target_allocation": allocation(document, "weight_after"),
        "trades": [trade(line) for line in document.get("trades", [])],
        "metrics": plan_metrics(document),
    }
    decided = {"rebalance_id": run.run_id, "completed_at": run.completed_at, **book}
    read = {
        "rebalance_id": run.run_id,
        "portfolio_id": run.portfolio_id,
        "target_type": _target_type(run),
        "created_at": run.created_at,
        **book,
    }
    rows: Rows = [(models.rebalance_results, decided), (models.rebalance_plans, read)]
    # What is superseded was never the portfolio's newest optimization.
    return rows if run.status is RunStatus.SUPERSEDED else [*rows, (models.portfolio_optimization_ts, _at_time(run))]


def _at_time(run: RunRecord) -> dict[str, Any]:
    """The proposed book in S1's words; figures that a document does not tell are null."""
    document = run.document or {}
    after = {row["name"]: row.get("after") for row in document.get("figures", [])}
    certificate = _object(document, "certificate")
    engine = _object(certificate, "engine")
    return {
        "timestamp": run.completed_at,
        "portfolio_id": run.portfolio_id,
        "optimization_id": run.run_id,
        "optimal_weights": allocation(document, "weight_after"),
        "expected_return": after.get("expected_return"),
        "expected_volatility": after.get("volatility"),
        "sharpe_ratio": after.get("sharpe_ratio"),
        "optimization_metadata": {
            "convergence_status": "optimal",
            "iterations": engine.get("iterations", 0),
            "optimization_time_ms": 1000.0 * run.timings.get("optimize", 0.0),
            "objective_value": certificate.get("objective"),
            "constraints_satisfied": keeps_its_limits(document),
        },
    }


def _optimization(run: RunRecord) -> Rows:
    document = run.document or {}
    weights = written(document.get("optimal_weights", {}))  # into four rows
    answer = {
        "portfolio_id": run.portfolio_id,
        "optimal_weights": weights,
        **{name: document.get(name) for name in FIGURES},
        "optimization_metadata": _metadata(run),
    }
    book = {
        "metrics": {name: document.get(name) for name in FIGURES} | dict(_object(_object(document, "portopt"), "metrics")),
        "current_allocation": written(run.request.get("current_weights") or {}),
        "target_allocation": weights,
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


def _metadata(run: RunRecord) -> dict[str, Any] | None:
    """S1's, with the time that it took; the document knows no clock."""
    told = (run.document or {}).get("optimization_metadata")
    if not isinstance(told, Mapping) or "optimize" not in run.timings:
        return None if told is None else dict(told)
    return {**told, "optimization_time_ms": 1000.0 * run.timings["optimize"]}


def _target_type(run: RunRecord) -> str:
    return fits("target_type", str(run.request.get("target_type", "optimal")))


def _choice(run: RunRecord) -> dict[str, str]:
    objective = _object(run.request, "objective")
    return {
        "optimization_type": str(run.request.get("method") or method_of(objective, _views(run))).lower(),
        "objective": str(objective.get("kind", "max_sharpe")),
        "risk_measure": _measure_named(objective.get("measure") or objective.get("risk_measure") or "volatility"),
    }


def _measure_named(measure: Any) -> str:
    """By its name, where it is an object with options."""
    return str(measure.get("kind", "volatility") if isinstance(measure, Mapping) else measure)


def _views(run: RunRecord) -> Mapping[str, Any]:
    return _object(_object(run.request, "estimation"), "views")


def _object(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name)
    return found if isinstance(found, Mapping) else {}


def _uuid(run: RunRecord, what: str) -> uuid.UUID:
    return _id_of(run.run_id, what)


def configuration_id(run_id: str) -> uuid.UUID:
    """Of the row of `optimization_configurations` that a run left, if it left one."""
    return _id_of(run_id, "configuration")


def _id_of(run_id: str, what: str) -> uuid.UUID:
    """From the run's own id, so that the same run can never leave two."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"portopt:{run_id}:{what}")
