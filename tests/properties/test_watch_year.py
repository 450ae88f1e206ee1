"""A simulated year, its faults and its noise, through the measures and the standard rules: every fault is found and named, and
almost nothing else is. PORTOPT_TEST_FULL=1 runs 252 sessions with fifty faults; else a quarter of a year.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from watch_year import WARM, Fault, Year
from watch_year_figures import figures

from portopt.domain.watch import Alert, AlertState, Figure, Standing
from portopt.monitoring.evaluate import evaluate, stood_after
from portopt.monitoring.rules.runbooks import runbook_names
from portopt.monitoring.rules.standard import shipped_rules

FULL = bool(os.environ.get("PORTOPT_TEST_FULL"))
SESSIONS, BOOKS = (252, 60) if FULL else (63, 36)
LATER = timedelta(hours=3)  # the second evaluation of a session: no rule waits longer
AGES = ("book_value", "store_up")  # figures of which a rule asks how old they are

# kind: (rules that may say so, sessions that it lasts, sessions within which it is to be said)
OF_BOOKS: dict[str, tuple[tuple[str, ...], int, int]] = {
    "limit": (("limit_broken",), 3, 1),
    "limit_badly": (("limit_broken_badly",), 3, 1),
    "drift": (("drift_over_band",), 3, 1),
    "tracking_error": (("tracking_error_over_limit",), 3, 1),
    "volatility": (("volatility_over_limit",), 3, 1),
    "cash_owed": (("cash_owed",), 3, 1),
    "cash_low": (("cash_below_floor",), 3, 1),
    "unfilled": (("trades_unfilled",), 9, 5),
    "stale_price": (("book_prices_stale",), 5, 3),
    "repeated_prices": (("suspicious_prices",), 14, 12),
    "split": (("suspicious_prices",), 5, 1),
    "slip": (("suspicious_prices",), 3, 1),
    "not_positive": (("suspicious_prices",), 3, 1),
    "missing_asset": (("book_unpriced",), 3, 1),
    "volatility_low": (("volatility_underestimated",), 40, 30),
    "volatility_high": (("volatility_overestimated",), 40, 30),
    "tracking_low": (("tracking_underestimated",), 40, 30),
    "return_high": (("returns_below_forecast",), 40, 30),
    "var_low": (("var_exceeded_too_often",), 62, 62),
    "cost": (("costs_above_forecast",), 30, 2),
}
OF_ALL: dict[str, tuple[tuple[str, ...], int, int]] = {
    "feed_down": (("prices_stale", "book_prices_stale"), 3, 2),
    "watch_stopped": (("figures_stopped",), 1, 1),
    "store_down": (("store_down",), 1, 1),
    "broker_down": (("broker_down",), 1, 1),
    "events_late": (("events_late",), 1, 1),
    "outbox_growing": (("outbox_growing",), 1, 1),
    "parked_event": (("event_parked",), 2, 1),
    "jobs_not_taken": (("jobs_not_taken",), 1, 1),
    "disk_filling": (("disk_filling",), 2, 1),
    "disk_full": (("disk_full",), 1, 1),
    "availability": (("availability_low",), 1, 1),
    "budget_low": (("error_budget_low",), 1, 1),
    "budget_spent": (("error_budget_spent",), 1, 1),
    "failed_runs": (("runs_failing",), 1, 1),
    "infeasible_runs": (("runs_contradictory",), 1, 1),
    "slow_stage": (("stage_slow",), 1, 1),
    "stuck_run": (("run_stuck",), 2, 1),
    "approval": (("approval_waits",), 4, 3),
    "certificate": (("certificate_violated",), 1, 1),
    "gap": (("optimality_gap_wide",), 1, 1),
    "wrong_answer": (("engine_does_better",), 1, 1),
}
MONDAYS = -WARM % 5  # of sessions counted from the year's first: the days made here are every weekday from a Monday on
AFTER = {"budget_low": 22, "budget_spent": 22, "availability": 22}  # sessions until what they did is out of every window
LATE_PRICES = ("stale_price", "missing_asset", "not_positive")  # of one book's asset, and so of an asset of the installation's
INFLUENCE = 24  # sessions after a fault of a book until it was rebalanced and its prices are past


def in_a_week(start: int) -> int:
    """That session, or the next one that is no Monday: this watch sleeps over weekends, and an age is told of a day at most."""
    return start + 1 if start % 5 == MONDAYS else start


def plan() -> list[Fault]:
    """A fault of every kind, each of a book in a book of its own, spread over the year; in the whole year fifty of them."""
    found = []
    for k, (kind, (rules, length, within)) in enumerate(OF_BOOKS.items()):
        start = 0 if kind == "var_low" else in_a_week(1 + (7 * k) % (SESSIONS - length - 3))
        found.append(Fault(kind, start, length, rules, f"B{k + 1:03d}", within))
    spread = SESSIONS / (len(OF_ALL) + 1)
    for k, (kind, (rules, length, within)) in enumerate(OF_ALL.items()):
        found.append(Fault(kind, in_a_week(min(1 + int(k * spread), SESSIONS - length - 2)), length, rules, within=within))
    if FULL:
        found.append(Fault("proposal_old", 0, SESSIONS, ("proposal_old",), "B021", 80))
        again = ("limit", "drift", "cash_owed", "unfilled", "tracking_error", "missing_asset", "volatility", "split")
        for k, kind in enumerate(again):
            rules, length, within = OF_BOOKS[kind]
            found.append(Fault(kind, in_a_week(120 + 14 * k), length, rules, f"B{22 + k:03d}", within))
    return found


@dataclass(slots=True)
class Lived:
    """A year that was lived through. fired: alerts as they were when they began to fire. sessions: their instants."""

    year: Year
    faults: list[Fault]
    fired: list[Alert] = field(default_factory=list)
    closes: list[datetime] = field(default_factory=list)


@pytest.fixture(scope="module")
def lived() -> Lived:
    faults = plan()
    year = Year(SESSIONS, BOOKS, faults)
    found, standing, known = Lived(year, faults), Standing(0, None), dict[tuple[str, str], Figure]()
    for t in range(-WARM, SESSIONS):
        year.step(t)
        if t < 0:
            continue
        found.closes.append(year.close)
        seen = figures(year)
        for now in (year.close, year.close + LATER):
            given = [replace(figure, at=now) for figure in seen]
            evaluated = evaluate(shipped_rules(), standing, [*known.values(), *given], now, late_after=timedelta(days=30))
            found.fired += [alert for alert in evaluated.alerts if alert.fired_at == now and alert.state is AlertState.FIRING]
            standing = stood_after(standing, evaluated, now)
            known |= {(f.name, f.subject): f for f in given if f.name in AGES and f.value is not None}
    return found


def says(alert: Alert, fault: Fault, closes: list[datetime]) -> bool:
    assert alert.fired_at is not None
    last = closes[min(fault.start + fault.within, len(closes) - 1)] + LATER
    return alert.rule in fault.rules and closes[fault.start] <= alert.fired_at <= last and (
        not fault.book or alert.portfolio_id == fault.book
    )  # fmt: skip


def test_at_least_twenty_kinds_of_fault_are_planted() -> None:
    faults = plan()
    assert len({fault.kind for fault in faults}) >= 20
    assert len(faults) >= (50 if FULL else 40)


def test_every_planted_fault_is_found_with_figure_since_limit_and_runbook(lived: Lived) -> None:
    pages, missed = runbook_names(), []
    for fault in lived.faults:
        told = [alert for alert in lived.fired if says(alert, fault, lived.closes)]
        if not told:
            missed.append(fault)
            continue
        alert = told[0]
        assert alert.value is not None, alert
        assert alert.limit is not None, alert
        assert alert.fired_at is not None
        assert lived.closes[fault.start] <= alert.since <= alert.fired_at
        assert alert.runbook in pages
        assert alert.summary
    assert missed == []


def test_a_fault_of_prices_names_the_asset(lived: Lived) -> None:
    for fault in lived.faults:
        if fault.kind in ("split", "slip", "not_positive", "repeated_prices", "stale_price"):
            told = next(alert for alert in lived.fired if says(alert, fault, lived.closes))
            assert lived.year.ids[lived.year.owned[fault.book]] in str(told.detail), fault


def test_on_calibrated_noise_at_most_one_alarm_in_a_thousand_book_days_is_false(lived: Lived) -> None:
    days, alarms = book_days(lived), [alert for alert in lived.fired if alert.portfolio_id is not None]
    false = [alert for alert in alarms if (alert.portfolio_id, day_of(alert, lived)) in days]
    assert len(days) >= 1000
    assert len(false) <= len(days) / 1000, [(alert.rule, alert.portfolio_id, alert.summary) for alert in false]


def test_what_is_of_the_installation_is_alarmed_about_only_where_something_was_planted(lived: Lived) -> None:
    for alert in lived.fired:
        if alert.portfolio_id is None:
            t, of = day_of(alert, lived), {"prices_stale": LATE_PRICES}.get(alert.rule, ())
            planted = [f for f in lived.faults if not f.book or f.kind in of]
            near = [f for f in planted if f.start <= t <= f.start + f.length + AFTER.get(f.kind, 1)]
            assert near, (alert.rule, t, alert.summary)


def book_days(lived: Lived) -> set[tuple[str | None, int]]:
    """(book, session) on which nothing was planted that could be said of it."""
    found = set()
    for book in lived.year.books.values():
        touched = {t for f in lived.faults if f.book == book.name or f.kind in ("feed_down", "store_down", "watch_stopped")
                   for t in spell(f, book.name)}  # fmt: skip
        found |= {(book.name, t) for t in range(max(book.begins, 0), SESSIONS) if t not in touched}
    return found


def spell(fault: Fault, book: str) -> Iterator[int]:
    after = INFLUENCE if fault.book == book else 2
    yield from range(fault.start, fault.start + fault.length + after)


def day_of(alert: Alert, lived: Lived) -> int:
    assert alert.fired_at is not None
    return max(t for t, close in enumerate(lived.closes) if close <= alert.fired_at)
