"""A home as it stands, copied while it is worked in: the database of one instant, then every file that it may name.

A run's prices are kept before the run is, and nothing is written over: with the database first, whatever it names is copied.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portopt.domain.disk import storage_error
from portopt.domain.errors import InvalidValue

if TYPE_CHECKING:
    from portopt.runtime import Runtime

UNFINISHED = (".making-", ".damaged-")
DATABASE = "portopt.db"


def backup(runtime: Runtime, folder: Path) -> dict[str, Any]:
    """Into a folder that is empty or not there yet; it is a home by itself. Returns what was copied, with counts and bytes.

    A database that is no file of the home is left to its own tools: it is to be dumped before the files are copied.
    Raises InvalidValue for a folder that holds something, OutsideError where it cannot be written.
    """
    if folder.exists() and any(folder.iterdir()):
        raise InvalidValue("FOLDER", str(folder), "is not empty", fix="name a folder that is empty, or not there yet")
    home, told = runtime.settings.home_path, dict[str, Any]()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if runtime.settings.database_url is None and (home / DATABASE).exists():
            from portopt.adapters.store.backup import copy_sqlite

            copy_sqlite(home / DATABASE, folder / DATABASE)
            told["database"] = {"files": 1, "bytes": (folder / DATABASE).stat().st_size}
        for name, source in _parts(runtime):
            told[name] = _copied(source, folder / source.name)
    except OSError as error:
        raise storage_error(f"the copy in {folder} could not be written", folder, error, field="FOLDER") from error
    return {"home": str(home), "folder": str(folder), "copied": told, "database": told.get("database") is not None}


def _parts(runtime: Runtime) -> Iterator[tuple[str, Path]]:
    settings = runtime.settings
    yield "packs", settings.packs_path
    yield "beliefs", settings.beliefs_path
    yield "histories", settings.histories_path
    yield "reports", settings.reports_path
    yield "events", settings.event_log_path


def _copied(source: Path, target: Path) -> dict[str, int]:
    """What writers that are at work have not finished is nobody's yet."""
    if source.is_file():
        shutil.copy2(source, target)
    elif source.is_dir():
        shutil.copytree(source, target, ignore=lambda _, names: [name for name in names if name.startswith(UNFINISHED)])
    files = [target] if target.is_file() else [path for path in target.rglob("*") if path.is_file()]
    return {"files": len(files), "bytes": sum(path.stat().st_size for path in files)}
