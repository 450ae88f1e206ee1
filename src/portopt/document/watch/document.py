"""The document of the watch, from what the stores hold at one instant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from portopt.document.watch.alerts import OPEN, alert_rows, silence_row
from portopt.document.watch.books import PRICES, books_document, ranked
from portopt.document.watch.figures import UNKNOWN, figure_row, instant, series_of, severity_of, state_of, why_unknown
from portopt.document.watch.seen import Seen
from portopt.domain.watch import AlertState, Figure, labels, subject_of

VERSION = "1"
STAGES = ("run_seconds_p50", "run_seconds_p95", "run_seconds_p99")
QUALITY = ("quality_gap", "quality_checked")
BOOKS_SHOWN = 24
LISTED = 200  # rows of a list; how many there are is told beside them
RESOLVED_SHOWN = 50
SUBJECTS_NAMED = 5


def watch_document(seen: Seen, *, books: int = BOOKS_SHOWN) -> dict[str, Any]:
    """books: how many are shown with their series; the others are counted, and told in columns.

    The same things seen give the same document. Every figure is in it.
    """
    rows = ranked(seen)
    alerts = alert_rows(seen.alerts, seen.silences, seen.catalog, seen.now)
    others = [f for f in seen.figures if f.portfolio_id is None]
    series = series_of(f for f in seen.series if f.portfolio_id is None)
    return {
        "kind": "watch",
        "document_version": VERSION,
        "at": instant(seen.now),
        "since": instant(seen.since),
        "evaluated_at": None if seen.evaluated_at is None else instant(seen.evaluated_at),
        "is_late": seen.is_late,
        "is_of_some": seen.is_of_some,
        "history": "furthest" if seen.history_is_whole else "newest",
        "counts": _counts(alerts, seen),
        "alerts": listed([row for row in alerts if row["state"] in OPEN]),
        "alerts_by_rule": _by_rule(alerts),
        "pending": listed([row for row in alerts if row["state"] == AlertState.PENDING.value]),
        "resolved": _lately(alerts),
        "silences": [silence_row(s) for s in sorted(seen.silences, key=lambda s: (s.ends, s.silence_id))],
        "books": books_document(seen, books, rows),
        "prices": listed(_prices(seen)),
        "stages": _stages(others, series, seen),
        "quality": _quality(others, series, seen),
        "service": [_with_series(f, series, seen) for f in _of_the_service(others)],
        "unknown": _unknown(seen),
        "catalog": {name: {"unit": str(one.unit), "says": one.says} for name, one in sorted(seen.catalog.items())},
        "runbooks": dict(sorted(seen.runbooks.items())),
    }


def _counts(alerts: Sequence[Mapping[str, Any]], seen: Seen) -> dict[str, Any]:
    by_state = Counter(row["state"] for row in alerts)
    open_ones = [row for row in alerts if row["state"] in OPEN]
    return {
        **{state.value: by_state[state.value] for state in AlertState},
        "page": sum(row["severity"] == "page" and row["state"] == "firing" for row in open_ones),
        "acknowledged": sum(row["acknowledged_by"] is not None for row in open_ones),
        "silenced": sum(row["silence"] is not None for row in open_ones),
        "figures": len(seen.figures),
        "figures_unknown": sum(state_of(f, seen.now) == UNKNOWN for f in seen.figures),
    }


def _lately(alerts: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those that fired and are over, the last first; what ended before it fired was never told."""
    rows = [row for row in alerts if row["state"] == AlertState.RESOLVED.value and row["fired_at"] is not None]
    return sorted(rows, key=lambda row: (row["resolved_at"] or "", row["alert_id"]), reverse=True)[:RESOLVED_SHOWN]


def listed(rows: Sequence[Any]) -> dict[str, Any]:
    """{"total", "listed"}: the first of them, and how many there are."""
    return {"total": len(rows), "listed": list(rows[:LISTED])}


def _by_rule(alerts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """How many are open by rule, the most frequent first."""
    found: dict[str, Counter[str]] = {}
    for row in alerts:
        if row["state"] in OPEN:
            found.setdefault(row["rule"], Counter())[row["state"]] += 1
    rows = [{"rule": rule, **{state: count[state] for state in OPEN}} for rule, count in found.items()]
    return sorted(rows, key=lambda row: (-sum(row[state] for state in OPEN), row["rule"]))


def _prices(seen: Seen) -> list[dict[str, Any]]:
    """Books whose prices are old or look wrong, and those of which that is not known, the worst first."""
    found = [f for f in seen.figures if f.name in PRICES and (f.value is None or f.value > 0.0)]
    found.sort(key=lambda f: (f.value is None, -(f.value or 0.0), f.subject, f.name))
    return [figure_row(f, seen.now) for f in found]


def _stages(figures: Sequence[Figure], series: Mapping[tuple[str, str], Any], seen: Seen) -> list[dict[str, Any]]:
    """A row for every stage and size: its three percentiles now and through time."""
    subjects = {f.subject: dict(f.of) for f in figures if f.name in STAGES}
    newest = {(f.name, f.subject): figure_row(f, seen.now) for f in figures}
    rows = [
        {
            "stage": of.get("stage", ""),
            "size": of.get("size", ""),
            "figures": {name: newest[name, subject] for name in STAGES if (name, subject) in newest},
            "series": {name: series[name, subject] for name in STAGES if (name, subject) in series},
        }
        for subject, of in subjects.items()
    ]
    return sorted(rows, key=lambda row: (_size(row["size"]), row["stage"]))


def _size(text: str) -> tuple[int, str]:
    """Sizes in the order of their numbers: 50 before 1,000."""
    digits = "".join(c for c in text.split("-")[0] if c.isdigit())
    return (int(digits) if digits else 1 << 62, text)


def _quality(figures: Sequence[Figure], series: Mapping[tuple[str, str], Any], seen: Seen) -> list[dict[str, Any]]:
    """A row for every other engine that was asked."""
    engines = sorted({dict(f.of).get("engine", "") for f in figures if f.name in QUALITY})
    rows = []
    for engine in engines:
        about = {f.name: f for f in figures if f.name in QUALITY and dict(f.of).get("engine", "") == engine}
        rows.append(
            {
                "engine": engine,
                "figures": {name: figure_row(f, seen.now) for name, f in sorted(about.items())},
                "series": series.get(("quality_gap", subject_of(labels(engine=engine)))),
            }
        )
    return rows


def _of_the_service(figures: Iterable[Figure]) -> list[Figure]:
    return sorted((f for f in figures if f.name not in (*STAGES, *QUALITY)), key=lambda f: (f.name, f.subject))


def _with_series(figure: Figure, series: Mapping[tuple[str, str], Any], seen: Seen) -> dict[str, Any]:
    found = series.get((figure.name, figure.subject))
    return {**figure_row(figure, seen.now), "worst": severity_of(figure), "series": found}


def _unknown(seen: Seen) -> list[dict[str, Any]]:
    """What is not known, by figure and why: how many, the first of whom, and the newest that there is."""
    found: dict[tuple[str, str], list[Figure]] = {}
    for figure in seen.figures:
        if state_of(figure, seen.now) == UNKNOWN:
            found.setdefault((figure.name, why_unknown(figure)), []).append(figure)
    return [
        {
            "name": name,
            "why": why,
            "count": len(figures),
            "subjects": sorted(f.subject for f in figures)[:SUBJECTS_NAMED],
            "newest": instant(max(f.at for f in figures)),
        }
        for (name, why), figures in sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
