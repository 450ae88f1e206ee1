"""Work that is answered later: asked for now, taken up by a runner, ended once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portopt.domain.run import RunStatus

THROUGH_TIME = ("backtest", "walk_forward", "comparison")
OF_A_BOOK = ("optimization", "rebalance")


@dataclass(frozen=True, slots=True)
class Job:
    """What was asked for by another service or a person, and is carried out by a flow.

    kind: "optimization" or "rebalance", by S2's two ways to ask; one of THROUGH_TIME. body: what was asked, word for
    word. request: the complete request as data. request_digest: SHA-256 of both and of the holdings' version: the same is the
    same job while it is not ended. holdings_version: of the portfolio's holdings when it was asked.
    run_id: the run it became, None until its prices are read. problem: why it ended without an answer.
    progress: how far it is, where its runner tells: {"percent", "said", "seconds_left"}.
    owner, leased_until: who works on it, and until when that is believed. attempts: how often it was taken up.
    """

    job_id: str
    kind: str
    portfolio_id: str
    status: RunStatus
    body: Mapping[str, Any]
    request: Mapping[str, Any]
    request_digest: str
    holdings_version: int
    created_at: datetime
    approval_hours: float = 0.0
    started_at: datetime | None = None
    completed_at: datetime | None = None
    run_id: str | None = None
    owner: str | None = None
    leased_until: datetime | None = None
    attempts: int = 0
    problem: Mapping[str, Any] | None = None
    asked_by: str = ""
    correlation_id: str | None = None
    idempotency_key: str | None = None
    seconds: Mapping[str, float] | None = None
    progress: Mapping[str, Any] | None = None

    @property
    def is_ended(self) -> bool:
        return self.status not in (RunStatus.PENDING, RunStatus.PROCESSING)


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found: jobs whose runner went silent, free again or, after too many attempts, ended as failed."""

    freed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptReply:
    """What a key was used for. request_digest: SHA-256 of operation, place and body. reply: the answer that was given, None
    while it is being worked out; job_id: the job it stands for, where it stands for one."""

    key: str
    subject: str
    operation: str
    request_digest: str
    created_at: datetime
    job_id: str | None = None
    status: int | None = None
    reply: bytes | None = None
