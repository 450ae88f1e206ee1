"""What is proposed: the verdict, the figures it changes, the orders, the weights."""

from __future__ import annotations

from collections.abc import Sequence

from portopt.document.figure_words import digits_of, unit_of
from portopt.document.formats import NOTHING, count, decimal, percent
from portopt.reports import view
from portopt.reports.markup.elements import (
    Row,
    Shown,
    asset,
    bar,
    cell,
    data,
    edge,
    headings,
    lines,
    money,
    ordered,
    parts,
    pct,
    price,
    prose,
    section,
    shares,
    table,
    text,
    whole,
)


def verdict(s: Shown, chosen: str = "") -> str:
    said = s.document["verdict"]
    gave_way = ""
    if said["concessions"]:
        items = lines(f"<li>{prose(sentence)}</li>" for sentence in said["concessions"])
        gave_way = f'<div class="note">\n<h3>What gave way</h3>\n<ul>\n{items}\n</ul>\n</div>'
    sentences = "".join(f"<li>{prose(sentence)}</li>" for sentence in said["sentences"][1:])
    return section(
        "Verdict",
        "",
        f"<p>{prose(chosen)}</p>" if chosen else "",
        s.missing("the verdict in words"),
        s.missing("the reasons of trades"),
        gave_way,
        f'<ul class="said">\n{sentences}\n</ul>',
    )


def figures(s: Shown) -> str:
    lead = "Annual figures of the portfolio, from the expected returns and the covariance named below."
    errors = s.document.get("errors")
    shown = [row for row in s.document["figures"] if row["before"] is not None or row["after"] is not None]
    rows = (_figure(row, errors=bool(errors)) for row in shown)
    told = table("keep figures" if errors else "keep", headings("Figure", "Now", "Proposed", "Change"), rows)
    return section("Before and after", lead, s.missing("the errors of the figures"), told, _of_the_errors(errors))


def _figure(row: Row, *, errors: bool) -> str:
    kinds = {"before": "n soft", "after": "n strong", "change": "n soft" if row.get("is_clear") is not True else "n strong"}
    cells = "".join(cell(_within(row, side, errors=errors), kind) for side, kind in kinds.items())
    return f'<tr><th scope="row">{text(row["label"])}{_unclear(row)}</th>{cells}</tr>'


def _within(row: Row, side: str, *, errors: bool) -> str:
    """A figure, and how far it may be off on either side, both to the same digits."""
    value, off, change = row[side], row.get(f"{side}_within"), side == "change"
    # Figures stand under one another, whether or not an error stands beside them.
    none = '<span class="off"></span>' if errors else ""
    if value is None:
        return f"{NOTHING}{none}"
    if row["unit"] == "count":
        return f"{whole(value, signed=change)}{none}"
    scale, symbol = unit_of(row["unit"], is_change=change)
    digits = digits_of(off, scale)
    shown = data(value, f"{decimal(scale * value, digits, signed=change)}{symbol}")
    if off is None:
        return f"{shown}{none}"
    error = data(off, f"± {decimal(scale * off, digits)}{symbol}")
    return f'{shown}<span class="off">{error}</span>'


def _unclear(row: Row) -> str:
    return "<small>change not distinguishable from none</small>" if row.get("is_clear") is False and row["change"] else ""


def _of_the_errors(errors: Row | None) -> str:
    """What stands behind ±, a sentence each."""
    if errors is None:
        return ""
    head = (
        f"± is how far the estimate may be off, at {percent(errors['confidence'], 0)}: {errors['standard_errors']:.2f} "
        f"standard errors, from {errors['draws']} histories drawn again from the {errors['periods']:,} returns."
    )
    items = lines(f"<li>{prose(sentence[0].upper() + sentence[1:])}.</li>" for sentence in errors["of"])
    return f'<div class="of-errors faint">\n<p>{prose(head)}</p>\n<ul>\n{items}\n</ul>\n</div>'


def trades(s: Shown) -> str:
    rules = s.document["rounding"]
    lots = f" in lots of {text(rules['lot_size'])}" if rules["lot_size"] > 1 else ""
    form = "Fractional shares." if rules["fractional"] else f"Whole shares{lots}."
    form += f" {units}" if (units := _units(s.document)) else ""
    lead = f"In the order they should go: sells first, so that the money is there. {form} Amounts in {text(s.currency)}."
    if not s.document["trades"]:
        return section("Trades", lead, '<p class="soft">No order is worth its cost, or none is needed.</p>')
    orders = view.trades(s.document)

    def made(rows: Sequence[Row]) -> str:
        return _orders(rows, s.headline if rows is orders["shown"] else None)

    return section("Trades", lead, parts(orders, made, lambda n: count(n, "more order")) + _settlement(s.document))


def _units(document: Row) -> str:
    """Who of those that trade is not quoted as shares are."""
    said = [
        f"{text(t['asset_id'])} at {t['price']} is {t['unit_price']} a unit, accrued interest included"
        for t in document["trades"]
        if "unit_price" in t
    ]
    return "; ".join(said) + "." if said else ""


def _settlement(document: Row) -> str:
    """When the money moves, where anybody says; what is owed meanwhile is among the notes."""
    told = document.get("settlement")
    if told is None:
        return ""
    head = headings("Settles on", "Cash in", "Cash out", "Balance")
    owed = "".join(f"<p>{prose(one['sentence'])}.</p>" for one in told["short"])
    return f"\n{table('cards flat', head, map(_settling, told['days']))}\n{owed}"


def _settling(day: Row) -> str:
    return (
        f"<tbody><tr>{cell(text(day['date']), 'full')}{cell(money(day['cash_in']), 'n', 'Cash in')}"
        f"{cell(money(day['cash_out']), 'n', 'Cash out')}{cell(money(day['balance']), 'n strong', 'Balance')}</tr></tbody>"
    )


def _orders(rows: Sequence[Row], totals: Row | None) -> str:
    head = headings("Order", "Shares", "Price", "Value", "Cost", "Weight").replace(
        "<tr>", '<tr><th scope="col" class="n" aria-sort="ascending">#</th>'
    )
    foot = "" if totals is None else f"\n{_totals(totals)}"
    return f'<table class="trades cards sortable">\n{head}\n{lines(map(_order, rows))}{foot}\n</table>'


def _order(row: Row) -> str:
    moved = f'<span class="soft">{pct(row["weight_before"])}</span><span class="arrow">→</span>{pct(row["weight_after"])}'
    return (
        '<tbody>\n<tr class="line">'
        + cell(whole(row["priority"]), "n faint bare")
        + cell(ordered(row), "full")
        + cell(shares(row["shares"]), "n", "Shares")
        + cell(price(row["price"]), "n", "Price")
        + cell(money(row["value"]), "n strong", "Value")
        + cell(money(row["cost"]), "n", "Cost")
        + cell(f"<span>{moved}</span>", "n full", "Weight")
        + f'</tr>\n<tr class="why"><td class="bare"></td><td colspan="6">{prose(row["why"])}</td></tr>\n</tbody>'
    )


def _totals(head: Row) -> str:
    none = cell("", "bare")
    orders = cell(f"{count(head['buys'] + head['sells'], 'order')}, bought plus sold", "full strong")
    value, cost = cell(money(head["gross_value"]), "n strong", "Value"), cell(money(head["total_cost"]), "n strong", "Cost")
    return f'<tfoot>\n<tr class="line">{none}{orders}{none}{none}{value}{cost}{none}</tr>\n</tfoot>'


def positions(s: Shown) -> str:
    held = view.positions(s.document)
    out = held["out"]
    unseen = (
        f" {count(out, 'candidate')} with no weight before or after {'is' if out == 1 else 'are'} not shown." if out else ""
    )
    lead = (
        "Weights now and as proposed, in whole shares and after costs, cash included. Target is the optimum before it was "
        f"rounded to whole shares.{unseen}"
    )
    tick = '<span class="tick">Benchmark</span>' if held["benchmark"] else ""
    more = f'<p class="faint">{count(held["more"], "smaller position")} in the data below.</p>' if held["more"] else ""
    return section(
        "Positions now and as proposed",
        lead,
        f'<p class="legend"><span class="was">Now</span><span>Proposed</span>{tick}</p>',
        parts(held, _positions, lambda n: count(n, "more position")),
        more,
    )


def _positions(items: Sequence[Row]) -> str:
    head = headings("Asset", "", "Now", "Target", "Proposed", left=2).replace('"col"></th>', '"col" data-sort="no"></th>')
    return table("bars sortable", head, map(_position, items))


def _position(item: Row) -> str:
    row, at = item["row"], item["bar"]
    tick = edge(at["benchmark_weight"], "tick") if row["benchmark_weight"] else ""
    drawn = bar(edge(at["weight_before"], "was"), edge(at["weight_after"], "is"), tick)
    told = (
        cell(pct(row["weight_before"]), "n soft", "Now")
        + cell(pct(row["target_weight"]), "n faint", "Target")
        + cell(pct(row["weight_after"]), "n strong", "Proposed")
    )
    return f'<tr><th scope="row">{asset(row)}</th>{drawn}{told}</tr>'
