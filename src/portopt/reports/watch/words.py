"""Figures of the watch as people read them: each in its unit, a span of time in two parts, what is unknown as that."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from portopt.document.formats import NOTHING, count, decimal, percent, scientific, significant

Row = Mapping[str, Any]
UNKNOWN = "unknown"
SMALL = 1e-4  # below it a number is told by its power of ten
STATES = {"over": "over its limit", "within": "within its limit", "measured": "measured", "unknown": "unknown"}
NAMES = {
    "book_drift": "Drift",
    "book_tracking_error": "Tracking error",
    "book_volatility": "Volatility",
    "book_violation": "Violation of limits",
    "book_limits_broken": "Limits broken",
    "book_price_age": "Age of prices",
    "book_suspicious_prices": "Suspicious prices",
    "book_var_exceptions": "VaR exceptions",
    "book_unfilled": "Not filled",
    "book_proposal_age": "Age of the proposal",
    "book_drift_turnover": "Would be traded",
    "book_cost_ratio": "Cost, realized to expected",
    "book_tracking_ratio": "Tracking error, realized to expected",
    "book_volatility_ratio": "Volatility, realized to forecast",
    "book_return_gap": "Return less forecast, in deviations",
    "certificate_gap": "Gap of certificates",
    "certificate_violation": "Violation of certificates",
    "error_budget_left": "Error budget left",
    "jobs_oldest": "Wait of the oldest job",
    "jobs_waiting": "Jobs waiting",
    "outbox_age": "Age of the oldest event",
    "outbox_parked": "Events parked",
    "outbox_waiting": "Events waiting",
    "prices_stale_assets": "Assets with stale prices",
    "quality_gap": "Other engine better by",
    "quality_checked": "Problems asked of it",
    "runs_waiting_approval": "Longest wait for a person",
    "service_availability": "Availability",
    "store_up": "Database answers",
    "broker_up": "Broker answers",
    "run_seconds_p50": "P50",
    "run_seconds_p95": "P95",
    "run_seconds_p99": "P99",
}


def name_of(figure: str) -> str:
    """What people call it.

    >>> name_of("outbox_age"), name_of("book_drift"), name_of("book_cash")
    ('Age of the oldest event', 'Drift', 'Cash')
    """
    return NAMES.get(figure) or figure.removeprefix("book_").replace("_", " ").capitalize()


def told(value: float | None, unit: str) -> str:
    """A figure in its unit; `unknown` where there is none.

    >>> told(0.0312, "ratio"), told(0.35, "seconds"), told(7500, "seconds"), told(3, "count"), told(None, "ratio")
    ('3.12 %', '350 ms', '2 h 5 min', '3', 'unknown')
    """
    if value is None:
        return UNKNOWN
    if unit == "ratio":
        return percent(value) if value == 0.0 or abs(value) >= SMALL else f"{scientific(100 * value)} %"
    if unit == "seconds":
        return seconds(value)
    if unit == "days":
        return count(round(value), "day")
    if unit in ("count", "money"):
        return decimal(value, 0)
    return scientific(value) if value and abs(value) < SMALL else significant(value)


def seconds(value: float) -> str:
    """In the two largest units that it has.

    >>> seconds(0.0123), seconds(4.2), seconds(65), seconds(90061)
    ('12 ms', '4.20 s', '1 min 5 s', '1 day 1 h')
    """
    if abs(value) < 1.0:
        return f"{1e3 * value:.0f} ms"
    if value < 60.0:
        return f"{significant(value)} s" if value >= 10.0 else f"{value:.2f} s"
    whole = round(value)
    parts = ((86_400, "day"), (3_600, "h"), (60, "min"), (1, "s"))
    k = next(k for k, (size, _) in enumerate(parts) if whole >= size)
    (size, unit), (less, smaller) = parts[k], parts[k + 1]
    first = count(whole // size, "day") if unit == "day" else f"{whole // size} {unit}"
    rest = whole % size // less
    return f"{first} {rest} {smaller}" if rest else first


def ago(then: str | None, now: str) -> str:
    """How long before `now` it was.

    >>> ago("2026-11-30T20:00:00Z", "2026-11-30T21:05:00Z")
    '1 h 5 min'
    """
    if then is None:
        return NOTHING
    return seconds(max((parsed(now) - parsed(then)).total_seconds(), 0.0))


def parsed(instant: str) -> datetime:
    return datetime.fromisoformat(instant.replace("Z", "+00:00"))


def when(instant: str | None) -> str:
    """`2026-11-30 21:05` (UTC).

    >>> when("2026-11-30T21:05:00Z")
    '2026-11-30 21:05'
    """
    return NOTHING if instant is None else instant[:16].replace("T", " ")


def title(document: Row) -> str:
    """What somebody who is woken reads first."""
    counts, books = document["counts"], document["books"]
    if document["is_late"]:
        since = document["evaluated_at"]
        return "Nothing was ever evaluated" if since is None else f"Nothing was evaluated for {ago(since, document['at'])}"
    if counts["firing"]:
        pages = f", {counts['page']} of them to be woken for" if counts["page"] else ""
        return f"{count(counts['firing'], 'alert')} {'fires' if counts['firing'] == 1 else 'fire'}{pages}"
    if counts["unknown"]:
        return f"No alert fires, and of {count(counts['unknown'], 'alert')} nobody knows"
    if books["by_status"]["unknown"]:
        return f"No alert fires; {count(books['by_status']['unknown'], 'book')} of {books['total']:,} cannot be judged"
    return "No alert fires" if counts["figures"] else "Nothing is measured yet"


def sentences(document: Row) -> list[str]:
    """What stands behind the title."""
    counts, books = document["counts"], document["books"]
    said = []
    if document["is_late"]:
        said.append("What is shown may be of the past: look after the watch first (`portopt worker`, or its flow).")
    if counts["unknown"]:
        lost = "has lost its" if counts["unknown"] == 1 else "have lost their"
        said.append(f"{count(counts['unknown'], 'alert')} {lost} figures: not resolved, but unknown.")
    told_of = [f"{number:,} {status}" for status, number in books["by_status"].items() if number]
    if told_of:
        said.append(f"Of {count(books['total'], 'book')}: {', '.join(told_of)}.")
    if counts["figures_unknown"]:
        said.append(f"{counts['figures_unknown']:,} of {count(counts['figures'], 'figure')} are unknown.")
    if counts["acknowledged"] or counts["silenced"]:
        silent = f"; {counts['silenced']:,} silent" if counts["silenced"] else ""
        said.append(f"Somebody looks after {counts['acknowledged']:,} of the open alerts{silent}.")
    return said
