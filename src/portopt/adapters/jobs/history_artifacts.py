"""What a run through time leaves in Prefect's user interface: its figures, its decisions, its report, progress."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from portopt.adapters.jobs import artifacts
from portopt.domain.run import RunRecord

Row = Mapping[str, Any]
WHOSE = {"net": "Strategy, net", "gross": "Strategy, gross", "benchmark": "Benchmark", "do_nothing": "Doing nothing",
         "equal_weight": "1/N"}  # fmt: skip
FIGURES = {"annual_return": "Return a year", "volatility": "Volatility", "sharpe": "Sharpe", "max_drawdown": "Largest fall"}
MOST_ROWS = 500


def publish(record: RunRecord, service: str | None = None) -> None:
    """Figures side by side, the decisions, and where the report is. service: where people reach it."""
    document = record.document or {}
    create_table_artifact(list(figure_rows(document)), key="figures", description=f"What came out. {record.run_id}")
    decisions = list(decision_rows(document.get("rebalances", ())))
    shown = f"The last {MOST_ROWS} of {len(decisions)} decisions" if len(decisions) > MOST_ROWS else "Every decision"
    create_table_artifact(decisions[-MOST_ROWS:], key="decisions", description=shown)
    create_markdown_artifact(
        artifacts.report_words(record.run_id, service), key="report", description="Where the whole report is"
    )


def figure_rows(document: Row) -> Iterator[dict[str, str]]:
    """A row for whoever has a history."""
    compared = {one["name"]: one["summary"]["net"] for one in document.get("strategies", ())}
    for whose, found in (compared or document.get("summary", {})).items():
        name = WHOSE.get(whose, whose)
        if found:
            yield {"": name, **{title: figure_text(key, found.get(key)) for key, title in FIGURES.items()}}


def figure_text(name: str, value: Any) -> str:
    """As a person reads it. What is more than a number, as a drawdown with its dates, says its depth.

    >>> figure_text("annual_return", 0.0712), figure_text("sharpe", 0.583), figure_text("volatility", None)
    ('7.1 %', '0.58', '')
    """
    value = value.get("depth") if isinstance(value, Mapping) else value
    if not isinstance(value, int | float):
        return ""
    return f"{value:.2f}" if name == "sharpe" else f"{100 * value:.1f}\u00a0%"


def decision_rows(rebalances: Sequence[Row]) -> Iterator[dict[str, str]]:
    for row in rebalances:
        problem = row.get("problem") or {}
        yield {
            "Decided": row["date"],
            "Filled from": row.get("filled_on") or "",
            "Because": row.get("trigger", ""),
            "Outcome": row.get("status", ""),
            "Turnover": f"{100 * (row.get('turnover') or 0.0):.1f}\u00a0%",
            "Why not": str(problem.get("detail", "")),
        }


def progress(done: int, of: int, said: str, seconds_left: float | None) -> None:
    """One bar for the run, with the time that is left."""
    left = "" if seconds_left is None else f", about {seconds_left:.0f} s left"
    artifacts.progress(100.0 * done / of, f"{said}: {done} of {of}{left}")
