"""What nobody knows and why, what to do about each alert, what the figures mean, and all of it as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portopt.reports.markup.elements import headings, lines, prose, text
from portopt.reports.through_time.markup.parts import part, slug, wide_table
from portopt.reports.watch import words
from portopt.reports.watch.markdown import html_of
from portopt.reports.watch.markup.parts import row as line
from portopt.reports.watch.markup.parts import whole, words_cell

Row = Mapping[str, Any]


def unknown(document: Row) -> str:
    """Never taken for good: each figure that is not there, with its reason."""
    rows = document["unknown"]
    if not rows:
        return ""
    head = headings("Figure", "Why", "Of whom", "Newest", "How many", left=4)
    made = (_unknown(row) for row in rows)
    lead = "Figures that could not be measured or have not come. None of them counts as good anywhere on this page."
    return part("Unknown", lead, wide_table("Unknown", "sortable", head, made))


def _unknown(row: Row) -> str:
    named = ", ".join(name.removeprefix("portfolio=") for name in row["subjects"] if name)
    rest = row["count"] - len(row["subjects"])
    of = (named or "the service") + (f" and {rest:,} more" if rest > 0 else "")
    about = (words_cell(prose(row["why"]), "soft"), words_cell(text(of)), words_cell(text(words.when(row["newest"])), "when"))
    return line(text(words.name_of(row["name"])), *about, whole(row["count"]))


def runbooks(document: Row) -> str:
    """The pages that the alerts above lead to."""
    pages = lines(
        f'<details class="runbook" id="{slug("runbook " + name)}"><summary>{text(name)}</summary>\n{html_of(page)}\n</details>'
        for name, page in document["runbooks"].items()
    )
    return part("What to do", "The runbook of every rule that has an alert here.", pages)


def definitions(document: Row, *, data_is_folded: bool, left_out: str) -> str:
    """One sentence a figure; and the data of the page, to be saved."""
    names = {f["name"] for row in document["books"]["shown"] for f in row["figures"]}
    names |= {row["name"] for row in document["service"]} | {row["name"] for row in document["unknown"]}
    terms = lines(
        f"<div><dt>{text(words.name_of(name))} <code>{text(name)}</code></dt><dd>{prose(told['says'])}</dd></div>"
        for name, told in document["catalog"].items()
        if name in names
    )
    folded = " They are kept compressed." if data_is_folded else ""
    link = '<a class="button no-print" id="download" download="watch.json" hidden>Save the data of this page (JSON)</a>'
    whole = f"Every figure of this page is in its data; those of books without a card are there in six digits.{folded}"
    steps = f"Of each step of a history there is the {text(document['history'])} value."
    said = f"{whole} {steps} {left_out}".rstrip()
    return part("Definitions", said, f'<dl class="terms">\n{terms}\n</dl>' if terms else "", f"<p>{link}</p>")
