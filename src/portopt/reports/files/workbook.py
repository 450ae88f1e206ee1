"""Workbooks: numbers as numbers with their formats, dates as dates, text as text."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from portopt.document.formats import PERCENT_UNITS

FORMATS = {
    "percent": "0.00%",
    "money": "#,##0.00",
    "price": "#,##0.00##",
    "shares": "#,##0",
    "fraction of a share": "#,##0.00####",
    "score": "0.0",
    "bps": "0.0",
    "plain": "0.0000",
    "whole": "0",
    "date": "yyyy-mm-dd",
}


class Column(NamedTuple):
    """A sheet's column: its key in the rows, its heading, and how it reads ("text" or a key of FORMATS)."""

    key: str
    heading: str
    reads: str
    width: int = 12


# What a table of trades has, of a proposal or of a history.
ASSET, SIDE = Column("asset_id", "Asset", "text"), Column("side", "Side", "text", 7)
SHARES = Column("shares", "Shares", "shares")
VALUE, COMMISSION = Column("value", "Value", "money", 15), Column("commission", "Commission", "money")
IMPACT = Column("impact", "Impact", "money")
OF_AN_ASSET = (ASSET, Column("name", "Name", "text", 24), Column("sector", "Sector", "text", 18))
TRADES = (
    Column("priority", "Order", "whole", 7),
    *OF_AN_ASSET,
    SIDE,
    SHARES,
    Column("price", "Price", "price"),
    VALUE,
    COMMISSION,
    IMPACT,
    Column("cost", "Cost", "money"),
    Column("weight_before", "Weight now", "percent"),
    Column("weight_after", "Weight proposed", "percent", 16),
    Column("why", "Why", "text", 80),
)
POSITIONS = (
    *OF_AN_ASSET,
    Column("asset_class", "Asset class", "text"),
    Column("quality_score", "Quality", "score"),
    Column("esg_score", "ESG", "score"),
    Column("shares_before", "Shares now", "shares"),
    Column("shares_after", "Shares proposed", "shares", 15),
    Column("shares_change", "Change", "shares"),
    Column("price", "Price", "price"),
    Column("weight_before", "Weight now", "percent"),
    Column("target_weight", "Target weight", "percent", 14),
    Column("weight_after", "Weight proposed", "percent", 16),
    Column("benchmark_weight", "Benchmark", "percent"),
    Column("why", "Why", "text", 80),
)
LIMITS = (
    Column("limit", "Limit", "text", 20),
    Column("member", "Of", "text", 18),
    Column("description", "In words", "text", 44),
    Column("unit", "Unit", "text", 14),
    Column("before", "Now", "unit"),
    Column("target", "Target", "unit"),
    Column("measured", "Proposed", "unit"),
    Column("lower", "At least", "unit"),
    Column("upper", "At most", "unit"),
    Column("slack", "Slack", "unit"),
    Column("binding", "Binding", "text", 9),
    Column("soft", "Soft", "text", 7),
)
FIGURES = (
    Column("label", "Figure", "text", 30),
    Column("before", "Now", "unit", 16),
    Column("after", "Proposed", "unit", 16),
    Column("change", "Change", "unit", 16),
    Column("before_within", "± now, 95 %", "unit", 16),
    Column("after_within", "± proposed, 95 %", "unit", 16),
    Column("change_within", "± change, 95 %", "unit", 16),
)
ABOUT = (Column("label", "About", "text", 20), Column("value", "", "text", 60), Column("on", "Day", "date", 12))
GROUPS = (
    Column("of", "By", "text", 14),
    Column("name", "Group", "text", 26),
    Column("before", "Now", "percent"),
    Column("after", "Proposed", "percent"),
    Column("lower", "At least", "percent"),
    Column("upper", "At most", "percent"),
    Column("benchmark", "Benchmark", "percent"),
)


class Sheet(NamedTuple):
    """A sheet: its name, its columns, and rows that have them by key."""

    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Mapping[str, Any]]


def workbook_bytes(document: Mapping[str, Any]) -> bytes:
    """A proposal's .xlsx file. The same document gives the same bytes: the date of making is the data's own."""
    sheets = (
        Sheet("Trades", TRADES, document["trades"]),
        Sheet("Positions", POSITIONS, document["proposal"]),
        Sheet("Limits", LIMITS, list(_limit_rows(document))),
        Sheet("Figures", FIGURES, list(_figure_rows(document))),
        Sheet("Groups", GROUPS, list(_group_rows(document))),
        Sheet("About", ABOUT, list(_about_rows(document))),
    )
    return book_bytes(f"Rebalancing proposal {document['run_id']}", document["as_of"], sheets)


def book_bytes(title: str, made: str, sheets: Sequence[Sheet]) -> bytes:
    """The .xlsx file of some sheets. made: an ISO date, of the data and not of a clock."""
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": title, "created": datetime.fromisoformat(made)})
    styles = {name: book.add_format({"num_format": pattern}) for name, pattern in FORMATS.items()}
    styles["text"], head = book.add_format(), book.add_format({"bold": True, "bottom": 1})
    for name, columns, rows in sheets:
        _sheet(book.add_worksheet(name), columns, rows, styles, head)
    book.close()
    return out.getvalue()


def _sheet(sheet: Any, columns: tuple[Column, ...], rows: Sequence[Mapping[str, Any]], styles: Any, head: Any) -> None:
    for j, column in enumerate(columns):
        sheet.set_column(j, j, column.width)
        sheet.write_string(0, j, column.heading, head)
    for i, row in enumerate(rows, start=1):
        for j, column in enumerate(columns):
            _write(sheet, i, j, row[column.key], _reads(column, row), styles)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(len(rows), 1), len(columns) - 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _write(sheet: Any, i: int, j: int, value: Any, reads: str, styles: Any) -> None:
    if value is None:
        return
    if reads == "text":  # write_string, never write: what begins with = stays text
        sheet.write_string(i, j, ("yes" if value else "") if isinstance(value, bool) else str(value), styles["text"])
    elif reads == "date":
        sheet.write_datetime(i, j, datetime.fromisoformat(value), styles["date"])
    else:
        sheet.write_number(i, j, float(value), styles[reads])


def _reads(column: Column, row: Mapping[str, Any]) -> str:
    if column.reads == "shares":  # a pattern of optional digits leaves its point behind: 205.
        return "shares" if float(row[column.key] or 0.0).is_integer() else "fraction of a share"
    if column.reads != "unit":
        return column.reads
    unit = row["unit"]
    return "percent" if unit in PERCENT_UNITS else "whole" if unit == "count" else unit if unit in FORMATS else "plain"


def _limit_rows(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for limit in document["limits"]:
        for reading in limit["readings"]:
            yield {**limit, **reading}


def _about_rows(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    policy, pack = document["policy"], document["pricing_pack"]
    for label, value, on in (
        ("Portfolio", document["portfolio_id"], None),
        ("Policy", f"{policy['name'] or policy['id']} {policy['method_version']}", None),
        ("As of", document["as_of"], document["as_of"]),
        ("Prices", pack["source"], pack["last_date"]),
        ("Run", document["run_id"], None),
        ("Pricing pack", pack["id"], None),
    ):
        yield {"label": label, "value": value, "on": on}


def _group_rows(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for attribute in ("sector", "asset_class"):
        for row in (document.get("groups") or {}).get(attribute, ()):
            yield {"of": attribute.replace("_", " "), **row}


def _figure_rows(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    unknown = dict.fromkeys(("before_within", "after_within", "change_within"))
    for row in document["figures"]:
        yield {**unknown, **row}
    head = document["headline"]
    for label, key, unit in (
        ("Portfolio value", "portfolio_value", "money"),
        ("Trades", "trades", "whole"),
        ("Turnover, one-way", "turnover", "percent"),
        ("Bought", "buys_value", "money"),
        ("Sold", "sells_value", "money"),
        ("Commission", "commission", "money"),
        ("Impact", "impact", "money"),
        ("Total cost", "total_cost", "money"),
        ("Cost, bps of the portfolio", "cost_bps", "bps"),
    ):
        yield {"label": label, "unit": unit, "before": None, "after": head[key], "change": None, **unknown}
    cash = {"before": head["cash_before"], "after": head["cash_after"], "change": None}
    yield {"label": f"Cash, {document['currency']}", "unit": "money", **cash, **unknown}
