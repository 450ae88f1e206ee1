"""S1's OptimizationResponse and its `portfolio_optimized` event, from our certified answers.

The response is S1's, and beside it one object under "portopt" with what S1 has no place for. The event is S1's, with
`objective_value` and `constraints_satisfied` in its metadata and a `schema_version`; milliseconds are integers there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np

from portopt.analysis.figures import figures
from portopt.dialects.strategy_words import method_of
from portopt.domain.arrays import Vector
from portopt.domain.canonical import plain
from portopt.domain.certificate import ValidatedSolution
from portopt.domain.explanation import LeftOut, ShadowPrice
from portopt.domain.found import RestsOn, on_data
from portopt.domain.problem import Problem
from portopt.domain.request import AnyRequest
from portopt.domain.run import RunRecord

SCHEMA_VERSION = "1.0"
NO_RISK = 1e-9  # annual volatility; below it a Sharpe ratio is a quotient of rounding errors


class CertifiedAnswer(Protocol):
    """What a choice of weights gives. seconds: wall time of the whole question."""

    @property
    def problem(self) -> Problem: ...
    @property
    def validated(self) -> ValidatedSolution: ...
    @property
    def prices(self) -> tuple[ShadowPrice, ...]: ...
    @property
    def seconds(self) -> float: ...
    @property
    def left_out(self) -> tuple[LeftOut, ...]: ...
    @property
    def rests_on(self) -> RestsOn | None: ...


def write_response(request: AnyRequest, answer: CertifiedAnswer) -> dict[str, Any]:
    """S1's OptimizationResponse. expected_volatility and Sharpe ratio by the request's own moments and risk-free rate.

    sharpe_ratio is null for a portfolio without risk. optimization_time_ms is a float here. Of a book, the pricing pack that it
    rests on stands beside.
    """
    problem, weights = answer.problem, answer.validated.weights
    certificate, raw = answer.validated.certificate, answer.validated.solution.raw
    expected = float(problem.moments.mu @ weights)
    sigma = problem.moments.covariance.volatility(weights)
    return {
        "portfolio_id": request.portfolio_id,
        "optimal_weights": {a: float(w) + 0.0 for a, w in zip(problem.universe.ids, weights, strict=True)},
        "expected_return": expected,
        "expected_volatility": sigma,
        "sharpe_ratio": (expected - problem.risk_free_rate) / sigma if sigma > NO_RISK else None,
        "optimization_metadata": {
            "convergence_status": answer.validated.solution.status.value,
            "iterations": 0 if raw is None else raw.iterations,
            "optimization_time_ms": 1000.0 * answer.seconds,
            "objective_value": certificate.objective,
            "constraints_satisfied": certificate.worst_violation <= certificate.tolerances.feasibility,
        },
        "portopt": _extension(request, answer),
        **on_data(answer.rests_on),
    }


def _extension(request: AnyRequest, answer: CertifiedAnswer) -> dict[str, Any]:
    """Our own: what was understood, what binds, and the certificate. Not part of S1."""
    problem, raw = answer.problem, answer.validated.solution.raw
    return {
        "schema_version": SCHEMA_VERSION,
        "risk_free_rate": problem.risk_free_rate,
        "method": method_of(request.objective, request.estimation.views),
        "objective": {**plain(request.objective), "description": problem.objective.describe()},
        "limits": {limit.kind: limit.describe() for limit in problem.limits},
        "metrics": _metrics(problem, answer.validated.weights),
        "binding_limits": [plain(price) for price in answer.prices],
        "moments": {
            "expected_returns": problem.moments.expected_return_method,
            "covariance": problem.moments.covariance_method,
            "periods_per_year": problem.moments.periods_per_year,
        },
        "solver": None if raw is None else {"name": raw.solver, "polished": raw.polished},
        "certificate": answer.validated.certificate.without_readings(),
        "notes": [*request.notes, *problem.notes, *(left.sentence for left in answer.left_out)],
    }


def _metrics(problem: Problem, weights: Vector) -> dict[str, float | None]:
    """S2's metrics that S1 has no place for. max_drawdown: in-sample; turnover: one-way, null where nothing is held."""
    found = figures(problem, weights)
    before = problem.w_prev
    return {
        "tracking_error": found.tracking_error,
        "information_ratio": found.information_ratio,
        "max_drawdown": found.max_drawdown_in_sample,
        "turnover": None if before is None or not before.any() else 0.5 * float(np.abs(weights - before).sum()),
    }


def event_body(
    *,
    event_id: str,
    timestamp: datetime,
    portfolio_id: str,
    optimal_weights: Mapping[str, float],
    expected_return: float | None,
    expected_volatility: float | None,
    sharpe_ratio: float | None,
    metadata: Mapping[str, Any],
) -> dict[str, Any]:
    """S1's event. metadata: as in the response; its milliseconds are rounded to whole ones."""
    return {
        "event_id": event_id,
        "timestamp": utc_milliseconds(timestamp),
        "schema_version": SCHEMA_VERSION,
        "portfolio_optimized": {
            "portfolio_id": portfolio_id,
            "optimal_weights": dict(optimal_weights),
            "expected_return": expected_return,
            "expected_volatility": expected_volatility,
            "sharpe_ratio": sharpe_ratio,
            "optimization_metadata": {
                "convergence_status": metadata["convergence_status"],
                "iterations": int(metadata["iterations"]),
                "optimization_time_ms": round(float(metadata["optimization_time_ms"])),
                "objective_value": metadata["objective_value"],
                "constraints_satisfied": bool(metadata["constraints_satisfied"]),
            },
        },
    }


def rebalance_event_body(record: RunRecord, event_id: str) -> dict[str, Any]:
    """S1's event of a finished rebalance, read off its document: the whole-share book that is proposed.

    Assets that are neither held nor proposed are left out; what is sold entirely is there with weight 0.
    """
    document = record.document or {}
    after = {row["name"]: row["after"] for row in document["figures"]}
    certificate = document["certificate"]
    engine = certificate["engine"] or {}
    return event_body(
        event_id=event_id,
        timestamp=record.completed_at or record.created_at,
        portfolio_id=record.portfolio_id,
        optimal_weights={
            row["asset_id"]: row["weight_after"]
            for row in document["proposal"]
            if row["weight_after"] != 0 or row["weight_before"] != 0
        },
        expected_return=after["expected_return"],
        expected_volatility=after["volatility"],
        sharpe_ratio=after["sharpe_ratio"],
        metadata={
            "convergence_status": "optimal",
            "iterations": engine.get("iterations", 0),
            "optimization_time_ms": 1000.0 * record.timings.get("optimize", 0.0),
            "objective_value": certificate["objective"],
            "constraints_satisfied": keeps_its_limits(document),
        },
    )


def keeps_its_limits(document: Mapping[str, Any]) -> bool:
    """Whether the proposed book keeps every limit that is not soft, as a rebalance's document tells it."""
    return all(limit["holds"] or limit["soft"] for limit in document.get("limits", ()))


def optimize_event_body(record: RunRecord, event_id: str) -> dict[str, Any]:
    """S1's event of a choice of weights, read off its document, which is S1's response without its one reading of a clock."""
    document = record.document or {}
    return event_body(
        event_id=event_id,
        timestamp=record.completed_at or record.created_at,
        portfolio_id=record.portfolio_id,
        optimal_weights=document["optimal_weights"],
        expected_return=document["expected_return"],
        expected_volatility=document["expected_volatility"],
        sharpe_ratio=document["sharpe_ratio"],
        metadata={**document["optimization_metadata"], "optimization_time_ms": 1000.0 * record.timings.get("optimize", 0.0)},
    )


def utc_milliseconds(instant: datetime) -> str:
    """2025-06-21T10:00:00.000Z"""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
