"""Where it came from: profit by asset, effects against a benchmark, factors; and what delay and costs would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portopt.document.formats import count
from portopt.reports import view as bars
from portopt.reports.markup.elements import bar, cell, edge, headings, lines, money, parts, pct, table, text
from portopt.reports.through_time import view, words
from portopt.reports.through_time.markup.parts import part, subheading, wide_table

Row = Mapping[str, Any]
SHOWN, MOST = 15, 300


def attribution(document: Row) -> str:
    """Profit by asset, the largest first; then the effects that the document has."""
    return part(
        "Attribution",
        "Where the profit came from. What the assets made, after the costs of their trades, adds up to the change of value.",
        _assets(document),
        *_effects(document.get("attribution") or {}),
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


def _effects(found: Row) -> list[str]:
    """Whatever tables the attribution holds: lists of rows with a name and fractions, or a mapping of fractions."""
    return [each for name, part_of in sorted(found.items()) if (each := _effect(str(name), part_of))]


def _effect(name: str, found: Any) -> str:
    title = subheading(name.replace("_", " ").capitalize())
    if isinstance(found, Mapping) and found and all(_is_number(v) for v in found.values()):
        rows = (f'<tr><th scope="row">{_spoken(key)}</th>{cell(pct(value))}</tr>' for key, value in sorted(found.items()))
        return title + table("keep", headings("Effect", "A year"), rows)
    if isinstance(found, Mapping):
        inner = lines(
            filter(None, (_effect(f"{name}, {key}", value) for key, value in sorted(found.items()) if not _is_number(value)))
        )
        flat = {key: value for key, value in sorted(found.items()) if _is_number(value)}
        return inner + (_effect(name, flat) if flat else "")
    if isinstance(found, Sequence) and not isinstance(found, str) and found and isinstance(found[0], Mapping):
        return title + _rows(name, found)
    return ""


def _rows(name: str, rows: Sequence[Row]) -> str:
    keys = [key for key in rows[0] if any(_is_number(row.get(key)) for row in rows) and key not in ("year", "month")]
    labels = [key for key in rows[0] if key not in keys and not isinstance(rows[0][key], list | Mapping)]
    head = headings(*(_spoken(key) for key in (*labels, *keys)), left=max(len(labels), 1))
    held, left = view.first_and_rest(rows, SHOWN, MOST)

    def made(few: Sequence[Row]) -> str:
        return wide_table(_spoken(name), "", head, (_row(row, labels, keys) for row in few))

    more = f'<p class="faint">{left:,} more are in the files beside this page.</p>' if left else ""
    return parts(held, made, lambda n: count(n, "more row")) + more


def _row(row: Row, labels: Sequence[str], keys: Sequence[str]) -> str:
    first, *others = [text(row.get(key) if row.get(key) is not None else "") for key in labels] or [""]
    told = "".join(cell(each, "soft") for each in others) + "".join(cell(pct(row.get(key))) for key in keys)
    return f'<tr><th scope="row">{first}</th>{told}</tr>'


def _spoken(name: str) -> str:
    return text(name.replace("_", " ").capitalize())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
