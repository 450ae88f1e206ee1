"""`portopt wave` as it is typed: started, shown, listed, taken up again, a line an item in a file."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import made_nights as nights
import numpy as np
import pytest

from portopt.domain.errors import DataError, InvalidValue, MissingInput
from portopt.domain.wave import ItemState, Wave, WaveItem
from portopt.doors.cli import run as portopt
from portopt.doors.wave_files import read_portfolios
from portopt.runs.waves.report import report_of
from portopt.runs.waves.shares import MOST, size_of
from portopt.runs.waves.start import Asked, WaveWish, deadline_of, start

NOW = datetime(2026, 11, 30, 22, 0, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with three books, which the commands find by the environment."""
    import portopt.runtime as runtime_module

    market = nights.write_market(tmp_path, 8)
    runtime = nights.home(tmp_path, market, 3)
    runtime.runs.close()
    for name, value in (("HOME", runtime.settings.home), ("MARKET", "files"), ("MARKET_PATH", market.path)):
        monkeypatch.setenv(f"PORTOPT_{name}", str(value))
    runtime_module.runtime.cache_clear()
    yield tmp_path
    runtime_module.runtime.cache_clear()


def told(capsys: Any, *words: str) -> tuple[int, Any]:
    code = portopt([*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_wave_is_recorded_carried_out_listed_and_shown(home: Path, capsys: Any) -> None:
    code, recorded = told(capsys, "wave", "start", "--cause", "the month ended", "--only-record", "--deadline", "07:00")
    assert (code, recorded["states"]["waiting"], recorded["ended"]) == (0, 3, 0)
    wave_id, lines = recorded["wave_id"], home / "items.csv"
    code, done = told(capsys, "wave", "resume", wave_id, "--processes", "1", "--csv", str(lines))
    assert (code, done["states"]["proposed"], done["deadlines"]["said"]) == (0, 3, "missed 0 of 3")
    rows = list(csv.DictReader(lines.open()))
    assert [row["portfolio_id"] for row in rows] == ["P00000", "P00001", "P00002"]
    assert {row["state"] for row in rows} == {"proposed"}
    assert all(row["run_id"].startswith("reb-") for row in rows)
    code, found = told(capsys, "wave", "list")
    assert [line["wave_id"] for line in found] == [wave_id]
    assert portopt(["wave", "show", wave_id]) == 0
    said = capsys.readouterr().out
    assert "deadlines: missed 0 of 3" in said
    assert "3 proposed" in said


def test_a_deadline_that_passed_is_told_and_is_the_exit_code(home: Path, capsys: Any) -> None:
    words = ("--deadline", "2001-01-01T07:00+00:00", "--processes", "1")
    code, done = told(capsys, "wave", "start", "--cause", "too late", *words)
    late = ["P00000", "P00001", "P00002"]
    told_of = {"given": 3, "missed": 3, "said": "missed 3 of 3", "next": None, "late": late}
    assert (code, done["deadlines"]) == (1, told_of)


def test_a_file_says_which_portfolios_under_which_policy_by_when(tmp_path: Path) -> None:
    path = tmp_path / "books.csv"
    path.write_text("Portfolio_ID,policy,deadline\nP1,,\nP2,growth,06:30\n\n")
    found = read_portfolios(path, "UTC", NOW)
    assert found == [Asked("P1"), Asked("P2", "growth", datetime(2026, 12, 1, 6, 30, tzinfo=ZoneInfo("UTC")))]
    path.write_text("P1\nP2\n")
    assert read_portfolios(path, "UTC", NOW) == [Asked("P1"), Asked("P2")]
    path.write_text("portfolio_id,colour\nP1,red\n")
    with pytest.raises(DataError, match="colour"):
        read_portfolios(path, "UTC", NOW)
    path.write_text("portfolio_id,policy\n,growth\n")
    with pytest.raises(DataError, match="line 2"):
        read_portfolios(path, "UTC", NOW)


@pytest.mark.parametrize("text", ["P1,growth\nP2,income\n", "portfolio,policy\nP1,growth\n", "portfolio_id\nP1,growth\n"])
def test_what_a_file_says_in_a_column_without_a_name_is_not_passed_by(tmp_path: Path, text: str) -> None:
    path = tmp_path / "books.csv"
    path.write_text(text)
    with pytest.raises(DataError, match="is in column 2"):
        read_portfolios(path, "UTC", NOW)


def test_a_deadline_is_the_next_such_time_on_the_clocks_of_its_zone() -> None:
    assert deadline_of("07:00", "UTC", NOW) == datetime(2026, 12, 1, 7, tzinfo=UTC)
    assert deadline_of("23:00", "UTC", NOW) == datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert deadline_of("07:00", "America/New_York", NOW) == datetime(2026, 12, 1, 12, tzinfo=UTC)
    assert deadline_of("2026-12-01T07:00+01:00", "UTC", NOW) == datetime(2026, 12, 1, 6, tzinfo=UTC)
    assert deadline_of(None, "UTC", NOW) is None
    for text, zone in (("soon", "UTC"), ("25:00", "UTC"), ("07:00", "Mars/Base")):
        with pytest.raises(InvalidValue):
            deadline_of(text, zone, NOW)


def test_a_wave_of_nothing_and_a_portfolio_twice_are_refused(tmp_path: Path) -> None:
    runtime = nights.home(tmp_path, nights.write_market(tmp_path, 8), 1)
    policies = {policy.id: policy for policy in runtime.runs.policies()}
    with pytest.raises(MissingInput):
        start([], WaveWish("nothing"), policies, runtime, NOW)
    with pytest.raises(InvalidValue, match="twice"):
        start([Asked("P00000"), Asked("P00000")], WaveWish("twice"), policies, runtime, NOW)
    assert not runtime.waves.list()


def test_the_report_counts_as_a_loop_over_the_items_does() -> None:
    rng = np.random.default_rng(3)
    items = []
    for k in range(500):
        state = ItemState(rng.choice([state.value for state in ItemState]))
        ended = state in (ItemState.PROPOSED, ItemState.REFUSED, ItemState.HELD)
        late = timedelta(seconds=float(rng.normal(0, 60)))
        deadline = NOW if rng.random() < 0.8 else None
        seconds = float(rng.exponential(0.2)) if ended else None
        ended_at = NOW + late if ended else None
        items.append(WaveItem("w", k, f"P{k}", "p", deadline, state, ended_at=ended_at, seconds=seconds))
    found = report_of(Wave("w", "c", {}, NOW - timedelta(hours=1)), items, NOW + timedelta(seconds=30))
    late = sum(i.deadline is not None and (i.ended_at or NOW + timedelta(seconds=30)) > i.deadline for i in items)
    assert (found.missed, found.total) == (late, 500)
    assert found.counts == {state: sum(item.state is state for item in items) for state in ItemState}
    ordered = sorted(item.seconds for item in items if item.seconds is not None)
    assert found.seconds is not None
    assert found.seconds[0] == ordered[-(-len(ordered) // 2) - 1]
    assert found.seconds[3] == ordered[-1]


def test_a_hundred_thousand_items_are_fewer_than_two_hundred_tasks() -> None:
    for items in (1, 64, 1_000, 100_000, 1_000_000):
        assert -(-items // size_of(items)) <= MOST < 200


def test_a_refusal_names_the_line_of_the_file_with_its_empty_ones_counted(tmp_path: Path) -> None:
    named = tmp_path / "some.csv"
    named.write_text("portfolio_id,policy\n\n\nP1,night\n\n,night\n")
    with pytest.raises(DataError, match="line 6: there is no portfolio_id"):
        read_portfolios(named, "UTC", NOW)
    named.write_text('\n\nP1\n"P\n2",x\n')
    with pytest.raises(DataError, match="line 4: 'x' is in column 2"):
        read_portfolios(named, "UTC", NOW)
    named.write_text("\nportfolio_id,policy\n\nP1,night,more\n")
    with pytest.raises(DataError, match="line 4: 'more'"):
        read_portfolios(named, "UTC", NOW)
