"""Prices out of somebody's database: one SELECT from the configuration, bound parameters, nothing written."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import polars as pl
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, InterfaceError, NoSuchModuleError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from portopt.adapters.door import speaking_for
from portopt.domain.errors import DataError, FileNotReadable, InvalidValue, MissingInput, OutsideError, UnknownField
from portopt.domain.market import MarketQuery
from portopt.tables.account import Account
from portopt.tables.frames import table_of_frame
from portopt.tables.prices import prices_of

READS = re.compile(r"\s*(select|with)\b", re.IGNORECASE)
QUERIES = {"market_query": "price query", "actions_query": "query for actions"}
CONNECT_SECONDS = 5
STATEMENT_MILLISECONDS = 60_000


class SqlProvider:
    """Runs one query in a read-only transaction.

    Args:
        url: a SQLAlchemy address; its password appears nowhere else.
        query: a SELECT giving asset_id, date, close and optionally volume (or a wide table). It may name the bound
            parameters :assets (inside IN :assets), :as_of and :start; what it does not name is cut afterwards.
        max_rows: more rows than this are refused, not held. setting: what the query is called where it is configured.
    """

    name = "sql"

    def __init__(
        self, url: str, query: str, *, adjustment: str = "unknown", max_rows: int = 50_000_000, setting: str = "market_query",
    ) -> None:  # fmt: skip
        if not READS.match(query) or ";" in query.rstrip().rstrip(";"):
            raise InvalidValue(setting, query, "must be one SELECT", fix="write a single SELECT … or WITH … SELECT …")
        self.setting = setting
        try:
            self.url = sa.make_url(url)
        except sa.exc.ArgumentError as error:
            raise InvalidValue("market_url", "…", "is not a database address") from error
        self.query, self.adjustment, self.max_rows = query, adjustment, max_rows
        self.notes: tuple[str, ...] = ()
        self.source = f"query on {self.url.get_backend_name()} database {self.url.database or self.url.host}"

    def prices(self, query: MarketQuery) -> pl.DataFrame:
        """See ports.MarketDataProvider. Raises OutsideError for no answer, DataError for a refused query."""
        table = self.table(query)
        if not table.height:
            raise DataError(f"{self.source} gives no row", field="provider", value="sql", measured={"columns": table.columns})
        said = Account(self.source)
        long = prices_of(table_of_frame(table, self.source), said).long
        self.notes = tuple(said.notes)
        return long if query.assets is None else long.filter(pl.col("asset_id").is_in(list(query.assets)))

    def table(self, query: MarketQuery) -> pl.DataFrame:
        """What the query gives, as it gives it; errors as those of `prices`."""
        with speaking_for(f"the {self.source}", field=self.setting):
            return self._table(query)

    def _table(self, query: MarketQuery) -> pl.DataFrame:
        statement = sa.text(self.query)
        bound = self._bound(statement, query)
        if "assets" in bound:
            statement = statement.bindparams(sa.bindparam("assets", expanding=True))
        try:
            engine = self._engine()
            try:
                with engine.connect() as connection:
                    self._make_read_only(connection)
                    result = connection.execution_options(stream_results=True).execute(statement, bound)
                    table = self._collected(result)
                    connection.rollback()
            finally:
                engine.dispose()
        except (OperationalError, InterfaceError) as error:
            if not self._is_refusal(error):
                raise OutsideError(f"{self.source} did not answer: {_said(error)}", field="provider", value="sql") from error
            raise self._refused(error) from error
        except (SQLAlchemyError, NoSuchModuleError) as error:
            raise self._refused(error) from error
        return table

    def _bound(self, statement: sa.TextClause, query: MarketQuery) -> dict[str, object]:
        """The parameters that the query names; no date asked for is any date."""
        known: dict[str, object] = {"as_of": query.as_of or date.max, "start": query.start or date.min}
        named = set(statement.compile().params)
        if "assets" in named and query.assets is None:
            raise MissingInput(
                f"the {QUERIES.get(self.setting, 'query')} asks for :assets, and the request names none", field="assets"
            )
        if query.assets is not None:
            known["assets"] = list(query.assets)
        for name in sorted(named - {"assets", *known}):
            raise UnknownField(name, ["assets", "as_of", "start"], path=self.setting)
        return {name: known[name] for name in named}

    def _engine(self) -> sa.Engine:
        options: dict[str, object] = {}
        database = self.url.database
        if self.url.get_backend_name() == "sqlite" and database and not Path(database).is_file():
            # Connecting would make an empty one.
            raise FileNotReadable(f"{database}: there is no such database file", field="market_url", value=database)
        if self.url.get_backend_name() == "postgresql":
            options = {"connect_timeout": CONNECT_SECONDS, "options": f"-c statement_timeout={STATEMENT_MILLISECONDS}"}
        return sa.create_engine(self.url, poolclass=NullPool, connect_args=options)

    def _make_read_only(self, connection: sa.Connection) -> None:
        # A WITH can hold an UPDATE, a SELECT can call a function that writes: the database itself must say no.
        backend = self.url.get_backend_name()
        if backend == "postgresql":
            connection.execute(sa.text("SET TRANSACTION READ ONLY"))
        elif backend == "sqlite":
            connection.execute(sa.text("PRAGMA query_only = ON"))

    def _collected(self, result: sa.CursorResult[tuple[object, ...]]) -> pl.DataFrame:
        names, parts, rows = list(result.keys()), [], 0
        for chunk in result.partitions(100_000):
            rows += len(chunk)
            if rows > self.max_rows:
                raise DataError(f"{self.source} gives more than {self.max_rows:,} rows", field="provider", value="sql")
            columns = zip(*chunk, strict=True)
            parts.append(pl.DataFrame({n: pl.Series(n, list(c), strict=False) for n, c in zip(names, columns, strict=True)}))
        if not parts:
            return pl.DataFrame({name: pl.Series(name, [], dtype=pl.String) for name in names})
        return pl.concat(parts, how="vertical_relaxed")

    def _is_refusal(self, error: DBAPIError) -> bool:
        """SQLite says "no such table" in the same class of error as "cannot open the file"."""
        return self.url.get_backend_name() == "sqlite" and not re.search(r"unable to open|locked|disk", str(error.orig))

    def _refused(self, error: Exception) -> DataError:
        return DataError(
            f"{self.source} refuses the {QUERIES.get(self.setting, 'query')}: {_said(error)}",
            field=self.setting,
            fixes=["run the query in the database's own shell and correct it"],
        )


def _said(error: Exception) -> str:
    """The driver's first line; never the statement or the address, which may hold a password."""
    original = getattr(error, "orig", None)
    return str(original or type(error).__name__).strip().splitlines()[0]
