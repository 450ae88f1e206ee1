"""One figure as the document has it: measured, within or beyond what it is held against, or unknown, which is not good."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from portopt.document.watch.seen import BOOKS_WITHIN, SERVICE_WITHIN
from portopt.domain.canonical import plain
from portopt.domain.watch import Figure

OVER, WITHIN, MEASURED, UNKNOWN = "over", "within", "measured", "unknown"
LOW_IS_BAD = frozenset(
    {"book_cash", "disk_free", "service_availability", "error_budget_left", "store_up", "broker_up", "book_var_exceptions"}
)
NONE_IS_ALLOWED = frozenset({"book_violation", "book_limits_broken"})  # held against nothing at all, unless said otherwise
NOISE = 1e-9  # of a solver's answer; less than it is on the limit


def limit_of(figure: Figure) -> float | None:
    return 0.0 if figure.limit is None and figure.name in NONE_IS_ALLOWED else figure.limit


def state_of(figure: Figure, now: datetime) -> str:
    """Whether it is beyond its limit. A figure that is too old, or that could not be measured, is unknown."""
    limit = limit_of(figure)
    if figure.value is None or is_stale(figure, now):
        return UNKNOWN
    if limit is None:
        return MEASURED
    beyond = limit - figure.value if figure.name in LOW_IS_BAD else figure.value - limit
    return OVER if beyond > NOISE * max(1.0, abs(limit)) else WITHIN


def is_stale(figure: Figure, now: datetime) -> bool:
    """What was said of a run at its time stays as it was said."""
    return not is_of_a_run(figure) and now - figure.at > (BOOKS_WITHIN if figure.name.startswith("book_") else SERVICE_WITHIN)


def is_of_a_run(figure: Figure) -> bool:
    """A fact of one run, as many as there are runs; not a figure of how things stand."""
    return any(name == "run" for name, _ in figure.of)


def severity_of(figure: Figure) -> float:
    """How bad, to put the worst first: its share of the limit, 1 at the limit; 0 for what is held against nothing."""
    limit = limit_of(figure)
    if figure.value is None or limit is None:
        return 0.0
    if limit == 0.0:
        return 1.0 + figure.value if figure.value > NOISE else 0.0
    if figure.name in LOW_IS_BAD:
        return limit / figure.value if figure.value > 0.0 else 1e6
    return figure.value / limit


def figure_row(figure: Figure, now: datetime) -> dict[str, Any]:
    """A figure with its state; what is unknown says why."""
    state = state_of(figure, now)
    return {
        "name": figure.name,
        "subject": figure.subject,
        "labels": dict(figure.of),
        "at": instant(figure.at),
        "value": figure.value,
        "limit": limit_of(figure),
        "state": state,
        "why": why_unknown(figure) if state == UNKNOWN else figure.why,
        "detail": plain(dict(figure.detail)),
    }


def why_unknown(figure: Figure) -> str:
    """Of a figure that is unknown."""
    return figure.why or ("nothing was said" if figure.value is None else "it has not been measured since")


def series_of(figures: Iterable[Figure]) -> dict[tuple[str, str], dict[str, list[Any]]]:
    """By name and subject: {"at", "value", "limit"}, in columns."""
    ordered = sorted(figures, key=lambda f: (f.name, f.subject, f.at))
    return {key: _columns(list(found)) for key, found in groupby(ordered, key=lambda f: (f.name, f.subject))}


def _columns(figures: Sequence[Figure]) -> dict[str, list[Any]]:
    return {
        "at": [instant(f.at) for f in figures],
        "value": [f.value for f in figures],
        "limit": [limit_of(f) for f in figures],
    }


def over_since(row: Mapping[str, Any], series: Mapping[str, Sequence[Any]] | None) -> str | None:
    """Since when the figure has been in the state that it is in, as far as the series goes back."""
    if series is None:
        return None
    since = None
    for at, value, limit in zip(*(reversed(series[name]) for name in ("at", "value", "limit")), strict=True):
        if value is None:
            state = UNKNOWN
        elif limit is None:
            state = MEASURED
        else:
            beyond = limit - value if row["name"] in LOW_IS_BAD else value - limit
            state = OVER if beyond > NOISE * max(1.0, abs(limit)) else WITHIN
        if state != row["state"]:
            break
        since = at
    return since


def instant(at: datetime) -> str:
    """`2026-11-30T21:05:00Z`."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
