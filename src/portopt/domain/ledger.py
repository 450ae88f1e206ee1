"""The record of decisions: append-only, each entry sealed by the one before it.

Source of the construction: Haber and Stornetta, "How to time-stamp a digital document" (1991), section 5.1 (linking).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from portopt.domain.canonical import canonical_json, digest

FIRST = "0" * 64  # what the first entry of a portfolio is sealed with
KINDS = (
    *("holdings", "proposed", "approved", "rejected", "released", "superseded", "expired", "cancelled"),
    *("changes_requested", "held", "hold_released"),
    *("selected", "saved", "renamed", "withdrawn"),  # of choices around a proposal
)


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One entry of a portfolio's chain. number: from 1, without gaps. body: what was decided, with what it rests on.

    seal: SHA-256 of everything else in it and of the seal before: one changed byte breaks every seal after it.
    """

    portfolio_id: str
    number: int
    kind: str
    subject: str
    at: datetime
    body: Mapping[str, Any]
    before: str
    seal: str = ""

    def sealed(self) -> LedgerEntry:
        return dataclasses.replace(self, seal=seal_of(self))


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """Where a chain does not hold: the first entry that is not what was written, or not where it was."""

    portfolio_id: str
    number: int
    why: str


def seal_of(entry: LedgerEntry) -> str:
    told = {
        "portfolio_id": entry.portfolio_id,
        "number": entry.number,
        "kind": entry.kind,
        "subject": entry.subject,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "body": entry.body,
        "before": entry.before,
    }
    return digest(canonical_json(told))


def broken(entries: Iterable[LedgerEntry]) -> BrokenLink | None:
    """The first entry of one portfolio's chain that does not hold; None where all of them do."""
    before = FIRST
    for number, entry in enumerate(entries, 1):
        if entry.number != number:
            return BrokenLink(entry.portfolio_id, number, f"entry {number} is missing")
        if entry.before != before:
            return BrokenLink(entry.portfolio_id, number, "it does not follow the entry before it")
        if entry.seal != seal_of(entry):
            return BrokenLink(entry.portfolio_id, number, "it is not what was written")
        before = entry.seal
    return None
