"""A rebalance that is asked for now and worked out later: which job it is, and putting it on record once.

The same words of the same holdings on data that they name are the same job for ever. Where the newest prices are asked for the
same words mean something else tomorrow: then they are the same job until that has ended.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from portopt.domain.canonical import digest
from portopt.domain.errors import UnknownThing
from portopt.domain.job import Job
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import RunStatus
from portopt.runs.record import accepted

if TYPE_CHECKING:
    from portopt.runtime import Runtime

PREFIXES = {"optimization": "opt", "rebalance": "reb"}
AGAIN = (RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.SUPERSEDED)  # what is not the answer to the same words for ever


@dataclasses.dataclass(frozen=True, slots=True)
class AskedFor:
    """Who asks, and under which names they look for it. approval_hours: how long a person may take; 0 asks nobody."""

    by: str = ""
    approval_hours: float = 0.0
    correlation_id: str | None = None
    idempotency_key: str | None = None


def submit(
    kind: str,
    body: Mapping[str, Any],
    request: RebalanceRequest,
    holdings_version: int,
    runtime: Runtime,
    asked_for: AskedFor,
    *,
    names_its_data: bool,
) -> Job:
    """The job on record: this one, or the equal one that was asked for before.

    kind: "optimization" or "rebalance". body: what was asked, word for word. names_its_data: whether the same words mean the
    same data tomorrow. Raises InvalidValue for what could not be stored and read back, KeyReused.
    """
    from portopt.dialects.requests import rebalance_request_to_data

    request = accepted(request)
    hashed = digest(dict(body), request.identity(), request.provider, holdings_version, asked_for.approval_hours)
    job = Job(
        job_id=new_id(PREFIXES[kind], hashed),
        kind=kind,
        portfolio_id=request.holdings.portfolio_id,
        status=RunStatus.PENDING,
        body=dict(body),
        request=rebalance_request_to_data(request),
        request_digest=hashed,
        holdings_version=holdings_version,
        created_at=datetime.now(UTC),
        approval_hours=asked_for.approval_hours,
        asked_by=asked_for.by,
        correlation_id=asked_for.correlation_id,
        idempotency_key=asked_for.idempotency_key,
    )
    return put_once(job, PREFIXES[kind], runtime, names_its_data=names_its_data)


def put_once(job: Job, prefix: str, runtime: Runtime, *, names_its_data: bool) -> Job:
    """The job on record, or the equal one that is the answer to the same words. Raises KeyReused."""
    if names_its_data:
        fixed = dataclasses.replace(job, job_id=f"{prefix}-{job.request_digest[:32]}")
        there = _there(fixed.job_id, runtime)
        if there is not None and there.status not in AGAIN:
            return there
        job = fixed if there is None else job
    return runtime.jobs.submit(job)


def new_id(prefix: str, hashed: str) -> str:
    """Sorts by when it was asked for; the content's own part says what it is, and nobody else's clock makes the same."""
    now = datetime.now(UTC)
    return f"{prefix}-{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}-{hashed[:12]}{secrets.token_hex(4)}"


def _there(job_id: str, runtime: Runtime) -> Job | None:
    try:
        return runtime.jobs.get(job_id)
    except UnknownThing:
        return None
