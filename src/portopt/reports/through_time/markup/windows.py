"""The windows of a walk-forward: what each learned from, chose and brought; those that failed first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portopt.document.formats import count
from portopt.reports.markup.elements import cell, headings, number, parts, pct, prose, text
from portopt.reports.through_time import view
from portopt.reports.through_time.markup.activity import problem_in_words
from portopt.reports.through_time.markup.judged import changes_in_words
from portopt.reports.through_time.markup.parts import note, part, wide_table
from portopt.reports.through_time.markup.plots import plot
from portopt.reports.through_time.svg.windows import Cut, windows_svg

Row = Mapping[str, Any]
SHOWN, MOST = 24, 400


def windows(document: Row) -> str:
    """A bar and a row each."""
    rows = document.get("windows") or ()
    if not rows:
        return ""
    failed = [row for row in rows if row["status"] == "failed"]
    told = [
        f"<b>{text(row['number'])}</b> {_days(row['test'])}: {prose(problem_in_words(row['problem']))}"
        for row in failed[:SHOWN]
    ]
    cuts = [Cut(str(row["number"]), _span(row["train"]), _span(row["test"]), row["status"] == "failed") for row in rows]
    head = headings("Window", "Tested", "Learned from", "Began with", "Chosen", "In training", "Return", "Sharpe ratio", left=5)

    def made(few: Sequence[Row]) -> str:
        return wide_table("Windows", "windows", head, map(_window, few))

    held, left = view.first_and_rest(rows, SHOWN, MOST)
    more = f'<p class="faint">{left:,} more are in the data below.</p>' if left else ""
    lead = "Pale: what was learned from; strong: where it was tested. In training: the Sharpe ratio that the choice had there."
    title = f"{count(len(failed), 'window')} failed; the book stayed, and the next window begins from it"
    listed = parts(held, made, lambda n: count(n, "more window")) + more
    return part("Windows", lead, note(title, told), plot(windows_svg(cuts)), listed)


def _span(of: Row) -> tuple[str, str]:
    return of["first"], of["last"]


def _days(of: Row) -> str:
    return f'<span class="whole">{text(of["first"])}</span> to <span class="whole">{text(of["last"])}</span>'


def _window(row: Row) -> str:
    outcome = '<span class="chip refused">failed</span>' if row["status"] == "failed" else pct(row["total_return"])
    cells = (
        cell(_days(row["test"]), "dates")
        + cell(_days(row["train"]), "soft dates")
        + cell(text(row["began_with"]), "soft")
        + cell(changes_in_words(row["changes"]), "")
        + cell(number(row["training_sharpe"]))
        + cell(outcome, "n strong")
        + cell(number(row["sharpe"]))
    )
    return f'<tr><th scope="row">{text(row["number"])}</th>{cells}</tr>'
