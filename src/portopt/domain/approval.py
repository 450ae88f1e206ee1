"""What a proposal asks of people before it is released: how many, until when, for which reasons; and what they decided.

No timer decides here: how an approval stands is told by comparing its instants with the one at which somebody asks.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final


class ApprovalState(StrEnum):
    AWAITING = "awaiting"
    HELD = "held"
    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


OPEN = (ApprovalState.AWAITING, ApprovalState.HELD)
DECISIONS = ("approve", "request_changes", "reject", "hold", "release_hold")

REASONS: Final = {
    "client_instruction": "the client asked for it",
    "risk_view": "a view of the risk that the model does not hold",
    "liquidity": "what can be traded, and when",
    "tax": "what it costs or saves in tax",
    "data_error": "the data behind the limit or the trade are wrong",
    "mandate_change": "the mandate changes, and the policy is not changed yet",
    "passing": "a passing state, which a later trade mends",
    "compliance_waiver": "compliance has agreed to it",
    "other": "what the note says",
}


@dataclass(frozen=True, slots=True)
class Departure:
    """Where a proposal is not what its policy alone would propose. what: "limit", "trade" or "what_if"; said: in words."""

    what: str
    name: str
    said: str


@dataclass(frozen=True, slots=True)
class ApprovalWanted:
    """What is asked for with a proposal. hours: how long a person may take; None is for ever, where the policy says nothing.

    departures: those that its request and its answer do not tell of themselves.
    """

    hours: float | None = None
    departures: tuple[Departure, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says with a decision. reason: one of REASONS."""

    reason: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Decided:
    """The last decision about a proposal. by: the subject; until: of a hold."""

    decision: str
    by: str
    at: datetime
    reason: str | None = None
    note: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """Of one proposal. state: as it was left; `state_at` says how it stands.

    value_to_trade: of all orders, sells and buys. approvers: how many different people it takes; approved_by: who has so far.
    decided: the last decision. superseded_by: the proposal that took its place, where it was one.
    """

    asked_at: datetime
    state: ApprovalState = ApprovalState.AWAITING
    expires_at: datetime | None = None
    held_until: datetime | None = None
    departures: tuple[Departure, ...] = ()
    value_to_trade: Decimal | None = None
    approvers: int = 1
    approved_by: tuple[str, ...] = ()
    decided: Decided | None = None
    superseded_by: str | None = None

    @property
    def needs_reason(self) -> bool:
        return bool(self.departures)

    def state_at(self, now: datetime) -> ApprovalState:
        """A hold lifts by itself, and what nobody decided in time is expired, whether or not anybody wrote that down."""
        if self.state is not ApprovalState.AWAITING:
            return self.state
        if self.held_until is not None and now < self.held_until:
            return ApprovalState.HELD
        is_late = self.expires_at is not None and now >= self.expires_at
        return ApprovalState.EXPIRED if is_late else ApprovalState.AWAITING

    def held(self, until: datetime, now: datetime) -> Approval:
        """Not to be decided before then. The time that a person may take stands still meanwhile."""
        free = self.unheld(now)
        expires_at = None if free.expires_at is None else free.expires_at + (until - now)
        return dataclasses.replace(free, held_until=until, expires_at=expires_at)

    def unheld(self, now: datetime) -> Approval:
        """The hold ends now, and what is left of it is not given to whoever decides."""
        if self.held_until is None or self.held_until <= now:
            return dataclasses.replace(self, held_until=None)
        expires_at = None if self.expires_at is None else self.expires_at - (self.held_until - now)
        return dataclasses.replace(self, held_until=None, expires_at=expires_at)
