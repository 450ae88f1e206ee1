"""The runs and the service: latency by stage and size, quality against other engines, service levels, the outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portopt.reports.markup.elements import cell, headings, prose, text
from portopt.reports.through_time.markup.parts import part, wide_table
from portopt.reports.watch import words
from portopt.reports.watch.details import details
from portopt.reports.watch.markup.parts import limit, says, shown, state_chip, trend_of, trends, unit_of, words_cell
from portopt.reports.watch.markup.parts import row as line

Row = Mapping[str, Any]
KINDS = (("p99", "run_seconds_p99"), ("p95", "run_seconds_p95"), ("now", "run_seconds_p50"))
PERCENTILES = ("run_seconds_p50", "run_seconds_p95", "run_seconds_p99")
SERVICE_LEVELS = ("service_availability", "error_budget_left")


def latency(document: Row) -> str:
    """A row for each stage of each size."""
    if not document["stages"]:
        return part("Latency", "", "<p>No run has been timed in this window.</p>")
    head = headings("Assets", "Stage", "Through time", "P50", "P95", "P99", "Limit", left=3)
    rows = [_stage(row, document) for row in document["stages"]]
    lead = "Seconds of each stage by the number of assets. Lines: P50 strong, P95 and P99 paler."
    return part("Latency", lead, wide_table("Latency", "trends", head, rows))


def _stage(row: Row, document: Row) -> str:
    figures = row["figures"]
    values = (cell(shown(_known(figures.get(name)), "seconds")) for name in PERCENTILES)
    limits = [figure["limit"] for figure in figures.values() if figure["limit"] is not None]
    about = f"{row['stage']}, {row['size']} assets: "
    drawing = trends([(kind, name, row["series"].get(name)) for kind, name in KINDS], document, about)
    held = cell(limit(min(limits, default=None), "seconds"))
    return line(text(row["size"]), words_cell(text(row["stage"])), cell(drawing, "trend-cell"), *values, held)


def _known(figure: Row | None) -> float | None:
    return None if figure is None or figure["state"] == "unknown" else figure["value"]


def quality(document: Row) -> str:
    """Whether other engines would have done better."""
    rows = document["quality"]
    if not rows:
        return part("Quality", "", "<p>No other engine was asked in this window.</p>")
    head = headings("Engine", "Through time", "Better by", "Allowed", "Problems asked", "State", left=2)
    lead = "How much better another engine did on a sample of recent problems: 0 or less is as good as ours or worse."
    return part("Quality", lead, wide_table("Quality", "trends", head, [_engine(row, document) for row in rows]))


def _engine(row: Row, document: Row) -> str:
    gap, asked = row["figures"].get("quality_gap"), row["figures"].get("quality_checked")
    state, held = ("unknown", None) if gap is None else (gap["state"], gap["limit"])
    why = f'<br><small class="faint">{prose(gap["why"])}</small>' if gap and state == "unknown" else ""
    drawing = trend_of("quality_gap", row["series"], document, f"{row['engine']}: ")
    figures = (shown(_known(gap), "number"), limit(held, "number"), shown(_known(asked), "count"), state_chip(state))
    return line(f"{text(row['engine'])}{why}", cell(drawing, "trend-cell"), *map(cell, figures))


def levels(document: Row) -> str:
    """What was promised, and how much of the error budget is left."""
    rows = [row for row in document["service"] if row["name"] in SERVICE_LEVELS]
    if not rows:
        return part("Service levels", "", "<p>Service levels are not measured yet: they are unknown.</p>")
    lead = "What was promised of the service, over its window. Below nothing the month's error budget is spent."
    return part("Service levels", lead, _budget(rows), _table("Service levels", rows, document))


def _budget(rows: Sequence[Row]) -> str:
    """A bar of what is left."""
    found = next((row for row in rows if row["name"] == "error_budget_left"), None)
    if found is None or found["state"] == "unknown":
        return ""
    left = min(max(found["value"], 0.0), 1.0)
    kind = "lost" if found["value"] <= 0.0 else "is"
    return (
        f'<p class="budget"><span>Error budget left: <b>{shown(found["value"], "ratio")}</b></span>'
        f'<span class="bar" aria-hidden="true"><i class="was" style="--l:0%;--w:100%"></i>'
        f'<i class="{kind}" style="--l:0%;--w:{100 * left:.2f}%"></i></span></p>'
    )


def service(document: Row) -> str:
    """Everything else that is measured of the runs and the service: outbox, jobs, certificates, disk."""
    rows = [row for row in document["service"] if row["name"] not in SERVICE_LEVELS]
    if not rows:
        return part("Runs and service", "", "<p>Nothing was measured of the runs and the service: they are unknown.</p>")
    rows.sort(key=lambda row: ({"over": 0, "unknown": 1}.get(row["state"], 2), row["name"]))
    lead = "Outbox, jobs, runs, certificates, disk. What is over its limit stands first, then what is unknown."
    return part("Runs and service", lead, _table("Runs and service", rows, document))


def _table(name: str, rows: Sequence[Row], document: Row) -> str:
    head = headings("Figure", "Through time", "Measured", "Limit", "State", left=2)
    return wide_table(name, "trends", head, [_figure(row, document) for row in rows])


def _figure(row: Row, document: Row) -> str:
    unit, unknown = unit_of(document, row["name"]), row["state"] == "unknown"
    rests_on = details(row["detail"]) if row["state"] == "over" else ""  # elsewhere it says only that nothing is the matter
    said = row["why"] if unknown else rests_on or says(document, row["name"])
    of = f' <span class="soft">{text(row["subject"])}</span>' if row["subject"] else ""
    head = f'{text(words.name_of(row["name"]))}{of}<br><small class="faint">{prose(said)}</small>'
    last = f'<br><small class="faint">last {text(words.when(row["at"]))}</small>' if unknown else ""
    drawing = cell(trend_of(row["name"], row["series"], document), "trend-cell")
    figures = (shown(_known(row), unit) + last, limit(row["limit"], unit), state_chip(row["state"]))
    return line(head, drawing, *map(cell, figures))
