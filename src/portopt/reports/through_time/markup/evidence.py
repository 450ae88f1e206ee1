"""What it rests on: the proof, the data and what was found wrong with them, how it was run, what each figure means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portopt.document.formats import count
from portopt.reports.markup.elements import cell, headings, lines, parts, prose, text
from portopt.reports.through_time import view
from portopt.reports.through_time.figures import FIGURES, TERMS
from portopt.reports.through_time.markup.parts import part, wide_table

Row = Mapping[str, Any]
HOLDS, BROKEN = '<span class="chip ok">holds</span>', '<span class="chip refused">broken</span>'
FINDINGS_SHOWN, FINDINGS_MOST = 30, 400


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
        ("Price history", f"{text(data['first'])} to {text(data['last'])}"),
        *([("Sessions", text(f"{data['sessions']:,}"))] if "sessions" in data else []),
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
