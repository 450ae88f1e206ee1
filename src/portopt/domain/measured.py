"""What the store tells of runs, jobs and books in columns: what the watch measures, without their documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from portopt.domain.run import RunStatus


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run that has ended. timings: seconds by step. assets: how many it chose among, None where that is not known.

    code: of the problem that it ended with; "" for none.
    """

    run_id: str
    kind: str
    portfolio_id: str
    status: RunStatus
    created_at: datetime
    completed_at: datetime
    timings: Mapping[str, float] = field(default_factory=dict)
    assets: int | None = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run that was begun and has not ended, or a proposal that awaits a person, since when.

    worked_on: whether somebody holds a lease on its job.
    """

    run_id: str
    portfolio_id: str
    since: datetime
    worked_on: bool = False


@dataclass(frozen=True, slots=True)
class EndedJob:
    """A job that has ended. code: of its problem, "" for none."""

    job_id: str
    status: RunStatus
    completed_at: datetime
    code: str = ""


@dataclass(frozen=True, slots=True)
class Queue:
    """Jobs that nobody has taken up. oldest: since when the first of them waits."""

    waiting: int
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class KnownBook:
    """A portfolio whose holdings were declared. changed_at: when what it holds, or what is said of it, changed last."""

    portfolio_id: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class ReleasedProposal:
    """A proposal that was released: whose, of which day's prices, and when it was worked out."""

    run_id: str
    portfolio_id: str
    as_of: date
    completed_at: datetime
    pricing_pack_id: str | None = None


@dataclass(frozen=True, slots=True)
class Paper:
    """What a certificate says, as far as it is watched. relative_gap: None where no bound was proven."""

    run_id: str
    worst_violation: float
    worst_limit: str
    relative_gap: float | None
    certified: bool = True
