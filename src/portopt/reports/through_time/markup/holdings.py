"""What was held and what it took: weights through time, turnover, costs, the limits that stopped more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portopt.document.formats import count, percent, significant
from portopt.reports.markup.elements import bps, cell, data, headings, money, pct, table, text, whole
from portopt.reports.through_time import view, words
from portopt.reports.through_time.markup.parts import part, subheading, wide_table
from portopt.reports.through_time.markup.performance import short_money
from portopt.reports.through_time.markup.plots import legend, plot
from portopt.reports.through_time.svg.layers import Layer, layers_svg
from portopt.reports.through_time.svg.needles import needles_svg
from portopt.reports.through_time.svg.strips import strips_svg

Row = Mapping[str, Any]
COSTS = (
    ("commission", "Commission"),
    ("spread", "Half the spread"),
    ("impact", "Market impact"),
    ("borrow", "Borrowing"),
    ("total", "All together"),
)
PRICES_SHOWN = 20


def weights(document: Row) -> str:
    """Layers on each other, the dates below, and a table of the first, the last and the largest weight of each."""
    rows = view.decided(document)
    if not rows:
        return part("Weights", "", '<p class="soft">No decision gave weights.</p>')
    shown = view.layers(rows)
    days = [*(row["date"] for row in rows), document["days"]["date"][-1]]
    said = f"{count(len(rows), 'decision')}; the last: " + ", ".join(f"{s.name} {percent(s.weights[-1], 1)}" for s in shown[:6])
    drawn = layers_svg("weights", "Weights as decided", said, days, shown)
    keys = legend(((layer.key, layer.name) for layer in reversed(shown)), "patch")
    named = [layer for layer in shown if layer.key != "rest"]
    head = headings("Asset", "First", "Last", "Least", "Largest", "on")
    return part(
        "Weights",
        "As decided, in whole units, cash included; between two decisions they drift with prices. The assets held most have "
        "a layer of their own.",
        plot(drawn, legend=keys, reads="weights"),
        wide_table("Weights of the assets held most", "keep", head, (_weights(layer, rows) for layer in named)),
    )


def _weights(layer: Layer, rows: Sequence[Row]) -> str:
    held = layer.weights
    largest = max(range(len(held)), key=lambda t: abs(held[t]))
    swatch = f'<span class="swatch s-{layer.key}"></span>'
    values = (held[0], held[-1], min(held), held[largest])
    cells = "".join(cell(pct(v), "n strong" if k == 1 else "n") for k, v in enumerate(values))
    return f'<tr><th scope="row">{swatch}{text(layer.name)}</th>{cells}{cell(rows[largest]["date"], "n soft")}</tr>'


def turnover(document: Row) -> str:
    """How much changed hands on each date, and what it cost."""
    rows = [row for row in document["rebalances"] if row["status"] != "failed"]
    if not document["trades"]:
        return part("Turnover and costs", "", '<p class="soft">Nothing was traded.</p>')
    days, span = [row["date"] for row in rows], _span(document)
    moved = [row["turnover"] or 0.0 for row in rows]
    paid = [float(row["cost"] or 0.0) for row in rows]
    currency = words.currency(document)
    said = f"The largest is {percent(max(moved))}."
    turn = needles_svg("turnover", "Turnover of each rebalance", said, days, moved, lambda v: percent(v, 0), span)
    cost = needles_svg("costs", "Cost of each rebalance", "", days, paid, lambda v: short_money(v, currency), span)
    costs = document["costs"]
    made = (
        f'<tr><th scope="row">{name}</th>{cell(money(costs[key], currency), "n strong" if key == "total" else "n")}</tr>'
        for key, name in COSTS
        if costs.get(key) is not None
    )
    a_year = f'<tr><th scope="row">A year, of the portfolio</th>{cell(bps(costs["bps_a_year"]), "n strong")}</tr>'
    return part(
        "Turnover and costs",
        "Turnover is half of what was bought plus sold, of the portfolio's value on the date.",
        subheading("Turnover") + plot(turn),
        subheading("Costs") + plot(cost),
        table("keep", headings("What was paid", "Amount"), [*made, a_year]),
    )


def _span(document: Row) -> tuple[str, str]:
    return document["days"]["date"][0], document["days"]["date"][-1]


def limits(document: Row) -> str:
    """When each limit bound, and what more room would have been worth at its dearest."""
    found = view.bounds(document)
    if not found:
        return ""
    more = len(found) - view.STRIPS_SHOWN
    said = f"{count(len(found), 'limit')} bound at least once, most often {found[0]['limit']}."
    drawn = strips_svg("limits", "When limits bound", said, view.strips(document, found), _span(document))
    head = headings("Limit", "Bound on", "Dearest", "on")
    lead = "Marked from a decision at which the limit stopped more until the next decision; the darker, the dearer then."
    others = (
        f'<p class="faint">{count(more, "more limit")} bound on fewer dates; the data below have them.</p>' if more > 0 else ""
    )
    rows = (_bound(row) for row in found[:PRICES_SHOWN])
    return part(
        "Limits that bound", lead, plot(drawn), others, wide_table("Limits that bound, with their prices", "keep", head, rows)
    )


def _bound(row: Row) -> str:
    day, price = row["dearest"]
    times = cell(f"{whole(row['count'])} {'date' if row['count'] == 1 else 'dates'}")
    return (
        f'<tr><th scope="row">{text(row["limit"])}</th>{times}{cell(data(price, significant(price)), "n strong")}'
        f"{cell(day, 'n soft')}</tr>"
    )
