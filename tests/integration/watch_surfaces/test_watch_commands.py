"""`portopt watch` and `portopt figures` on an installation that has been watched, and on one that has not."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest
from integration.watch_surfaces.conftest import keep
from offline_page import Page
from support import environment

from portopt.domain.portfolio import Portfolio
from portopt.monitoring.catalog import CATALOG
from portopt.runs.watch.archiving import archive
from portopt.runtime import open_runtime
from portopt.settings import Settings


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("watched") / "home"
    runtime = open_runtime(Settings(home=found))
    keep(runtime)
    runtime.portfolios.save(Portfolio("P-00003"))
    return found


def portopt(home: Path, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "portopt.doors.cli", *words],
        env=environment(home) | {"COLUMNS": "120"}, cwd=home.parent, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_the_terminal_says_what_fires_what_is_out_of_band_and_what_is_unknown(home: Path, tmp_path: Path) -> None:
    page = tmp_path / "watch.html"
    said = portopt(home, "watch", "--html", str(page), "--check", code=1).stdout
    assert said.startswith("3 alerts fire, 1 of them to be woken for")
    for part in ("page firing EventsParked", "desk@example.org", "warn unknown BookBlind", "P-00003", "the worst of 13 books"):
        assert part in said
    assert Page(page.read_text(encoding="utf-8")).carried["kind"] == "watch"


def test_alerts_in_one_state_alone_and_of_one_book_alone(home: Path) -> None:
    unknown = json.loads(portopt(home, "watch", "--only", "unknown", "--json").stdout)
    assert [row["rule"] for row in unknown["alerts"]] == ["BookBlind"]
    mine = json.loads(portopt(home, "watch", "--portfolio", "P-00003", "--json").stdout)
    assert [row["portfolio"] for row in mine["books"]["shown"]] == ["P-00003"]
    assert mine["service"] == []
    refused = json.loads(portopt(home, "watch", "--portfolio", "P-none", "--json", code=2).stdout)
    assert refused["code"] == "not_found"


def test_an_installation_that_nobody_watches_is_not_told_to_be_well(tmp_path: Path) -> None:
    said = portopt(tmp_path / "none", "watch", "--check", code=1).stdout
    assert said.startswith("Nothing was ever evaluated")
    assert not (tmp_path / "none").exists()


def test_followed_it_says_one_line_of_json_a_look_and_ends_when_it_is_told_to(home: Path) -> None:
    command = [sys.executable, "-m", "portopt.doors.cli", "watch", "--follow", "--every", "0.1", "--json"]
    with subprocess.Popen(command, env=environment(home), cwd=home.parent, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        looks = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()
    assert process.returncode == 0
    assert [look["kind"] for look in looks] == ["watch", "watch"]
    assert json.loads(rest[rest.rindex("{\n") :])["ended"] is True


def test_a_figure_comes_as_a_table_as_csv_as_parquet_and_as_a_drawing(home: Path, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("f.csv", "f.parquet", "f.svg")]
    options = [word for pair in zip(("--csv", "--parquet", "--plot"), map(str, files), strict=True) for word in pair]
    document = json.loads(portopt(home, "figures", "book_volatility", "--since", "40d", *options, "--json").stdout)
    stored = open_runtime(Settings(home=home)).figures.series("book_volatility", datetime(2000, 1, 1, tzinfo=UTC))
    values = [f.value for f in stored]
    assert [v for row in document["series"] for v in row["value"]] == values
    with files[0].open(encoding="utf-8") as file:
        assert [float(row["value"]) if row["value"] else None for row in csv.DictReader(file)] == values
    frame = pl.read_parquet(files[1])
    assert frame["value"].to_list() == values
    assert frame["at"].to_list() == [f.at for f in stored]
    drawing = ElementTree.fromstring(files[2].read_text(encoding="utf-8"))
    assert len([one for one in drawing.iter() if one.get("class") == "series"]) == 12


def test_the_catalog_is_listed_and_a_figure_that_is_not_in_it_is_refused(home: Path) -> None:
    told = json.loads(portopt(home, "figures", "--json").stdout)
    assert [row["name"] for row in told["figures"]] == list(CATALOG)
    assert json.loads(portopt(home, "figures", "book_drifts", "--json", code=2).stdout)["asked"]["value"] == "book_drifts"
    assert (
        json.loads(portopt(home, "figures", "book_drift", "--since", "soon", "--json", code=2).stdout)["code"]
        == "invalid_value"
    )


def test_whole_days_go_into_the_archive_once_and_are_asked_by_sql(home: Path) -> None:
    runtime = open_runtime(Settings(home=home))
    now = datetime.now(UTC)
    first, again = archive(runtime, now), archive(runtime, now)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    before = runtime.figures.series("book_drift", now - timedelta(days=35), midnight)
    assert (first["days"] >= 28, again) == (True, {"days": 0, "figures": 0})
    found = json.loads(
        portopt(home, "figures", "--sql", "SELECT count(*), max(value), count(DISTINCT day) FROM book_drift", "--json").stdout
    )
    days = {f"{f.at:%Y-%m-%d}" for f in before}
    assert found["rows"] == [[len(before), max(f.value for f in before if f.value is not None), len(days)]]
    refused = json.loads(portopt(home, "figures", "--sql", "DROP VIEW book_drift", "--json", code=2).stdout)
    assert refused["code"] == "invalid_value"
