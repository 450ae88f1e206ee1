"""Long histories as Parquet, a folder a run, and SQL over all of them: views in memory, read by DuckDB and never written.

    histories/run_id=RUN/days.parquet, trades.parquet, …
    figures/day=2026-11-30/book_drift.parquet, … (what was watched, a folder a day)

DuckDB lets nobody in beside a process that has a file of its own open, so it has none: each question makes its views anew,
which takes milliseconds. It may read this folder and nothing else, on this machine or any other.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portopt.domain.disk import storage_error
from portopt.domain.errors import InvalidValue

if TYPE_CHECKING:
    import duckdb

NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
MOST_ROWS = 1_000_000
BEFORE = (
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET enable_progress_bar = false",
)
AFTER = ("SET enable_external_access = false", "SET lock_configuration = true")


@dataclass(frozen=True, slots=True)
class Found:
    """Rows of an answer. is_cut: there were more."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    is_cut: bool = False


class FileHistories:
    """On a folder that processes share: a file appears whole, by one rename. by: the column that folders are named by."""

    def __init__(self, directory: str | Path, by: str = "run_id") -> None:
        self.directory, self._by = Path(directory), by

    def keep(self, run_id: str, tables: Mapping[str, bytes]) -> None:
        """Each table's Parquet, in place of what was there. run_id: or whatever else the folders are named by."""
        folder = self.directory / f"{self._by}={_named(RUN, run_id)}"
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            if not folder.exists() and _kept_whole(folder, tables):
                return
            for name, content in tables.items():
                making = folder / f".making-{os.getpid()}-{secrets.token_hex(4)}"
                making.write_bytes(content)
                making.replace(folder / f"{_named(NAME, name)}.parquet")
        except OSError as error:
            raise storage_error(
                f"the history of {run_id} could not be kept in {folder}", folder, error, field="home"
            ) from error

    def tables(self) -> tuple[str, ...]:
        """Names of the views that there are."""
        found = self.directory.glob(f"{self._by}=*/*.parquet")
        return tuple(sorted({path.stem for path in found if NAME.fullmatch(path.stem)}))

    def kept(self) -> frozenset[str]:
        """Of what there is a folder."""
        return frozenset(path.name.partition("=")[2] for path in self.directory.glob(f"{self._by}=*"))

    def ask(self, sql: str, *, limit: int = 10_000) -> Found:
        """One SELECT over the views, each with the column that folders are named by. Raises InvalidValue for anything else."""
        import duckdb

        limit = min(limit, MOST_ROWS)
        try:
            with self._connected() as connection:
                _require_reading(sql)
                answer = connection.execute(sql)
                rows = answer.fetchmany(limit + 1)
                columns = tuple(column[0] for column in answer.description or ())
        except duckdb.Error as error:
            why = str(error).splitlines()[0]
            raise InvalidValue("sql", sql, f"cannot be answered: {why}", fix=self._fix()) from None
        return Found(columns, tuple(rows[:limit]), len(rows) > limit)

    def _connected(self) -> duckdb.DuckDBPyConnection:
        import duckdb

        connection = duckdb.connect(":memory:")
        for statement in (*BEFORE, f"SET allowed_directories = [{_quoted(f'{self.directory.resolve()}/')}]"):
            connection.execute(statement)
        connection.execute(AFTER[0])
        for name in self.tables():
            files = _quoted(str(self.directory.resolve() / f"{self._by}=*" / f"{name}.parquet"))
            reads = f"read_parquet({files}, hive_partitioning = true, union_by_name = true)"
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {reads}")  # noqa: S608 - our own names, quoted
        connection.execute(AFTER[1])
        return connection

    def _fix(self) -> str:
        there = ", ".join(self.tables())
        of_days, of_runs = "`portopt figures --archive` leaves one", "a backtest of the service or a flow leaves one"
        leaves = of_days if self._by == "day" else of_runs
        return f"ask of {there}" if there else f"there is no history yet: {leaves}"


def _kept_whole(folder: Path, tables: Mapping[str, bytes]) -> bool:
    """All tables at once, by one rename: who is killed leaves no folder of some of them. False where another was faster."""
    making = folder.parent / f".making-{os.getpid()}-{secrets.token_hex(4)}"
    making.mkdir()
    for name, content in tables.items():
        (making / f"{_named(NAME, name)}.parquet").write_bytes(content)
    try:
        making.rename(folder)
    except OSError:
        shutil.rmtree(making, ignore_errors=True)
        if not folder.is_dir():
            raise
        return False
    return True


def _require_reading(sql: str) -> None:
    """Raises InvalidValue for anything but one SELECT: a view is never written, nor a file beside it."""
    import duckdb

    statements: Sequence[Any] = duckdb.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise InvalidValue("sql", sql, "is not one SELECT", fix="SELECT run_id, max(date) FROM days GROUP BY run_id")


def _named(pattern: re.Pattern[str], name: str) -> str:
    if not pattern.fullmatch(name):
        raise InvalidValue("history", name, "is no name of a file here")
    return name


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
