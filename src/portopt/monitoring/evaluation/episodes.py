"""An alert from one evaluation to the next: pending, firing, unknown, resolved.

    none ------ holds ------> PENDING -- has held for `wait` --> FIRING -- good for `keep` --> RESOLVED
                              PENDING -- does not hold, or is not known --> over, never told
                                         FIRING -- not known --> UNKNOWN -- known again --> FIRING or RESOLVED

"Good" is the rule's second threshold, not merely that the first no longer holds: between the two an alert stays what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from portopt.domain.watch import Alert, AlertState, Labels, alert_id_of
from portopt.monitoring.evaluation.judging import Judged, Measured
from portopt.monitoring.rules.rule import Rule
from portopt.monitoring.rules.templates import filled


@dataclass(frozen=True, slots=True)
class Turn:
    """What one evaluation makes of the alert of a subject. was: as it stood, if it did."""

    was: Alert | None
    now: Alert


def episodes(judged: Judged, standing: dict[Labels, Alert], now: datetime) -> list[Turn]:
    """Every alert of a rule that stands or begins, in the order of its subjects.

    standing: the rule's alerts by the labels of its figures.
    """
    begins = [of for of, place in _at(judged, np.flatnonzero(judged.holds.true)) if of not in standing]
    turns = []
    for of in sorted({*standing, *begins}):
        was, place = standing.get(of), judged.places.get(of)
        turns.append(Turn(was, _begun(judged, of, place, now) if was is None else _continued(judged, was, place, now)))
    return turns


def _at(judged: Judged, places: np.ndarray) -> list[tuple[Labels, int]]:
    subjects = list(judged.places)
    return [(subjects[place], int(place)) for place in places]


def _begun(judged: Judged, of: Labels, place: int | None, now: datetime) -> Alert:
    assert place is not None  # noqa: S101 - it holds there, so it was measured
    rule, measured = judged.rule, judged.measured(place, now)
    about = tuple(sorted((*of, *rule.labels)))
    alert = Alert(
        alert_id=alert_id_of(rule.name, about, now), rule=rule.name, group=rule.group, severity=rule.severity, of=about,
        state=AlertState.PENDING, since=now, seen_at=measured.seen_at, value=measured.value, limit=measured.limit,
        worst=measured.value, figures=measured.figures, summary="", runbook=rule.runbook, detail=measured.detail,
    )  # fmt: skip
    return _waited(rule, alert.changed(summary=filled(rule, alert)), now)


def _waited(rule: Rule, alert: Alert, now: datetime) -> Alert:
    """Firing, once it has held for long enough."""
    return alert.changed(state=AlertState.FIRING, fired_at=now) if now - alert.since >= rule.wait else alert


def _continued(judged: Judged, was: Alert, place: int | None, now: datetime) -> Alert:
    rule = judged.rule
    bad = place is not None and bool(judged.holds.true[place])
    good = place is not None and not bad and bool(judged.clears.true[place])
    known = place is not None and (bad or good or bool(judged.clears.false[place]))
    if was.state is AlertState.PENDING and not bad:
        return was.changed(state=AlertState.RESOLVED, resolved_at=now)
    if place is None or not known:
        return _blind(judged, was, place)
    alert = _updated(rule, was, judged.measured(place, now))
    if was.state is AlertState.PENDING:
        return _waited(rule, alert, now)
    alert = alert.changed(state=AlertState.FIRING, blind_since=None)
    if not good:
        return alert.changed(good_since=None)
    good_since = was.good_since or now
    if now - good_since >= rule.keep:
        return alert.changed(state=AlertState.RESOLVED, resolved_at=now, good_since=good_since)
    return alert.changed(good_since=good_since)


def _updated(rule: Rule, was: Alert, measured: Measured) -> Alert:
    """With what is measured now. What the rule says of it is read anew: a deployment may have changed its words."""
    worst = _worse(was.worst, measured.value, measured.upwards)
    alert = was.changed(
        severity=rule.severity, group=rule.group, runbook=rule.runbook, seen_at=measured.seen_at, value=measured.value,
        limit=measured.limit, worst=worst, figures=measured.figures, detail=measured.detail,
    )  # fmt: skip
    return alert.changed(summary=filled(rule, alert))


def _worse(worst: float | None, value: float | None, upwards: bool | None) -> float | None:
    if worst is None or value is None:
        return value if worst is None else worst
    if upwards is None:
        return value
    return max(worst, value) if upwards else min(worst, value)


def _blind(judged: Judged, was: Alert, place: int | None) -> Alert:
    """Nothing is known of it: it stays, as it was last seen, and says since when and why."""
    if was.state is AlertState.UNKNOWN:
        return was
    why = judged.why_missing(place)
    detail = {**was.detail, "missing": why} if why else was.detail
    return was.changed(state=AlertState.UNKNOWN, blind_since=was.seen_at, good_since=None, detail=detail)
