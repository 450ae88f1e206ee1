"""Opening a database: URL to engine, writers that queue instead of failing, and failures in words a desk can act on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url

from portopt.adapters.store.models import COMMAND, QUERY
from portopt.adapters.store.types import to_json
from portopt.domain.errors import DataError, InvalidValue, OutsideError, PortoptError

BUSY_SECONDS = 30.0  # how long a writer waits for its turn
CONNECT_SECONDS = 5
_POSTGRES, _SQLITE = "postgresql+psycopg", "sqlite+pysqlite"
_DRIVERS = {"postgres": _POSTGRES, "postgresql": _POSTGRES, _POSTGRES: _POSTGRES, "sqlite": _SQLITE, _SQLITE: _SQLITE}
_WRITES = "portopt_writes"


def parse_url(text: str) -> URL:
    """The database URL as it was written. Raises InvalidValue, never repeating a password."""
    try:
        url = make_url(text)
    except (exc.ArgumentError, ValueError):
        # What cannot be parsed cannot be masked either, so it is not shown.
        raise InvalidValue("database_url", "…", "this is not a database URL", fix=_EXAMPLES) from None
    if url.drivername not in _DRIVERS:
        raise InvalidValue("database_url", masked(url), "the store speaks SQLite and PostgreSQL (psycopg)", fix=_EXAMPLES)
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise InvalidValue("database_url", masked(url), "a database in memory keeps nothing; name a file", fix=_EXAMPLES)
    return url


def masked(url: URL) -> str:
    """The URL as it may be shown: without a password, wherever it stands."""
    return url.difference_update_query(["password", "passfile"]).render_as_string(hide_password=True)


_EXAMPLES = "use sqlite:////path/to/portopt.db or postgresql+psycopg://user:password@host:5432/database"


def open_engine(url: URL) -> Engine:
    """An engine that connects when first used. On SQLite both schemas are the one file."""
    options: dict[str, Any] = {"json_serializer": to_json, "hide_parameters": True}
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine.execution_options(schema_translate_map={COMMAND: None, QUERY: None})
    connect: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, "application_name": "portopt"}
    for name in connect.keys() & url.query.keys():
        del connect[name]
    return create_engine(url, connect_args=connect, pool_pre_ping=True, pool_size=5, max_overflow=10, **options)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions: _begin_sqlite does, and says which kind
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = FULL")  # a run that was reported complete survives a power cut
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads before it writes cannot be promoted while another one writes: it fails at once, without
    # waiting. Writers therefore take the lock first (measured: 925 of 1,200 such transactions failed without this).
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


class Database:
    """An engine with two doors, `reading` and `writing`; every failure leaves as one of our errors."""

    def __init__(self, url: str) -> None:
        given = parse_url(url)
        self.shown = masked(given)
        self.url = given.set(drivername=_DRIVERS[given.drivername])
        self.engine = open_engine(self.url)

    @property
    def dialect(self) -> str:
        return self.engine.dialect.name

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.translated(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: everything in it is kept, or nothing."""
        self.make_folder()
        with (
            self.translated(),
            self.engine.connect() as connection,
            connection.execution_options(**{_WRITES: True}).begin(),
        ):
            yield connection

    def make_folder(self) -> None:
        if self.dialect == "sqlite" and self.url.database:
            try:
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise OutsideError(
                    f"the folder of {self.shown} cannot be made: {error.strerror}", field="database_url", value=self.shown
                ) from error

    @contextmanager
    def translated(self) -> Iterator[None]:
        try:
            yield
        except exc.DBAPIError as error:
            raise self._in_words(error) from error
        except exc.TimeoutError as error:
            raise OutsideError(
                f"no free connection to {self.shown}: all are in use", field="database_url", value=self.shown
            ) from error
        except exc.StatementError as error:  # a value that no column can hold, found before the database saw it
            raise DataError(f"a value cannot be stored: {error.orig}", field="store") from error

    def _in_words(self, error: exc.DBAPIError) -> PortoptError:
        said = self._without_password(str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else "no reason")
        where: dict[str, Any] = {"field": "database_url", "value": self.shown, "measured": {"database_says": said}}
        if any(mark in said for mark in ("no such table", "no such column", "UndefinedTable")) or _missing(error):
            fixes = ["bring its schema up to this version (SqlStore.migrate)"]
            return DataError(f"the store at {self.shown} lacks tables of this version: {said}", fixes=fixes, **where)
        if any(mark in said for mark in ("not a database", "malformed", "encrypted")):
            fixes = ["restore the file from a backup, or name another file"]
            return DataError(f"{self.shown} is not a readable SQLite database: {said}", fixes=fixes, **where)
        if isinstance(error, exc.OperationalError | exc.InterfaceError | exc.InternalError) or error.connection_invalidated:
            return OutsideError(f"the database at {self.shown} does not answer: {said}", **where)
        return DataError(f"the database at {self.shown} refused a value: {said}", **where)

    def _without_password(self, text: str) -> str:
        for password in filter(None, (self.url.password, self.url.query.get("password"))):
            text = text.replace(str(password), "***")
        return text


def _missing(error: exc.DBAPIError) -> bool:
    """PostgreSQL: undefined table (42P01), column (42703) or schema (3F000)."""
    return getattr(error.orig, "sqlstate", None) in ("42P01", "42703", "3F000")
