"""An alert from one evaluation to the next: pending, firing, unknown, resolved.

    none ------ holds ------> PENDING -- has held for `wait` --> FIRING -- good for `keep` --> RESOLVED
                              PENDING -- does not hold, or is not known --> over, never told
                                         FIRING -- not known --> UNKNOWN -- known again --> FIRING or RESOLVED

"Good" is the rule's second threshold, not merely that the first no longer holds: between the two an alert stays what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from portopt.domain.watch import Alert, AlertState, Labels, alert_id_of
from portopt.monitoring.evaluation.judging import Judged, Measured
from portopt.monitoring.rules.durations import in_words
from portopt.monitoring.rules.rule import Rule
from portopt.monitoring.rules.templates import filled

GIVEN_UP = timedelta(days=7)


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
    about = tuple(sorted((*of, *rule.labels))) if rule.labels else of
    waited = not rule.wait
    return Alert(
        alert_id=alert_id_of(rule.name, about, now), rule=rule.name, of=about, since=now, worst=measured.value,
        state=AlertState.FIRING if waited else AlertState.PENDING, fired_at=now if waited else None,
        **_said(rule, about, now, measured, measured.value),
    )  # fmt: skip


def _continued(judged: Judged, was: Alert, place: int | None, now: datetime) -> Alert:
    rule = judged.rule
    bad = place is not None and bool(judged.holds.true[place])
    good = place is not None and not bad and bool(judged.clears.true[place])
    known = place is not None and (bad or good or bool(judged.clears.false[place]))
    if was.state is AlertState.PENDING and not bad:
        return was.changed(state=AlertState.RESOLVED, resolved_at=now)
    if place is None or not known:
        return _blind(judged, was, place, now)
    measured = judged.measured(place, now)
    worst = _worse(was.worst, measured.value, measured.upwards)
    said = _said(rule, was.of, was.since, measured, worst)
    return was.changed(
        worst=worst, **said, **(_waiting(rule, was, now) if was.fired_at is None else _open(rule, was, good, now))
    )


def _waiting(rule: Rule, was: Alert, now: datetime) -> dict[str, Any]:
    """Of what holds and has not fired: firing, once it has held for long enough."""
    return {"state": AlertState.FIRING, "fired_at": now} if now - was.since >= rule.wait else {}


def _open(rule: Rule, was: Alert, good: bool, now: datetime) -> dict[str, Any]:
    """Of what has fired and is known: firing, or over once it has been good for long enough."""
    good_since = (was.good_since or now) if good else None
    if good_since is not None and now - good_since >= rule.keep:
        return {"state": AlertState.RESOLVED, "resolved_at": now, "good_since": good_since, "blind_since": None}
    return {"state": AlertState.FIRING, "good_since": good_since, "blind_since": None}


def _said(rule: Rule, of: Labels, since: datetime, measured: Measured, worst: float | None) -> dict[str, Any]:
    """What is measured now, and what the rule says of it, read anew: a deployment may have changed its words."""
    compared = {"value": measured.value, "limit": measured.limit, "worst": worst}
    return {
        "group": rule.group, "severity": rule.severity, "runbook": rule.runbook, "seen_at": measured.seen_at,
        "value": measured.value, "limit": measured.limit, "figures": measured.figures, "detail": measured.detail,
        "summary": filled(rule, of, since, compared, measured.figures),
    }  # fmt: skip


def _worse(worst: float | None, value: float | None, upwards: bool | None) -> float | None:
    if worst is None or value is None:
        return value if worst is None else worst
    if upwards is None:
        return value
    return max(worst, value) if upwards else min(worst, value)


def _blind(judged: Judged, was: Alert, place: int | None, now: datetime) -> Alert:
    """Nothing is known of it: it stays, as it was last seen, and says since when and why.

    What it is about may be gone for good. That alone ends nothing; with somebody who knows of it, it ends after GIVEN_UP.
    """
    if was.blind_since is not None and was.acknowledged_by and now - was.blind_since >= GIVEN_UP:
        known = f"no figures for {in_words(GIVEN_UP)}, and {was.acknowledged_by} knows of it; when it was last judged: "
        return was.changed(state=AlertState.RESOLVED, resolved_at=now, summary=known + was.summary)
    if was.state is AlertState.UNKNOWN:
        return was
    why = judged.why_missing(place)
    detail = {**was.detail, "missing": why} if why else was.detail
    return was.changed(state=AlertState.UNKNOWN, blind_since=was.seen_at, good_since=None, detail=detail)
