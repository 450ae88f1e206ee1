"""What is watched: figures through time, alerts with their episodes, silences, and what is told of them.

A figure is one number of one subject at one instant. A rule (see monitoring/rules) is an expression over figures of one
subject; where it holds for long enough an alert fires: an episode, with an id of its own, from pending to resolved. No figure
is not a good figure: an alert whose figures stop coming is unknown, and says since when it is blind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from portopt.domain.canonical import canonical_json, digest

Labels = tuple[tuple[str, str], ...]


def labels(**named: str) -> Labels:
    """Who is measured, in the order of the names.

    >>> labels(portfolio="P1", asset="XOM")
    (('asset', 'XOM'), ('portfolio', 'P1'))
    """
    return tuple(sorted(named.items()))


def subject_of(of: Labels) -> str:
    """The labels as one line, which is the key of what is measured.

    >>> subject_of(labels(portfolio="P1", asset="XOM"))
    'asset=XOM,portfolio=P1'
    """
    return ",".join(f"{name}={_escaped(value)}" for name, value in of)


def labels_of(subject: str) -> Labels:
    """What `subject_of` wrote, read again.

    >>> labels_of("asset=GC=F,portfolio=P1")
    (('asset', 'GC=F'), ('portfolio', 'P1'))
    """
    if "\\" not in subject:  # as nearly always; ten thousands are read at once
        return tuple((name, value) for name, _, value in (part.partition("=") for part in subject.split(",") if part))
    parts = re.findall(r"([^=,]+)=((?:[^,\\]|\\.)*)", subject)
    return tuple((name, re.sub(r"\\(.)", r"\1", value)) for name, value in parts)


def _escaped(value: str) -> str:
    """A comma that is of the value is told from one between labels."""
    return value if "," not in value and "\\" not in value else value.replace("\\", "\\\\").replace(",", "\\,")


@dataclass(frozen=True, slots=True)
class Spread:
    """What was in the step that a figure of long ago stands for; it was the last one itself.

    measured: how many values. lowest, highest, mean: of them; None where there was none.
    """

    measured: int
    lowest: float | None
    highest: float | None
    mean: float | None


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of one subject at one instant.

    name: of monitoring/catalog, which has its unit. of: who is measured, never a measured value; `portfolio` is the book.
    value: None where it could not be measured, and `why` then says so. limit: what it is held against, in its own unit.
    detail: what a person needs to find it: assets, dates, runs; never needed to evaluate a rule.
    spread: of one that stands for all of a step, see domain/thinning.
    """

    name: str
    of: Labels
    at: datetime
    value: float | None
    limit: float | None = None
    why: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    spread: Spread | None = None

    @property
    def subject(self) -> str:
        return subject_of(self.of)

    @property
    def portfolio_id(self) -> str | None:
        return dict(self.of).get("portfolio")


class AlertState(StrEnum):
    PENDING = "pending"  # it holds, not yet for long enough
    FIRING = "firing"
    UNKNOWN = "unknown"  # it fired, and its figures have stopped coming
    RESOLVED = "resolved"


class Severity(StrEnum):
    PAGE = "page"  # somebody is woken
    WARN = "warn"  # somebody looks today
    INFO = "info"


class Told(StrEnum):
    """What a notice says."""

    FIRING = "firing"
    RESOLVED = "resolved"
    BLIND = "blind"  # its figures have stopped coming
    SEEING = "seeing"  # they come again, and it still fires
    SUMMARY = "summary"  # a silence has ended: what happened under it
    LATE = "late"  # nothing was evaluated for so long
    TEST = "test"  # nothing happened: somebody tries whether it arrives


@dataclass(frozen=True, slots=True)
class Alert:
    """One episode of a rule for one subject.

    since: when its condition began to hold. fired_at, resolved_at: when it began to fire, when it ended. good_since: since
    when it has not held, while it is kept firing. seen_at: of the newest figures it was judged by. blind_since: since when
    there are none. value, limit: what was measured last and what it was held against; worst: the furthest it went. figures:
    every named figure of its expression. acknowledged_by, _at, note: who looks after it. silence: the id of the silence it
    is under, or ended under. inhibited_by: the rule whose alert explains it, so that nobody is told of this one. closed_by,
    closed_why: of one whose subject is gone for good. told: what was said of it last: what is owed to those who listen is
    the difference to its state.
    """

    alert_id: str
    rule: str
    group: str
    severity: Severity
    of: Labels
    state: AlertState
    since: datetime
    seen_at: datetime
    value: float | None
    limit: float | None
    worst: float | None
    figures: Mapping[str, float | None]
    summary: str
    runbook: str
    fired_at: datetime | None = None
    resolved_at: datetime | None = None
    good_since: datetime | None = None
    blind_since: datetime | None = None
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    note: str = ""
    silence: str | None = None
    inhibited_by: str | None = None
    closed_by: str | None = None
    closed_why: str | None = None
    told: Told | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        return subject_of(self.of)

    @property
    def portfolio_id(self) -> str | None:
        return dict(self.of).get("portfolio")

    @property
    def is_open(self) -> bool:
        """Fired, and not over."""
        return self.state in (AlertState.FIRING, AlertState.UNKNOWN)

    def changed(self, **to: Any) -> Alert:
        return replace(self, **to)


def alert_id_of(rule: str, of: Labels, since: datetime) -> str:
    """The same episode has the same id, whoever evaluates it, and however often."""
    return f"alert-{digest(canonical_json([rule, subject_of(of), since.isoformat()]))[:20]}"


# Where notices go: each of them has a place of its own in the outbox, and holds up no other.
NOTICE_CHANNELS = ("log", "webhook", "mail", "automation")


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told once, over every channel. notice_id: the same for the same thing, so that a receiver drops repeats.

    key: deliveries of one key stay in order. alert: None for a summary, for an evaluator that was late, and for a group.
    keys: of every alert that a group tells of: it stands in the order of each of them.
    """

    notice_id: str
    key: str
    told: Told
    at: datetime
    text: str
    severity: Severity
    alert: Alert | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    keys: tuple[str, ...] = ()

    @property
    def alerts(self) -> int:
        """How many alerts it tells of; a summary and what is told of the watch itself are one thing."""
        return len(self.keys) or 1


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody is told of the alerts that match, from `starts` to `ends`; at its end one summary says what happened.

    matches: rule and labels that must be equal; `rule` is the rule's name, anything else a label.
    """

    silence_id: str
    matches: Labels
    starts: datetime
    ends: datetime
    by: str
    reason: str
    summarized: bool = False

    def covers(self, rule: str, of: Labels, at: datetime) -> bool:
        """Whether an alert of the rule about that subject is silent at that instant."""
        about = {**dict(of), "rule": rule}
        return self.starts <= at < self.ends and all(about.get(name) == value for name, value in self.matches)


@dataclass(frozen=True, slots=True)
class Standing:
    """What an evaluation starts from: every alert that is pending or open, every silence that is not summarized.

    And the alerts that ended under such a silence (`silence` is its id): its summary tells of them.
    version: counts evaluations; who saves one says on which it stands. evaluated_at: when the last one was, if ever.
    """

    version: int
    evaluated_at: datetime | None
    alerts: tuple[Alert, ...] = ()
    silences: tuple[Silence, ...] = ()
