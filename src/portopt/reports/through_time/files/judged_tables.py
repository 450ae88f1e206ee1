"""What is in a walk-forward's and in a comparison's document beside a backtest's, as flat tables; and which tables each has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from portopt.domain.canonical import canonical_text
from portopt.reports.files.workbook import Column
from portopt.reports.through_time.figures import figure
from portopt.reports.through_time.files.tables import DATE, OF_BACKTEST, Table
from portopt.reports.through_time.markup.activity import problem_in_words

Row = Mapping[str, Any]


def _windows(document: Row) -> Iterator[Row]:
    for row in document["windows"]:
        ends = {f"{part}_{end}": row[part][end] for part in ("train", "test") for end in ("first", "last")}
        problem = problem_in_words(row["problem"]) if row.get("problem") else None
        yield {**row, **ends, "changes": canonical_text(row["changes"]), "problem": problem}


def _variants(document: Row) -> Iterator[Row]:
    for row in document["trials"]["variants"]:
        figures = {name: figure(row["figures"], name) for name in BRIEF}
        yield {**row, **figures, "changes": canonical_text(row["changes"])}


def _paths(document: Row) -> Iterator[Row]:
    found = document.get("paths") or {"dates": (), "growth": ()}
    for k, growth in enumerate(found["growth"], start=1):
        for day, value in zip(found["dates"], growth, strict=True):
            yield {"path": k, "date": day, "growth": value}


def _ranges(document: Row) -> Iterator[Row]:
    return iter((document.get("forecasts") or {}).get("ranges") or ())


def _conditions(document: Row) -> Iterator[Row]:
    for row in (document.get("gate") or {}).get("conditions") or ():
        yield {**row, "holds": str(row["holds"]).lower()}


def _strategies(document: Row) -> Iterator[Row]:
    for side in document["strategies"]:
        for kind in ("net", "gross"):
            figures = {name: figure(side["summary"][kind], name) for name in BRIEF}
            yield {"strategy": side["name"], "kind": kind, **figures, "costs": side["costs"], "turnover": side["turnover"]}


def _money_of_strategies(document: Row) -> Iterator[Row]:
    for side in document["strategies"]:
        days = side["days"]
        if days["net"] is not None:
            for day, net, gross in zip(days["date"], days["net"], days["gross"], strict=True):
                yield {"date": day, "strategy": side["name"], "net": net, "gross": gross}


def _years_of_strategies(document: Row) -> Iterator[Row]:
    for side in document["strategies"]:
        for row in side.get("yearly") or ():
            yield {"strategy": side["name"], **row}


def _pairs(document: Row) -> Iterator[Row]:
    for pair in document["pairs"]:
        for kind in ("net", "gross"):
            yield {"first": pair["first"], "second": pair["second"], "kind": kind, **pair[kind]}


BRIEF = ("annual_return", "volatility", "sharpe", "max_drawdown")
BRIEFLY = (
    Column("annual_return", "Return a year", "percent"),
    Column("volatility", "Volatility", "percent"),
    Column("sharpe", "Sharpe ratio", "plain"),
    Column("max_drawdown", "Drawdown", "percent"),
)
CHANGES, PROBLEM = Column("changes", "Changes", "text", 40), Column("problem", "Problem", "text", 60)
OF_WALK = (
    Table(
        "windows",
        (
            Column("number", "Window", "whole"),
            *(
                Column(f"{part}_{end}", f"{part} {end}".capitalize(), "date")
                for part in ("train", "test")
                for end in ("first", "last")
            ),
            CHANGES,
            Column("training_sharpe", "Sharpe in training", "plain"),
            Column("status", "Outcome", "text"),
            Column("began_with", "Began with", "text", 30),
            Column("total_return", "Return", "percent"),
            Column("sharpe", "Sharpe ratio", "plain"),
            PROBLEM,
        ),
        _windows,
    ),
    Table(
        "variants", (CHANGES, Column("chosen", "Chosen by", "whole"), *BRIEFLY, Column("failed", "Failed", "whole")), _variants
    ),
    Table(
        "conditions",
        (
            Column("name", "Condition", "text", 18),
            Column("measured", "Measured", "plain"),
            Column("required", "Required", "plain"),
            Column("holds", "Holds", "text"),
            Column("sentence", "In words", "text", 60),
        ),
        _conditions,
    ),
    Table("paths", (Column("path", "Path", "whole"), DATE, Column("growth", "Growth", "plain")), _paths),
    Table(
        "forecasts",
        (
            Column("first", "First", "date"),
            Column("last", "Last", "date"),
            Column("low", "Low", "percent"),
            Column("high", "High", "percent"),
            Column("realized", "Realized", "percent"),
        ),
        _ranges,
    ),
)
STRATEGY, KIND = Column("strategy", "Strategy", "text", 20), Column("kind", "After or before costs", "text")
OF_COMPARISON = (
    Table(
        "strategies",
        (STRATEGY, KIND, *BRIEFLY, Column("costs", "Costs", "money"), Column("turnover", "Turnover", "percent")),
        _strategies,
    ),
    Table(
        "days",
        (DATE, STRATEGY, Column("net", "Net", "money", 15), Column("gross", "Before costs", "money", 15)),
        _money_of_strategies,
    ),
    Table(
        "years",
        (
            Column("year", "Year", "whole"),
            STRATEGY,
            Column("total_return", "Return", "percent"),
            Column("fall", "Deepest fall", "percent"),
            Column("sessions", "Sessions", "whole"),
        ),
        _years_of_strategies,
    ),
    Table(
        "pairs",
        (
            Column("first", "First", "text", 20),
            Column("second", "Second", "text", 20),
            KIND,
            *(
                Column(f"{of}_{what}", f"{of} {what.replace('_', ' ')}".capitalize(), "plain", 16)
                for of in ("sharpe", "mean")
                for what in ("difference", "error", "p_value")
            ),
            Column("periods", "Periods", "whole"),
        ),
        _pairs,
    ),
)


def tables_of(document: Row) -> tuple[Table, ...]:
    """The tables of what the document is of."""
    if document["kind"] == "comparison":
        return OF_COMPARISON
    return (*OF_BACKTEST, *OF_WALK) if document["kind"] == "walk_forward" else OF_BACKTEST
