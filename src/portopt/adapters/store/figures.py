"""Figures through time: a row a figure, many at once.

Measured on two shared cores, 150,000 figures (10,000 books of 15): see docs/alerts.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, delete, func, select, text

from portopt.adapters.store import desk_figures
from portopt.adapters.store.clock import database_now
from portopt.adapters.store.engine import Database
from portopt.adapters.store.types import to_json
from portopt.adapters.store.watch_tables import figures
from portopt.domain.access import restricted_to
from portopt.domain.errors import InvalidValue
from portopt.domain.watch import Figure, Labels, Spread, labels_of

HOUR = timedelta(hours=1)
KEYS = ("name", "subject", "timestamp")
COLUMNS = (*KEYS, "portfolio_id", "value", "limit_value", "why", "detail")
OF_A_STEP = ("measured", "lowest", "highest", "mean")  # of a row that was thinned
READ = (*COLUMNS, *OF_A_STEP)
ALL = [figures.c[name] for name in READ]
MOST = {"name": 64, "subject": 300, "portfolio_id": 100}
CHANGED = f"ON CONFLICT ({', '.join(KEYS)}) DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}" for name in COLUMNS if name not in KEYS
)
# Of this transaction alone, and takes the rows without looking for each of them.
ARRIVING = f"CREATE TEMPORARY TABLE arriving_figures (LIKE query.{figures.name}) ON COMMIT DROP"
ARRIVED = (
    f"INSERT INTO query.{figures.name} ({', '.join(COLUMNS)}) SELECT {', '.join(COLUMNS)} FROM arriving_figures "  # noqa: S608 - our own names
    + CHANGED
)
INSERTED = (
    f"INSERT INTO {figures.name} ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))}) "  # noqa: S608 - our own names
    + CHANGED
)


class SqlFigures:
    """Implements ports.FigureStore. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, given: Sequence[Figure]) -> int:
        """In one transaction; returns how many rows were written. Of two of one name, subject and instant the later holds.

        Raises InvalidValue for a name or a subject that no column holds.
        """
        rows = {row[:3]: row for row in _rows(given)}
        if not rows:
            return 0
        with restricted_to(None), self._database.writing() as connection:
            if self._database.dialect == "postgresql":
                _copy(connection, rows.values())
            else:
                _insert(connection, rows.values())
            desk_figures.keep_newest(connection, given)
        return len(rows)

    def latest(self, since: datetime, *, names: Collection[str] | None = None, among: frozenset[str] | None = None,
               until: datetime | None = None, measured: bool = False) -> Sequence[Figure]:  # fmt: skip
        """The newest of each name and subject, not older than `since`; by name and subject.

        measured: the newest of those that have a value.
        """
        wanted = _within(select(*ALL), since, until, names, among, measured=measured)
        if self._database.dialect == "postgresql":
            from sqlalchemy.dialects.postgresql import distinct_on

            wanted = wanted.ext(distinct_on(figures.c.name, figures.c.subject))
            wanted = wanted.order_by(figures.c.name, figures.c.subject, figures.c.timestamp.desc())
        else:
            # SQLite takes the other columns of a group from the row that has its maximum.
            newest = func.max(figures.c.timestamp, type_=figures.c.timestamp.type).label("timestamp")
            newest_of = [newest if name == "timestamp" else figures.c[name] for name in READ]
            wanted = _within(select(*newest_of), since, until, names, among, measured=measured)
            wanted = wanted.group_by(figures.c.name, figures.c.subject).order_by(figures.c.name, figures.c.subject)
        return self._read(wanted)

    def series(self, name: str, since: datetime, until: datetime | None = None, *, subject: str | None = None,
               among: frozenset[str] | None = None, limit: int = 100_000) -> Sequence[Figure]:  # fmt: skip
        """In the order of subject and instant, from `since` on and before `until`."""
        wanted = _within(select(*ALL), since, until, [name], among)
        if subject is not None:
            wanted = wanted.where(figures.c.subject == subject)
        return self._read(wanted.order_by(figures.c.subject, figures.c.timestamp).limit(limit))

    def forget_before(self, instant: datetime) -> int:
        """Returns how many rows went."""
        with restricted_to(None), self._database.writing() as connection:
            return connection.execute(delete(figures).where(figures.c.timestamp < instant)).rowcount

    def tend(self, keep_days: float, now: datetime | None = None) -> int:
        """What is past its days goes, once a whole hour of it is: a sweep comes often. now: for tests; else the database's."""
        with restricted_to(None), self._database.reading() as connection:
            last = (now or database_now(connection)) - timedelta(days=keep_days)
            oldest = connection.execute(select(func.min(figures.c.timestamp, type_=figures.c.timestamp.type))).scalar()
        return 0 if oldest is None or oldest >= last - HOUR else self.forget_before(last)

    def _read(self, wanted: Select[Any]) -> list[Figure]:
        with self._database.reading() as connection:
            return _figures(connection.execute(wanted))


def _within(wanted: Select[Any], since: datetime, until: datetime | None, names: Collection[str] | None,
            among: frozenset[str] | None, *, measured: bool = False) -> Select[Any]:  # fmt: skip
    wanted = wanted.where(figures.c.timestamp >= since)
    if measured:
        wanted = wanted.where(figures.c.value.is_not(None))
    if until is not None:
        wanted = wanted.where(figures.c.timestamp < until)
    if names is not None:
        wanted = wanted.where(figures.c.name.in_(names))
    if among is not None:
        wanted = wanted.where(figures.c.portfolio_id.in_(among))
    return wanted


def _rows(given: Sequence[Figure]) -> Iterator[tuple[Any, ...]]:
    """In the order of COLUMNS, the detail as text."""
    for figure in given:
        name, subject, book = figure.name, figure.subject, figure.portfolio_id
        if len(name) > MOST["name"] or len(subject) > MOST["subject"] or len(book or "") > MOST["portfolio_id"]:
            raise InvalidValue("figure", f"{name} of {subject}", f"is too long; this takes {MOST}")
        detail = to_json(figure.detail) if figure.detail else None
        yield name, subject, figure.at, book, _number(figure.value), _number(figure.limit), figure.why, detail


def _number(value: float | None) -> float | None:
    """What is no number was not measured."""
    return None if value is None or value != value else float(value)


def _insert(connection: Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """As the driver takes it: value by value through SQLAlchemy's types it takes five times as long."""
    written: dict[datetime, str] = {}

    def as_stored(at: datetime) -> str:
        if at not in written:
            written[at] = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        return written[at]

    told = [(name, subject, as_stored(at), *others) for name, subject, at, *others in rows]
    connection.exec_driver_sql(INSERTED, told)


def _copy(connection: Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """COPY into a table of this transaction, and from there to where they belong."""
    driver: Any = connection.connection.driver_connection
    connection.execute(text(ARRIVING))
    with driver.cursor() as cursor, cursor.copy(f"COPY arriving_figures ({', '.join(COLUMNS)}) FROM STDIN") as copying:
        for row in rows:
            copying.write_row(row)
    connection.execute(text(ARRIVED))


def _figures(rows: Iterable[Any]) -> list[Figure]:
    known: dict[str, Labels] = {}
    found = []
    for name, subject, at, _, value, limit, why, detail, measured, *of_a_step in rows:
        if subject not in known:
            known[subject] = labels_of(subject)
        spread = None if measured is None else Spread(measured, *of_a_step)
        found.append(Figure(name, known[subject], at, value, limit, why, detail or {}, spread))
    return found
