"""What the page is put together from: whatever was named is escaped on its way in, a number carries its exact value."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

from portopt.document import formats
from portopt.domain.folding import folded
from portopt.reports import view

Row = Mapping[str, Any]
UNIT = re.compile(r"(?<=\d) (?=%|bps\b|pp\b)")
TO_KEEP_WHOLE = re.compile(r"(\d{4}-\d\d-\d\d|\de-\d+)")


@dataclass(frozen=True, slots=True)
class Shown:
    """A document on its way to the page. left_out: why a part is missing, by the part's name."""

    document: Row
    left_out: Mapping[str, str]

    @property
    def currency(self) -> str:
        return str(self.document["currency"])

    @property
    def headline(self) -> Row:
        return dict(self.document["headline"])

    def missing(self, part: str) -> str:
        return f'<p class="faint">{prose(self.left_out[part])}</p>' if part in self.left_out else ""


# --- text ---------------------------------------------------------------------------------------------------------


def text(value: Any) -> str:
    """Anything that was named, harmless."""
    return escape(str(value))


def prose(sentence: str) -> str:
    """The sentence escaped; a number and its unit, a date, a power of ten stay on one line."""
    pieces = TO_KEEP_WHOLE.split(UNIT.sub("\u00a0", sentence))  # every second piece is one to keep whole
    if len(pieces) == 1:
        return escape(pieces[0])
    return "".join(f'<span class="whole">{escape(piece)}</span>' if i % 2 else escape(piece) for i, piece in enumerate(pieces))


def lines(parts: Iterable[str]) -> str:
    """One under the other."""
    return "\n".join(parts)


# --- numbers ------------------------------------------------------------------------------------------------------


def data(value: Any, shown: str) -> str:
    """`shown` to people, `value` to whoever reads the page by machine: the number as the document has it."""
    exact = value if isinstance(value, str) else json.dumps(value)
    return f'<data value="{escape(exact)}">{escape(shown)}</data>'


def exactly(formatted: Callable[..., str]) -> Callable[..., str]:
    """The format with the exact value beside it; what is not known is a dash."""

    def shown(value: Any, *arguments: Any, **named: Any) -> str:
        return formats.NOTHING if value is None else data(value, formatted(value, *arguments, **named))

    return shown


pct, pp = exactly(formats.percent), exactly(formats.points)
number, whole = exactly(formats.decimal), partial(exactly(formats.decimal), digits=0)
shares, price, money = exactly(formats.shares), exactly(formats.price), exactly(formats.money)
bps, sci, measure = exactly(formats.bps), exactly(formats.scientific), exactly(formats.measure)


# --- parts --------------------------------------------------------------------------------------------------------


def section(title: str, lead: str, *body: str) -> str:
    """A part of the page under its heading."""
    under = f"<p>{lead}</p>" if lead else ""
    inside = lines(filter(None, body))
    return f'<section>\n<header><h2>{title}</h2>{under}</header>\n<div class="body">\n{inside}\n</div>\n</section>'


def headings(*names: str, left: int = 1, words: str = "") -> str:
    """The first `left` columns are words, and that named `words`; the rest numbers."""
    cells = (
        f'<th scope="col">{name}</th>' if i < left or name == words else f'<th scope="col" class="n">{name}</th>'
        for i, name in enumerate(names)
    )
    return f"<thead><tr>{''.join(cells)}</tr></thead>"


def cell(content: str, classes: str = "n", label: str = "") -> str:
    """A cell of a table; label: what it is, where a narrow screen shows no headings."""
    labelled = f' data-label="{label}"' if label else ""
    return f'<td class="{classes}"{labelled}>{content}</td>'


def table(classes: str, head: str, rows: Iterable[str]) -> str:
    """Its head, and its rows one under the other."""
    said = f' class="{classes}"' if classes else ""
    return f"<table{said}>\n{head}\n<tbody>\n{lines(rows)}\n</tbody>\n</table>"


def parts(rows: Mapping[str, Sequence[Any]], made: Callable[[Sequence[Any]], str], more: Callable[[int], str]) -> str:
    """A table of the rows that are shown, and one folded away of the others."""
    first = made(rows["shown"]) if rows["shown"] else ""
    left = rows["folded"]
    return lines(filter(None, (first, fold(more(len(left)), len(left), made(left)) if left else "")))


def fold(summary: str, rows: int, body: str) -> str:
    """Opened by whoever wants it; a long one is kept compressed until then."""
    if rows > view.LONG:
        body = (
            '<noscript><p class="faint">These rows are kept compressed, and this page\'s script opens them.</p></noscript>\n'
            f'<script type="text/plain" class="folded">{folded(body)}</script>\n'
        )
    return f'<details class="print"><summary>{text(summary)}</summary>\n{body}</details>'


def asset(row: Row) -> str:
    """Its id, and its name where that says more."""
    return f'<span class="asset"><b>{text(row["asset_id"])}</b>{_name(row)}</span>'


def _name(row: Row) -> str:
    return f"<span>{text(row['name'])}</span>" if row["name"] and row["name"] != row["asset_id"] else ""


def ordered(row: Row) -> str:
    """The asset of an order, its side before it."""
    side = text(row["side"])
    chip = f'<span class="side {side}">{side.capitalize()}</span>'
    return f'<span class="asset">{chip}<b>{text(row["asset_id"])}</b>{_name(row)}</span>'


def bar(*edges: str) -> str:
    return cell(f'<span class="bar">{"".join(edges)}</span>', "track")


def edge(at: tuple[float, float] | None, kind: str) -> str:
    """One bar of a track, or a tick on it. at: left edge and width in percent of the track."""
    if not at or not (at[1] or kind == "tick"):
        return ""
    return f'<i class="{kind}" style="--l:{at[0]:.3f}%;--w:{at[1]:.3f}%"></i>'
