"""Homes that are none, that may not be written, that are full: the right class of error, and nothing left lying about."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import small_book
from support import environment

from portopt.domain.errors import OutsideError, RequestError
from portopt.runs import history
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

READER = Path(__file__).with_name("reader.py")


@pytest.mark.parametrize("name", ["PORTOPT_HOME", "PORTOPT_DATABASE_URL", "PORTOPT_MARKET_PATH", "PORTOPT_PULSAR_URL"])
@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_setting_is_refused_by_its_name_and_never_means_the_folder_one_is_in(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(RequestError, match=f"{name}: is empty: give it a value, or unset it") as caught:
        open_runtime()
    assert caught.value.exit_code == 2


def test_a_user_whose_home_nobody_knows_is_told_what_to_set(monkeypatch):
    monkeypatch.setenv("PORTOPT_HOME", "~nobody-of-this-name/portopt")
    runtime = open_runtime()
    for question in (lambda: runtime.home, lambda: runtime.packs, lambda: runtime.runs, lambda: runtime.has_store):
        with pytest.raises(RequestError, match="this system knows no home of that user") as caught:
            question()
        assert caught.value.field == "PORTOPT_HOME"
        assert caught.value.fixes


def test_a_home_below_a_file_is_an_error_of_ours(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutsideError, match="cannot write to"):
        Runtime(Settings(home=tmp_path / "file" / "home")).runs  # noqa: B018


def test_a_password_in_the_brokers_address_is_a_secret(monkeypatch):
    monkeypatch.setenv("PORTOPT_PULSAR_URL", "pulsar://desk:s3cret@broker.example:6650")
    assert "s3cret" not in f"{open_runtime().settings!r} {open_runtime().settings.model_dump_json()}"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one run."""
    made = tmp_path_factory.mktemp("homes") / "home"
    ask(made)
    return made


def ask(home: Path) -> str:
    return small_book.rebalance(Runtime(Settings(home=home))).run_id


def files(home: Path) -> set[str]:
    return {str(path.relative_to(home)) for path in home.rglob("*")}


@contextmanager
def read_only(home: Path) -> Iterator[None]:
    folders = [home, *(path for path in home.rglob("*") if path.is_dir())]
    try:
        for folder in folders:
            folder.chmod(0o555)
        yield
    finally:
        for folder in folders:
            folder.chmod(0o755)


def test_a_home_that_may_not_be_written_can_be_read_and_says_so_to_a_writer(home):
    # Root may write everywhere: it reads here without that right.
    plain = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    before = files(home)
    with read_only(home):
        command = [*plain, sys.executable, str(READER), str(home)]
        done = subprocess.run(command, env=environment(home), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["explain"] == said["runs"]
    for question in ("rebalance", "policies"):
        assert (said[question]["code"], said[question]["exit_code"]) == ("bad_request", 2), said
        assert "PORTOPT_HOME" in said[question]["fixes"][0]
    assert files(home) == before


def test_a_reader_waits_for_no_writer(home):
    other = sqlite3.connect(home / "portopt.db", isolation_level=None, timeout=1.0)
    other.execute("BEGIN IMMEDIATE")
    began = os.times()
    assert len(history.runs(Runtime(Settings(home=home)))) == 1
    other.execute("ROLLBACK")
    other.close()
    assert os.times().elapsed - began.elapsed < 15.0  # a writer would wait thirty seconds for its turn


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Stands in for a disk that is full: no file grows beyond this."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    ("size", "left"),
    [(2_000, {"packs"}), (70_000, {"packs", "portopt.db"})],
    ids=["the pack finds no room", "the store finds no room"],
)
def test_a_disk_that_is_full_is_an_upstream_failure_without_litter_and_the_same_again_goes_through(tmp_path, size, left):
    home = tmp_path / "home"
    with files_of_at_most(size), pytest.raises(OutsideError) as caught:
        ask(home)
    assert caught.value.exit_code == 5
    assert {name.split("/")[0] for name in files(home)} - {"portopt.db-wal", "portopt.db-shm"} == left
    assert not [name for name in files(home) if "/." in name]
    assert ask(home).startswith("reb-")
    assert (home / "events.jsonl").exists()


def test_a_result_that_finds_no_room_leaves_no_run(tmp_path):
    home = tmp_path / "home"
    runtime = Runtime(Settings(home=home))
    runtime.runs.health()
    room = (home / "portopt.db-wal").stat().st_size + 20_000
    with files_of_at_most(room), pytest.raises(OutsideError):
        small_book.rebalance(runtime)
    assert history.runs(Runtime(Settings(home=home))) == []
    assert not (home / "reports").exists()
    assert not (home / "events.jsonl").exists()
