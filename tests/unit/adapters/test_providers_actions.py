"""Corporate actions from files, HTTP services and databases: one table, the same rules."""

from __future__ import annotations

import sqlite3
from datetime import date
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from portopt.adapters.providers.actions import FileActions, HttpActions
from portopt.adapters.store.sql_actions import SqlActions
from portopt.domain.action import Action
from portopt.domain.errors import DataError, InvalidValue, MissingInput, OutsideError, RequestError
from portopt.domain.market import MarketQuery
from portopt.runtime import Runtime
from portopt.settings import Settings

WANTED = (
    Action("A", "split", date(2024, 2, 1), ratio=(7, 1)),
    Action("B", "dividend", date(2024, 3, 1), date(2024, 3, 15), amount=Decimal("0.25")),
)
CSV = "symbol,ex_date,type,ratio,amount,pay_date\nB,2024-03-01,dividend,,0.25,2024-03-15\nA,2024-02-01,split,7:1,,\n"
ROWS = [
    {"symbol": "B", "ex_date": "2024-03-01", "type": "dividend", "amount": 0.25, "pay_date": "2024-03-15"},
    {"symbol": "A", "ex_date": "2024-02-01", "type": "split", "ratio": "7:1"},
]
QUERY = MarketQuery()


def over_http(answer: httpx.Response, asked: list[httpx.Request] | None = None, **options) -> HttpActions:
    def service(request: httpx.Request) -> httpx.Response:
        if asked is not None:
            asked.append(request)
        return answer

    return HttpActions("https://actions.example/v1", transport=httpx.MockTransport(service), sleep=lambda _: None, **options)


@pytest.fixture
def database(tmp_path: Path) -> str:
    path = tmp_path / "market.db"
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE actions (symbol TEXT, ex_date TEXT, type TEXT, ratio TEXT, amount NUMERIC, pay_date TEXT)"
        )
        rows = [("B", "2024-03-01", "dividend", None, 0.25, "2024-03-15"), ("A", "2024-02-01", "split", "7:1", None, None)]
        connection.executemany("INSERT INTO actions VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.close()
    return f"sqlite:///{path}"


def test_a_file_a_service_and_a_database_give_the_same_actions(tmp_path: Path, database: str):
    (tmp_path / "actions.csv").write_text(CSV)
    answers = [
        httpx.Response(200, text=CSV, headers={"content-type": "text/csv"}),
        httpx.Response(200, json=ROWS),
        httpx.Response(200, json={"actions": ROWS}),
    ]
    assert FileActions(tmp_path / "actions.csv").actions(QUERY) == WANTED
    assert SqlActions(database, "SELECT * FROM actions").actions(QUERY) == WANTED
    assert [over_http(answer).actions(QUERY) for answer in answers] == [WANTED] * 3


def test_only_the_assets_that_are_asked_for_are_given(tmp_path: Path, database: str):
    (tmp_path / "actions.csv").write_text(CSV)
    query, asked = MarketQuery(assets=("A",)), []
    every = [FileActions(tmp_path / "actions.csv"), SqlActions(database, "SELECT * FROM actions WHERE symbol IN :assets"),
             over_http(httpx.Response(200, json=ROWS), asked)]  # fmt: skip
    assert [provider.actions(query) for provider in every] == [WANTED[:1]] * 3
    assert asked[0].url.params["assets"] == "A"


def test_no_action_is_an_answer(database: str):
    assert over_http(httpx.Response(200, json=[])).actions(QUERY) == ()
    assert SqlActions(database, "SELECT * FROM actions WHERE symbol = 'Z'").actions(QUERY) == ()


def test_what_is_wrong_is_named_with_the_service_or_the_database(database: str):
    wrong = [{"symbol": "A", "ex_date": "2024-02-01", "type": "split", "ratio": "seven"}]
    with pytest.raises(DataError, match=r"service at actions.example: row 1, column ratio: 'seven' is no ratio"):
        over_http(httpx.Response(200, json=wrong)).actions(QUERY)
    with pytest.raises(DataError, match="answered 404 instead of actions"):
        over_http(httpx.Response(404)).actions(QUERY)
    with pytest.raises(OutsideError, match="gave up after 4 of 4 attempts"):
        over_http(httpx.Response(503)).actions(QUERY)
    with pytest.raises(DataError, match="refuses the query for actions: no such table"):
        SqlActions(database, "SELECT * FROM nowhere").actions(QUERY)
    with pytest.raises(InvalidValue, match="actions_query"):
        SqlActions(database, "DELETE FROM actions")


def test_an_installation_names_where_its_actions_come_from(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "actions.csv").write_text(CSV)
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PORTOPT_MARKET_URL", database)
    monkeypatch.setenv("PORTOPT_ACTIONS_QUERY", "SELECT * FROM actions")
    here = Runtime(Settings())
    assert here.actions(f"files:{tmp_path / 'actions.csv'}").actions(QUERY) == WANTED
    assert here.actions("sql").actions(QUERY) == WANTED
    with pytest.raises(MissingInput, match="PORTOPT_ACTIONS_URL"):
        here.actions("http")
    with pytest.raises(RequestError, match="no provider of actions 'fax'"):
        here.actions("fax")
