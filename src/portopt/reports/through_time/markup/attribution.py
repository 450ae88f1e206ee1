"""Where it came from: profit by asset, effects against a benchmark, factors; and what delay and costs would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portopt.document.formats import count
from portopt.reports import view as bars
from portopt.reports.markup.elements import bar, cell, edge, headings, money, number, parts, pct, table, text
from portopt.reports.through_time import view, words
from portopt.reports.through_time.markup.parts import part, subheading, wide_table

Row = Mapping[str, Any]
SHOWN, MOST = 15, 300


def attribution(document: Row) -> str:
    """Profit by asset, the largest first; then the effects that the document has."""
    found = document.get("attribution") or {}
    return part(
        "Attribution",
        "Where the profit came from. What the assets made, after the costs of their trades, adds up to the change of value.",
        _assets(document),
        _brinson(found.get("brinson") or ()),
        _factors(found.get("factors") or (), found.get("expected_factors")),
    )


def _assets(document: Row) -> str:
    rows = [row for row in document.get("assets") or () if row.get("profit") is not None and float(row["profit"]) != 0.0]
    if not rows:
        return ""
    ordered = sorted(rows, key=lambda r: (-float(r["profit"]), str(r["asset_id"])))
    plain = [{"profit": float(row["profit"])} for row in ordered]
    barred = [{"row": row, "bar": at["profit"]} for row, at in zip(ordered, bars.bars(plain, ("profit",)), strict=True)]
    currency = words.currency(document)
    held, left = view.first_and_rest(_ends_first(barred), SHOWN, MOST)
    head = headings("Asset", '<span class="unseen">As a bar</span>', "Profit", left=2)

    def made(few: Sequence[Row]) -> str:
        return table(
            "bars flat-bars", head, (_asset(each, currency) for each in sorted(few, key=lambda e: -float(e["row"]["profit"])))
        )

    more = f'<p class="faint">{left:,} more are in the files beside this page.</p>' if left else ""
    return (
        subheading("By asset")
        + parts(held, made, lambda n: count(n, "smaller profit and loss", "smaller profits and losses"))
        + more
    )


def _ends_first(rows: Sequence[Row]) -> list[Row]:
    """The largest gains and losses before what lies between."""
    return sorted(rows, key=lambda each: -abs(float(each["row"]["profit"])))


def _asset(each: Row, currency: str) -> str:
    profit = each["row"]["profit"]
    kind = "is" if float(profit) >= 0.0 else "is lost"
    drawn = bar(edge(each["bar"], kind))
    return f'<tr><th scope="row">{text(each["row"]["asset_id"])}</th>{drawn}{cell(money(profit, currency), "n strong")}</tr>'


def _brinson(rows: Sequence[Row]) -> str:
    """Allocation, selection, interaction by sector; the last row is their sum."""
    if not rows:
        return ""
    head = headings("Sector", "Allocation", "Selection", "Interaction", "Together")
    told = (
        '<p class="faint">Brinson, linked over the days (Cariño): the sum is the compounded return less the benchmark\'s.</p>'
    )
    named = ("allocation", "selection", "interaction", "total")
    drawn = (_effects(row, "group", [pct(row[name]) for name in named], row is rows[-1]) for row in rows)
    return subheading("Against the benchmark") + wide_table("Effects by sector", "keep", head, drawn) + told


def _factors(rows: Sequence[Row], expected: Row | None) -> str:
    """Exposures and what they brought, beside what was to be expected; what no factor explains is specific."""
    if not rows:
        return ""
    foreseen = {} if expected is None else {row["name"]: row for row in expected["parts"]}
    more = ("Expected exposure", "Expected a year", "Expected share") if foreseen else ()
    head = headings("Factor", "Exposure", "A year", "Share", *more)
    drawn = (_effects(row, "name", [*_part(row), *_expected(foreseen, row["name"])], row is rows[-1]) for row in rows)
    told = "" if expected is None else f'<p class="faint">{_how(int(expected["decisions"]))}</p>'
    return subheading("By factor") + wide_table("Return by factor", "keep", head, drawn) + told


def _part(row: Row) -> list[str]:
    return [number(row["exposure"]), pct(row["contribution"]), pct(row["share"])]


def _expected(foreseen: Mapping[str, Row], name: str) -> list[str]:
    if not foreseen:
        return []
    return _part(foreseen.get(name, {"exposure": None, "contribution": None, "share": None}))


def _how(decisions: int) -> str:
    return (
        "Exposure, a year and share are of the whole history as it turned out; those expected are the mean over "
        f"{count(decisions, 'decision')}, each fitted on the returns before it."
    )


def _effects(row: Row, name: str, told: Sequence[str], strong: bool) -> str:
    cells = "".join(cell(each, "n strong" if strong else "n") for each in told)
    return f'<tr><th scope="row">{text(str(row[name])[:1].upper() + str(row[name])[1:])}</th>{cells}</tr>'
