"""A measurement that fails once makes nobody blind; one that goes on failing does, after the figure is stale, and says why."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_watch import MINUTE, P1, START, rule

from portopt.domain.watch import Figure
from portopt.runs.watch.evaluating import judge
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

RULES = [rule("book_drift > limit(book_drift)", extra="stale: 10m")]


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    return open_runtime(Settings(home=tmp_path))


def told(runtime: Runtime, values: list[float | None]) -> list[str]:
    said = []
    for minute, value in enumerate(values):
        at = START + 2 * minute * MINUTE
        runtime.figures.put([Figure("book_drift", P1, at, value, 0.05, "" if value else "XOM has no price")])
        found = judge(runtime, RULES, at)
        assert found is not None
        said += [one.told.value for one in found.evaluated.notices]
    return said


def test_a_figure_that_fails_now_and_then_is_not_missing(runtime: Runtime) -> None:
    assert told(runtime, [0.06, None, 0.06, None, None, 0.06, None, 0.06]) == ["firing"]


def test_a_figure_that_goes_on_failing_is_and_the_alert_says_why(runtime: Runtime) -> None:
    assert told(runtime, [0.06, *[None] * 8]) == ["firing", "blind"]
    (alert,) = runtime.alerts.standing().alerts
    assert alert.blind_since == START
    assert alert.detail["missing"] == {"book_drift": "XOM has no price"}


def test_the_newest_value_is_found_behind_newer_rows_without_one(runtime: Runtime) -> None:
    at = [START + k * MINUTE for k in range(3)]
    runtime.figures.put([Figure("book_drift", P1, at[0], 0.01), Figure("book_drift", P1, at[1], 0.02, 0.05),
                         Figure("book_drift", P1, at[2], None, why="no")])  # fmt: skip
    assert [one.value for one in runtime.figures.latest(START)] == [None]
    (found,) = runtime.figures.latest(START, measured=True)
    assert (found.at, found.value, found.limit) == (at[1], 0.02, 0.05)
