"""What the outside world does to a store, and how the store says so."""

from __future__ import annotations

import sqlite3
import threading
import time

import pytest
from sqlalchemy import make_url

from portopt.adapters.store import engine
from portopt.adapters.store.sql import SqlStore
from portopt.domain.errors import DataError, InvalidValue, OutsideError


@pytest.mark.parametrize(
    "url", ["postgresql://desk:s3cret@127.0.0.1:1/portopt", "postgres://127.0.0.1:1/portopt?password=s3cret"]
)
def test_a_database_that_does_not_answer_is_an_outside_error_without_its_password(url):
    store = SqlStore(url)
    with pytest.raises(OutsideError, match=r"127\.0\.0\.1:1/portopt") as error:
        store.health()
    assert "s3cret" not in f"{error.value.problem()} {error.value.__cause__}"


@pytest.mark.postgres
def test_a_refused_password_is_not_repeated(postgres_url):
    url = make_url(postgres_url).set(username="nobody_here", password="s3cret", database="nowhere")
    with pytest.raises(OutsideError, match="nowhere") as error:
        SqlStore(url.render_as_string(hide_password=False)).health()
    assert "s3cret" not in f"{error.value.problem()} {error.value.__cause__}"


@pytest.mark.postgres
def test_a_store_outlives_a_restart_of_its_server(own_server, begun):
    server = own_server()
    store = SqlStore(server.url)
    store.migrate()
    store.begin(begun())
    server.stop()
    with pytest.raises(OutsideError):
        store.get("reb-20261120-1")
    server.start()
    assert store.get("reb-20261120-1") == begun()
    store.close()


def test_a_file_that_is_no_database_is_bad_data(tmp_path):
    path = tmp_path / "portopt.db"
    path.write_bytes(b"this is not a database" * 100)
    with pytest.raises(DataError, match="not a readable SQLite database"):
        SqlStore(f"sqlite:///{path}").migrate()
    assert path.read_bytes().startswith(b"this is not")


def test_a_place_that_cannot_be_written_is_an_outside_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutsideError, match="portopt.db"):
        SqlStore(f"sqlite:///{tmp_path}/file/portopt.db").migrate()


def test_a_writer_that_waits_too_long_for_another_is_worth_a_retry(tmp_path, monkeypatch, begun):
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.1)
    store = SqlStore(f"sqlite:///{tmp_path}/portopt.db")
    store.migrate()
    other = sqlite3.connect(tmp_path / "portopt.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OutsideError, match="locked"):
        store.begin(begun())
    other.execute("ROLLBACK")
    assert store.begin(begun()) == begun()


def test_readers_do_not_wait_for_a_writer(tmp_path, begun):
    store = SqlStore(f"sqlite:///{tmp_path}/portopt.db")
    store.migrate()
    store.begin(begun())
    other = sqlite3.connect(tmp_path / "portopt.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    assert store.get("reb-20261120-1") == begun()
    assert time.monotonic() - began < engine.BUSY_SECONDS / 2
    other.execute("ROLLBACK")


def test_threads_share_a_store(store, begun):
    heard: list[object] = []

    def work(i: int) -> None:
        heard.append(store.begin(begun(f"reb-{i}")).run_id)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(heard) == [f"reb-{i}" for i in range(8)]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("not a url", "not a database URL"),
        ("mysql://desk:s3cret@host/db", "SQLite and PostgreSQL"),
        ("sqlite://", "memory"),
        ("sqlite:///:memory:", "memory"),
        ("postgresql://desk:s3cret@host:port/db", "not a database URL"),
        ("postgresql+asyncpg://host/db?password=s3cret", "psycopg"),
    ],
)
def test_a_url_that_names_no_store_is_refused_without_repeating_secrets(url, says):
    with pytest.raises(InvalidValue, match=says) as error:
        SqlStore(url)
    assert "s3cret" not in str(error.value.problem())
