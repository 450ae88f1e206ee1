"""What is in a backtest's document, as flat tables: a row a day, a decision, a weight, a trade, a happening, a finding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from portopt.reports.files.workbook import ASSET, COMMISSION, IMPACT, SHARES, SIDE, VALUE, Column
from portopt.reports.through_time import view
from portopt.reports.through_time.figures import FIGURES, figure
from portopt.reports.through_time.markup.activity import problem_in_words

Row = Mapping[str, Any]


class Table(NamedTuple):
    """name: of its file and its sheet. rows: made from a document when they are wanted, since there may be a million."""

    name: str
    columns: tuple[Column, ...]
    rows: Callable[[Row], Iterator[Row]]


def _days(document: Row) -> Iterator[Row]:
    days = document["days"]
    names = [name for name, values in days.items() if values is not None]
    for values in zip(*(days[name] for name in names), strict=True):
        yield dict(zip(names, values, strict=True))


def _rebalances(document: Row) -> Iterator[Row]:
    for row in document["rebalances"]:
        yield {**row, "problem": problem_in_words(row["problem"]) if row.get("problem") else None}


def _weights(document: Row) -> Iterator[Row]:
    for row in view.decided(document):
        target = row.get("target") or {}
        for asset, w in sorted(row["weights"].items()):
            yield {"date": row["date"], "asset_id": asset, "weight": w, "target": target.get(asset)}


def _limits(document: Row) -> Iterator[Row]:
    for row in document["rebalances"]:
        for bound in row.get("binding") or ():
            yield {"date": row["date"], "limit": view.limit_name(bound), "price": bound["price"]}


def _unfilled(document: Row) -> Iterator[Row]:
    for row in document.get("unfilled") or ():
        yield row if isinstance(row, Mapping) else dict(zip(("order_id", "reason"), row, strict=False))


def _figures(document: Row) -> Iterator[Row]:
    for each in FIGURES:
        values = {key: figure(document["summary"].get(key), each.path) for key, _ in view.HISTORIES}
        yield {"figure": each.name, **values}


def _factors(document: Row) -> Iterator[Row]:
    """As they turned out, and beside it as they were to be expected."""
    found = document.get("attribution") or {}
    foreseen = {row["name"]: row for row in (found.get("expected_factors") or {}).get("parts") or ()}
    for row in found.get("factors") or ():
        expected = foreseen.get(row["name"], {})
        yield {**row, **{f"expected_{name}": expected.get(name) for name in ("exposure", "contribution", "share")}}


def _plain(member: str) -> Callable[[Row], Iterator[Row]]:
    return lambda document: iter(document.get(member) or ())


def _findings(document: Row) -> Iterator[Row]:
    return iter(document["data"]["findings"])


DATE = Column("date", "Date", "date")
OF_BACKTEST = (
    Table(
        "figures",
        (Column("figure", "Figure", "text", 26), *(Column(key, name, "plain", 16) for key, name in view.HISTORIES)),
        _figures,
    ),
    Table(
        "days",
        (
            DATE,
            *(Column(key, name, "money", 16) for key, name in view.HISTORIES),
            Column("cash_weight", "Cash weight", "percent"),
            Column("drawdown", "Drawdown", "percent"),
        ),
        _days,
    ),
    Table(
        "months",
        (
            Column("year", "Year", "whole"),
            Column("month", "Month", "whole"),
            Column("net", "Net", "percent"),
            Column("benchmark", "Benchmark", "percent"),
        ),
        _plain("monthly"),
    ),
    Table(
        "years",
        (
            Column("year", "Year", "whole"),
            *(Column(key, name, "percent") for key, name in view.HISTORIES),
            Column("active", "Beyond the benchmark", "percent"),
            Column("fall", "Deepest fall", "percent"),
            Column("sessions", "Sessions", "whole"),
        ),
        _plain("yearly"),
    ),
    Table(
        "rebalances",
        (
            DATE,
            Column("filled_on", "Filled from", "date"),
            Column("trigger", "Why then", "text", 18),
            Column("status", "Outcome", "text"),
            Column("turnover", "Turnover", "percent"),
            Column("cost", "Cost", "money"),
            Column("orders", "Orders", "whole"),
            Column("gap", "Gap", "plain"),
            Column("certificate", "Certificate", "text"),
            Column("problem", "Problem", "text", 60),
        ),
        _rebalances,
    ),
    Table("weights", (DATE, ASSET, Column("weight", "Weight", "percent"), Column("target", "Target", "percent")), _weights),
    Table(
        "trades",
        (
            DATE,
            Column("decided_on", "Decided on", "date"),
            Column("order_id", "Order", "text", 16),
            ASSET,
            SIDE,
            SHARES,
            Column("price", "Price", "plain"),
            VALUE,
            COMMISSION,
            Column("spread", "Spread", "money"),
            IMPACT,
            Column("profit", "Profit", "money"),
        ),
        _plain("trades"),
    ),
    Table(
        "happenings",
        (
            DATE,
            Column("kind", "What", "text"),
            ASSET,
            SHARES,
            Column("amount", "Amount", "money"),
            Column("sentence", "In words", "text", 60),
        ),
        _plain("happenings"),
    ),
    Table("unfilled", (DATE, ASSET, Column("order_id", "Order", "text", 16), Column("reason", "Why", "text", 60)), _unfilled),
    Table("limits", (DATE, Column("limit", "Limit", "text", 28), Column("price", "Price", "plain")), _limits),
    Table(
        "assets",
        (
            ASSET,
            Column("profit", "Profit", "money", 15),
            Column("dividends", "Dividends", "money"),
            Column("costs", "Costs", "money"),
            Column("trades", "Trades", "whole"),
        ),
        _plain("assets"),
    ),
    Table(
        "factors",
        (
            Column("name", "Factor", "text", 18),
            *(
                Column(f"{which}{name}", f"{heading} {name}".strip().capitalize(), reads, 20)
                for which, heading in (("", ""), ("expected_", "expected"))
                for name, reads in (("exposure", "plain"), ("contribution", "percent"), ("share", "percent"))
            ),
        ),
        _factors,
    ),
    Table(
        "findings",
        (
            ASSET,
            DATE,
            Column("kind", "What", "text", 18),
            Column("detail", "In words", "text", 60),
            Column("treatment", "Treatment", "text"),
        ),
        _findings,
    ),
)
