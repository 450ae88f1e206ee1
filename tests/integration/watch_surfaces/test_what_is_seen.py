"""What the page is made from: what has not come lately is told to be unknown, and a long history is not read whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portopt.document.watch import watch_document
from portopt.domain.portfolio import Portfolio
from portopt.domain.watch import Figure, labels
from portopt.runs.watch import seeing
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

NOW = datetime(2026, 11, 30, 21, 0, tzinfo=UTC)
NEEDED = ("book_value", "book_drift", "book_violation")


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    found = open_runtime(Settings(home=tmp_path))
    for name in ("quiet", "heard", "new"):
        found.portfolios.save(Portfolio(name))
    return found


def put(runtime: Runtime, book: str, at: datetime) -> None:
    runtime.figures.put([Figure(name, labels(portfolio=book), at, 0.0, 0.1) for name in NEEDED])


def test_what_has_not_come_lately_is_unknown_and_says_when_it_came_last(runtime: Runtime) -> None:
    put(runtime, "heard", NOW - timedelta(minutes=1))
    put(runtime, "quiet", NOW - timedelta(days=2))
    runtime.figures.put([Figure("disk_free", (), NOW - timedelta(days=3), 0.5)])

    document = watch_document(seeing.see(runtime, NOW))

    told = {row["portfolio"]: row["status"] for row in document["books"]["shown"]}
    assert told == {"heard": "within limits", "quiet": "unknown", "new": "unknown"}
    unknown = {row["name"]: row for row in document["unknown"]}
    assert unknown["book_drift"]["subjects"] == ["portfolio=quiet"]
    assert unknown["disk_free"]["newest"] == "2026-11-27T21:00:00Z"
    (disk,) = document["service"]
    assert (disk["state"], disk["why"]) == ("unknown", "it has not been measured since")


def test_what_is_older_than_a_week_is_spoken_of_no_more(runtime: Runtime) -> None:
    runtime.figures.put([Figure("disk_free", (), NOW - timedelta(days=8), 0.5)])
    assert watch_document(seeing.see(runtime, NOW))["service"] == []


def test_of_a_history_of_too_many_rows_the_newest_of_each_step_is_read_and_that_is_told(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for minute in range(0, 240, 5):
        put(runtime, "heard", NOW - timedelta(minutes=minute))
        runtime.figures.put([Figure("outbox_age", (), NOW - timedelta(minutes=minute), float(minute == 100))])
    whole = seeing.see(runtime, NOW, days=1.0)
    monkeypatch.setattr(seeing, "ROWS_READ", 10)
    cut = seeing.see(runtime, NOW, days=1.0)

    assert (watch_document(whole)["history"], watch_document(cut)["history"]) == ("furthest", "newest")
    of = {(f.name, f.subject) for f in whole.series}
    assert {(f.name, f.subject) for f in cut.series} == of
    assert max(f.value or 0.0 for f in whole.series if f.name == "outbox_age") == 1.0
    assert 15 <= len([f for f in cut.series if f.name == "outbox_age"]) <= 25
