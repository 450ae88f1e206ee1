"""Who only reads needs no right to write, and waits for no one who does."""

from __future__ import annotations

import pytest
from pydantic import SecretStr
from sqlalchemy import make_url, text

from portopt.adapters.store import migrate, partitions
from portopt.adapters.store.sql import SqlStore
from portopt.domain.errors import RequestError
from portopt.runs import history
from portopt.runtime import Runtime
from portopt.settings import Settings

pytestmark = pytest.mark.postgres


@pytest.fixture
def store(postgres_database, finished):
    found = SqlStore(postgres_database)
    found.migrate()
    found.complete(finished(), None)
    yield found
    found.close()


@pytest.fixture
def reader(store, postgres_database):
    """The same database, as a user who may read it."""
    name = f"reader_{make_url(postgres_database).database}"
    with store.database.writing() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN"))
        for schema in ("command", "query"):
            connection.execute(text(f"GRANT USAGE ON SCHEMA {schema} TO {name}"))
            connection.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {name}"))
    yield make_url(postgres_database).set(username=name).render_as_string(hide_password=False)
    with store.database.writing() as connection:
        connection.execute(text(f"DROP OWNED BY {name}"))
        connection.execute(text(f"DROP ROLE {name}"))


def test_a_user_of_the_database_who_may_only_read_reads_and_is_told_what_a_writer_needs(reader, tmp_path, begun):
    runtime = Runtime(Settings(home=tmp_path / "home", database_url=SecretStr(reader)))
    assert [line["run_id"] for line in history.runs(runtime)] == ["reb-20261120-1"]
    with pytest.raises(RequestError, match="may not be written by you") as caught:
        runtime.runs.begin(begun("reb-2"))
    assert "PORTOPT_DATABASE_URL" in caught.value.fixes[0]
    assert not (tmp_path / "home").exists()


def test_a_reader_opens_the_store_while_others_migrate_and_write(store, postgres_database, tmp_path):
    runtime = Runtime(
        Settings(home=tmp_path / "home", database_url=SecretStr(f"{postgres_database}?options=-cstatement_timeout%3D5s"))
    )
    with store.database.writing() as connection:
        migrate.lock(connection)
        for table in ("command.runs", "command.run_results", "command.store_facts"):
            connection.execute(text(f"LOCK TABLE {table} IN EXCLUSIVE MODE"))
        assert [line["run_id"] for line in history.runs(runtime)] == ["reb-20261120-1"]
    runtime.runs.close()


def test_who_may_write_rows_but_make_no_tables_completes_a_run_all_the_same(store, reader, finished):
    with store.database.writing() as connection:
        name = make_url(reader).username
        for schema in ("command", "query"):
            connection.execute(text(f"GRANT INSERT, UPDATE ON ALL TABLES IN SCHEMA {schema} TO {name}"))
            connection.execute(text(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {name}"))
        (newest, *_) = sorted(partition_names(connection), reverse=True)
        connection.execute(text(f"DROP TABLE query.{newest}"))
    theirs = SqlStore(reader)
    assert theirs.complete(finished("reb-2"), None) is True
    theirs.close()


def partition_names(connection) -> list[str]:
    found = text("SELECT relname FROM pg_class WHERE relname LIKE :like AND relkind = 'r'")
    names = connection.execute(found, {"like": f"{partitions.PARENT}_2%"}).scalars()
    return list(names)
