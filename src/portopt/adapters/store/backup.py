"""A copy of an SQLite database while others write to it: by the database's own backup, page for page, of one instant."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from portopt.domain.errors import DataError, OutsideError

PAGES = 1_000  # to a step: writers get their turn between two


def copy_sqlite(source: Path, target: Path) -> None:
    """target: a file that is not there yet. Raises OutsideError, and leaves nothing, where it cannot be written or read.

    A writer between two steps makes the copy begin anew; what is there at the end is one instant's, whole.
    """
    making = target.with_name(f".making-{target.name}")
    making.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as there, closing(sqlite3.connect(making)) as here:
            there.backup(here, pages=PAGES, sleep=0.01)
            # A file by itself: whoever copies it on need not know of the log beside it.
            here.execute("PRAGMA journal_mode = DELETE")
            (sound,) = here.execute("PRAGMA quick_check(1)").fetchone()
        if sound != "ok":
            raise DataError(f"the copy of {source.name} is not sound: {sound}", field="database_url", value=str(source))
        making.replace(target)
    except sqlite3.Error as error:
        raise OutsideError(f"{source.name} could not be copied: {error}", field="backup", value=str(target)) from error
    finally:
        making.unlink(missing_ok=True)
