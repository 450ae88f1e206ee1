"""`portopt alerts`: which are open, who looks after them, who is not told for a while, and whether what is told arrives."""

from __future__ import annotations

import getpass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.surface import Json, Shown, words

if TYPE_CHECKING:
    from portopt.domain.watch import Alert

app = typer.Typer(help="Alerts: list, acknowledge, silence; the channels that tell of them.", no_args_is_help=True,
                  rich_markup_mode=None)  # fmt: skip
ALERT = typer.Argument(metavar="ALERT", help="An alert's id, as `portopt alerts list` shows it.")
By = Annotated[str | None, typer.Option(help="Who does it; else the name that you are logged in under.")]
MOST = 500


@app.command(name="list")
def list_alerts(
    state: Annotated[
        list[str] | None, typer.Option(help="pending, firing, unknown or resolved; else those that are open.")
    ] = None,
    rule: Annotated[str | None, typer.Option(help="Of this rule alone.")] = None,
    portfolio: Annotated[str | None, typer.Option(help="Of this portfolio alone.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST)] = 50,
    after: Annotated[str | None, typer.Option(metavar="ALERT", help="Older ones than this.")] = None,
    as_json: Json = False,
) -> Shown:
    """What fires, or is not known any more; the newest first."""
    from portopt.dialects.alerts import alert_data, states_of
    from portopt.runtime import runtime

    asked = {"rule": rule, "portfolio_id": portfolio, "after": after, "limit": limit}
    found = runtime().alerts.list(None, states=states_of(state), **asked)  # type: ignore[arg-type]
    lines = [line for alert in found for line in _lines(alert)]
    return Shown([alert_data(alert) for alert in found], words(*(lines or ["Nothing of that kind."])))


@app.command()
def show(alert: Annotated[str, ALERT], as_json: Json = False) -> Shown:
    """One of them: what, since when, how bad, with its figures."""
    from portopt.dialects.alerts import alert_data
    from portopt.runtime import runtime

    found = runtime().alerts.get(alert)
    told = alert_data(found)
    more = [
        f"  {name}: {told[name]}" for name in ("fired_at", "resolved_at", "seen_at", "worst", "note", "silence") if told[name]
    ]
    figures = [f"  {name} = {value}" for name, value in found.figures.items()]
    return Shown(told, words(*_lines(found), *more, *figures))


@app.command()
def ack(alert: Annotated[str, ALERT], note: Annotated[str, typer.Option(help="What is being done.")] = "",
        by: By = None, as_json: Json = False) -> Shown:  # fmt: skip
    """Say that somebody looks after it; nothing more is told of it until it is over."""
    from portopt.dialects.alerts import alert_data
    from portopt.runtime import runtime

    found = runtime().alerts.acknowledge(alert, by or getpass.getuser(), note)
    return Shown(alert_data(found), words(f"{found.alert_id} is looked after by {found.acknowledged_by}"))


@app.command()
def close(alert: Annotated[str, ALERT], why: Annotated[str, typer.Option(help="Why what it is about is gone for good.")],
          by: By = None, as_json: Json = False) -> Shown:  # fmt: skip
    """End one whose subject is gone for good: a portfolio that is not managed any more. What is still measured is refused."""
    from portopt.dialects.alerts import alert_data
    from portopt.runs.watch.closing import close as ended
    from portopt.runtime import runtime

    found = ended(runtime(), alert, by or getpass.getuser(), why)
    return Shown(alert_data(found), words(f"{found.alert_id} is over: {found.summary}"))


@app.command()
def silence(
    reason: Annotated[str, typer.Option(help="Why nobody needs to be told.")],
    rule: Annotated[str | None, typer.Option(help="Alerts of this rule.")] = None,
    portfolio: Annotated[str | None, typer.Option(help="Alerts of this portfolio.")] = None,
    label: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="Of this label, as often as needed.")] = None,
    hours: Annotated[float, typer.Option(min=0.01, max=744.0, help="For so long.")] = 1.0,
    start: Annotated[str | None, typer.Option("--from", help="From this instant on (UTC); else from now.")] = None,
    by: By = None,
    as_json: Json = False,
) -> Shown:
    """Tell nobody of what matches, for a while; at its end one summary says what happened."""
    from portopt.dialects.alerts import silence_data
    from portopt.runs.relaying import instant
    from portopt.runs.watch.silencing import silence_of
    from portopt.runs.watch.watching import rule_names
    from portopt.runtime import runtime

    alerts = runtime().alerts
    starts = alerts.now() if start is None else instant("from", start)
    matches = {**_labels(label or []), **{name: value for name, value in (("rule", rule), ("portfolio", portfolio)) if value}}
    asked = silence_of(matches, starts, starts + timedelta(hours=hours), by=by or getpass.getuser(), reason=reason,
                       rules=rule_names(runtime()))  # fmt: skip
    found = alerts.silence(asked)
    return Shown(silence_data(found), words(f"{found.silence_id} until {found.ends:%Y-%m-%d %H:%M} UTC"))


@app.command()
def silences(
    every: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False, as_json: Json = False
) -> Shown:
    """Who is not told of what, until when."""
    from portopt.dialects.alerts import silence_data
    from portopt.runtime import runtime

    alerts = runtime().alerts
    found = alerts.silences(at=None if every else alerts.now())
    lines = [
        f"{one.silence_id}  {', '.join(f'{name} {value}' for name, value in one.matches)}  until {one.ends:%Y-%m-%d %H:%M} UTC"
        f"  {one.by}: {one.reason}"
        for one in found
    ]
    return Shown([silence_data(one) for one in found], words(*(lines or ["Nothing is silent."])))


@app.command(name="end-silence")
def end_silence(silence_id: Annotated[str, typer.Argument(metavar="SILENCE")], as_json: Json = False) -> Shown:
    """End one now; its summary comes with the next evaluation."""
    from portopt.dialects.alerts import silence_data
    from portopt.runtime import runtime

    alerts = runtime().alerts
    found = alerts.end_silence(silence_id, alerts.now())
    return Shown(silence_data(found), words(f"{found.silence_id} ended at {found.ends:%Y-%m-%d %H:%M} UTC"))


@app.command()
def channels(
    retry_parked: Annotated[bool, typer.Option("--retry-parked", help="Try again what a receiver refused too often.")] = False,
    deliver: Annotated[bool, typer.Option("--deliver", help="Deliver what waits, now.")] = False,
    as_json: Json = False,
) -> Shown:
    """Where notices go, and what waits there, and for what."""
    from portopt.runs.watch import telling
    from portopt.runtime import runtime

    ours = runtime()
    if retry_parked:
        for channel in ours.settings.channels:
            ours.alerts.unpark(channel)
    stopped = {one.channel: one.why for one in telling.tell(ours)} if deliver or retry_parked else {}
    found = [{**one, "why": stopped.get(one["channel"], "")} for one in telling.waits(ours)]
    return Shown(found, words(*(_channel(one) for one in found)))


@app.command(name="test")
def try_channel(channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="log, webhook, mail or automation.")],
                as_json: Json = False) -> Shown:  # fmt: skip
    """Send a notice that says it is a test, and say whether it was taken."""
    from portopt.domain.errors import InvalidValue
    from portopt.domain.watch import NOTICE_CHANNELS
    from portopt.runs.watch.telling import test as send
    from portopt.runtime import runtime

    if channel not in NOTICE_CHANNELS:
        raise InvalidValue("channel", channel, f"channels are {', '.join(NOTICE_CHANNELS)}")
    send(runtime(), channel)
    return Shown({"channel": channel, "taken": True}, words(f"{channel} took it"))


def _labels(given: list[str]) -> dict[str, str]:
    from portopt.domain.errors import InvalidValue

    found: dict[str, str] = {}
    for text in given:
        name, is_there, value = text.partition("=")
        if not (name and is_there and value):
            raise InvalidValue("--label", text, "is no label", fix="write --label stage=solve")
        found[name] = value
    return found


def _lines(alert: Alert) -> list[str]:
    from portopt.domain.watch import AlertState

    of = ", ".join(f"{name} {value}" for name, value in alert.of)
    ends = {AlertState.RESOLVED: f", over {alert.resolved_at:%Y-%m-%d %H:%M}" if alert.resolved_at else "",
            AlertState.UNKNOWN: f", blind since {alert.blind_since:%Y-%m-%d %H:%M}" if alert.blind_since else ""}  # fmt: skip
    after = f"; {alert.acknowledged_by} looks after it" if alert.acknowledged_by else ""
    after += f"; not told, {alert.inhibited_by} explains it" if alert.inhibited_by and alert.is_open else ""
    head = f"{alert.alert_id}  {alert.severity.value} {alert.state.value}  {alert.rule}{f' ({of})' if of else ''}"
    since = f"  since {alert.since:%Y-%m-%d %H:%M} UTC{ends.get(alert.state, '')}{after}; runbook {alert.runbook}"
    return [head, f"  {alert.summary}", since]


def _channel(one: dict[str, Any]) -> str:
    parked = f", {len(one['parked'])} parked" if one["parked"] else ""
    refused = f", {one['refused']} tried again from {one['refused_until']}" if one["refused"] else ""
    why = f": {one['why']}" if one["why"] else ""
    return f"{one['channel']:10}  {one['waiting']} wait{parked}{refused}{'' if one['configured'] else ', not configured'}{why}"
