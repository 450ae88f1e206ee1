"""What the proposal rests on: where the risk is, what can be had, the certificate, the data, the definitions."""

from __future__ import annotations

from collections.abc import Sequence

from portopt.document import signed
from portopt.document.formats import count
from portopt.document.prices import left_to_draw
from portopt.reports import view
from portopt.reports.markup.elements import (
    Row,
    Shown,
    bar,
    cell,
    edge,
    headings,
    lines,
    money,
    number,
    parts,
    pct,
    prose,
    sci,
    section,
    table,
    text,
    whole,
)

ALLOWED = 1e-9  # of a limit's own unit: what doubles may leave between the audit and the rounding
METHODS = {
    "exact": "fractional",
    "mip": "whole, proved to be as good as any to within the gap that was asked for",
    "mip_open": "whole, the best a search found before its counted work was used up",
    "nearest": "whole, the nearest to the optimum of a large book that keep every limit",
}


def risk(s: Shown) -> str:
    found = view.contributions(s.document)
    lead = (
        "Share of the volatility at the target weights, beside the share of the money. A bar longer than its weight is where "
        "risk concentrates."
    )
    return section(
        "Where the risk comes from",
        lead,
        s.missing("where the risk comes from"),
        '<p class="legend"><span class="was">Share of the money</span><span>Share of the risk</span></p>',
        *(_contributions(of, found[of]) for of in ("sector", "asset") if found[of]["shown"]),
    )


def _contributions(of: str, rows: Row) -> str:
    def made(items: Sequence[Row]) -> str:
        head = headings(of.capitalize(), "", "Money", "Risk", left=2)
        return table("bars", head, map(_contribution, items))

    more = f'\n<p class="faint">{rows["more"]} more in the data below.</p>' if rows["more"] else ""
    return f"<div>\n<h3>By {of}</h3>\n{parts(rows, made, lambda n: f'{n} more')}{more}\n</div>"


def _contribution(item: Row) -> str:
    row, at = item["row"], item["bar"]
    told = cell(pct(row["weight"]), "n soft") + cell(pct(row["share"]), "n strong")
    return f'<tr><th scope="row">{_named(row["name"])}</th>{bar(edge(at["weight"], "was"), edge(at["share"], "is"))}{told}</tr>'


def _named(name: str) -> str:
    return "Cash, and what has no sector" if name == "no sector" else text(name)


def measures(s: Shown) -> str:
    """Nothing where there are none and none were to be."""
    part, rows = "the risk in every measure", s.document["risk_measures"]
    if not rows and part not in s.left_out:
        return ""
    lead = (
        "In-sample: what the weights would have met in the returns that the estimates rest on. Losses are positive; each line "
        "says its confidence and how far it looks ahead."
    )
    told = (
        f'<tr class="line">{cell(text(row["name"]), "full")}{cell(pct(row["before"]), "n soft", "Now")}'
        f"{cell(pct(row['after']), 'n strong', 'Proposed')}</tr>"
        for row in rows
    )
    notes = (f'<p class="faint">{text(note)}</p>' for note in s.document["notes"])
    shown = table("cards flat", headings("Measure", "Now", "Proposed"), told)
    return section("Risk in every measure", lead, s.missing(part), shown, *notes)


def frontier(s: Shown, drawings: Sequence[str], undrawn: Sequence[str]) -> str:
    """Nothing where there is none and none was to be. undrawn: why there is no drawing."""
    part, line = "the efficient frontier", s.document["frontier"]
    if not line and part not in s.left_out:
        return ""
    lead = (
        "The least volatility for each expected return, under the same limits. What lies to the left of the line cannot be had "
        "within them."
    )
    why = (f'<p class="faint">{prose(sentence)}</p>' for sentence in undrawn)
    return section("Efficient frontier", lead, s.missing(part), *why, *(_line(s, line, drawings) if line else ()))


def _line(s: Shown, line: Row, drawings: Sequence[str]) -> list[str]:
    rows = (
        f'<tr><th scope="row">{row["label"]}</th>{cell(pct(row["expected_return"]))}{cell(pct(row["volatility"]))}'
        f"{cell(number(row['sharpe_ratio']))}</tr>"
        for row in view.portfolios(s.document)
    )
    return [
        f"<figure>\n{lines(drawings)}\n</figure>" if drawings else "",
        f'<p class="faint">{text(left_to_draw(line["without"]))}</p>' if line.get("without") else "",
        table("keep", headings("Portfolio", "Return", "Volatility", "Sharpe"), rows),
    ]


def certificate(s: Shown) -> str:
    lead = "Recomputed from the problem by code that shares nothing with the solver. An answer that fails it does not leave."
    checks = table(
        "keep", headings("Check of the continuous optimum", "Measured", "Allowed"), map(_check, view.checks(s.document))
    )
    return section("Certificate", lead, _of_orders(s), checks, _facts(_of_certificate(s)))


def _of_orders(s: Shown) -> str:
    """The orders' own checks; nothing of a document that was written before there were any."""
    orders = signed.orders_of(s.document)
    if not orders:
        return ""
    exactly = f"{orders['exactly']} of {count(orders['limits'], 'limit')}"
    rows = (
        ("Worst violation of a hard limit", cell(sci(orders["worst_violation"]), "n strong"), cell(sci(ALLOWED), "n soft")),
        ("Worked out in rational numbers", cell(text(exactly), "strong"), cell("", "bare")),
        ("Cash when every fee is paid", cell(money(orders["cash_after"], s.currency), "n strong"), cell("", "bare")),
        ("Against the continuous optimum", cell(text(signed.gap_in_words(s.document)), "strong"), cell("", "bare")),
    )
    told = (f'<tr><th scope="row">{name}</th>{found}{most}</tr>' for name, found, most in rows)
    return table("keep", headings("Check of the orders", "Found", "Allowed"), told)


def _check(row: Row) -> str:
    values = cell(sci(row["measured"]), "n strong") + cell(sci(row["allowed"]), "n soft")
    return f'<tr><th scope="row">{row["label"]}</th>{values}</tr>'


def _of_certificate(s: Shown) -> list[str]:
    paper, rounding, engine = s.document["certificate"], s.document["rounding"], s.document["certificate"]["engine"]
    method = text(METHODS.get(rounding["method"], rounding["method"]))
    found = [
        _fact("Objective", text(s.document["objective"]["description"])),
        _fact("Sum of weights", number(paper["weight_sum"], 12)),
        _fact("Exact zeros", whole(paper["exact_zeros"])),
        *map(_claim, paper["claims"]),
        _fact("Shares", f"{method}; {sci(rounding['gap'])} of objective value short of the continuous optimum"),
    ]
    if engine:
        polished = ", polished to machine precision" if engine["polished"] else ""
        found += [_fact("Engine", f"{text(engine['solver'])}, {count(engine['iterations'], 'iteration')}{polished}")]
    return [*found, _identifier("Problem", paper["problem_identity"])]


def _claim(claim: Row) -> str:
    found = claim["found"]
    return _fact(text(claim["claim"].capitalize()), text(found) if isinstance(found, str) else sci(found))


def _facts(rows: Sequence[str]) -> str:
    return f'<dl class="facts">\n{lines(rows)}\n</dl>'


def _fact(name: str, told: str) -> str:
    return f"<dt>{name}</dt><dd>{told}</dd>"


def _identifier(name: str, told: str) -> str:
    return f'<dt>{name}</dt><dd class="mono">{text(told)}</dd>'


def data(s: Shown) -> str:
    d, pack = s.document, s.document["pricing_pack"]
    costs = "; ".join(prose(cost["description"]) for cost in d["costs"]) or "none charged"
    facts = [
        _fact("Prices", f"{text(pack['source'])}; {text(pack['adjustment'])}"),
        _fact("Period", f"{text(pack['first_date'])} to {text(pack['last_date'])}, {count(pack['observations'], 'day')}"),
        _identifier("Pricing pack", pack["id"]),
        _fact("Expected returns", text(d["estimators"]["expected_returns"])),
        _fact("Covariance", text(d["estimators"]["covariance"])),
        _fact("Trading costs", costs),
        _fact("Risk-free rate", pct(d["inputs"]["risk_free_rate"])),
    ]
    found = lines(map(_findings, view.findings(d))) or '<p class="soft">Nothing was found wrong with these prices.</p>'
    return section(
        "Data",
        "What the figures rest on, and what was found wrong with it.",
        f'<p class="note">{text(pack["stale"])}</p>' if pack["stale"] else "",
        *(f'<p class="note">{prose(note)}</p>' for note in d["notes"]),
        _facts(facts),
        f"<div>\n<h3>Data quality</h3>\n{found}\n</div>",
    )


def _findings(group: Row) -> str:
    more = f'\n<li class="faint">and {group["more"]} more in the data below</li>' if group["more"] > 0 else ""
    how_many = f'<span class="soft">{count(group["count"], "finding")}</span>'
    chip = f'<span class="chip {text(group["treatment"])}">{text(group["treatment"])}</span>'
    head = f"<p><b>{text(group['kind'].capitalize())}</b>{how_many}{chip}</p>"
    return f'<div class="finding">\n{head}\n<ul>\n{lines(map(_finding, group["shown"]))}{more}\n</ul>\n</div>'


def _finding(finding: Row) -> str:
    named = f"<b>{text(finding['asset_id'])}</b> " if finding["asset_id"] else ""
    dated = f'<span class="faint">{text(finding["date"])}</span> ' if finding["date"] else ""
    return f"<li>{named}{dated}{prose(finding['detail'])}</li>"


def definitions(s: Shown, *, data_is_folded: bool) -> str:
    items = (f"<div><dt>{text(item['term'])}</dt><dd>{text(item['meaning'])}</dd></div>" for item in s.document["definitions"])
    button = (
        f'<a class="button" id="download" hidden download="{text(s.document["run_id"])}.json" href="#data">'
        "Download the data as JSON</a>"
    )
    how = ", deflated and in base64" if data_is_folded else ""
    return section(
        "Definitions",
        "Every figure can be recomputed from the data inside this file.",
        f'<dl class="terms">\n{lines(items)}\n</dl>',
        f'<p class="no-print">{button}</p>',
        '<noscript><p class="faint">The data stand in this page\'s source, in the element with the id “data”'
        f"{how}.</p></noscript>",
    )
