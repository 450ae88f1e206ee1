"""Prices out of a database, read only."""

from __future__ import annotations

import sqlite3
from datetime import date

import pytest

from portopt.adapters.store.sql_prices import SqlProvider
from portopt.domain.errors import DataError, FileNotReadable, InvalidValue, MissingInput, OutsideError, UnknownField
from portopt.domain.market import MarketQuery

SELECT = "SELECT symbol, date, close FROM prices WHERE symbol IN :assets AND date <= :as_of AND date >= :start"


@pytest.fixture
def url(tmp_path) -> str:
    path = tmp_path / "market.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE prices (symbol TEXT, date TEXT, close NUMERIC)")
        connection.executemany(
            "INSERT INTO prices VALUES (?, ?, ?)",
            [("A", "2024-01-02", 10), ("A", "2024-01-03", 10.5), ("B", "2024-01-02", 20), ("C", "2024-01-02", 30)],
        )
    connection.close()
    return f"sqlite:///{path}"


def test_the_query_gets_assets_and_dates_as_bound_parameters(url):
    rows = SqlProvider(url, SELECT).prices(MarketQuery(assets=("A", "B'; DROP TABLE prices;--"), as_of=date(2024, 1, 2))).rows()
    assert rows == [("A", date(2024, 1, 2), 10.0)]
    every = SqlProvider(url, SELECT).prices(MarketQuery(assets=("A", "B", "C")))
    assert every.height == 4


def test_what_the_query_does_not_name_is_cut_afterwards(url):
    table = SqlProvider(url, "SELECT symbol, date, close FROM prices;").prices(MarketQuery(assets=("B",)))
    assert table.rows() == [("B", date(2024, 1, 2), 20.0)]


@pytest.mark.parametrize("query", ["DELETE FROM prices", "SELECT 1; DROP TABLE prices", "", "PRAGMA query_only = OFF"])
def test_only_one_select_is_accepted(url, query):
    with pytest.raises(InvalidValue, match="must be one SELECT"):
        SqlProvider(url, query)


def test_a_with_that_writes_is_stopped_by_the_database(url):
    writing = "WITH gone AS (SELECT 'A' AS symbol) DELETE FROM prices WHERE symbol IN (SELECT symbol FROM gone)"
    with pytest.raises(DataError, match="attempt to write a readonly database"):
        SqlProvider(url, writing).prices(MarketQuery())
    assert SqlProvider(url, "SELECT symbol, date, close FROM prices").prices(MarketQuery()).height == 4


@pytest.mark.parametrize(
    ("query", "match"),
    [
        ("SELECT * FROM nowhere", "refuses the price query: no such table: nowhere"),
        ("SELECT * FROM prices WHERE symbol = 'Z'", "gives no row"),
        ("SELECT symbol, close AS open FROM prices", "columns found: 'symbol', 'open'"),
    ],
)
def test_a_query_that_gives_no_prices_is_bad_data(url, query, match):
    with pytest.raises(DataError, match=match):
        SqlProvider(url, query).prices(MarketQuery())


def test_parameters_that_the_request_cannot_fill_are_named(url):
    with pytest.raises(MissingInput, match="asks for :assets"):
        SqlProvider(url, SELECT).prices(MarketQuery())
    with pytest.raises(UnknownField, match=r"'market_query\.asof'.*did you mean 'as_of'"):
        SqlProvider(url, "SELECT * FROM prices WHERE date <= :asof").prices(MarketQuery())


def test_more_rows_than_allowed_are_refused(url):
    with pytest.raises(DataError, match="more than 3 rows"):
        SqlProvider(url, "SELECT * FROM prices", max_rows=3).prices(MarketQuery())


def test_a_missing_database_file_is_not_created(tmp_path):
    with pytest.raises(FileNotReadable, match="there is no such database file"):
        SqlProvider(f"sqlite:///{tmp_path}/none.db", "SELECT 1").prices(MarketQuery())
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_does_not_answer_is_the_outside_worlds_failure_and_its_password_is_not_told():
    provider = SqlProvider("postgresql+psycopg://desk:s3cret@127.0.0.1:1/market", "SELECT 1")
    with pytest.raises(OutsideError, match="query on postgresql database market did not answer") as caught:
        provider.prices(MarketQuery())
    assert "s3cret" not in str(caught.value.problem()) + provider.source


def test_an_address_that_is_none_is_refused():
    with pytest.raises(InvalidValue, match="is not a database address"):
        SqlProvider("market.db", "SELECT 1")
