"""Rows made ready before the transaction that writes them: by statements made once, with values as the driver takes them.

A transaction holds up every other writer, so nothing is worked out in it that can be worked out before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import Connection, Dialect, Engine, Table, func
from sqlalchemy.sql.compiler import SQLCompiler

from portopt.adapters.store.upsert import insert_of

Process: TypeAlias = Callable[[Any], Any]
Schemas: TypeAlias = "tuple[tuple[str, str | None], ...] | None"
KEPT = 256  # statements


@dataclass(frozen=True, slots=True)
class ReadyRow:
    """A row of a table. sql: the statement that inserts it; values: what stands in it, by place or by name."""

    sql: str
    values: Any

    def insert(self, connection: Connection) -> bool:
        """True when it was inserted."""
        return connection.exec_driver_sql(self.sql, self.values).rowcount == 1


def ready_row(
    engine: Engine, table: Table, row: Mapping[str, Any], *, unless_there: bool = False, clocked: str = ""
) -> ReadyRow:
    """unless_there: a row with one of its unique keys is left as it is. clocked: a column that tells when it was written, by
    the database's clock.
    """
    dialect, translated = engine.dialect, engine.get_execution_options().get("schema_translate_map")
    by_server = clocked if dialect.name == "postgresql" else ""
    if clocked and not by_server:
        row = {**row, clocked: datetime.now(UTC)}
    schemas = None if translated is None else tuple(translated.items())
    sql, names, processes = _statement(dialect, table, tuple(row), unless_there, by_server, schemas)
    values = [_processed(row[name], processes.get(name)) for name in names]
    return ReadyRow(sql, tuple(values) if dialect.positional else dict(zip(names, values, strict=True)))


def insert_rows(connection: Connection, rows: Sequence[ReadyRow]) -> None:
    """All of them, those of one statement together, in the order in which the statements come first."""
    groups: dict[str, list[Any]] = {}
    for row in rows:
        groups.setdefault(row.sql, []).append(row.values)
    for sql, values in groups.items():
        connection.exec_driver_sql(sql, values if len(values) > 1 else values[0])


def _processed(value: Any, process: Process | None) -> Any:
    return value if process is None else process(value)


@lru_cache(maxsize=KEPT)
def _statement(
    dialect: Dialect, table: Table, columns: tuple[str, ...], unless_there: bool, by_server: str, schemas: Schemas
) -> tuple[str, tuple[str, ...], Mapping[str, Process]]:
    """(sql, names of its values in their order, what makes values of some of them)."""
    insert = insert_of(dialect.name, table)
    insert = insert.on_conflict_do_nothing() if unless_there else insert
    insert = insert.values({by_server: func.clock_timestamp()}) if by_server else insert
    compiled = insert.compile(
        dialect=dialect, column_keys=list(columns), for_executemany=True,
        schema_translate_map=None if schemas is None else dict(schemas), render_schema_translate=schemas is not None,
    )  # fmt: skip
    assert isinstance(compiled, SQLCompiler)  # noqa: S101 - for the type alone
    names = tuple(compiled.positiontup or columns)
    made = {name: table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names}
    return str(compiled), names, {name: process for name, process in made.items() if process is not None}
