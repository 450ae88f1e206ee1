"""Books, the worst first: what each measures, what is out of band, and what nobody knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from portopt.document.watch.figures import OVER, UNKNOWN, figure_row, over_since, series_of, severity_of, state_of
from portopt.document.watch.seen import Seen
from portopt.domain.watch import Alert, AlertState, Figure, labels, subject_of

PRICES = ("book_price_age", "book_suspicious_prices")
DRAWN = ("book_drift", "book_tracking_error", "book_volatility", "book_violation")
NEEDED = ("book_value", "book_drift", "book_violation")  # a book without them is unknown
FIRING, OUT_OF_BAND, NOT_KNOWN, WELL = "firing", "out of band", "unknown", "within limits"
STATUSES = (FIRING, NOT_KNOWN, OUT_OF_BAND, WELL)
OVER_LISTED = 200
DIGITS = 6  # that count, of what is not drawn


def ranked(seen: Seen) -> list[dict[str, Any]]:
    """Every book: {"portfolio", "status", "alerts", "worst", "figures"}, the worst first.

    worst: the largest share of a limit that a figure takes, 1 at the limit.
    """
    figures: dict[str, list[Figure]] = defaultdict(list)
    for figure in seen.figures:
        if figure.portfolio_id is not None:
            figures[figure.portfolio_id].append(figure)
    alerts: dict[str, list[Alert]] = defaultdict(list)
    for alert in seen.alerts:
        if alert.is_open and alert.portfolio_id is not None:
            alerts[alert.portfolio_id].append(alert)
    names = {*figures, *alerts, *(seen.books or ())}
    rows = [_row(name, figures[name], alerts[name], seen) for name in names]
    return sorted(rows, key=lambda row: (STATUSES.index(row["status"]), -row["worst"], row["portfolio"]))


def _row(name: str, figures: Sequence[Figure], alerts: Sequence[Alert], seen: Seen) -> dict[str, Any]:
    return {
        "portfolio": name,
        "status": _status(figures, alerts, seen),
        "alerts": len(alerts),
        "worst": max((severity_of(f) for f in figures if state_of(f, seen.now) != UNKNOWN), default=0.0),
        "measured": figures,
    }


def _status(figures: Sequence[Figure], alerts: Sequence[Alert], seen: Seen) -> str:
    if any(alert.state is AlertState.FIRING for alert in alerts):
        return FIRING
    states = {f.name: state_of(f, seen.now) for f in figures if len(f.of) == 1}
    if alerts or any(states.get(name, UNKNOWN) == UNKNOWN for name in NEEDED):
        return NOT_KNOWN
    return OUT_OF_BAND if OVER in states.values() else WELL


def books_document(seen: Seen, most: int, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """{"total", "by_status", "shown": the worst with figures and series, "rest": the others in columns, "out_of_band"}."""
    series = series_of(f for f in seen.series if f.portfolio_id is not None)
    shown = [_shown(row, series, seen) for row in rows[:most]]
    return {
        "total": len(rows),
        "by_status": {status: sum(row["status"] == status for row in rows) for status in STATUSES},
        "shown": shown,
        "rest": _columns(rows[most:]),
        "out_of_band": _out_of_band(rows, series, seen),
    }


def _shown(row: Mapping[str, Any], series: Mapping[tuple[str, str], Any], seen: Seen) -> dict[str, Any]:
    figures = sorted((figure_row(f, seen.now) for f in row["measured"]), key=lambda f: (f["name"], f["subject"]))
    book = subject_of(labels(portfolio=row["portfolio"]))
    drawn = {name: series[name, book] for name in DRAWN if (name, book) in series}
    return {**_about(row), "figures": figures, "series": drawn}


def _about(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("portfolio", "status", "alerts", "worst")}


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the other books measure, in columns and in six digits: ten thousand of them fit into a page."""
    found: dict[str, Any] = {name: [row[name] for row in rows] for name in ("portfolio", "status", "alerts")}
    found["worst"] = [_rounded(row["worst"]) for row in rows]
    by_name = [{f.name: f for f in row["measured"] if len(f.of) == 1} for row in rows]
    found["figures"] = {
        name: {
            "value": [_rounded(f.value) if (f := figures.get(name)) else None for figures in by_name],
            "limit": [_rounded(f.limit) if (f := figures.get(name)) else None for figures in by_name],
        }
        for name in sorted({name for figures in by_name for name in figures})
    }
    return found


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{DIGITS}g}")


def _out_of_band(rows: Sequence[Mapping[str, Any]], series: Mapping[tuple[str, str], Any], seen: Seen) -> dict[str, Any]:
    """Figures beyond their limits but those of prices, the worst first, each with since when, as far as its series goes."""
    over = [f for row in rows for f in row["measured"] if f.name not in PRICES and state_of(f, seen.now) == OVER]
    over.sort(key=lambda f: (-severity_of(f), f.subject, f.name))
    found = [figure_row(f, seen.now) for f in over[:OVER_LISTED]]
    told = [{**row, "since": over_since(row, series.get((row["name"], row["subject"])))} for row in found]
    return {"total": len(over), "listed": told}
