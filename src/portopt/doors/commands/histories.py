"""SQL over what backtests and walk-forwards left: days, decisions, weights, trades of every run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.surface import Json, Shown

if TYPE_CHECKING:
    from rich.console import Console

    from portopt.adapters.store.histories import Found

SQL = "One SELECT; without it, which tables there are."


def histories(
    sql: Annotated[str | None, typer.Argument(help=SQL)] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="Most rows.")] = 1_000,
    as_json: Json = False,
) -> Shown:
    """Ask the kept histories by SQL: one SELECT over the tables of every run, which nothing can write."""
    from portopt.runtime import runtime

    kept = runtime().histories
    if sql is None:
        return Shown({"tables": list(kept.tables())}, lambda console: console.print("\n".join(kept.tables())))
    return found_rows(kept.ask(sql, limit=limit), limit)


def found_rows(found: Found, limit: int) -> Shown:
    """The rows of an answer as a table, or as a document."""
    from portopt.domain.canonical import plain

    rows = [plain(list(row)) for row in found.rows]
    document = {"columns": list(found.columns), "rows": rows, "is_cut": found.is_cut}

    def say(console: Console) -> None:
        console.print(_table(found.columns, rows))
        if found.is_cut:
            console.print(f"There are more than these {limit} rows: --limit shows them.")

    return Shown(document, say)


def _table(columns: tuple[str, ...], rows: list[list[Any]]) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(Text(name))
    for row in rows:
        table.add_row(*(Text("" if value is None else str(value)) for value in row))
    return table
