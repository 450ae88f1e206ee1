"""A store of an older release, with what it holds: upgraded, its runs replay to the bytes that they were stored with.

And a PostgreSQL store dumped and restored by that database's own tools, its packs beside it.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import small_book
from alembic import command
from pydantic import SecretStr
from sqlalchemy import make_url, text

from portopt.adapters.store import migrate
from portopt.adapters.store.sql import SqlStore
from portopt.runs import history
from portopt.runtime import Runtime
from portopt.settings import Settings

LAST_RELEASE = "r0007"


def installed(url: str, home: Path) -> Runtime:
    return Runtime(Settings(home=home, database_url=SecretStr(url)))


def as_the_last_release_left_it(store: SqlStore) -> None:
    """What the versions since then added is taken away again, and with it what only they could have written."""
    attributes = {"level": "plain", "timescaledb": "absent", "chunk_days": 1}
    with store.database.writing() as connection:
        command.downgrade(migrate.alembic_config(connection, **attributes), LAST_RELEASE)
    store.close()


def test_runs_of_the_last_release_are_upgraded_and_replay_to_their_bytes(url: str, tmp_path: Path) -> None:
    old = installed(url, tmp_path)
    made = [small_book.rebalance(old, cash) for cash in (1_000, 2_000)]
    as_the_last_release_left_it(old.runs)
    new = installed(url, tmp_path)
    assert new.runs.health()["revision"] == migrate.HEAD
    for run in made:
        assert new.runs.get(run.run_id).document_digest == run.document_digest
        assert history.replay(run.run_id, new)["same"]
    assert not list(new.ledger.verify())
    again = small_book.rebalance(new, 2_000)
    assert again.run_id == made[1].run_id, "asked for again it is found, not made anew"
    assert not new.waves.list()
    new.runs.close()


@pytest.mark.postgres
def test_a_database_that_was_dumped_and_restored_replays_every_run(
    databases, postgres_database: str, programs: Path, tmp_path: Path
) -> None:
    first = installed(postgres_database, tmp_path / "first")
    run = small_book.rebalance(first)
    dumped = tmp_path / "portopt.dump"
    of_postgres(programs / "pg_dump", postgres_database, "--format=custom", f"--file={dumped}")
    shutil.copytree(first.settings.packs_path, tmp_path / "second" / "packs")
    first.runs.close()
    with databases.one() as elsewhere:
        of_postgres(
            programs / "pg_restore", elsewhere, "--no-owner", "--exit-on-error", f"--dbname={plain(elsewhere)}", str(dumped)
        )
        second = installed(elsewhere, tmp_path / "second")
        assert history.replay(run.run_id, second)["same"]
        assert not list(second.ledger.verify())
        with second.runs.database.reading() as connection:
            policies = connection.execute(text("SELECT count(*) FROM pg_policies WHERE policyname = 'portopt_portfolios'"))
            assert policies.scalar_one() > 20, "the second wall is restored with it"
        second.runs.close()


def plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def of_postgres(program: Path, url: str, *arguments: str) -> None:
    command_line = [str(program), f"--dbname={plain(url)}", *arguments]
    done = subprocess.run(command_line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
