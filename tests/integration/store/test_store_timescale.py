"""TimescaleDB itself, where PORTOPT_TEST_TIMESCALE_URL names a server with it, of either licence."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from alembic import command
from schema_differences import differences
from sqlalchemy import make_url, text

from portopt.adapters.store import migrate, timescale
from portopt.adapters.store.books import SqlPortfolios
from portopt.adapters.store.engine import Database
from portopt.adapters.store.series import SqlSeries
from portopt.adapters.store.sql import SqlStore
from portopt.domain.access import restricted_to
from portopt.domain.errors import NotAllowed, RequestError
from portopt.domain.holdings import Holdings
from portopt.domain.series import Converted, Tended
from portopt.doors.cli import run
from portopt.runtime import runtime

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SERVER = os.environ.get("PORTOPT_TEST_TIMESCALE_URL")
needs_timescale = pytest.mark.skipif(SERVER is None, reason="PORTOPT_TEST_TIMESCALE_URL names no server with TimescaleDB")


@pytest.fixture
def timescale_database(make_databases) -> Iterator[str]:
    """A database with the extension that belongs to a role that is no superuser."""
    server = make_databases(SERVER)
    role, password = f"portopt_series_{secrets.token_hex(6)}", secrets.token_hex(12)
    with server.admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '{password}'")
    with server.one() as url:
        admin = Database(url)
        with admin.writing() as connection:
            connection.execute(text("CREATE EXTENSION timescaledb"))
            connection.execute(text(f'ALTER DATABASE "{make_url(url).database}" OWNER TO {role}'))
        admin.engine.dispose()
        yield make_url(url).set(username=role, password=password).render_as_string(hide_password=False)
    with server.admin.connect() as connection:
        connection.exec_driver_sql(f"DROP ROLE {role}")


@pytest.fixture
def level(timescale_database) -> str:
    """As the server's own licence has it."""
    with Database(timescale_database).reading() as connection:
        return {"timescale": "community", "apache": "apache"}[connection.execute(text("SHOW timescaledb.license")).scalar_one()]


@pytest.fixture
def store(timescale_database) -> Iterator[SqlStore]:
    found = SqlStore(timescale_database)
    yield found
    found.close()


@pytest.fixture
def fill(finished):
    """Optimizations of both kinds, of two portfolios, on the last so many days."""

    def make(store: SqlStore, days: int = 3) -> None:
        for day in range(days):
            for name in ("P1", "P2"):
                at = {"portfolio_id": name, "completed_at": NOW - timedelta(days=day)}
                store.complete(finished(f"reb-{name}-{day}", **at), None)
                weights = {"optimal_weights": {"A": 1.0}, "expected_return": 0.1 * day}
                store.complete(finished(f"opt-{name}-{day}", kind="optimize", document=weights, **at), None)

    return make


def count(store: SqlStore, what: str = timescale.PARENT) -> int:
    with store.database.reading() as connection:
        return connection.execute(text(f"SELECT count(*) FROM {what}")).scalar_one()


@needs_timescale
def test_every_optimization_fills_a_hypertable_of_one_day_chunks(store, level, fill):
    store.migrate()
    assert (store.health()["time_series_level"], store.health()["timescaledb"]) == ("timescaledb", level)
    assert differences(store.database) == []
    fill(store)
    assert count(store) == 12
    assert count(store, "timescaledb_information.chunks WHERE range_end - range_start = INTERVAL '1 day'") == 3
    assert SqlPortfolios(store.database).latest("P1")["timestamp"] == NOW


@needs_timescale
def test_the_second_wall_stands_before_the_hypertable_too(store, level, fill, finished):
    store.migrate()
    fill(store)
    with restricted_to(frozenset({"P1"})):
        assert count(store) == 6
        with pytest.raises(NotAllowed), store.database.writing() as connection:
            connection.execute(
                text(f"""INSERT INTO {timescale.PARENT} (portfolio_id, timestamp, optimization_id, optimal_weights)
                VALUES ('P2', now(), 'x', '{{}}')""")
            )
        if level == "community":
            assert count(store, f"{timescale.DAILY} WHERE portfolio_id <> 'P1'") == 0
    assert count(store) == 12


@needs_timescale
def test_old_days_are_compressed_aggregated_and_dropped(store, level, fill):
    store.migrate()
    fill(store, days=5)
    series = SqlSeries(store.database)
    is_community = level == "community"
    assert series.compress_before(NOW - timedelta(days=1)) == (3 if is_community else 0)
    assert series.compress_before(NOW - timedelta(days=1)) == 0
    assert count(store) == 20
    assert series.refresh(NOW - timedelta(days=10), NOW) is is_community
    if is_community:
        first = f"SELECT day, optimizations FROM {timescale.DAILY} WHERE portfolio_id = 'P1' ORDER BY day LIMIT 1"
        with store.database.reading() as connection:
            row = connection.execute(text(first)).one()
        assert (row.day.date(), row.optimizations) == ((NOW - timedelta(days=4)).date(), 2)
    assert series.forget_before(NOW - timedelta(days=2)) == 2
    assert count(store) == 12
    assert store.get("reb-P1-4").document is not None
    assert differences(store.database) == []


@needs_timescale
def test_a_database_that_gains_the_extension_is_converted_with_its_rows(store, level, fill):
    _without_it(store.database, "head")
    fill(store)
    assert store.health()["time_series_level"] == "partitions"
    series = SqlSeries(store.database)
    assert series.convert(chunk_days=2) == Converted(level, 12, 0)
    assert (store.health()["time_series_level"], store.health()["timescaledb"]) == ("timescaledb", level)
    assert differences(store.database) == []
    assert count(store) == 12
    with restricted_to(frozenset({"P2"})):
        assert count(store) == 6
    fill(store, days=4)
    assert count(store) == 16
    assert series.convert() == Converted(level, None)
    assert count(store) == 16
    assert store.maintain(NOW) == []


@needs_timescale
def test_a_hypertable_of_before_the_service_is_brought_up_to_it(store, level, fill):
    with store.database.writing() as connection:
        attributes = {"level": "timescaledb", "chunk_days": 1}
        command.upgrade(migrate.alembic_config(connection, **attributes), "r0003")
        connection.execute(text(f"CREATE INDEX portfolio_optimization_ts_timestamp_idx ON {timescale.PARENT} (timestamp DESC)"))
    store.migrate()
    assert store.health()["timescaledb"] == level
    assert differences(store.database) == []
    fill(store)
    assert count(store) == 12


@needs_timescale
def test_the_migrations_can_be_taken_back(store, fill):
    store.migrate()
    fill(store)
    SqlSeries(store.database).compress_before(NOW)
    with store.database.writing() as connection:
        command.downgrade(migrate.alembic_config(connection), "r0003")
    assert count(store) == 12
    with store.database.writing() as connection:
        command.downgrade(migrate.alembic_config(connection), "base")
    store.migrate()
    assert differences(store.database) == []


def _without_it(database: Database, revision: str) -> None:
    """Migrated as if the server had no such extension."""
    with database.writing() as connection:
        attributes = {"level": "partitions", "timescaledb": "absent", "chunk_days": 1}
        command.upgrade(migrate.alembic_config(connection, **attributes), revision)


@needs_timescale
def test_a_sweep_compresses_aggregates_and_forgets(store, level, fill):
    store.migrate()
    fill(store, days=5)
    series = SqlSeries(store.database)
    assert series.tend(None, 1.0, NOW) == Tended(3 if level == "community" else 0, 0)
    assert series.tend(2.0, 1.0, NOW) == Tended(0, 2)
    assert series.tend(2.0, 1.0, NOW) == Tended(0, 0)
    assert count(store) == 12


# --- without it ---------------------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_what_cannot_be_converted_says_what_it_lacks(postgres_database, tmp_path):
    for url, why in ((postgres_database, "absent"), (f"sqlite:///{tmp_path}/portopt.db", "SQLite")):
        plain = SqlStore(url)
        plain.migrate()
        with pytest.raises(RequestError, match=why):
            SqlSeries(plain.database).convert()
        assert SqlSeries(plain.database).compress_before(NOW) == 0
        assert SqlSeries(plain.database).refresh(NOW, NOW) is False
        plain.close()


@pytest.mark.postgres
def test_months_that_are_over_go_whole_and_what_was_decided_stays(postgres_database, finished):
    plain = SqlStore(postgres_database)
    plain.migrate()
    for run_id, days in (("reb-now", 0), ("reb-last", 30), ("reb-old", 60), ("reb-older", 400)):
        at = NOW - timedelta(days=days)
        plain.maintain(at)
        plain.complete(finished(run_id, completed_at=at), None)
    held = SqlPortfolios(plain.database)
    held.declare(Holdings("P1", {"A": Decimal(1)}), "anna")
    assert SqlSeries(plain.database).forget_before(NOW - timedelta(days=25)) >= 2
    with plain.database.reading() as connection:
        left = connection.execute(text(f"SELECT optimization_id FROM {timescale.PARENT} ORDER BY timestamp")).scalars().all()
    assert left == ["reb-last", "reb-now"]  # October is not over before the 26th of it
    assert plain.get("reb-older").document is not None
    assert plain.maintain(NOW) == []
    assert SqlSeries(plain.database).forget_before(NOW - timedelta(days=25)) == 0
    plain.close()


def test_on_sqlite_rows_go_one_by_one(tmp_path, finished):
    plain = SqlStore(f"sqlite:///{tmp_path}/portopt.db")
    plain.migrate()
    for run_id, days in (("reb-now", 0), ("reb-old", 60)):
        plain.complete(finished(run_id, completed_at=NOW - timedelta(days=days)), None)
    assert SqlSeries(plain.database).forget_before(NOW - timedelta(days=25)) == 1
    assert SqlPortfolios(plain.database).latest("P1")["optimization_id"] == "reb-now"
    plain.close()


def test_without_days_a_sweep_forgets_nothing(tmp_path, finished):
    plain = SqlStore(f"sqlite:///{tmp_path}/portopt.db")
    plain.migrate()
    plain.complete(finished("reb-old", completed_at=NOW - timedelta(days=4000)), None)
    series = SqlSeries(plain.database)
    assert (series.tend(None, 7.0, NOW), series.tend(30.0, 7.0, NOW)) == (Tended(0, 0), Tended(0, 1))
    assert SqlPortfolios(plain.database).latest("P1") is None
    plain.close()


def test_the_command_says_what_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path))
    runtime.cache_clear()
    assert run(["db", "convert-timescale", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["measured"] == {"timescaledb": "absent"}
    runtime.cache_clear()


@needs_timescale
def test_the_command_converts(store, level, fill, tmp_path, monkeypatch, capsys):
    _without_it(store.database, "head")
    fill(store)
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path))
    monkeypatch.setenv("PORTOPT_DATABASE_URL", store.database.url.render_as_string(hide_password=False))
    runtime.cache_clear()
    assert run(["db", "convert-timescale", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"timescaledb": level, "rows": 12, "figures": 0}
    runtime.cache_clear()
