"""Notices of one evaluation that say the same of many subjects, told as one: a bad price moves hundreds of books at once.

    notices, one an alert -> groups that agree on what is told and on what their rules are grouped by
                          -> one message each: how many, the farthest, some by name, the keys of all of them

A group stands in the order of each alert that it tells of (`Notice.keys`), so that what is told of one alert stays in order
whether it is told alone or with others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from portopt.domain.canonical import canonical_json, digest
from portopt.domain.watch import Alert, Labels, Notice, Severity, Told
from portopt.monitoring.evaluation.telling import clock
from portopt.monitoring.rules.rule import Grouping, Rule

MOST = 1_000  # alerts that one message tells of, so that no receiver finds it too large
SEVERITIES = (Severity.PAGE, Severity.WARN, Severity.INFO)
RULE = "rule"
SAID = {
    Told.FIRING: "fire", Told.RESOLVED: "are over", Told.BLIND: "have no figures any more",
    Told.SEEING: "have figures again and still fire",
}  # fmt: skip


def grouped(notices: Sequence[Notice], rules: Iterable[Rule]) -> tuple[Notice, ...]:
    """In the order of the first of each group; what is of no alert, or alone, or too few, is as it was."""
    by_rule = {rule.name: rule.grouping for rule in rules}
    groups: dict[Any, list[Notice]] = {}
    for place, notice in enumerate(notices):
        of = None if notice.alert is None else group_of(notice.alert, _grouping(notice.alert, by_rule))
        groups.setdefault((notice.told, of) if of else place, []).append(notice)
    told: list[Notice] = []
    for found in groups.values():
        alert = found[0].alert
        how = Grouping() if alert is None else _grouping(alert, by_rule)
        told += found if alert is None or len(found) < how.least else _together(found, group_of(alert, how), how)
    return tuple(told)


def group_of(alert: Alert, how: Grouping) -> Labels:
    """What the alerts of its group agree on; empty where it is told of alone."""
    known = {**dict(alert.of), RULE: alert.rule}
    return tuple((name, known.get(name, "")) for name in how.by)


def _grouping(alert: Alert, by_rule: Mapping[str, Grouping]) -> Grouping:
    """Of a rule that was taken away, the usual one."""
    return by_rule.get(alert.rule, Grouping())


def _together(notices: Sequence[Notice], of: Labels, how: Grouping) -> list[Notice]:
    parts = [notices[start : start + MOST] for start in range(0, len(notices), MOST)]
    return [_part(part, of, how, (number, len(parts))) for number, part in enumerate(parts, start=1)]


def _part(notices: Sequence[Notice], of: Labels, how: Grouping, part: tuple[int, int]) -> Notice:
    alerts = [notice.alert for notice in notices if notice.alert is not None]
    first, told = notices[0], notices[0].told
    ranked = sorted(alerts, key=lambda one: farthest_first(one, told))
    listed = ranked[: how.names]
    left = len(alerts) - len(listed)
    keys = tuple(notice.key for notice in notices)
    see = where_to_see(of, alerts, told)
    body = {
        "group": dict(of), "count": len(alerts), "part": part[0], "parts": part[1], "since": min(one.since for one in alerts),
        "worst": _line(ranked[0]), "named": [_line(one) for one in listed], "not_named": left, "see": see,
        "alerts": [one.alert_id for one in alerts], "keys": list(keys),
    }  # fmt: skip
    return Notice(
        notice_id=f"notice-{digest(canonical_json(['group', told.value, [one.notice_id for one in notices]]))[:20]}",
        key=f"group-{digest(canonical_json([list(pair) for pair in of]))[:20]}",
        told=told,
        at=first.at,
        text=_text(alerts, ranked, listed, of, told, part, see),
        severity=min((one.severity for one in alerts), key=SEVERITIES.index),
        body=body,
        keys=keys,
    )


def farthest_first(alert: Alert, told: Told) -> tuple[Any, ...]:
    """A place in the order of how bad it is: by severity, then by how far it is, or was, beyond its limit, as a share."""
    value = alert.worst if told is Told.RESOLVED else alert.value
    if value is None or alert.limit is None:
        return SEVERITIES.index(alert.severity), 0.0, alert.rule, alert.subject
    beyond = abs(value - alert.limit) / (abs(alert.limit) or 1.0)
    return SEVERITIES.index(alert.severity), -beyond, alert.rule, alert.subject


def where_to_see(of: Labels, alerts: Sequence[Alert], told: Told) -> str:
    """The command that lists all of them."""
    known = dict(of)
    rule = known.get(RULE) or (alerts[0].rule if len({one.rule for one in alerts}) == 1 else "")
    options = [("--rule", rule), ("--portfolio", known.get("portfolio", "")),
               ("--state", "resolved" if told is Told.RESOLVED else "")]  # fmt: skip
    return " ".join(["portopt alerts list", *(f"{name} {value}" for name, value in options if value)])


def _text(alerts: Sequence[Alert], ranked: Sequence[Alert], listed: Sequence[Alert], of: Labels, told: Told,
          part: tuple[int, int], see: str) -> str:  # fmt: skip
    about = ", ".join(value if name == RULE else f"{name} {value}" for name, value in of)
    pieces = f" (part {part[0]} of {part[1]})" if part[1] > 1 else ""
    since = min(one.since for one in alerts)
    others = [_named(one, of) for one in listed[1:]]
    left = len(alerts) - len(listed)
    also = f" Also {', '.join([*others, *([f'{left:,} more'] if left else [])])}." if others or left else ""
    return (
        f"[{told.value}] {about}{pieces}: {len(alerts):,} alerts {SAID[told]}, the oldest since {clock(since)}."
        f" The worst, {_named(ranked[0], of)}: {ranked[0].summary}{also} See: {see}"
    )


def _named(alert: Alert, of: Labels) -> str:
    """What tells it from the others of its group."""
    shared = {name for name, _ in of}
    own = [value for name, value in alert.of if name not in shared]
    return " ".join([*([] if RULE in shared else [alert.rule]), *own]) or alert.rule


def _line(alert: Alert) -> dict[str, Any]:
    return {
        "alert_id": alert.alert_id, "rule": alert.rule, "of": dict(alert.of), "state": alert.state.value,
        "since": alert.since, "value": alert.value, "limit": alert.limit, "worst": alert.worst, "summary": alert.summary,
        "runbook": alert.runbook,
    }  # fmt: skip
