"""Tables of words and numbers on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def table(console: Console, columns: list[str], rows: list[list[str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for k, name in enumerate(columns):
        table.add_column(name, justify="left" if k == 0 else "right")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def print_held(weights: Mapping[str, float], console: Console, of: str = "Strategy") -> None:
    from portopt.document.formats import percent

    table(console, [of, "Weight"], [[name, percent(w)] for name, w in weights.items() if w])
