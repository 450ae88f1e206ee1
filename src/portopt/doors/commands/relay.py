"""`portopt relay`: events out of the outbox, once or for good, and again."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from portopt.doors.commands.surface import Json, Shown, aside, words

ENDS = (signal.SIGTERM, signal.SIGINT)


def relay(
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on until stopped (SIGTERM), and take over from a relay that ended.")
    ] = False,
    shards: Annotated[
        str | None, typer.Option(help="With --follow: which of the shards 0 to 7, as in 0-3,5; all of them unless said.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Also, for half a minute, for events that another relay holds.")
    ] = True,
    retry_parked: Annotated[
        bool, typer.Option("--retry-parked", help="Try again what was refused until it was parked.")
    ] = False,
    set_up: Annotated[
        bool,
        typer.Option(
            "--set-up", help="Make the broker's topic, retention, deduplication and durable subscription; safe to repeat."
        ),
    ] = False,
    replay: Annotated[bool, typer.Option("--replay", help="Send delivered events again, marked as replays.")] = False,
    since: Annotated[str | None, typer.Option(help="With --replay: from this date or instant on (UTC).")] = None,
    until: Annotated[str | None, typer.Option(help="With --replay: up to before this one.")] = None,
    portfolio: Annotated[str | None, typer.Option(help="With --replay: of this portfolio alone.")] = None,
    as_json: Json = False,
) -> Shown:
    """Deliver the events that wait in the outbox; say what waits on, and for what."""
    from portopt.runs import relaying
    from portopt.runtime import runtime

    _only_together(follow, replay, set_up, shards=shards, since=since, until=until, portfolio=portfolio)
    if set_up and not follow:
        return _set_up()
    if replay:
        return _replay(since, until, portfolio)
    if follow:
        with _until_stopped() as stop:
            wanted = relaying.shards_of(shards)
            if set_up:
                _set_up()
            said = relaying.follow(runtime(), wanted, stop, aside, retry_parked=retry_parked)
    else:
        said = relaying.relay(runtime(), wait=wait, retry_parked=retry_parked, say=aside)
    return Shown(said, words(*_relayed(said)))


def _only_together(follow: bool, replay: bool, set_up: bool, **given: str | None) -> None:
    """Options that would have no effect are refused. Raises InvalidValue."""
    from portopt.domain.errors import InvalidValue, MissingInput

    if replay and (follow or set_up):
        raise InvalidValue("relay", "--replay", "a replay is a command of its own", fix="give --replay without the others")
    needs = {"shards": (follow, "--follow"), **dict.fromkeys(("since", "until", "portfolio"), (replay, "--replay"))}
    for name, (there, option) in needs.items():
        if given[name] is not None and not there:
            raise InvalidValue(name, given[name], f"says nothing without {option}", fix=f"add {option}, or leave --{name} out")
    if replay and given["since"] is None:
        raise MissingInput("--replay needs --since", field="since", fixes=["add --since 2026-11-20, or an instant"])


def _set_up() -> Shown:
    from portopt.runs.broker import set_up
    from portopt.runtime import runtime

    made = set_up(runtime())
    return Shown(made, words(*(f"{name}: {value}" for name, value in made.items())))


def _replay(since: str | None, until: str | None, portfolio: str | None) -> Shown:
    from portopt.runs import relaying
    from portopt.runtime import runtime

    begin = relaying.instant("since", since or "")
    end = None if until is None else relaying.instant("until", until)
    with _until_stopped() as stop:
        said = relaying.replay(runtime(), begin, end, portfolio, stop.is_set)
    return Shown(said, words(f"{said['replayed']} events sent again, marked as replays"))


@contextlib.contextmanager
def _until_stopped() -> Iterator[threading.Event]:
    """An event that is set when this process is told to end: what is being sent is sent, and written down."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in ENDS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _relayed(said: Mapping[str, Any]) -> list[str]:
    """What was delivered and what was not, a sentence each."""
    lines = [f"{said['delivered']} events delivered"]
    lines += [
        f"{held['waiting']} wait in shard {held['shard']}, which {held['holder']} holds since {held['since']}: "
        "they are free when it ends"
        for held in said["held"]
        if held["waiting"]
    ]
    if said["refused"]:
        lines.append(f"{said['refused']} were refused and are tried again from {said['refused_until']}")
    lines += [f"{event['event_id']} of {event['key']} is parked: {event['why']}" for event in said["parked"]]
    if said["parked"]:
        lines.append(f"{said['behind']} wait behind what is parked; `portopt relay --retry-parked` tries it again")
    return lines
