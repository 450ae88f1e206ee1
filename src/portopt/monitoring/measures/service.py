"""The service itself: what waits to be delivered or to be done, what answers, and how much of the error budget is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from portopt.domain.measured import EndedJob, Queue
from portopt.domain.run import Outbox, RunStatus
from portopt.domain.watch import Figure, labels

# Ended for a reason of ours, or of what we rest on; everything else is an answer to what was asked.
OURS = frozenset({"internal_error", "upstream_failed", "unavailable", "certificate_refused", "optimizer_stopped",
                  "deadline_exceeded", "search_ended", "too_many_requests"})  # fmt: skip
OBJECTIVE = 0.995  # of jobs that are answered
BUDGET_DAYS = 30.0
AVAILABILITY_DAYS = 1.0
NAMED_EVENTS = 10
NO_JOBS = "no job ended in the window"


def outbox(state: Outbox, now: datetime) -> list[Figure]:
    """What is not delivered, since when, and what the receiver refused too often."""
    age = 0.0 if state.oldest is None else max((now - state.oldest).total_seconds(), 0.0)
    parked = [{"event": e.event_id, "key": e.key, "why": e.why} for e in state.parked[:NAMED_EVENTS]]
    held = [{"shard": s.shard, "holder": s.holder, "waiting": s.waiting} for s in state.held]
    return [
        Figure("outbox_age", (), now, age, detail={"refused": state.refused, "held": held}),
        Figure("outbox_waiting", (), now, float(state.waiting)),
        Figure(
            "outbox_parked", (), now, float(len(state.parked)), limit=0.0, detail={"parked": parked, "behind": state.behind}
        ),
    ]


def queue(jobs: Queue, now: datetime) -> list[Figure]:
    """Jobs that nobody has taken up, and how long the first has waited."""
    oldest = 0.0 if jobs.oldest is None else max((now - jobs.oldest).total_seconds(), 0.0)
    return [Figure("jobs_waiting", (), now, float(jobs.waiting)), Figure("jobs_oldest", (), now, oldest)]


def is_up(name: str, now: datetime, why: str | None) -> Figure:
    """1 where it answered; 0 with what it said where it did not. name: store_up or broker_up. why: None where it answered."""
    return Figure(name, (), now, 1.0 if why is None else 0.0, limit=1.0, why="" if why is None else why)


def gap(before: datetime | None, now: datetime, late: timedelta) -> list[Figure]:
    """Since the measurement before this one; the first one has none. late: from how long on it was an interruption."""
    if before is None:
        return []
    return [Figure("measured_gap", (), now, (now - before).total_seconds(), limit=late.total_seconds())]


def silent(channel: str, oldest: datetime | None, delivered: datetime | None, now: datetime) -> Figure:
    """How long a channel has delivered nothing though something waits for it: since the oldest that waits was told, or since
    the last was delivered. oldest: None where nothing waits. delivered: None where nothing was.
    """
    since = max((at for at in (oldest, delivered) if at is not None), default=now) if oldest is not None else now
    detail = {"waiting_since": oldest.isoformat()} if oldest is not None else {}
    return Figure("channel_silent", labels(channel=channel), now, max((now - since).total_seconds(), 0.0), detail=detail)


def disk(free: int, total: int, path: str, now: datetime) -> Figure:
    """free, total: bytes."""
    if total <= 0:
        return Figure("disk_free", (), now, None, why=f"{path} is on a disk of no size")
    return Figure("disk_free", (), now, free / total, detail={"path": path, "free_bytes": free, "total_bytes": total})


def availability(
    jobs: Sequence[EndedJob], now: datetime, objective: float = OBJECTIVE, days: float = BUDGET_DAYS
) -> list[Figure]:
    """The share of a day's jobs that were answered and not failed by us, and what is left of the error budget of so many days.

        availability = 1 - ours / ended          budget left = 1 - (ours / ended) / (1 - objective)

    A refusal of what was asked (contradictory limits, wrong data) is an answer; a cancelled job is nobody's failure.
    jobs: of those days. Without any there is nothing to say.
    """
    day = [job for job in jobs if now - job.completed_at <= timedelta(days=AVAILABILITY_DAYS)]
    return [_answered(day, now, objective), _budget(jobs, now, objective, days)]


def failed_by_us(job: EndedJob) -> bool:
    return job.status is RunStatus.FAILED and (job.code in OURS or not job.code)


def _answered(jobs: Sequence[EndedJob], now: datetime, objective: float) -> Figure:
    if not jobs:
        return Figure("service_availability", (), now, None, limit=objective, why=NO_JOBS)
    ours = [job for job in jobs if failed_by_us(job)]
    detail = {"ended": len(jobs), "ours": len(ours), "codes": dict(sorted(Counter(j.code for j in ours).items())),
              "jobs": sorted(j.job_id for j in ours)[:NAMED_EVENTS], "days": AVAILABILITY_DAYS}  # fmt: skip
    return Figure("service_availability", (), now, 1.0 - len(ours) / len(jobs), limit=objective, detail=detail)


def _budget(jobs: Sequence[EndedJob], now: datetime, objective: float, days: float) -> Figure:
    if not jobs:
        return Figure("error_budget_left", (), now, None, limit=0.0, why=NO_JOBS)
    ours = sum(failed_by_us(job) for job in jobs)
    left = 1.0 - (ours / len(jobs)) / (1.0 - objective)
    detail = {"ended": len(jobs), "ours": ours, "objective": objective, "days": days}
    return Figure("error_budget_left", (), now, left, limit=0.0, detail=detail)
