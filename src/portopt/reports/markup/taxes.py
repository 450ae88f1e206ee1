"""Taxes: the lots that are sold, why each, and how the year adds up."""

from __future__ import annotations

import json
from decimal import Decimal

from portopt.document import tax_words
from portopt.document.formats import count, money
from portopt.reports.markup.elements import Row, Shown, cell, headings, prose, section, table, text

LOTS_SHOWN = 60
YEAR = (
    ("short", "Net short gains of the year"),
    ("long", "Net long gains of the year"),
    ("allowance_used", "Free of tax"),
    ("due_before", "Tax due before these sales"),
    ("due", "Tax due with them"),
    ("carried_short", "Short losses carried on"),
    ("carried_long", "Long losses carried on"),
)


def taxes(s: Shown) -> str:
    """The section; "" where no tax was estimated."""
    found = s.document.get("taxes")
    if found is None:
        return ""
    lead = tax_words.sentence(dict(s.document)) or "Nothing that has lots is sold: no gain is realized."
    lots = found["lots"]
    more = (
        f'<p class="faint">{count(len(lots) - LOTS_SHOWN, "more lot")} in the data below.</p>' if len(lots) > LOTS_SHOWN else ""
    )
    head = headings("Lot", "Shares", "Proceeds", "Gain", "Why it is sold", words="Why it is sold")
    shown = table("cards flat", head, (_lot(lot, s.currency, pooled=found["rules"]["pooled"]) for lot in lots[:LOTS_SHOWN]))
    instead = "\n".join(_instead(one) for one in found["instead"])
    return section("Taxes", lead, f"{shown}\n{more}" if lots else "", instead, _year(found, s.currency))


def _lot(lot: Row, currency: str, *, pooled: bool) -> str:
    bought = "bought nobody knows when" if lot["acquired_on"] is None else f"bought on {lot['acquired_on']}"
    name = f'<span class="asset"><b>{text(lot["asset_id"])}</b><span>{text(lot["lot_id"])}, {prose(bought)}</span></span>'
    kind = "" if pooled else f' <span class="faint">{text(lot["term"])}</span>'
    unknown = lot["cost_per_share"] is None
    gain = "cost unknown" if unknown else money(lot["gain"], currency)
    return (
        f'<tr class="line">{cell(name, "full")}'
        + cell(_data(lot["shares"], lot["shares"]), "n", "Shares")
        + cell(_data(lot["proceeds"], money(lot["proceeds"], currency)), "n", "Proceeds")
        + cell(f"<span>{_data(lot['gain'], gain)}{kind}</span>", "n strong", "Gain")
        + cell(prose(lot["reason"]), "full soft", "Why")
        + "</tr>"
    )


def _instead(one: Row) -> str:
    """What was sold at a loss, until when it is not bought, and what may be bought in its place."""
    free = [text(each["asset_id"]) for each in one["substitutes"] if not each["barred"]]
    place = f"; in its place {', else '.join(free)}" if free else ""
    return f'<p class="faint">{text(one["asset_id"])} is sold at a loss: not bought again before {one["again_on"]}{place}.</p>'


def _data(value: str, shown: str) -> str:
    return f'<data value="{json.dumps(value).strip(chr(34))}">{text(shown)}</data>'


def _year(found: Row, currency: str) -> str:
    """The year's sum, and what is put off. Rows of nothing are left out."""
    netting = found["netting"]
    rows = [(words, netting[name]) for name, words in YEAR if Decimal(netting[name]) or name in ("short", "long", "due")]
    rows += [
        ("Gains still unrealized", found["unrealized_after"]),
        ("Tax on them, put off: if all were sold today", found["deferred"]),
    ]
    lines = (
        f'<tr><th scope="row">{prose(words)}</th>{cell(_data(value, money(value, currency)), "n")}</tr>'
        for words, value in rows
    )
    return f"<div>\n<h3>How the year adds up</h3>\n{table('', headings('', found['regime']), lines)}\n</div>"
