"""One wave: many portfolios from one cause, each an item with a deadline of its own, ended once.

A wave decides nothing that a rebalance by itself would not: an item becomes the same run, with the same bytes, as `portopt
rebalance` makes of that book on those prices under that policy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from portopt.domain.approval import Approval
from portopt.domain.run import Event, RunRecord, RunStatus


class ItemState(StrEnum):
    """proposed: a run with its document. refused: it has a cause of its own (no portfolio satisfies its limits, its data are
    refused). held: given up after too many attempts. cancelled: its wave was ended before it. Of the last three the book stays
    as it is, and the cause is kept.
    """

    WAITING = "waiting"
    WORKING = "working"
    PROPOSED = "proposed"
    REFUSED = "refused"
    HELD = "held"
    CANCELLED = "cancelled"


ENDED = (ItemState.PROPOSED, ItemState.REFUSED, ItemState.HELD, ItemState.CANCELLED)


class WaveKind(StrEnum):
    """What made somebody ask for all of them."""

    POLICY_CHANGED = "policy_changed"
    PRICES = "prices"
    CASH = "cash"
    DEADLINE = "deadline"
    ASKED = "asked"


@dataclass(frozen=True, slots=True)
class Wave:
    """What all items have in common.

    cause: why all of them are asked for, in a person's words; kind: the same in a word. policies: those that items name, as
    they stood when the wave began, as data by id. provider: where prices come from; None is each portfolio's own. as_of: prices
    up to this day. await_approval: whether proposals wait for a person. asked_by: who asked for it over the wire; it is then
    carried out by the workers of the service, and without one by the command or the flow that began it. deadline: the earliest
    of its items'. ended_at: when the last item ended, None before.
    """

    wave_id: str
    cause: str
    policies: Mapping[str, Mapping[str, Any]]
    created_at: datetime
    provider: str | None = None
    as_of: date | None = None
    await_approval: bool = False
    asked_by: str = ""
    ended_at: datetime | None = None
    kind: WaveKind = WaveKind.ASKED


@dataclass(frozen=True, slots=True)
class WaveItem:
    """One portfolio of a wave. number: its place in the order in which they were asked for.

    deadline: when its proposal must be there; None where nobody waits. attempts: how often it was taken up. owner,
    leased_until: who works on it, and until when that is believed. problem: why there is no proposal.
    seconds: it took, gap: what the search for whole shares left open, a fraction of the objective; where it has a proposal.
    status, approval: of its run, as they stand now.
    """

    wave_id: str
    number: int
    portfolio_id: str
    policy: str
    deadline: datetime | None = None
    state: ItemState = ItemState.WAITING
    attempts: int = 0
    owner: str | None = None
    leased_until: datetime | None = None
    run_id: str | None = None
    problem: Mapping[str, Any] | None = None
    ended_at: datetime | None = None
    seconds: float | None = None
    gap: float | None = None
    status: RunStatus | None = None
    approval: Approval | None = None

    @property
    def is_ended(self) -> bool:
        return self.state in ENDED

    def is_late(self, now: datetime) -> bool:
        """Whether its deadline passed before it ended."""
        return self.deadline is not None and (self.ended_at or now) > self.deadline


@dataclass(frozen=True, slots=True)
class ItemEnd:
    """What became of an item, or so far of one that waits again: its state, and the run to be stored in the same transaction.

    run: completed with its event, or failed; None where there is none, or it is stored already (run_id then names it).
    since: the version of the portfolio's holdings when the work began, where the run declares them. trades: of its proposal.
    """

    number: int
    state: ItemState
    run: RunRecord | None = None
    event: Event | None = None
    since: int | None = None
    run_id: str | None = None
    problem: Mapping[str, Any] | None = None
    seconds: float | None = None
    gap: float | None = None
    trades: Sequence[WaveTrade] = ()


@dataclass(frozen=True, slots=True)
class WaveTrade:
    """An order of a proposal, as its document tells it. side: "buy" or "sell"; value, cost: money, to the cent."""

    asset_id: str
    side: str
    shares: Decimal
    value: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Cause:
    """Why there is no proposal. said: the kind of refusal; items: how many it concerns; portfolio: the first of them, with the
    detail of its refusal and what would mend it, where that is known.
    """

    said: str
    items: int
    portfolio: str
    detail: str
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class WaveReport:
    """A wave as it stands. counts: items by state. missed: those that ended after their deadline, or are not ended and past it.

    earliest: the next deadline of those that are not ended, or the last there was. late: portfolios that missed theirs.
    statuses: runs of its proposals, by how they stand now.
    seconds: (P50, P95, P99, slowest) of an item, None before the first. wall: from the wave's beginning to the end of its last
    item. causes: why there are items without a proposal, the most frequent first.
    """

    wave: Wave
    counts: Mapping[ItemState, int]
    with_deadline: int
    missed: int
    seconds: tuple[float, float, float, float] | None = None
    slowest: str | None = None
    wall: float | None = None
    causes: Sequence[Cause] = field(default_factory=tuple)
    earliest: datetime | None = None
    late: Sequence[str] = ()
    statuses: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def ended(self) -> int:
        return sum(self.counts.get(state, 0) for state in ENDED)

    @property
    def share(self) -> float:
        """How much of it is done, 0 to 1."""
        return self.ended / self.total if self.total else 1.0

    @property
    def said(self) -> str:
        """The deadline report in a line."""
        if not self.with_deadline:
            return "no deadline was given"
        return f"missed {self.missed:,} of {self.with_deadline:,}"
