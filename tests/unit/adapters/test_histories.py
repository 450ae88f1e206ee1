"""SQL over kept histories: every run's rows, by reading alone, and nothing outside their folder."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from portopt.adapters.store.histories import FileHistories
from portopt.domain.errors import InvalidValue


def parquet(**columns: list) -> bytes:
    out = io.BytesIO()
    pl.DataFrame(columns).write_parquet(out)
    return out.getvalue()


@pytest.fixture
def histories(tmp_path: Path) -> FileHistories:
    kept = FileHistories(tmp_path / "it's here")
    for run, equity in (("bac-1", [100.0, 101.0]), ("bac-2", [50.0, 49.0])):
        days = parquet(date=[date(2020, 1, 2), date(2020, 1, 3)], net=equity)
        kept.keep(run, {"days": days, "trades": parquet(asset_id=["A"], value=[1.0])})
    return kept


def test_every_run_is_in_a_view_under_its_id(histories: FileHistories) -> None:
    assert histories.tables() == ("days", "trades")
    found = histories.ask("SELECT run_id, min(net), count(*) FROM days GROUP BY ALL ORDER BY run_id")
    assert found.rows == (("bac-1", 100.0, 2), ("bac-2", 49.0, 2))
    assert found.columns[0] == "run_id"


def test_what_is_kept_again_takes_the_place_of_what_was(histories: FileHistories) -> None:
    histories.keep("bac-1", {"days": parquet(date=[date(2020, 1, 2)], net=[7.0])})
    assert histories.ask("SELECT net FROM days WHERE run_id = 'bac-1'").rows == ((7.0,),)


def test_a_long_answer_is_cut_and_says_so(histories: FileHistories) -> None:
    found = histories.ask("SELECT * FROM days", limit=3)
    assert (len(found.rows), found.is_cut) == (3, True)


@pytest.mark.parametrize(
    "sql",
    [
        "DROP VIEW days",
        "SELECT 1; SELECT 2",
        "COPY (SELECT 1) TO 'x.csv'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "ATTACH 'other.db'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_parquet('https://example.com/x.parquet')",
        "SELECT * FROM nowhere",
        "SELECT",
        "",
    ],
)
def test_nothing_but_reading_these_histories_is_done(histories: FileHistories, sql: str) -> None:
    before = sorted(histories.directory.rglob("*"))
    with pytest.raises(InvalidValue):
        histories.ask(sql)
    assert sorted(histories.directory.rglob("*")) == before


def test_where_there_is_none_the_answer_says_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="days") as refused:
        FileHistories(tmp_path / "none").ask("SELECT * FROM days")
    assert "no history yet" in refused.value.fixes[0]


@pytest.mark.parametrize("run", ["../x", "a/b", "", "x" * 200])
def test_a_name_that_leads_elsewhere_is_refused(histories: FileHistories, run: str) -> None:
    with pytest.raises(InvalidValue):
        histories.keep(run, {"days": b""})
