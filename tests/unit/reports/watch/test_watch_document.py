"""The document of the watch: the worst first, every figure counted, and what nobody knows never taken for good."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_seen import NOW, made_alert, made_seen

from portopt.document.watch import Seen, watch_document
from portopt.domain.watch import Alert, AlertState, Figure, Severity, Silence, labels
from portopt.monitoring.catalog import CATALOG

NEEDED = ("book_value", "book_drift", "book_violation")


def seen(*figures: Figure, **given: object) -> Seen:
    base = Seen(now=NOW, since=NOW - timedelta(days=30), evaluated_at=NOW, figures=figures, alerts=(), catalog=CATALOG)
    return replace(base, **given)


def book(name: str, **values: float | None) -> list[Figure]:
    usual: dict[str, float | None] = {"book_value": 1e6, "book_drift": 0.01, "book_violation": 0.0}
    return [
        Figure(f, labels(portfolio=name), NOW, v, 0.03 if f == "book_drift" else None) for f, v in {**usual, **values}.items()
    ]


def status(document: dict, name: str) -> str:
    return next(row["status"] for row in document["books"]["shown"] if row["portfolio"] == name)


def test_a_book_with_everything_measured_and_within_its_limits_is_within_limits() -> None:
    assert status(watch_document(seen(*book("P"))), "P") == "within limits"


@pytest.mark.parametrize("name", NEEDED)
def test_a_book_without_one_of_the_figures_that_it_needs_is_unknown(name: str) -> None:
    absent = [f for f in book("P") if f.name != name]
    unmeasured = [replace(f, value=None, why="no price") if f.name == name else f for f in book("P")]
    stale = [replace(f, at=NOW - timedelta(days=2)) if f.name == name else f for f in book("P")]
    assert [status(watch_document(seen(*found)), "P") for found in (absent, unmeasured, stale)] == ["unknown"] * 3


def test_a_book_that_nobody_measured_is_unknown() -> None:
    assert status(watch_document(seen(books=["P"])), "P") == "unknown"


def test_an_alert_that_lost_its_figures_leaves_its_book_unknown_and_not_well() -> None:
    blind = made_alert("BookDrift", labels(portfolio="P"), AlertState.UNKNOWN)
    document = watch_document(seen(*book("P"), alerts=(blind,)))
    assert status(document, "P") == "unknown"
    assert (document["counts"]["unknown"], document["counts"]["firing"]) == (1, 0)


def test_a_figure_of_the_service_that_stopped_coming_is_unknown_after_a_quarter_of_an_hour() -> None:
    def state(minutes: float) -> str:
        found = watch_document(seen(Figure("store_up", (), NOW - timedelta(minutes=minutes), 1.0, 1.0)))
        return found["service"][0]["state"]

    assert [state(1), state(15), state(16)] == ["within", "within", "unknown"]


def test_a_low_disk_is_over_its_limit_and_a_high_outbox_too() -> None:
    figures = [
        Figure("disk_free", (), NOW, 0.05, 0.1), Figure("outbox_age", (), NOW, 900.0, 300.0),
        Figure("error_budget_left", (), NOW, -0.1, 0.0), Figure("outbox_waiting", (), NOW, 9.0),
    ]  # fmt: skip
    found = {row["name"]: row["state"] for row in watch_document(seen(*figures))["service"]}
    assert found == {"disk_free": "over", "outbox_age": "over", "error_budget_left": "over", "outbox_waiting": "measured"}


def test_nothing_evaluated_for_five_minutes_is_late() -> None:
    ages = (timedelta(minutes=5), timedelta(minutes=6), None)
    told = [watch_document(seen(evaluated_at=None if age is None else NOW - age))["is_late"] for age in ages]
    assert told == [False, True, True]


def test_open_alerts_come_by_severity_then_by_how_long_they_are_open() -> None:
    def alert(rule: str, severity: Severity, hours: int, state: AlertState = AlertState.FIRING) -> Alert:
        return made_alert(rule, labels(portfolio="P"), state, severity=severity, since=NOW - timedelta(hours=hours))

    alerts = (
        alert("info", Severity.INFO, 9), alert("new", Severity.PAGE, 1), alert("old", Severity.PAGE, 5),
        alert("blind", Severity.PAGE, 8, AlertState.UNKNOWN), alert("soon", Severity.PAGE, 1, AlertState.PENDING),
        alert("warn", Severity.WARN, 2),
    )  # fmt: skip
    document = watch_document(seen(alerts=alerts))
    assert [row["rule"] for row in document["alerts"]["listed"]] == ["old", "new", "blind", "warn", "info"]
    assert [row["rule"] for row in document["pending"]["listed"]] == ["soon"]


def test_a_pending_alert_that_ended_before_it_fired_is_no_resolved_one() -> None:
    ended = made_alert("BookDrift", labels(portfolio="P"), AlertState.RESOLVED, fired_at=None, resolved_at=NOW)
    assert watch_document(seen(alerts=(ended,)))["resolved"] == []


def test_a_silence_is_told_with_the_alert_that_it_covers_and_no_other() -> None:
    silence = Silence("s", labels(portfolio="A"), NOW - timedelta(hours=1), NOW + timedelta(hours=1), "ops", "why")
    alerts = tuple(made_alert("BookDrift", labels(portfolio=name)) for name in ("A", "B"))
    document = watch_document(seen(alerts=alerts, silences=(silence,)))
    assert {row["portfolio"]: row["silence"] and row["silence"]["by"] for row in document["alerts"]["listed"]} == {
        "A": "ops", "B": None,
    }  # fmt: skip


def test_since_when_a_figure_is_over_its_limit_is_read_off_its_history() -> None:
    of = labels(portfolio="P")
    history = [
        Figure("book_drift", of, NOW - timedelta(days=9 - k), v, 0.03) for k, v in enumerate([4, 2, 1, 2, 4, 5, 4, 6, 5, 4])
    ]
    history = [replace(f, value=None if f.value is None else f.value / 100) for f in history]
    document = watch_document(seen(*book("P", book_drift=0.04), series=history))
    (row,) = document["books"]["out_of_band"]["listed"]
    assert row["since"] == "2026-11-25T21:05:00Z"


def test_of_many_books_the_worst_are_shown_and_all_the_others_are_in_columns() -> None:
    document = watch_document(made_seen(300, series_of=8), books=8)
    books = document["books"]
    assert (books["total"], len(books["shown"]), len(books["rest"]["portfolio"])) == (301, 8, 293)
    assert sum(books["by_status"].values()) == 301
    assert {len(column) for columns in books["rest"]["figures"].values() for column in columns.values()} == {293}
    order = ["firing", "unknown", "out of band", "within limits"]
    ranks = [order.index(row["status"]) for row in books["shown"]] + [order.index(one) for one in books["rest"]["status"]]
    assert ranks == sorted(ranks)


def test_a_book_with_a_comma_in_its_name_keeps_its_history() -> None:
    history = [replace(f, at=NOW - timedelta(hours=k)) for k in range(3) for f in book("a,b=c")]
    (row,) = watch_document(seen(*book("a,b=c"), series=history))["books"]["shown"]
    assert len(row["series"]["book_drift"]["at"]) == 3


def test_the_same_things_seen_give_the_same_bytes() -> None:
    one, other = (json.dumps(watch_document(made_seen(20))) for _ in range(2))
    assert one == other


VALUES = st.one_of(st.none(), st.floats(-2.0, 2.0, allow_nan=False))
FIGURES = st.lists(
    st.builds(
        lambda name, book, days, value, limit: Figure(name, labels(portfolio=book), NOW - timedelta(days=days), value, limit),
        st.sampled_from([*NEEDED, "book_tracking_error", "book_price_age"]), st.sampled_from(["A", "B", "C"]),
        st.sampled_from([0, 3]), VALUES, st.one_of(st.none(), st.floats(0.0, 1.0)),
    ),
    unique_by=lambda f: (f.name, f.subject), max_size=15,
)  # fmt: skip


@given(figures=FIGURES)
@settings(max_examples=200, deadline=None)
def test_a_book_is_within_its_limits_only_where_a_plain_look_at_every_figure_says_so(figures: list[Figure]) -> None:
    document = watch_document(seen(*figures, books=["A", "B", "C"]))
    for name in ("A", "B", "C"):
        of = {f.name: f for f in figures if f.portfolio_id == name}
        fresh = {n: f for n, f in of.items() if f.value is not None and f.at == NOW}
        known = all(n in fresh for n in NEEDED)
        limits = {n: 0.0 if n == "book_violation" and f.limit is None else f.limit for n, f in fresh.items()}
        over = any(limits[n] is not None and f.value > limits[n] + 1e-9 for n, f in fresh.items())
        assert (status(document, name) == "within limits") == (known and not over)
        assert (status(document, name) == "unknown") == (not known)
