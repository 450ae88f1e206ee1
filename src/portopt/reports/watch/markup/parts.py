"""What several parts of the page are put together from: a figure with its exact value, a chip, a trend in a cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portopt.reports.markup.elements import cell, data, text
from portopt.reports.watch import words
from portopt.reports.watch.svg.trend import Drawn, trend

Row = Mapping[str, Any]
CHIPS = {"over": "missed", "within": "ok", "measured": "", "unknown": "quarantined"}
STATUS_CHIPS = {"firing": "missed", "unknown": "quarantined", "out of band": "short", "within limits": "ok"}
SEVERITY_CHIPS = {"page": "missed", "warn": "short", "info": ""}


def chip(said: str, kind: str = "") -> str:
    return f'<span class="chip {kind}">{text(said)}</span>' if kind else f'<span class="chip">{text(said)}</span>'


def row(head: str, *cells: str) -> str:
    """A row of a table under its own heading."""
    return f'<tr><th scope="row">{head}</th>{"".join(cells)}</tr>'


def words_cell(content: str, classes: str = "") -> str:
    """A cell of words. content: HTML."""
    return cell(content, classes)


def whole(number: int) -> str:
    """A cell of a count."""
    return cell(f"{number:,}")


def book_of(figure: Row) -> str:
    return text(figure["labels"].get("portfolio", figure["subject"]))


def says(document: Row, name: str) -> str:
    return str((document["catalog"].get(name) or {}).get("says", ""))


def state_chip(state: str) -> str:
    return chip(state, CHIPS[state])


def shown(value: float | None, unit: str) -> str:
    """Rounded for people, exact for whoever reads the page by machine; what is unknown says so."""
    return '<span class="unknown">unknown</span>' if value is None else data(value, words.told(value, unit))


def limit(value: float | None, unit: str) -> str:
    return '<span class="faint">none</span>' if value is None else data(value, words.told(value, unit))


def unit_of(document: Row, name: str) -> str:
    return str((document["catalog"].get(name) or {}).get("unit", "number"))


def trend_of(name: str, columns: Mapping[str, Sequence[Any]] | None, document: Row, about: str = "") -> str:
    """The drawing of one figure; empty where there is no history."""
    return trends([("now", name, columns)], document, about)


def trends(lines: Sequence[tuple[str, str, Mapping[str, Sequence[Any]] | None]], document: Row, about: str = "") -> str:
    """Several figures in one drawing: (kind, name, columns)."""
    known = [(kind, name, columns) for kind, name, columns in lines if columns is not None]
    if not known:
        return ""
    spoken = "; ".join(_spoken(name, columns, document) for _, name, columns in known)
    return trend([Drawn(kind, columns) for kind, _, columns in known], f"{about}{spoken}")


def _spoken(name: str, columns: Mapping[str, Sequence[Any]], document: Row) -> str:
    unit, values = unit_of(document, name), [v for v in columns["value"] if v is not None]
    if not values:
        return f"{words.name_of(name)} unknown throughout"
    low, high = words.told(min(values), unit), words.told(max(values), unit)
    last = words.told(columns["value"][-1], unit)
    return f"{words.name_of(name)} between {low} and {high} since {words.when(columns['at'][0])}, {last} at the end"
