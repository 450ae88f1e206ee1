"""Opening a database: URL to engine, writers that queue instead of failing, and failures in words a desk can act on."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url, text

from portopt.adapters.door import said
from portopt.adapters.store.columns import COMMAND, QUERY
from portopt.adapters.store.row_security import SETTING
from portopt.adapters.store.types import to_json
from portopt.domain.access import restriction
from portopt.domain.disk import ROOM, storage_error
from portopt.domain.errors import DataError, InvalidValue, NotAllowed, OutsideError, PortoptError, RequestError

BUSY_SECONDS = 30.0  # how long a writer waits for its turn
CONNECT_SECONDS = 5
# A server that vanishes without a word, with its machine or its network, is given up after 25 seconds of silence: by the
# system's defaults that takes two hours.
SILENT = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 25_000}
_POSTGRES, _SQLITE = "postgresql+psycopg", "sqlite+pysqlite"
_DRIVERS = {"postgres": _POSTGRES, "postgresql": _POSTGRES, _POSTGRES: _POSTGRES, "sqlite": _SQLITE, _SQLITE: _SQLITE}
_WRITES = "portopt_writes"
NO_RIGHT = "42501"  # PostgreSQL: insufficient privilege
UNREADABLE = (ValueError, TypeError, AttributeError, zlib.error)  # bytes that are no JSON, date or number any more


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
        event.listen(engine, "do_connect", _as_is_allowed)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine.execution_options(schema_translate_map={COMMAND: None, QUERY: None})
    connect: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, "application_name": "portopt", **SILENT}
    for name in connect.keys() & url.query.keys():
        del connect[name]
    return create_engine(url, connect_args=connect, pool_pre_ping=True, pool_size=5, max_overflow=10, **options)


def _as_is_allowed(_dialect: Any, _record: Any, arguments: list[Any], options: dict[str, Any]) -> None:
    """Where nothing may be written the file is opened for reading alone.

    Even a reader writes beside a database in WAL mode. Where it may not, and no writer has the file open, it is read as
    what does not change; with a writer's files beside it, they are read too.
    """
    path = Path(str(arguments[0]))
    if not path.exists() or (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        return
    alone = not path.with_name(f"{path.name}-wal").exists()
    arguments[0] = f"file:{quote(str(path))}?mode=ro{'&immutable=1' if alone else ''}"
    options["uri"] = True


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
        with (
            self.translated(),
            self.engine.connect() as connection,
            connection.execution_options(postgresql_readonly=True).begin(),
        ):
            self._restrict(connection)
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
            self._restrict(connection)
            yield connection

    def _restrict(self, connection: Connection) -> None:
        """To the portfolios that this context sees, until the transaction ends; SQLite has no such wall."""
        seen = restriction()
        if seen is not None and self.dialect == "postgresql":
            told = {"setting": SETTING, "seen": to_json(sorted(seen))}
            connection.execute(text("SELECT set_config(:setting, :seen, true)"), told)

    def make_folder(self) -> None:
        if self.dialect == "sqlite" and self.url.database:
            try:
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                what = f"the folder of {self.shown} cannot be made"
                raise storage_error(what, self.shown, error, field="database_url") from error

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
        except UNREADABLE as error:
            raise DataError(
                f"the store at {self.shown} holds what cannot be read ({said(error)})",
                field="database_url",
                value=self.shown,
                fixes=["`portopt doctor` names what is damaged; restore the database from a backup"],
            ) from error

    def _in_words(self, error: exc.DBAPIError) -> PortoptError:
        told = self._without_password(str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else "no reason")
        where: dict[str, Any] = {"field": "database_url", "value": self.shown, "measured": {"database_says": told}}
        if any(mark in told for mark in ("no such table", "no such column", "UndefinedTable")) or _missing(error):
            fixes = ["portopt db upgrade brings it to this version"]
            return DataError(f"the store at {self.shown} lacks tables of this version: {told}", fixes=fixes, **where)
        if "row-level security policy" in told or "violates check option for view" in told:
            return NotAllowed(f"the store shows and takes no row of this portfolio to who asks: {told}", field="portfolio_id")
        if "readonly" in told or "read-only transaction" in told or getattr(error.orig, "sqlstate", None) == NO_RIGHT:
            fixes = ["set PORTOPT_HOME, or PORTOPT_DATABASE_URL, to where you may write"]
            return RequestError(f"the database at {self.shown} may not be written by you: {told}", fixes=fixes, **where)
        if "disk is full" in told:
            return OutsideError(f"the database at {self.shown} could not be written: {told}", fixes=[ROOM], **where)
        if "disk I/O error" in told:  # SQLite where the files beside the database find no room, too
            fixes = ["look whether the disk is full, or fails; then ask the same again: what was done is found again"]
            return OutsideError(f"the database at {self.shown} could not be read or written: {told}", fixes=fixes, **where)
        if any(mark in told for mark in ("not a database", "malformed", "encrypted")):
            fixes = ["restore the file from a backup, or name another file"]
            return DataError(f"{self.shown} is not a readable SQLite database: {told}", fixes=fixes, **where)
        if isinstance(error, exc.OperationalError | exc.InterfaceError | exc.InternalError) or error.connection_invalidated:
            return OutsideError(f"the database at {self.shown} does not answer: {told}", **where)
        return DataError(f"the database at {self.shown} refused a value: {told}", **where)

    def _without_password(self, text: str) -> str:
        for password in filter(None, (self.url.password, self.url.query.get("password"))):
            text = text.replace(str(password), "***")
        return text


def _missing(error: exc.DBAPIError) -> bool:
    """PostgreSQL: undefined table (42P01), column (42703) or schema (3F000)."""
    return getattr(error.orig, "sqlstate", None) in ("42P01", "42703", "3F000")
