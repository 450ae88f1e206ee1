"""Answers that a desk keeps: saved under a name, proposed, and held against what is newest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

KINDS = ("alternatives", "edit", "what_if")
ALTERNATIVES, EDIT, WHAT_IF = KINDS


@dataclass(frozen=True, slots=True)
class SavedChoice:
    """One answer, or one of its alternatives, kept under a name.

    saved_id: of what is saved, so that the same choice is saved once. alternative: which of the alternatives, "" of the other
    kinds. run_id: the run that proposing it makes. figures: as they were answered. withdrawn_at: None while it is kept.
    """

    saved_id: str
    choice_id: str
    portfolio_id: str
    kind: str
    name: str
    saved_by: str
    saved_at: datetime
    alternative: str = ""
    note: str = ""
    run_id: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)
    withdrawn_by: str = ""
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """That somebody proposed a choice. told: its trades, what it moved, or the alternatives there were, with their figures."""

    run_id: str
    choice_id: str
    portfolio_id: str
    kind: str
    by: str
    at: datetime
    alternative: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Changed:
    """What is not as it was when a choice was answered. what: "holdings", "proposal", "policy" or "prices"."""

    what: str
    was: str | int | None
    now: str | int | None
    detail: str
