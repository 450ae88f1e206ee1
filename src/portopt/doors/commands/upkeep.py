"""Keeping an installation healthy: checks, the database's schema, the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.surface import Json, Shown, aside, words

if TYPE_CHECKING:
    from rich.console import Console

db = typer.Typer(help="The database of runs, policies and events.", no_args_is_help=True, rich_markup_mode=None)


@db.callback()
def database() -> None:
    """The database of runs, policies and events."""


def doctor(as_json: Json = False) -> Shown:
    """Check this installation, and say how to mend what is broken."""
    from portopt.document.health import health_document
    from portopt.doors.commands.progress import Spinner
    from portopt.questions.health import doctor as examined
    from portopt.runtime import runtime

    with Spinner() as progress, progress.step("examine"):
        health = health_document(examined(runtime()))

    def say(console: Console) -> None:
        from portopt.reports.terminal import print_doctor

        print_doctor(health, console)

    return Shown(health, say, exit_code=0 if health["ok"] else 1)


def relay(
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Also for events that another relay holds, or held when it was killed.")
    ] = True,
    retry_parked: Annotated[
        bool, typer.Option("--retry-parked", help="Try again what was refused until it was parked.")
    ] = False,
    as_json: Json = False,
) -> Shown:
    """Deliver the events that wait in the outbox, once; say what waits on, and for what."""
    from portopt.runs import events
    from portopt.runtime import runtime

    said = events.relay(runtime(), wait=wait, retry_parked=retry_parked, say=aside)
    return Shown(said, words(*_relayed(said)))


def _relayed(said: Mapping[str, Any]) -> list[str]:
    """What was delivered and what was not, a sentence each."""
    lines = [f"{said['delivered']} events delivered"]
    if said["leased"]:
        lines.append(f"{said['leased']} are leased until {said['leased_until']} to a relay that works, or was killed")
    if said["refused"]:
        lines.append(f"{said['refused']} were refused and are tried again from {said['refused_until']}")
    lines += [f"{event['event_id']} of {event['key']} is parked: {event['why']}" for event in said["parked"]]
    if said["parked"]:
        lines.append(f"{said['behind']} wait behind what is parked; `portopt relay --retry-parked` tries it again")
    return lines


@db.command()
def upgrade(as_json: Json = False) -> Shown:
    """Bring the database to this version's schema; safe to repeat."""
    from portopt.runtime import runtime

    runtime().runs.maintain()  # opening the store migrates it
    health = runtime().runs.health()
    return Shown(health, words(*(f"{name}: {value}" for name, value in health.items())))
