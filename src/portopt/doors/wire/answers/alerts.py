"""Alerts, silences and figures: what who asks may see of them, and what they may do about them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from portopt.dialects.alerts import alert_data, figure_data, silence_data, states_of
from portopt.dialects.reading import mapping_of, number, object_of, required, text
from portopt.domain.errors import InvalidValue, NotAllowed, UnknownThing, unknown_portfolio
from portopt.domain.watch import Alert, Labels, subject_of
from portopt.doors.wire.asked import Answered, Asked, instant_of
from portopt.doors.wire.options import names_of
from portopt.doors.wire.pages import PAGED, cursor_of, page, require_told, size_of
from portopt.monitoring.catalog import CATALOG
from portopt.runs.watch.closing import MOST_WHY
from portopt.runs.watch.closing import close as ended
from portopt.runs.watch.silencing import LONGEST, MOST_REASON, silence_of
from portopt.runs.watch.watching import rule_names

FILTERS = ("state", "rule", "portfolio_id")
SILENCE = ("matches", "reason", "starts", "hours")
LABEL = "portfolio"
MOST_NOTE = 500
DAY = timedelta(days=1)
MOST_FIGURES, USUAL_FIGURES = 10_000, 1_000


def listed(asked: Asked) -> Answered:
    """Those that are open, or of the states that are named; the newest first."""
    asked.only(*FILTERS, *PAGED)
    who, size, cursor = asked.call.who, size_of(asked), cursor_of(asked)
    rule, portfolio_id = asked.text("rule"), asked.text("portfolio_id")
    if portfolio_id is not None:
        asked.portfolio(portfolio_id)
    states = states_of(names_of(asked, "state"))
    require_told(cursor, cursor is None or _is_seen(asked, cursor))
    found = asked.runtime.alerts.list(
        who.portfolios, states=states, rule=rule, portfolio_id=portfolio_id, after=cursor, limit=size + 1
    )
    return Answered(page("alerts", found, size, alert_data, lambda alert: alert.alert_id))


def get(asked: Asked) -> Answered:
    asked.only()
    return Answered(alert_data(_alert(asked)))


def acknowledge(asked: Asked) -> Answered:
    """{note}: who asks looks after it."""
    asked.only()
    given = object_of(asked.data() if asked.call.body else {}, "", ("note",))
    note = "" if given.get("note") in (None, "") else text(given["note"], "note", most=MOST_NOTE)
    alert = _alert(asked)
    return Answered(alert_data(asked.runtime.alerts.acknowledge(alert.alert_id, asked.call.who.subject, note)))


def close(asked: Asked) -> Answered:
    """{why}: what it is about is gone for good. 409 where it is still measured."""
    asked.only()
    alert = _alert(asked)
    given = object_of(asked.data(), "", ("why",))
    why = text(required(given, "why"), "why", most=MOST_WHY)
    return Answered(alert_data(ended(asked.runtime, alert.alert_id, asked.call.who.subject, why)))


def silences(asked: Asked) -> Answered:
    """Those in force; with `all=true` those that are over, and those to come, too."""
    asked.only("all")
    alerts = asked.runtime.alerts
    found = alerts.silences(at=None if asked.flag("all") else alerts.now())
    return Answered({"silences": [silence_data(one) for one in found if _sees(asked, one.matches)]})


def silence(asked: Asked) -> Answered:
    """{matches, reason, starts, hours}: nobody is told of what matches. 201; the same one again is the one that is there."""
    asked.only()
    given = object_of(asked.data(), "", SILENCE)
    matches = {
        name: text(value, f"matches.{name}") for name, value in mapping_of(required(given, "matches"), "matches").items()
    }
    _require_own(asked, matches)
    hours = 1.0 if given.get("hours") is None else number(given["hours"], "hours", low=0.01, high=LONGEST / timedelta(hours=1))
    alerts = asked.runtime.alerts
    starts = alerts.now() if given.get("starts") is None else instant_of("starts", text(given["starts"], "starts"))
    made = silence_of(
        matches, starts, starts + timedelta(hours=hours), by=asked.call.who.subject,
        reason=text(required(given, "reason"), "reason", most=MOST_REASON), rules=rule_names(asked.runtime),
    )  # fmt: skip
    return Answered(silence_data(alerts.silence(made)), 201)


def end_silence(asked: Asked) -> Answered:
    """Now instead of later; its summary comes with the next evaluation."""
    asked.only()
    silence_id = asked.call.place["silence_id"]
    alerts = asked.runtime.alerts
    if not any(one.silence_id == silence_id and _sees(asked, one.matches) for one in alerts.silences()):
        raise UnknownThing("silence", silence_id)
    return Answered(silence_data(alerts.end_silence(silence_id, alerts.now())))


def figures(asked: Asked) -> Answered:
    """The newest of each figure; of a `name`, with `since`, its series by subject and instant."""
    asked.only("name", "portfolio_id", "since", "until", "limit")
    name, portfolio_id, runtime = asked.text("name"), asked.text("portfolio_id"), asked.runtime
    if name is not None and name not in CATALOG:
        raise InvalidValue("name", name, "is no figure that is watched")
    among = asked.call.who.portfolios if portfolio_id is None else frozenset({asked.portfolio(portfolio_id)})
    since, until = asked.instant("since"), asked.instant("until")
    most = asked.whole("limit", USUAL_FIGURES, low=1, high=MOST_FIGURES)
    if name is not None and since is not None:
        found = runtime.figures.series(name, since, until, among=among, limit=most + 1)
    else:
        newest = since or runtime.alerts.now() - DAY
        found = runtime.figures.latest(newest, names=None if name is None else [name], among=among, until=until)
    return Answered({"figures": [figure_data(one) for one in found[:most]], "more": len(found) > most})


def _alert(asked: Asked) -> Alert:
    """Of the path. Raises UnknownThing, for a foreign one as for none."""
    alert_id = asked.call.place["alert_id"]
    found = asked.runtime.alerts.get(alert_id)
    if not _may_see(asked, found.portfolio_id):
        raise UnknownThing("alert", alert_id)
    return found


def _is_seen(asked: Asked, alert_id: str) -> bool:
    try:
        return _may_see(asked, asked.runtime.alerts.get(alert_id).portfolio_id)
    except UnknownThing:
        return False


def _may_see(asked: Asked, portfolio_id: str | None) -> bool:
    """What is of no portfolio is the service's: for those who see every portfolio."""
    who = asked.call.who
    return who.portfolios is None if portfolio_id is None else who.sees(portfolio_id)


def _sees(asked: Asked, matches: Labels) -> bool:
    return _may_see(asked, dict(matches).get(LABEL))


def _require_own(asked: Asked, matches: Mapping[str, str]) -> None:
    """Who sees some portfolios silences those. Raises UnknownThing for a foreign one, NotAllowed where none is named."""
    who, portfolio_id = asked.call.who, matches.get(LABEL)
    if who.portfolios is None:
        return
    if portfolio_id is None:
        fix = f'add "{LABEL}" to matches: {subject_of(tuple(sorted(matches.items())))}'
        raise NotAllowed("what is of no portfolio alone is silenced by those who see all", field="matches", fixes=[fix])
    if not who.sees(portfolio_id):
        raise unknown_portfolio(portfolio_id)
