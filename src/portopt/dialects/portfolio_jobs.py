"""S2's answers to what is worked out later: how far it is, and the proposal in S2's words, read off the stored document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from portopt.dialects.books import instant
from portopt.dialects.portfolio_trades import allocation, plan_metrics, trade
from portopt.dialects.submissions import in_asked_words
from portopt.domain.approval import ApprovalState
from portopt.domain.job import Job
from portopt.domain.run import RunRecord, RunStatus

IDS = {"optimization": "optimization_id", "rebalance": "rebalance_id"}
METRICS = {
    "expected_return": "expected_return",
    "expected_volatility": "volatility",
    "sharpe_ratio": "sharpe_ratio",
    "max_drawdown": "max_drawdown_in_sample",
    "information_ratio": "information_ratio",
}
BOOKS = {"current_allocation": "weight_before", "target_allocation": "weight_after"}
# What S2's readers are told of an approval. One that was superseded is told by the status; who cancelled one said no to it.
TOLD: dict[ApprovalState, str] = {state: state.value for state in ApprovalState if state is not ApprovalState.SUPERSEDED}
TOLD[ApprovalState.CANCELLED] = ApprovalState.REJECTED.value
USUAL_GOALS = {
    "risk_parity": "risk_parity",
    "hierarchical_risk_parity": "risk_parity",
    "multi_objective": "multi_objective",
}


def write_submitted(job: Job, usual_seconds: float | None) -> dict[str, Any]:
    """S2's 202: the id to ask for, and when there is likely to be an answer, from what others like it took."""
    return {
        IDS[job.kind]: job.job_id,
        "portfolio_id": job.portfolio_id,
        "status": status_of(job, None),
        "created_at": instant(job.created_at),
        "estimated_completion_time": _estimated(job, usual_seconds),
    }


def write_job(job: Job, run: RunRecord | None, usual_seconds: float | None) -> dict[str, Any]:
    """Either kind, as it stands: S2's fields, null where there is nothing yet, what went wrong, and ours beside them."""
    write = write_optimization if job.kind == "optimization" else write_rebalance_job
    return write(job, run, usual_seconds)


def write_optimization(job: Job, run: RunRecord | None, usual_seconds: float | None) -> dict[str, Any]:
    """S2's GET /optimizations/{id}. run: the one it became, None before that."""
    document = _document(run)
    how = job.body.get("optimization_type") or "mean_variance"
    return {
        "optimization_id": job.job_id,
        "portfolio_id": job.portfolio_id,
        "status": status_of(job, run),
        "created_at": instant(job.created_at),
        "completed_at": instant(_ended(job, run)),
        "estimated_completion_time": None if job.is_ended else _estimated(job, usual_seconds),
        "optimization_type": how,
        "objective": job.body.get("objective") or USUAL_GOALS.get(how, "maximize_sharpe"),
        "risk_measure": job.body.get("risk_measure") or "volatility",
        "metrics": optimization_metrics(document) if document else None,
        **_books(document),
        "trades": [_without_priority(trade(line)) for line in document.get("trades", ())],
        "efficient_frontier": frontier_points(document),
        "portopt": _ours(job, run, document),
        "problem": in_asked_words(job.problem or (run.problem if run else None), job.body),
    }


def write_rebalance_job(job: Job, run: RunRecord | None, usual_seconds: float | None) -> dict[str, Any]:
    document = _document(run)
    return {
        "portfolio_id": job.portfolio_id,
        "rebalance_id": job.job_id,
        "status": status_of(job, run),
        "created_at": instant(job.created_at),
        "completed_at": instant(_ended(job, run)),
        "estimated_completion_time": None if job.is_ended else _estimated(job, usual_seconds),
        "target_type": job.body.get("target_type") or "optimal",
        **_plan(document),
        "portopt": _ours(job, run, document),
        "problem": in_asked_words(job.problem or (run.problem if run else None), job.body),
    }


def write_rebalance(run: RunRecord) -> dict[str, Any]:
    """S2's answer to POST …/rebalance: the plan of a run that was worked out in the same request."""
    document = _document(run)
    return {
        "portfolio_id": run.portfolio_id,
        "rebalance_id": run.run_id,
        "status": _word(run.status, has_document=bool(document)),
        "created_at": instant(run.created_at),
        "target_type": document.get("target_type", "optimal"),
        **_plan(document),
        "portopt": _of_run(run, document),
    }


def status_of(job: Job, run: RunRecord | None) -> str:
    """A word of S2, or one that was added to it. A proposal that awaits approval, or was rejected, is completed."""
    status = run.status if run is not None and job.is_ended else job.status
    return _word(status, has_document=run is not None and run.document is not None)


def approval_of(job: Job, run: RunRecord | None) -> str | None:
    """awaiting, held, approved, changes_requested, rejected or expired; None where nobody is asked, or nothing is proposed."""
    if run is None or run.document is None or job.approval_hours <= 0:
        return None
    if run.approval is not None:
        return TOLD.get(run.approval.state_at(datetime.now(UTC)))
    if run.status is RunStatus.CANCELLED:
        return "expired" if ((run.problem or {}).get("asked") or {}).get("field") == "approval" else "rejected"
    return {RunStatus.AWAITING_APPROVAL: "awaiting", RunStatus.COMPLETED: "approved"}.get(run.status)


def optimization_metrics(document: Mapping[str, Any]) -> dict[str, Any]:
    """The proposed book in S2's figures; what a document cannot say is null."""
    after = {row["name"]: row.get("after") for row in document.get("figures", ())}
    told = {theirs: after.get(ours) for theirs, ours in METRICS.items()}
    turnover = (document.get("headline") or {}).get("turnover")
    order = ("expected_return", "expected_volatility", "sharpe_ratio", "max_drawdown", "turnover", "information_ratio")
    return {name: turnover if name == "turnover" else told[name] for name in order}


def frontier_points(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """S2's points of the frontier that was drawn with the proposal; none where it was not."""
    names = {"return": "expected_return", "risk": "volatility", "sharpe": "sharpe_ratio"}
    points = (document.get("frontier") or {}).get("points", ())
    return [{theirs: point[ours] for theirs, ours in names.items()} for point in points]


def _word(status: RunStatus, *, has_document: bool) -> str:
    if status is RunStatus.AWAITING_APPROVAL or (status is RunStatus.CANCELLED and has_document):
        return RunStatus.COMPLETED.value
    return status.value


def _document(run: RunRecord | None) -> Mapping[str, Any]:
    return {} if run is None or run.document is None else run.document


def _ended(job: Job, run: RunRecord | None) -> datetime | None:
    return job.completed_at or (run.completed_at if run is not None and job.is_ended else None)


def _estimated(job: Job, usual_seconds: float | None) -> str | None:
    if job.is_ended or usual_seconds is None:
        return None
    return instant(job.created_at + timedelta(seconds=usual_seconds))


def _books(document: Mapping[str, Any]) -> dict[str, Any]:
    if not document:
        return dict.fromkeys(BOOKS)
    return {name: allocation(document, column) for name, column in BOOKS.items()}


def _without_priority(told: Mapping[str, Any]) -> dict[str, Any]:
    """S2 prints an optimization's trades without it."""
    return {name: value for name, value in told.items() if name != "priority"}


def _plan(document: Mapping[str, Any]) -> dict[str, Any]:
    trades = [trade(line) for line in document.get("trades", ())]
    return {**_books(document), "trades": trades, "metrics": plan_metrics(document) if document else None}


def _ours(job: Job, run: RunRecord | None, document: Mapping[str, Any]) -> dict[str, Any]:
    """What S2 has no name for."""
    return {
        **_of_run(run, document),
        "approval": approval_of(job, run),
        "approval_hours": job.approval_hours,
        "holdings_version": job.holdings_version,
        "request_hash": job.request_digest,
        "correlation_id": job.correlation_id,
        "seconds": None if job.seconds is None else dict(job.seconds),
    }


def _of_run(run: RunRecord | None, document: Mapping[str, Any]) -> dict[str, Any]:
    certificate = document.get("certificate") or {}
    return {
        "run_id": None if run is None else run.run_id,
        "pricing_pack_id": None if run is None else run.pricing_pack_id,
        "as_of": None if run is None else run.as_of.isoformat(),
        "risk_free_rate": (document.get("policy") or {}).get("risk_free_rate"),
        "certificate": certificate.get("verdict"),
        "certificate_of_orders": (certificate.get("orders") or {}).get("verdict"),
        "notes": list(document.get("notes", ())),
        **({"cash_flow": document["cash_flow"]} if document.get("cash_flow") else {}),
    }
