"""One run as it is stored: what was asked, on which pack, what came out; and the event it releases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from portopt.domain.approval import Approval
from portopt.domain.canonical import canonical_json, canonical_text, digest


class RunStatus(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    INFEASIBLE = "infeasible"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    AWAITING_APPROVAL = "awaiting_approval"


@dataclass(frozen=True, slots=True)
class Event:
    """A row of the outbox. body is exactly the JSON that leaves; key orders deliveries (the portfolio)."""

    event_id: str
    type: str
    key: str
    body: Mapping[str, Any]
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class ParkedEvent:
    """An event that a sink refused too often. why: what the sink said last."""

    event_id: str
    key: str
    why: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that may be sent now, of a shard of the outbox.

    number: under which it was sent before, by a relay that did not learn whether it arrived; None where it never was.
    also: keys besides the event's own in whose order it stands: of a notice that tells of several alerts.
    """

    event: Event
    shard: int
    number: int | None = None
    also: frozenset[str] = frozenset()

    @property
    def keys(self) -> frozenset[str]:
        return self.also | {self.event.key}


@dataclass(frozen=True, slots=True)
class HeldShard:
    """A shard of the outbox that a relay holds now. waiting: its events that are not delivered yet."""

    shard: int
    holder: str
    since: datetime | None
    waiting: int


@dataclass(frozen=True, slots=True)
class Outbox:
    """What waits for delivery, and for what. Instants are by the database's clock.

    held: shards that some relay holds; nobody else delivers of them until it ends, or dies. refused: a sink would not take
    them, they are tried again. behind: later events of a parked one's key. oldest: when the first that waits occurred.
    """

    waiting: int
    refused: int
    now: datetime
    refused_until: datetime | None = None
    parked: tuple[ParkedEvent, ...] = ()
    behind: int = 0
    held: tuple[HeldShard, ...] = ()
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoreExamination:
    """What a store turned out to hold that somebody should look at; see questions/health.py.

    damaged: runs whose stored document is not what was stored.
    unfinished: runs that were begun and neither ended nor taken up again, with their age in seconds.
    """

    damaged: tuple[str, ...]
    unfinished: tuple[tuple[str, float], ...]


def digest_of(document: Mapping[str, Any]) -> str:
    """SHA-256 of a document's canonical bytes."""
    return digest(canonical_json(document))


def digest_as_stored(document: Mapping[str, Any]) -> str:
    """The same of a document that was read from a store, which is plain already and is not gone through once more."""
    return digest(canonical_text(document).encode())


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run. run_id is its content's identity (`reb-…`, `opt-…`), so the same content is the same run.

    request: the whole request as data, enough to replay. document: the deterministic answer (see reports/document).
    document_digest: SHA-256 of the document's canonical bytes; a replay must give the same.
    timings: seconds by step; not part of the document. about_run: of what is asked around a proposal, which one.
    approval: of a proposal that waits for a person, or did.
    """

    run_id: str
    kind: str  # "rebalance" or "optimize"
    portfolio_id: str
    status: RunStatus
    request: Mapping[str, Any]
    pricing_pack_id: str | None
    as_of: date
    created_at: datetime
    completed_at: datetime | None = None
    document: Mapping[str, Any] | None = None
    document_digest: str | None = None
    problem: Mapping[str, Any] | None = None  # the problem object of a run that failed or was infeasible
    timings: Mapping[str, float] = field(default_factory=dict)
    about_run: str | None = None
    approval: Approval | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the document, where there is one, is the one that was stored."""
        return self.document is None or digest_as_stored(self.document) == self.document_digest
