"""The limits: what more room under the binding ones is worth, and every one of them read off the portfolio proposed."""

from __future__ import annotations

import json

from portopt.document.formats import count
from portopt.document.prices import step_in_words, told, worth_in_words
from portopt.reports import view
from portopt.reports.markup.elements import Row, Shown, cell, headings, measure, prose, section, table, text

PRICES_SHOWN = 25
STATES = {"binding": "binding", "holds": "holds", "short": "falls short", "missed": "missed"}


def limits(s: Shown) -> str:
    lead = (
        "A binding limit stands in the way of a better portfolio. Its price is what a little more room would be worth, in what "
        "the objective counts."
    )
    rows = map(_limit, view.limits(s.document))
    every = table("cards flat", headings("Limit", "Now", "Proposed", "Slack", ""), rows)
    return section(
        "Limits and their price",
        lead,
        s.missing("the prices of limits"),
        s.missing("what more room under a limit is worth, solved for again"),
        _prices(s) if s.document["limit_prices"] else "",
        f"<div>\n<h3>Every limit, read off the portfolio proposed</h3>\n{every}\n</div>",
    )


def _prices(s: Shown) -> str:
    prices = s.document["limit_prices"]
    head = headings("Limit", "Stands at", "Worth", "For more room of")
    shown = table("cards flat", head, map(_price, prices[:PRICES_SHOWN]))
    return f'<div>\n<h3>Binding limits, the dearest first</h3>\n{shown}\n<p class="faint">{prose(told(prices))}</p>\n</div>'


def _price(row: Row) -> str:
    member = f"<span>{text(row['member'])}</span>" if row["member"] else ""
    name = (
        f'<span class="asset"><b>{text(row["limit"])}</b>{member}</span><span class="soft">{prose(row["description"])}</span>'
    )
    side = "at most" if row["side"] == "upper" else "at least"
    worth = f'<data value="{json.dumps(row.get("worth", row.get("cost_bps")))}">{text(worth_in_words(row))}</data>'
    room = f'<data value="{json.dumps(row["step"])}">{text(step_in_words(row["step"], row["unit"]))}</data>'
    return (
        f'<tr class="line">{cell(name, "full")}'
        + cell(f"<span>{side} {measure(row['bound'], row['unit'])}</span>", "n full", "Stands at")
        + cell(worth, "n strong full", "Worth")
        + cell(room, "n full", "For more room of")
        + "</tr>"
    )


def _limit(item: Row) -> str:
    limit, tightest, state = item["limit"], item["tightest"], item["state"]
    soft = ' <span class="chip">soft</span>' if limit["soft"] else ""
    member = f'<br><span class="faint">tightest: {text(tightest["member"])}</span>' if tightest and tightest["member"] else ""
    every = _readings(item) if item["readings"] and not limit["structural"] else ""
    if tightest:
        unit = limit["unit"]
        values = (
            cell(measure(tightest["before"], unit), "n soft", "Now")
            + cell(measure(tightest["measured"], unit), "n strong", "Proposed")
            + cell(measure(tightest["slack"], unit), "n", "Slack")
        )
    else:
        values = '<td class="n faint" colspan="3">binds no asset here</td>'
    chip = cell(f'<span class="chip {state}">{STATES[state]}</span>')
    words = cell(f"{prose(limit['description'])}{soft}{member}{every}", "full")
    return f'<tr class="line">{words}{values}{chip}</tr>'


def _readings(item: Row) -> str:
    readings, unit = item["readings"], item["limit"]["unit"]
    told_of = f"the {len(readings)} tightest" if item["more"] else f"{len(readings)}"
    shown = table("", headings("", "Now", "Proposed", "Limit"), (_reading(reading, unit) for reading in readings))
    left = f", and {item['left_out']} that say nothing of their own left out" if item["left_out"] else ""
    more = f'\n<p class="faint">{count(item["more"], "more reading")} in the data below{left}.</p>' if item["more"] else ""
    return f"<details><summary>{told_of} readings</summary>\n{shown}{more}\n</details>"


def _reading(reading: Row, unit: str) -> str:
    values = (
        cell(measure(reading["before"], unit), "n soft") + cell(measure(reading["measured"], unit))
        + cell(_sides(reading, unit), "n soft")
    )  # fmt: skip
    return f'<tr><th scope="row">{text(reading["member"])}</th>{values}</tr>'


def _sides(reading: Row, unit: str) -> str:
    lower, upper = reading["lower"], reading["upper"]
    if lower is not None and lower == upper:
        return f"exactly {measure(upper, unit)}"
    sides = [f"at least {measure(lower, unit)}"] if lower is not None else []
    return ", ".join([*sides, *([f"at most {measure(upper, unit)}"] if upper is not None else [])])
