"""Figures on TimescaleDB: what is said to it as text, and what stands behind a view on a PostgreSQL of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from portopt.adapters.store import figure_chunks, row_security, timescale
from portopt.adapters.store.figures import SqlFigures
from portopt.adapters.store.series import SqlSeries
from portopt.adapters.store.sql import SqlStore
from portopt.domain.access import restricted_to
from portopt.domain.errors import NotAllowed
from portopt.domain.watch import Figure, labels

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WALL = figure_chunks.OPEN_WALL


class Recorder:
    """A connection that keeps what is said to it. tables: of what there is; hypertables: how many it says there are."""

    def __init__(self, *, behind: bool = False, hypertable: bool = False) -> None:
        self.said: list[str] = []
        self._behind, self._hypertable = behind, hypertable
        self.dialect = type("Dialect", (), {"name": "postgresql"})

    def execute(self, statement: object, _given: object = None) -> Recorder:
        self.said.append(str(statement))
        return self

    def scalar(self) -> str | None:
        return figure_chunks.ROWS if self._behind and "decompress" not in "".join(self.said) else None

    def scalar_one(self) -> int:
        return int(self._hypertable) if "hypertables" in self.said[-1] else 7


def told(found: str, **there: bool) -> tuple[int | None, list[str]]:
    connection = Recorder(**there)
    moved = figure_chunks.convert(connection, found, 2)  # type: ignore[arg-type]
    return moved, [said for said in connection.said if not said.startswith("SELECT to_regclass") and "hypertables" not in said]


def protected() -> list[str]:
    connection = Recorder()
    row_security.protect(connection, figure_chunks.NAME, "portfolio_id")  # type: ignore[arg-type]
    return connection.said


def test_a_plain_table_becomes_a_hypertable_with_its_rows_and_is_compressed_where_that_is_allowed() -> None:
    lock, count = f"LOCK TABLE {figure_chunks.NAME} IN ACCESS EXCLUSIVE MODE", f"SELECT count(*) FROM {figure_chunks.NAME}"
    made = [lock, *WALL, count, figure_chunks.MADE, *WALL]
    assert told(timescale.APACHE) == (7, [*made, *protected()])
    assert told(timescale.COMMUNITY) == (7, [*made, *figure_chunks.BEHIND_A_VIEW, *figure_chunks.COMPRESSED])
    assert "migrate_data => true" in figure_chunks.MADE


def test_a_hypertable_under_row_security_is_compressed_behind_a_view_and_what_is_there_is_left() -> None:
    behind = [*WALL, *figure_chunks.BEHIND_A_VIEW, *figure_chunks.COMPRESSED]
    assert told(timescale.COMMUNITY, hypertable=True) == (None, behind)
    assert told(timescale.COMMUNITY, hypertable=True, behind=True) == (None, [])


def test_a_licence_that_was_lost_opens_what_was_compressed() -> None:
    opened = [*figure_chunks.OPENED, *figure_chunks.IN_FRONT, *WALL, *protected()]
    assert told(timescale.APACHE, hypertable=True, behind=True) == (None, opened)


@pytest.fixture
def behind(postgres_database: str) -> Iterator[SqlStore]:
    """Migrated, with the figures behind a view as they stand where they are compressed; the server has no TimescaleDB."""
    store = SqlStore(postgres_database)
    store.migrate()
    with store.database.writing() as connection:
        figure_chunks.carry_out(connection, (*WALL, *figure_chunks.BEHIND_A_VIEW))
    yield store
    store.close()


def figure(portfolio: str | None, minute: int, value: float) -> Figure:
    of = labels(engine="ours") if portfolio is None else labels(portfolio=portfolio)
    return Figure("drift", of, NOW + timedelta(minutes=minute), value, None, "", {})


@pytest.mark.postgres
def test_figures_are_put_read_and_walled_through_the_view(behind: SqlStore) -> None:
    figures = SqlFigures(behind.database)
    given = [figure(who, minute, minute / 10) for who in ("P1", "P2", None) for minute in range(3)]
    assert figures.put(given) == len(given)
    assert figures.put([figure("P1", 2, 9.0)]) == 1  # the later one of a place holds
    newest = {one.portfolio_id: one.value for one in figures.latest(NOW)}
    assert newest == {"P1": 9.0, "P2": 0.2, None: 0.2}
    with restricted_to(frozenset({"P1"})), behind.database.reading() as connection:
        seen = connection.execute(text(f"SELECT DISTINCT portfolio_id FROM {figure_chunks.NAME}")).scalars().all()
        assert seen == ["P1"]
    with restricted_to(frozenset({"P1"})), pytest.raises(NotAllowed), behind.database.writing() as connection:
        connection.execute(
            text(f"INSERT INTO {figure_chunks.NAME} (name, subject, timestamp, portfolio_id) VALUES ('x', 'y', now(), 'P2')")
        )
    assert figures.forget_before(NOW + timedelta(minutes=1)) == 3
    with behind.database.reading() as connection:
        assert connection.execute(text(f"SELECT count(*) FROM {figure_chunks.ROWS}")).scalar_one() == 6


@pytest.mark.postgres
def test_the_table_has_its_name_back_with_its_rows(behind: SqlStore) -> None:
    SqlFigures(behind.database).put([figure("P1", 0, 1.0)])
    with behind.database.writing() as connection:
        assert figure_chunks.is_behind_a_view(connection)
        figure_chunks.carry_out(connection, figure_chunks.IN_FRONT)
        row_security.protect(connection, figure_chunks.NAME, "portfolio_id")
        assert not figure_chunks.is_behind_a_view(connection)
    assert [one.value for one in SqlFigures(behind.database).latest(NOW)] == [1.0]


@pytest.mark.skipif("PORTOPT_TEST_TIMESCALE_URL" not in os.environ, reason="no server with TimescaleDB is named")
def test_figures_of_long_ago_are_compressed(store: SqlStore) -> None:
    store.migrate()
    SqlSeries(store.database).convert()
    SqlFigures(store.database).put([figure("P1", 0, 1.0)])
    assert SqlSeries(store.database).compress_before(NOW + timedelta(days=2)) == 1
    assert [one.value for one in SqlFigures(store.database).latest(NOW)] == [1.0]
