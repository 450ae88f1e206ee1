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
    "run_seconds_p50": "P50",
    "run_seconds_p95": "P95",
    "run_seconds_p99": "P99",
}


def name_of(figure: str) -> str:
    """`Outbox age` of `outbox_age`.

    >>> name_of("outbox_age"), name_of("book_drift"), name_of("book_var_exceptions")
    ('Outbox age', 'Drift', 'Var exceptions')
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


def details(detail: Mapping[str, Any], most: int = 4) -> str:
    """What a figure rests on, as `asset AAPL, weight 0.081`.

    >>> details({"asset": "AAPL", "weight": 0.0812345, "dates": ["2026-01-02", "2026-01-05"]})
    'asset AAPL, weight 0.0812, dates 2026-01-02 and 2026-01-05'
    """
    known = {key.replace("_", " "): value for key, value in detail.items() if value not in ("", None, [])}
    return ", ".join(f"{key} {_short(value, most)}" for key, value in known.items())


def _short(value: Any, most: int) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | list | dict):
        return str(value)
    if isinstance(value, dict):
        return "(" + details(value) + ")"
    if isinstance(value, list):
        shown = [_short(one, most) for one in value[:most]]
        rest = [f"{len(value) - most:,} more"] if len(value) > most else []
        named = [*shown, *rest]
        return named[0] if len(named) == 1 else ", ".join(named[:-1]) + " and " + named[-1] if named else NOTHING
    return significant(float(value)) if isinstance(value, float) else f"{value:,}"


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
