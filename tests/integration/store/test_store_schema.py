"""Models, migrations and the databases they meet."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from integration.store.conftest import Server, need_programs
from schema_differences import differences
from sqlalchemy import DDL, inspect, text

from portopt.adapters.store import migrate, outbox, partitions, timescale
from portopt.adapters.store.books import SqlPortfolios
from portopt.adapters.store.engine import Database
from portopt.adapters.store.sql import SqlStore
from portopt.domain.errors import DataError
from portopt.domain.holdings import Holdings


def on(store: SqlStore, table: str) -> str:
    return f"command.{table}" if store.database.dialect == "postgresql" else table


def test_models_and_migrations_agree(store):
    assert differences(store.database) == []


def test_a_column_the_migrations_lack_is_noticed(store):
    with store.database.writing() as connection:
        connection.execute(DDL(f"ALTER TABLE {on(store, 'pins')} ADD COLUMN forgotten INTEGER"))
    assert len(differences(store.database)) == 1


def test_the_newest_revision_is_the_one_the_code_expects(url):
    database = Database(url)
    with database.reading() as connection:
        scripts = ScriptDirectory.from_config(migrate.alembic_config(connection))
    assert scripts.get_current_head() == migrate.HEAD


def test_migrating_again_changes_nothing(store):
    before = store.health()
    assert store.migrate() == migrate.HEAD
    assert store.health() == before


def test_the_first_migration_can_be_taken_back(store):
    with store.database.writing() as connection:
        command.downgrade(migrate.alembic_config(connection), "base")
    schema = "command" if store.database.dialect == "postgresql" else None
    with store.database.reading() as connection:
        assert inspect(connection).get_table_names(schema=schema) == ["alembic_version"]
    store.migrate()
    assert store.health()["runs"] == 0


@pytest.mark.usefixtures("empty")
def test_a_database_of_the_first_release_keeps_its_rows_and_gains_what_looking_after_it_needs(url, begun, finished, event):
    database = Database(url)
    if database.dialect == "sqlite":
        migrate._write_ahead(database)
    with database.writing() as connection:
        attributes = {"level": partitions.detect_level(database), "chunk_days": 1}
        command.upgrade(migrate.alembic_config(connection, **attributes), "r0001")
        for statement in FIRST_RELEASE:
            connection.execute(text(statement.format(c="command." if database.dialect == "postgresql" else "")))
    store = SqlStore(url)
    assert store.migrate() == migrate.HEAD
    assert store.holdings_version("P1") == 1
    assert store.holdings("P1").shares == {"A": 10}
    relay = store.deliveries()
    relay.take()
    assert [(w.event.event_id, w.shard) for w in relay.waiting(10)] == [("e1", outbox.shard_of("P1"))]
    relay.close()
    assert (store.outbox().parked, store.outbox().waiting) == ((), 1)
    assert [run_id for run_id, age in store.examine().unfinished if age > 3600] == ["reb-old"]
    assert store.release("reb-waits", event("e2")) is True
    kept = SqlPortfolios(store.database)
    assert [(v.version, v.holdings.shares, v.holdings.cash) for v in kept.versions("P1")] == [(1, {"A": 10}, 5)]
    assert (kept.get("P1").policy, kept.get("P1").version) == ("quality_focused", 1)
    assert (kept.get("P2").holdings, kept.get("P2").version, kept.versions("P2")) == (None, 0, [])
    assert differences(store.database) == []
    store.close()


@pytest.mark.usefixtures("empty")
def test_a_database_of_before_the_service_keeps_the_holdings_it_has(url, begun):
    database = Database(url)
    if database.dialect == "sqlite":
        migrate._write_ahead(database)
    with database.writing() as connection:
        attributes = {"level": partitions.detect_level(database), "chunk_days": 1}
        command.upgrade(migrate.alembic_config(connection, **attributes), "r0003")
        portfolios = "command.portfolios" if database.dialect == "postgresql" else "portfolios"
        values = """('P1', 'EUR', '5', '{"A": "10"}', 7), ('P2', 'USD', NULL, NULL, 1)"""
        connection.exec_driver_sql(f"INSERT INTO {portfolios} (id, currency, cash, shares, version) VALUES {values}")
    store = SqlStore(url)
    assert store.migrate() == migrate.HEAD
    kept = SqlPortfolios(store.database)
    assert [(v.version, v.holdings.currency, v.holdings.shares) for v in kept.versions("P1")] == [(7, "EUR", {"A": 10})]
    assert (kept.get("P1").version, kept.get("P2").version) == (7, 0)
    assert kept.declare(Holdings("P1", {"A": Decimal(11)}), "import").version == 8
    assert differences(store.database) == []
    store.close()


@pytest.mark.usefixtures("empty")
def test_a_database_that_named_the_places_of_reports_reads_as_one_that_names_none(url, begun):
    database = Database(url)
    if database.dialect == "sqlite":
        migrate._write_ahead(database)
    with database.writing() as connection:
        attributes = {"level": partitions.detect_level(database), "chunk_days": 1}
        command.upgrade(migrate.alembic_config(connection, **attributes), "r0002")
        runs = "command.runs" if database.dialect == "postgresql" else "runs"
        connection.execute(
            text(
                f"""INSERT INTO {runs} (run_id, kind, portfolio_id, status, request, as_of, created_at, report_path)
                VALUES ('reb-old', 'rebalance', 'P1', 'failed', '{{}}', '2024-01-01', '2024-01-01 00:00:00.000000', '/gone')"""
            )
        )
    store = SqlStore(url)
    assert store.migrate() == migrate.HEAD
    assert (store.get("reb-old").status.value, store.get("reb-old").portfolio_id) == ("failed", "P1")
    store.begin(begun("reb-new"))
    assert {run.run_id for run in store.runs()} == {"reb-old", "reb-new"}
    assert differences(store.database) == []
    store.close()


FIRST_RELEASE = [
    """INSERT INTO {c}portfolios (id, cash, shares) VALUES ('P1', '5', '{{"A": "10"}}')""",
    """INSERT INTO {c}portfolios (id) VALUES ('P2')""",
    """INSERT INTO {c}runs (run_id, kind, portfolio_id, status, request, as_of, created_at)
       VALUES ('reb-old', 'rebalance', 'P1', 'processing', '{{}}', '2024-01-01', '2024-01-01 00:00:00.000000'),
              ('reb-waits', 'rebalance', 'P1', 'awaiting_approval', '{{"holdings": {{"shares": {{"A": "10"}}, "cash": "5"}}}}',
               '2024-01-01', '2024-01-01 00:00:00.000000')""",
    """INSERT INTO {c}outbox (event_id, type, key, body, occurred_at)
       VALUES ('e1', 'portfolio_optimized', 'P1', '{{}}', '2024-01-01 00:00:00.000000')""",
]


# --- what cannot be used ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("empty")
def test_a_store_that_was_never_migrated_says_what_to_do(url):
    with pytest.raises(DataError, match="no tables yet") as error:
        SqlStore(url).get("reb-1")
    assert error.value.fixes


def test_a_store_of_a_newer_version_is_left_alone(store, url):
    with store.database.writing() as connection:
        connection.execute(text(f"UPDATE {on(store, 'alembic_version')} SET version_num = 'r0999'"))
    for attempt in (SqlStore(url).migrate, SqlStore(url).runs):
        with pytest.raises(DataError, match="newer than this version") as error:
            attempt()
        assert error.value.measured == {"revision": "r0999", "newest_known": migrate.HEAD}


# --- PostgreSQL: time series --------------------------------------------------------------------------------------


@pytest.fixture
def on_postgres(postgres_database):
    found = SqlStore(postgres_database)
    found.migrate()
    yield found
    found.close()


def partition_names(store: SqlStore) -> set[str]:
    with store.database.reading() as connection:
        names = inspect(connection).get_table_names(schema="query")
    return {name.removeprefix(f"{partitions.PARENT}_") for name in names if name.startswith(f"{partitions.PARENT}_")}


@pytest.mark.postgres
def test_plain_postgres_gets_monthly_partitions_and_one_for_the_rest(on_postgres):
    assert (on_postgres.health()["time_series_level"], on_postgres.health()["timescaledb"]) == ("partitions", "absent")
    assert "default" in partition_names(on_postgres)
    assert len(partition_names(on_postgres)) == 1 + 1 + partitions.MONTHS_AHEAD


@pytest.mark.postgres
def test_the_coming_months_are_made_once(on_postgres):
    christmas = datetime(2031, 12, 24, tzinfo=UTC)
    made = [f"{partitions.PARENT}_{month}" for month in ("2031_12", "2032_01", "2032_02", "2032_03")]
    assert on_postgres.maintain(christmas) == made
    assert on_postgres.maintain(christmas) == []


@pytest.mark.postgres
def test_a_row_before_its_partition_waits_in_the_default_one_and_moves(on_postgres, finished):
    then = datetime(2031, 12, 31, 23, 59, 59, tzinfo=UTC)
    fields = {"kind": "optimize", "completed_at": then, "document": {"optimal_weights": {"A": 1.0}}}
    on_postgres.complete(finished("opt-1", **fields), None)

    def homes() -> list[str]:
        with on_postgres.database.reading() as connection:
            found = connection.execute(text("SELECT tableoid::regclass::text FROM query.portfolio_optimization_ts"))
            return [name.removeprefix("query.portfolio_optimization_ts_") for name in found.scalars()]

    assert homes() == ["default"]
    on_postgres.maintain(then)
    assert homes() == ["2031_12"]


def test_a_store_without_partitions_has_none_to_make(tmp_path):
    store = SqlStore(f"sqlite:///{tmp_path}/portopt.db")
    store.migrate()
    assert store.health()["time_series_level"] == "plain"
    assert store.maintain(datetime(2031, 12, 24, tzinfo=UTC)) == []


# TimescaleDB itself is in test_store_timescale.py, where a server with it is named. Its two faces towards a migration are: on
# a server that did not preload the library, CREATE EXTENSION ends the session; on one that did, it brings create_hypertable. An
# extension of SQL alone shows either face to a server whose programs were copied aside.

NOT_PRELOADED = "SELECT pg_terminate_backend(pg_backend_pid());"
PRELOADED = """
CREATE SCHEMA timescaledb_information;
CREATE TABLE timescaledb_information.hypertables (name text, dimension text, chunk interval);
CREATE FUNCTION public.create_hypertable(
    relation regclass, dimension name, chunk_time_interval interval, create_default_indexes boolean
) RETURNS void LANGUAGE sql AS
$$ INSERT INTO timescaledb_information.hypertables VALUES (relation::text, dimension, chunk_time_interval) $$;
"""


@pytest.fixture(scope="module")
def extended():
    """A server whose programs were copied aside, with the folder of its extensions."""
    programs, root = need_programs(), Path(tempfile.mkdtemp(prefix="portopt-programs-"))
    root.chmod(0o755)  # the server's user can read it
    asked = [programs / "pg_config", "--bindir", "--sharedir", "--pkglibdir"]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
    # The programs find their files relative to where they are themselves.
    binaries, share, libraries = (root / folder.lstrip("/") for folder in said)
    binaries.mkdir(parents=True)
    for name in ("postgres", "initdb", "pg_ctl"):
        shutil.copy2(Path(said[0]) / name, binaries)
    shutil.copytree(said[1], share)
    libraries.symlink_to(said[2])
    server = Server(binaries)
    yield server, share / "extension"
    server.remove()
    shutil.rmtree(root)


@pytest.fixture
def extended_database(extended, make_databases):
    """A database on a server that offers a `timescaledb` made of this SQL."""
    server, extensions = extended
    with ExitStack() as made:

        def make(script: str) -> str:
            (extensions / "timescaledb.control").write_text("default_version = '2.28.0'\nrelocatable = false\n")
            (extensions / "timescaledb--2.28.0.sql").write_text(script)
            return made.enter_context(make_databases(server.url).one())

        yield make


@pytest.mark.postgres
def test_an_extension_that_is_there_but_not_preloaded_does_not_fail_the_migration(extended_database):
    store = SqlStore(extended_database(NOT_PRELOADED))
    store.migrate()
    assert (store.health()["time_series_level"], store.health()["timescaledb"]) == ("partitions", "not preloaded")
    store.close()


@pytest.mark.postgres
def test_where_the_extension_works_the_table_is_a_hypertable_of_the_chosen_chunks(extended_database, finished):
    store = SqlStore(extended_database(PRELOADED))
    store.migrate(chunk_days=7)
    assert (store.health()["time_series_level"], store.health()["timescaledb"]) == ("timescaledb", "apache")
    with store.database.reading() as connection:
        asked = connection.execute(text("SELECT name, dimension, chunk::text FROM timescaledb_information.hypertables"))
        made = ("query.figures", "query.portfolio_optimization_ts")
        assert sorted(tuple(row) for row in asked) == [(name, "timestamp", "7 days") for name in made]
    assert store.maintain(finished().completed_at) == []
    assert store.complete(finished("opt-1", kind="optimize", document={"optimal_weights": {"A": 1.0}}), None) is True
    assert differences(store.database) == []
    store.close()


@pytest.mark.postgres
def test_the_licence_tells_the_two_parts_of_the_extension_apart(extended_database):
    url = extended_database(PRELOADED)
    for licence, level in (("timescale", timescale.COMMUNITY), ("apache", timescale.APACHE), (None, timescale.APACHE)):
        told = "RESET timescaledb.license" if licence is None else f"SET timescaledb.license = '{licence}'"
        database = Database(url)
        with database.writing() as connection:
            connection.execute(text(f"ALTER DATABASE {database.url.database} {told}"))
        database.engine.dispose()  # a connection of before does not hear of it
        assert timescale.level(database) == level
        database.engine.dispose()
