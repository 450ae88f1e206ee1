"""A job as S2's tables have it: what was asked, in the words that asked, and what came out, by the job's own id.

kind           asked                    decided and read
optimization   optimization_requests    optimization_results, portfolio_optimizations
rebalance      rebalance_requests       rebalance_results, rebalance_plans

What goes through time (a backtest, a walk-forward) has no tables there: it is a job, a run and its result.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from portopt.adapters.store import models
from portopt.adapters.store.projection import Rows
from portopt.adapters.store.records import fits
from portopt.dialects.portfolio_jobs import frontier_points, optimization_metrics
from portopt.dialects.portfolio_trades import allocation, plan_metrics, trade
from portopt.domain.canonical import plain
from portopt.domain.errors import InvalidValue
from portopt.domain.job import THROUGH_TIME

OPTIMIZATION, REBALANCE = "optimization", "rebalance"
USUAL = {"optimization_type": "mean_variance", "objective": "maximize_sharpe", "risk_measure": "volatility"}


def asked_rows(job: Mapping[str, Any]) -> Rows:
    """S2's request of a `jobs` row. Raises InvalidValue for a kind that nobody knows, and for words that do not fit."""
    if job["kind"] in THROUGH_TIME:
        return []
    about = {"id": job["job_id"], "portfolio_id": job["portfolio_id"], "status": job["status"]}
    times = {"created_at": job["created_at"], "updated_at": job["created_at"]}
    body = job["body"]
    asked = {**about, **times, "constraints": plain(body.get("constraints") or {})}
    if job["kind"] == OPTIMIZATION:
        wishes = {**_choice(body), "preferences": plain(body.get("preferences") or {})}
        return [(models.optimization_requests, {**asked, **wishes})]
    if job["kind"] == REBALANCE:
        return [(models.rebalance_requests, {**asked, "target_type": _target_type(body)})]
    raise InvalidValue("kind", job["kind"], f"a job is one of {', '.join((OPTIMIZATION, REBALANCE, *THROUGH_TIME))}")


def decided_rows(job: Mapping[str, Any], document: Mapping[str, Any], status: str, ended_at: datetime) -> Rows:
    """What came out, read off the document of the run that the job became."""
    if job["kind"] in THROUGH_TIME:
        return []
    trades = [trade(line) for line in document.get("trades", [])]
    before, after = (allocation(document, column) for column in ("weight_before", "weight_after"))
    book = {"current_allocation": before, "target_allocation": after, "trades": trades}
    about = {"portfolio_id": job["portfolio_id"], "created_at": job["created_at"]}
    if job["kind"] == REBALANCE:
        book |= {"metrics": plan_metrics(document), "rebalance_id": job["job_id"]}
        read = {**book, **about, "target_type": _target_type(job["body"])}
        return [(models.rebalance_results, {**book, "completed_at": ended_at}), (models.rebalance_plans, read)]
    book |= {"metrics": optimization_metrics(document), "optimization_id": job["job_id"]}
    read = {**book, **about, **_choice(job["body"]), "status": status, "completed_at": ended_at}
    decided = {**book, "completed_at": ended_at, "efficient_frontier": frontier_points(document)}
    return [(models.optimization_results, decided), (models.portfolio_optimizations, read)]


def _choice(body: Mapping[str, Any]) -> dict[str, str]:
    return {name: fits(name, _word(body.get(name) or usual)) for name, usual in USUAL.items()}


def _target_type(body: Mapping[str, Any]) -> str:
    return fits("target_type", _word(body.get("target_type") or "optimal"))


def _word(value: Any) -> str:
    """Its name, where it is an object with options."""
    return str(value.get("kind") if isinstance(value, Mapping) else value)
