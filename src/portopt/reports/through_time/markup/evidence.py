"""What it rests on: the proof, the data and what was found wrong with them, how it was run, what each figure means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from portopt.document.formats import count, percent
from portopt.domain.canonical import canonical_text
from portopt.reports.markup.elements import cell, headings, lines, parts, prose, text
from portopt.reports.through_time import view, words
from portopt.reports.through_time.figures import FIGURES, TERMS
from portopt.reports.through_time.markup.parts import part, wide_table

Row = Mapping[str, Any]
HOLDS, BROKEN = '<span class="chip ok">holds</span>', '<span class="chip refused">broken</span>'
FINDINGS_SHOWN, FINDINGS_MOST = 30, 400
EXECUTION = {
    "delay": ("Sessions to the fill", "{}"),
    "expires": ("Sessions that orders stay open", "{}"),
    "participation": ("Of a day's volume at most", "{}"),
    "fractional": ("Shares", "{}"),
    "commission_bps": ("Commission", "{} bps"),
    "commission_per_share": ("Commission a share", "{}"),
    "minimum_fee": ("Least fee of an order", "{}"),
    "spread_bps": ("Bid-ask spread, whole", "{} bps"),
    "impact": ("Impact, of the root of the day's share", "{}"),
    "cost_cap": ("Spread and impact at most", "{} of an order's value"),
    "borrow_rate": ("Borrowing a year", "{}"),
    "cash_rate": ("Interest on cash a year", "{}"),
}


def facts(rows: Sequence[tuple[str, str]], classes: str = "") -> str:
    """Names and what they are; both are HTML already. classes: "figured" where long names have short figures."""
    return (
        f'<dl class="facts {classes}">\n{lines(f"<dt>{name}</dt><dd>{told}</dd>" for name, told in rows)}\n</dl>'
        if rows
        else ""
    )


def proof(document: Row) -> str:
    """Whether any decision saw what came after it, and how anyone can check."""
    found, data = document.get("proof"), document["data"]
    universe = "point in time" if data["point_in_time"] else "one list for the whole history"
    if not found:
        told = [("Look-ahead", "not put to the proof"), ("Universe", universe)]
        return part("Look-ahead", "Whether any decision saw what came after it.", facts(told))
    changed = [_change(each) for each in found["changed"]]
    rows = [
        ("No decision looked ahead", HOLDS if found["holds"] else BROKEN),
        ("Decisions made again", text(f"{found['decisions']:,}")),
        ("Decisions that changed", text(f"{len(changed):,}")),
        *([("Worked out in full again", text(f"{found['decided_again']:,}"))] if "decided_again" in found else []),
        ("Seed of the noise", text(found["seed"])),
        ("How", prose(str(found.get("how") or "everything after each decision replaced by noise"))),
        *([("Digest", f'<span class="mono">{text(found["digest"])}</span>')] if "digest" in found else []),
        ("Universe", universe),
    ]  # fmt: skip
    listed = f"<div><h3>Changed</h3>\n<ul>{lines(f'<li>{each}</li>' for each in changed[:50])}</ul></div>" if changed else ""
    return part("Look-ahead", "Whoever has the prices can repeat the proof with this seed.", facts(rows), listed)


def _change(each: Any) -> str:
    if not isinstance(each, Mapping):
        return prose(str(each))
    rest = ", ".join(f"{name} {value}" for name, value in each.items() if name != "date")
    return f"<b>{text(each.get('date', ''))}</b> {prose(rest)}"


def data_log(document: Row) -> str:
    """Where the prices come from, and what was found wrong with them, by asset and date."""
    data = document["data"]
    rows = [
        ("Prices", f"{text(data['source'])}; {text(data['adjustment'])}"),
        ("Period", f"{text(data['first'])} to {text(data['last'])}, {count(data['sessions'], 'session')}"),
        ("Assets", text(f"{_number(data['assets']):,}")),
        ("Pricing pack", f'<span class="mono">{text(data["pricing_pack_id"])}</span>'),
    ]
    notes = "".join(f'<p class="note">{prose(str(note))}</p>' for note in data.get("notes") or ())
    return part(
        "Data and findings",
        "What the figures rest on, and what was found wrong with it.",
        facts(rows),
        notes,
        _findings(data["findings"]),
    )


def _number(assets: Any) -> int:
    return assets if isinstance(assets, int) else len(assets)


def _findings(rows: Sequence[Row]) -> str:
    if not rows:
        return '<p class="soft">Nothing was found wrong with these prices.</p>'
    ordered = sorted(rows, key=lambda r: (str(r.get("asset_id") or ""), str(r.get("date") or "")))
    held, left = view.first_and_rest(ordered, FINDINGS_SHOWN, FINDINGS_MOST)
    head = headings("Asset", "Date", "What", "In words", "Treatment", left=5)

    def made(few: Sequence[Row]) -> str:
        return wide_table("Findings by asset and date", "", head, map(_finding, few))

    more = f'<p class="faint">{left:,} more are in the files beside this page.</p>' if left else ""
    return f"<div>\n<h3>Findings by asset and date</h3>\n{parts(held, made, lambda n: count(n, 'more finding'))}\n{more}</div>"


def _finding(row: Row) -> str:
    treatment = text(row.get("treatment") or "")
    cells = (
        cell(text(row.get("date") or ""), "whole"),
        cell(text(str(row.get("kind", "")).replace("_", " ")), "soft"),
        cell(prose(str(row.get("detail") or "")), ""),
        cell(f'<span class="chip {treatment}">{treatment}</span>' if treatment else "", ""),
    )
    return f'<tr><th scope="row">{text(row.get("asset_id") or "all")}</th>{"".join(cells)}</tr>'


def run(document: Row) -> str:
    """What was asked: policy, capital, triggers, execution."""
    request, execution = document["request"], document["execution"]
    rows = [
        *([("Policy", text(words.policy_name(document)))] if request.get("policy") else []),
        ("Decides", prose(triggers(request.get("rebalance")))),
        *([("Execution", prose("; ".join(printed)))] if (printed := execution.get("printed")) else []),
        *_executed(execution),
        *((text(_spoken(name)), text(_value(value))) for name, value in _asked(request)),
    ]
    at_once = "Orders are filled at the close that the decision saw (delay 0, as asked): live, nobody can do that."
    delay = f'<p class="note">{at_once}</p>'
    return part(
        "How it was run", "As it was asked.", delay if execution.get("delay") == 0 else "", facts(rows), _policy(request)
    )


def triggers(rebalance: Any) -> str:
    """The triggers as data, in a line."""
    if isinstance(rebalance, str) or not rebalance:
        return str(rebalance or "never")
    return ", or ".join(each if isinstance(each, str) else _trigger(each) for each in rebalance)


def _trigger(each: Row) -> str:
    """One of them: `first session of the month`, `every 21 sessions`, `drift 5.00 %`."""
    for joint, word in (("any", ", or "), ("all", ", and ")):
        if joint in each:
            return word.join(_trigger(one) for one in each[joint])
    if "session" in each:
        return f"{each['session']} session of the {each['of']}" + (f" ({each['calendar']})" if each.get("calendar") else "")
    if "every" in each:
        return f"every {count(each['every'], 'session')}"
    name, value = next(iter(sorted(each.items())))
    size = percent(value) if isinstance(value, float) else ""
    rest = ", ".join(f"{k.replace('_', ' ')} {_value(v)}" for k, v in sorted(each.items()) if k != name)
    return " ".join(filter(None, (name.replace("_", " "), size, rest and f"({rest})")))


def _executed(execution: Row) -> Iterator[tuple[str, str]]:
    for name, (label, form) in EXECUTION.items():
        value = execution.get(name)
        if value is None or (value in (0, 0.0) and name != "delay"):
            continue
        told = "fractions too" if value is True else "whole shares" if name == "fractional" else _rate(name, value)
        yield label, text(form.format(told))


def _rate(name: str, value: Any) -> str:
    return percent(value) if name in ("participation", "cost_cap", "borrow_rate", "cash_rate") else f"{value:g}"


def _asked(request: Row) -> list[tuple[str, Any]]:
    known = {
        "policy",
        "rebalance",
        "execution",
        "universe",
        "prove",
        "seed",
        "prices",
        "members",
        "actions",
        "policies",
        "benchmark",
        "notes",
    }
    return [(name, value) for name, value in sorted(request.items()) if name not in known and value not in (None, [], {}, ())]


def _policy(request: Row) -> str:
    policy = request.get("policy")
    if not isinstance(policy, Mapping):
        return ""
    told = [
        (text(_spoken(k)), text(_value(v)))
        for k, v in sorted(policy.items())
        if v not in (None, [], {}, "") and k not in ("id", "name")
    ]
    return f'<details class="print"><summary>The policy in full</summary>\n{facts(told)}</details>' if told else ""


def _spoken(name: str) -> str:
    return name.replace("_", " ").strip().capitalize()


def _value(value: Any) -> str:
    """A scalar as it is, the rest as JSON."""
    return value if isinstance(value, str) else canonical_text(value)


def definitions(document: Row, left_out: Sequence[str], *, data_is_folded: bool) -> str:
    """What every figure means, and where all of them are."""
    meanings = [*((each.name, each.meaning) for each in FIGURES), *TERMS]
    items = lines(f"<div><dt>{text(name)}</dt><dd>{text(meaning)}</dd></div>" for name, meaning in meanings)
    name = text(document["run_id"])
    button = f'<a class="button" id="download" hidden download="{name}.json" href="#data">Download the data as JSON</a>'
    how = ", deflated and in base64" if data_is_folded else ""
    missing = "".join(f'<p class="note">{prose(sentence)}</p>' for sentence in left_out)
    return part(
        "Definitions",
        "Every figure on this page stands in the data inside this file.",
        f'<dl class="terms">\n{items}\n</dl>',
        missing,
        f'<p class="no-print">{button}</p>',
        '<noscript><p class="faint">The data stand in this page\'s source, in the element with the id “data”'
        f"{how}.</p></noscript>",
    )
