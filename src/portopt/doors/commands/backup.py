"""A copy of an installation from a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from portopt.doors.commands.surface import Json, Shown

if TYPE_CHECKING:
    from rich.console import Console


def backup(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Empty, or not there yet; it becomes a home by itself.")],
    as_json: Json = False,
) -> Shown:
    """Copy this installation while it is worked in: the database of one instant, then every file that it names."""
    from portopt.doors.commands.progress import working
    from portopt.runs import backup as copies
    from portopt.runtime import runtime

    with working("backup"):
        document = copies.backup(runtime(), folder)

    def say(console: Console) -> None:
        for name, copied in document["copied"].items():
            console.print(f"{name}: {copied['files']:,} files, {copied['bytes'] / 1e6:.1f} MB", markup=False, highlight=False)
        if not document["database"]:
            said = "the database is no file of this home: dump it first (pg_dump), then copy the files"
            console.print(said, markup=False, highlight=False, soft_wrap=True)
        tried = f"PORTOPT_HOME={document['folder']} portopt doctor"
        console.print(f"try it: {tried}", markup=False, highlight=False, soft_wrap=True)

    return Shown(document, say)
