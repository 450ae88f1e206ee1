"""The watch as a whole: measured, judged, told; by one of several, once; and what is said where nobody looked for a while."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from faults.watched import BEGIN, MINUTE, RULES, live, rules

from portopt.adapters.store import outbox
from portopt.domain.run import Event
from portopt.domain.watch import AlertState, Figure, Told, labels
from portopt.runs.jobs import sweep
from portopt.runs.watch.evaluating import judge
from portopt.runs.watch.watching import follow, is_due, watch
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    return open_runtime(Settings(home=tmp_path))


def logged(runtime: Runtime) -> list[dict]:
    path = runtime.settings.alert_log_path
    return [json.loads(line)["data"] for line in path.read_text().splitlines()] if path.exists() else []


def parked(runtime: Runtime) -> None:
    """An event that its receiver refused too often."""
    now = datetime.now(UTC)
    with runtime.runs.database.writing() as connection:
        outbox.put(connection, Event("event-1", "portfolio_optimized", "P1", {}, now), None)
        for _ in range(outbox.ATTEMPTS):
            outbox.refuse(connection, "event-1", {"detail": "no"}, now)


def test_a_fault_of_the_service_is_measured_fires_and_is_told_and_told_again_when_it_is_over(runtime: Runtime) -> None:
    """An event that is parked: by the real measures and the shipped rules, over two simulated hours."""
    parked(runtime)
    begin = runtime.alerts.now()
    looks = [watch(runtime, begin + n * 5 * MINUTE) for n in range(6)]
    assert all(look.figures > 0 and look.judged is not None for look in looks)
    (alert,) = [one for one in runtime.alerts.list(None) if "parked" in one.rule]
    assert alert.state is AlertState.FIRING
    assert alert.figures["outbox_parked"] == 1.0
    assert alert.runbook
    told = [one for one in logged(runtime) if one["alert"]["rule"] == alert.rule]
    assert [one["told"] for one in told] == ["firing"]
    runtime.runs.unpark_events()
    for n in range(6, 24):
        watch(runtime, begin + n * 5 * MINUTE)
    assert runtime.alerts.get(alert.alert_id).state is AlertState.RESOLVED
    told = [one for one in logged(runtime) if one["alert"]["rule"] == alert.rule]
    assert [one["told"] for one in told] == ["firing", "resolved"]


def test_the_figures_of_a_look_are_in_the_store(runtime: Runtime) -> None:
    now = runtime.alerts.now()
    found = watch(runtime, now)
    kept = runtime.figures.latest(now)
    assert len(kept) == found.figures
    assert {one.at for one in kept} == {now}
    assert watch(runtime, now).judged is None  # the same instant again is no further look
    assert len(runtime.figures.latest(now)) == found.figures


def test_an_evaluator_that_was_down_says_so_once_and_what_stood_still_stands(runtime: Runtime, tmp_path: Path) -> None:
    def look(minute: int, value: float) -> list[Told]:
        at = BEGIN + minute * MINUTE
        runtime.figures.put([Figure("book_drift", labels(portfolio="P1"), at, value)])
        judged = judge(runtime, rules(tmp_path), at)
        assert judged is not None
        return [one.told for one in judged.evaluated.notices]

    assert [look(minute, 0.06) for minute in range(3)] == [[], [Told.FIRING], []]
    assert look(13, 0.06) == [Told.LATE]
    assert look(14, 0.06) == []
    assert [one.state for one in runtime.alerts.list(None)] == [AlertState.FIRING]


def test_two_that_look_at_once_tell_everything_once(tmp_path: Path) -> None:
    """Four at the same minutes, each starting again where another was faster; told as by one alone."""
    alone, together = (open_runtime(Settings(home=tmp_path / name)) for name in ("alone", "together"))
    for one in (alone, together):
        one.runs  # noqa: B018 - migrated
    live(alone, alone.home, 30, 30)
    with ThreadPoolExecutor(4) as four:
        list(four.map(lambda _: live(together, together.home, 30, 120), range(4)))
    assert [one["notice_id"] for one in logged(together)] == [one["notice_id"] for one in logged(alone)] != []
    assert together.alerts.list(None, limit=500) == alone.alerts.list(None, limit=500)


def test_of_several_workers_one_looks(runtime: Runtime) -> None:
    assert is_due(runtime, 60.0)
    watch(runtime)
    assert not is_due(runtime, 600.0)
    assert is_due(runtime, 0.0)


def test_it_goes_on_until_it_is_told_to_stop_and_says_what_it_saw(tmp_path: Path) -> None:
    runtime = open_runtime(Settings(home=tmp_path, watch_seconds=1.0))
    stop, said = threading.Event(), list[dict]()

    def say(what: dict) -> None:
        said.append(what)
        if len(said) == 2:
            stop.set()

    assert follow(runtime, stop, say) == 2
    assert all(one["figures"] > 0 for one in said)
    assert runtime.alerts.standing().version == 2


def test_the_sweep_forgets_figures_that_are_past_their_days_once_they_are_in_the_archive(runtime: Runtime) -> None:
    now = runtime.alerts.now()
    old = [Figure("book_drift", labels(portfolio="P1"), now - timedelta(days=days), 0.1) for days in (1, 800, 900)]
    runtime.figures.put(old)
    assert sweep(runtime)["figures_forgotten"] == 2
    assert sweep(runtime)["figures_forgotten"] == 0
    assert runtime.figure_archive.kept() == {f"{figure.at:%Y-%m-%d}" for figure in old[1:]}
    assert len(runtime.figure_archive.ask("SELECT value FROM book_drift").rows) == 2


def test_rules_of_one_s_own_are_judged_beside_the_shipped_ones(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(RULES)
    runtime = open_runtime(Settings(home=tmp_path, rules_path=own))
    begin = runtime.alerts.now()
    for minute in range(4):
        runtime.figures.put([Figure("book_cash", labels(portfolio="P9"), begin + minute * MINUTE, -0.5)])
        watch(runtime, begin + minute * MINUTE)
    assert "short_of_cash" in {one.rule for one in runtime.alerts.list(None) if one.portfolio_id == "P9"}
