"""Prices loaded into PostgreSQL by COPY, and read back by the provider that reads databases."""

from __future__ import annotations

import json
from datetime import date

import polars as pl
import pytest
from sqlalchemy import text

from portopt.adapters.store.engine import Database
from portopt.adapters.store.price_loads import load_prices
from portopt.adapters.store.sql_prices import SqlProvider
from portopt.domain.errors import DataError, InvalidValue
from portopt.domain.market import MarketQuery
from portopt.doors.cli import run
from portopt.runtime import runtime

pytestmark = pytest.mark.postgres
SELECT = "SELECT asset_id, date, close, volume FROM {} WHERE date <= :as_of"


def prices(*closes: float, asset_id: str = "A") -> pl.DataFrame:
    days = [date(2024, 1, 2 + i) for i in range(len(closes))]
    return pl.DataFrame({"asset_id": [asset_id] * len(closes), "date": days, "close": closes})


def read(url: str, table: str = "prices") -> list[tuple[object, ...]]:
    return SqlProvider(url, SELECT.format(table)).prices(MarketQuery()).sort("asset_id", "date").rows()


def test_prices_are_read_back_to_the_last_digit(postgres_database):
    odd = prices(0.1 + 0.2, 1e-300, 123456789.123456789, asset_id='quoted "A", comma')
    both = pl.concat([odd, prices(1.0, 2.0)]).with_columns(volume=pl.lit(3.5))
    assert load_prices(postgres_database, "prices", both) == 5
    expected = both.sort("asset_id", "date").rows()
    assert read(postgres_database) == expected


def test_a_second_load_replaces_the_same_days_and_keeps_the_others(postgres_database):
    load_prices(postgres_database, "prices", prices(1.0, 2.0, 3.0))
    load_prices(postgres_database, "prices", prices(9.0, 2.5))
    assert [row[2] for row in read(postgres_database)] == [9.0, 2.5, 3.0]


def test_two_prices_of_one_day_are_refused_and_nothing_is_written(postgres_database):
    with pytest.raises(DataError, match="A has more than one price on 2024-01-02"):
        load_prices(postgres_database, "prices", pl.concat([prices(1.0), prices(2.0)]))
    with Database(postgres_database).reading() as connection:
        assert connection.execute(text("SELECT to_regclass('prices')")).scalar() is None


def test_what_fails_on_the_way_leaves_what_was_there(postgres_database):
    load_prices(postgres_database, "prices", prices(1.0))
    with Database(postgres_database).writing() as connection:
        connection.execute(text("ALTER TABLE prices ADD CHECK (close < 100)"))
    with pytest.raises(DataError):
        load_prices(postgres_database, "prices", prices(50.0, 200.0))
    assert [row[2] for row in read(postgres_database)] == [1.0]


@pytest.mark.parametrize("table", ["", "a b", "prices; DROP TABLE x", 'p"', "a.b.c", "1a", "x" * 64])
def test_a_name_that_is_none_is_refused(postgres_database, table):
    with pytest.raises(InvalidValue):
        load_prices(postgres_database, table, prices(1.0))


def test_another_database_is_told_to_read_the_file(tmp_path):
    with pytest.raises(InvalidValue, match="PostgreSQL"):
        load_prices(f"sqlite:///{tmp_path}/x.db", "prices", prices(1.0))


def test_the_command_loads_a_file_and_says_how_to_read_it(postgres_database, tmp_path, monkeypatch, capsys):
    file = tmp_path / "prices.csv"
    prices(1.0, 2.0).write_csv(file)
    monkeypatch.setenv("PORTOPT_MARKET_URL", postgres_database)
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    runtime.cache_clear()
    assert run(["db", "load-prices", str(file), "--into", "public.prices", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["rows"] == 2
    assert SqlProvider(postgres_database, said["market_query"]).prices(MarketQuery()).height == 2
    runtime.cache_clear()
