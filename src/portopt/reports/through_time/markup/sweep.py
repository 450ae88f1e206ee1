"""The same decisions filled later and at other costs: what remains of the return, and the cost that eats all of the lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portopt.document.formats import NOTHING, count, decimal
from portopt.reports.markup.elements import bps, cell, data, headings, lines, table
from portopt.reports.through_time.markup.parts import part, subheading, wide_table

Row = Mapping[str, Any]
RIVALS = (("benchmark", "The benchmark"), ("equal_weight", "Equal weights"), ("do_nothing", "Doing nothing"))


def sweep(document: Row) -> str:
    """A row a delay, a column a cost; the stronger the colour the further from the middle of what was found."""
    found = document.get("sweep")
    if not found:
        return ""
    values = [value for row in found["annual_return"] for value in row if value is not None]
    span = (min(values, default=0.0), max(values, default=0.0))
    head = headings("Filled", *(f"{cost:g} bps" for cost in found["bps"]))
    delays = zip(found["delays"], found["annual_return"], strict=True)
    rows = (_delay(delay, row, span) for delay, row in delays)
    return part(
        "Costs and delay",
        "Return a year, in percent, of the same decisions filled so much later and charged so much of the value traded.",
        wide_table("Return a year by delay and cost", "sweep", head, rows),
        _break_even(found.get("break_even") or {}),
    )


def _delay(delay: int, row: Sequence[float | None], span: tuple[float, float]) -> str:
    name = "at the same close" if delay == 0 else f"{count(delay, 'session')} later"
    return f'<tr><th scope="row">{name}</th>{"".join(_return(value, span) for value in row)}</tr>'


def _return(value: float | None, span: tuple[float, float]) -> str:
    if value is None:
        return cell(NOTHING)
    middle, half = 0.5 * (span[0] + span[1]), 0.5 * (span[1] - span[0]) or 1.0
    kind = "gain" if value >= middle else "loss"
    return f'<td class="n heat {kind}" style="--h:{abs(value - middle) / half:.2f}">{data(value, decimal(100.0 * value))}</td>'


def _break_even(found: Mapping[str, float | None]) -> str:
    rows = [
        f'<tr><th scope="row">{name}</th>{cell(bps(found[key]) if found[key] is not None else "none", "n strong")}</tr>'
        for key, name in RIVALS
        if key in found
    ]
    if not rows:
        return ""
    title = subheading("Cost of trading at which it earns no more than")
    told = '<p class="faint">None: it earns less even for nothing, or more at any cost.</p>'
    return lines((title, table("keep", headings("Rival", "Of the value traded"), rows), told))
