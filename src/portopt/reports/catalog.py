"""The catalog of terms in a terminal: a line each, or all of one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

COLUMNS = ("name", "what", "unit", "example", "page")


def catalog_rows(document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """A row a term; of one term its own row. Examples as JSON writes them."""
    lines = document.get("terms") or [document]
    return [{**{name: line[name] for name in COLUMNS}, "example": _json(line["example"])} for line in lines]


def print_catalog(document: Mapping[str, Any], console: Console) -> None:
    if "terms" in document:
        _print_lines(document, console)
    else:
        _print_line(document, console)


def _print_lines(document: Mapping[str, Any], console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for heading in ("Name", "What it is", "Example"):
        table.add_column(heading, no_wrap=heading == "Name", overflow="fold")
    for row in catalog_rows(document):
        table.add_row(Text(row["name"]), Text(row["what"]), Text(row["example"]))
    console.print(table)
    console.print(Text(f"All of one: portopt {document['catalog']} {document['terms'][0]['name']}"))


def _print_line(document: Mapping[str, Any], console: Console) -> None:
    from rich.text import Text

    rows = {
        "What it is": document["what"],
        "Unit": document["unit"],
        "Example": _json(document["example"]),
        "Says": document["says"],
        "Options": ", ".join(document["options"]),
        "Also called": ", ".join(document["also"]),
        "More": document["page"],
    }
    console.print(Text(document["name"], style="bold"))
    for label, text in rows.items():
        if text:
            console.print(Text(f"  {label + ':':<13}{text}"))
    console.print()
    console.print(Text(document["formula"]))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
