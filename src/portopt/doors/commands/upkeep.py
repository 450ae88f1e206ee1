"""Keeping an installation healthy: checks, the database's schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from portopt.doors.commands.surface import Json, Shown, words

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


def upkeep(as_json: Json = False) -> Shown:
    """Make good what was left behind: silent runners' jobs, late approvals, and what is past its days."""
    from portopt.runs import jobs
    from portopt.runtime import runtime

    swept = jobs.sweep(runtime())
    told = (f"{name.replace('_', ' ')}: {len(made) if isinstance(made, list) else made}" for name, made in swept.items())
    return Shown(swept, words(*told))


@db.command()
def upgrade(as_json: Json = False) -> Shown:
    """Bring the database to this version's schema; safe to repeat."""
    from portopt.runtime import runtime

    runtime().runs.maintain()  # opening the store migrates it
    health = runtime().runs.health()
    return Shown(health, words(*(f"{name}: {value}" for name, value in health.items())))
