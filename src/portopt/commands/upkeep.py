"""Keeping an installation healthy: checks, the database's schema, the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from portopt.commands.surface import Answer, Json, words

if TYPE_CHECKING:
    from rich.console import Console

db = typer.Typer(help="The database of runs, policies and events.", no_args_is_help=True, rich_markup_mode=None)


@db.callback()
def database() -> None:
    """The database of runs, policies and events."""


def doctor(as_json: Json = False) -> Answer:
    """Check this installation, and say how to mend what is broken."""
    from portopt import health as examination
    from portopt.commands.progress import Spinner
    from portopt.runtime import runtime

    with Spinner() as progress, progress.step("examine"):
        health = examination.doctor(runtime())

    def say(console: Console) -> None:
        from portopt.reports.console import print_doctor

        print_doctor(health, console)

    return Answer(health, say, exit_code=0 if health["ok"] else 1)


def relay(as_json: Json = False) -> Answer:
    """Deliver the events that wait in the outbox, once."""
    from portopt import service
    from portopt.runtime import runtime

    delivered = service.deliver(runtime())
    return Answer({"delivered": delivered}, words(f"{delivered} events delivered"))


@db.command()
def upgrade(as_json: Json = False) -> Answer:
    """Bring the database to this version's schema; safe to repeat."""
    from portopt.runtime import runtime

    health = runtime().runs.health()  # opening the store migrates it
    return Answer(health, words(*(f"{name}: {value}" for name, value in health.items())))
