"""Taxes through time: a row a year, and the lots that were sold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portopt.document.formats import count
from portopt.reports.markup.elements import cell, headings, lines, money, parts, text
from portopt.reports.through_time import view, words
from portopt.reports.through_time.markup.parts import part, wide_table

Row = Mapping[str, Any]
SHOWN, MOST = 12, 200
OF_YEAR = ("short", "long", "harvested", "disallowed", "due", "carried_short", "carried_long")


def taxes(document: Row) -> str:
    """Nothing where the policy knows no tax."""
    told = document.get("taxes")
    if not told:
        return ""
    head = headings(
        "Year", "Short", "Long", "Losses that count", "Losses that do not", "Due", "Carried, short", "Carried, long", left=1
    )
    years = wide_table("Taxes by year", "", head, map(_year, told["years"]))
    lead = (
        f"By the rules of {text(told['regime'])}, lots by {text(told['method'].replace('_', ' '))}; amounts in "
        f"{text(words.currency(document) or 'money')}. Short and long: net gains of the year, losses carried into it taken off."
    )
    return part("Taxes", lead, years if told["years"] else "", _sales(told["sales"]))


def _year(row: Row) -> str:
    return f'<tr><th scope="row">{row["year"]}</th>{"".join(cell(money(row[name])) for name in OF_YEAR)}</tr>'


def _sales(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    head = headings("Sold on", "Asset", "Lot", "Bought on", "Term", "Proceeds", "Gain", "Does not count", left=5)
    held, left = view.first_and_rest(rows, SHOWN, MOST)
    listed = parts(
        held,
        lambda few: wide_table("Lots sold", "", head, map(_sale, few)),
        lambda n: count(n, "more lot sold", "more lots sold"),
    )
    return lines(filter(None, (listed, f'<p class="faint">{left:,} more are in the document.</p>' if left else "")))


def _sale(row: Row) -> str:
    words_of_it = "".join(cell(text(row[name]), "") for name in ("asset_id", "lot_id", "acquired_on", "term"))
    amounts = "".join(cell(money(row[name])) for name in ("proceeds", "gain", "disallowed"))
    return f'<tr><th scope="row">{row["sold_on"]}</th>{words_of_it}{amounts}</tr>'
