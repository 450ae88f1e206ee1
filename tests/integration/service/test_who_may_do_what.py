"""Every operation of the catalog, asked by everybody: who may, who may not, and what those may learn who may not.

All of them on PostgreSQL, where the security of rows stands behind the doors; every fifth also on SQLite, where the doors are
alone (PORTOPT_TEST_FULL: all on both).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from integration.service import matrix
from integration.service.books import book
from integration.service.doors import ALL, Doors
from integration.service.serving import Served, serve
from integration.store.conftest import Databases

from portopt.domain.access import Principal
from portopt.doors.wire.operations import OPERATIONS, Operation

BOOK = book(8)
UNKNOWN = "pok_" + "x" * 43
EVERY = 1 if os.environ.get("PORTOPT_TEST_FULL") else 5


@pytest.fixture(scope="module")
def on_sqlite_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    yield from _opened(serve(tmp_path_factory.mktemp("doors"), access="keys"))


@pytest.fixture(scope="module")
def on_postgres_alone(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    with databases.one() as url:
        yield from _opened(serve(tmp_path_factory.mktemp("doors"), access="keys", database_url=url))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def doors(request: pytest.FixtureRequest) -> Doors:
    """One of the two, each opened once for all tests of the file."""
    found: Doors = request.getfixturevalue("on_sqlite_alone" if request.param == "sqlite" else "on_postgres_alone")
    return found


def _opened(served: Served) -> Iterator[Doors]:
    try:
        yield Doors(served, BOOK)
    finally:
        served.stop()


def asked(operations: list[Operation]) -> pytest.MarkDecorator:
    """Each on PostgreSQL, some on SQLite."""
    on_sqlite = [pytest.param("sqlite", found, id=f"sqlite-{found.name}") for found in operations[::EVERY]]
    on_postgres = [
        pytest.param("postgresql", found, marks=pytest.mark.postgres, id=f"postgresql-{found.name}") for found in operations
    ]
    return pytest.mark.parametrize(("doors", "operation"), [*on_sqlite, *on_postgres], indirect=["doors"])


every_operation = asked(list(OPERATIONS.values()))
about_a_portfolio = asked([found for found in OPERATIONS.values() if matrix.is_about(found)])


def refused(response: httpx.Response, status: int, code: str) -> None:
    assert response.status_code == status, response.text[:500]
    assert response.json()["code"] == code
    assert response.headers["content-type"] == "application/problem+json"


@every_operation
def test_nobody_comes_in_without_a_key_that_counts(doors: Doors, operation: Operation) -> None:
    for key in (None, UNKNOWN, "not.a.token", "x"):
        response = doors.ask(doors.with_key(key), operation, doors.mine)
        refused(response, 401, "not_authenticated")
        assert response.headers["www-authenticate"] == "Bearer"


def test_a_revoked_key_opens_nothing_within_seconds(doors: Doors) -> None:
    key_id, key = doors.keys.create(ALL)
    client = doors.with_key(key)
    assert client.get("/portfolios").status_code == 200
    assert doors.keys.revoke(key_id)
    time.sleep(2.2)
    for operation in OPERATIONS.values():
        refused(doors.ask(client, operation, doors.mine), 401, "not_authenticated")


@every_operation
def test_every_scope_but_the_one_that_is_needed_opens_nothing(doors: Doors, operation: Operation) -> None:
    response = doors.ask(doors.as_one("without the scope", operation), operation, doors.mine)
    refused(response, 403, "not_allowed")
    assert operation.scope in response.json()["detail"]


@about_a_portfolio
def test_what_is_foreign_is_as_if_it_were_missing(doors: Doors, operation: Operation) -> None:
    """Byte for byte, but for the names that were asked for."""
    client = doors.as_one("without the portfolio", operation)
    missing = matrix.absent(doors.mine)
    told = {of: doors.ask(client, operation, of) for of in (doors.mine, doors.theirs, missing)}
    alike = {matrix.without_names(response, of)[:2] for of, response in told.items()}
    assert len(alike) == 1, alike
    headers = [matrix.without_names(response, of)[2] for of, response in told.items()]
    assert headers[0] == headers[1] == headers[2]
    for of, response in told.items():
        if operation.name == "optimize_batch":
            assert response.json()[0]["status"] == 404
        else:
            assert response.status_code == 404, response.text[:500]
        for other in (doors.mine, doors.theirs):
            if other is not of:
                assert not [name for name in other.names if name in response.text]


@about_a_portfolio
def test_what_is_of_another_portfolio_is_missing_for_who_has_one(doors: Doors, operation: Operation) -> None:
    client = doors.as_one("with both", operation)
    response = doors.ask(client, operation, doors.theirs)
    if operation.name == "optimize_batch":
        assert response.json()[0]["status"] == 404
    else:
        refused(response, 404, "not_found")


@every_operation
def test_who_has_both_gets_an_answer(doors: Doors, operation: Operation) -> None:
    client = doors.as_one("with both", operation)
    response = doors.ask(client, operation, doors.mine)
    assert response.status_code < 500, response.text[:1000]
    assert response.status_code not in (401, 403, 404), response.text[:1000]
    assert not [name for name in doors.theirs.names if name in response.text]


@every_operation
def test_who_may_do_everything_gets_an_answer(doors: Doors, operation: Operation) -> None:
    response = doors.ask(doors.as_one("everything", operation), operation, doors.theirs)
    assert response.status_code < 500, response.text[:1000]
    assert response.status_code not in (401, 403, 404), response.text[:1000]


LISTS: list[tuple[str, dict[str, Any]]] = [
    ("/portfolios", {}), ("/runs", {}), ("/optimizations", {}), ("/runs", {"limit": 1}), ("/runs", {"kind": "rebalance"}),
    ("/backtests", {}), ("/walk-forwards", {}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "params"), LISTS)
def test_a_list_shows_nothing_of_what_is_foreign(doors: Doors, path: str, params: dict[str, Any]) -> None:
    mine = doors.client("reader of mine", Principal("reader", frozenset({"read"}), frozenset({doors.mine.portfolio_id})))
    none = doors.client("reader of none", Principal("reader", frozenset({"read"}), frozenset()))
    everything = doors.client("admin", ALL)
    assert doors.mine.portfolio_id in mine.get(path, params=params).text or path == "/optimizations"
    assert doors.theirs.portfolio_id in everything.get(path).text
    for name in doors.theirs.names:
        assert name not in mine.get(path, params=params).text
    for name in (*doors.mine.names, *doors.theirs.names):
        assert name not in none.get(path, params=params).text


def test_a_cursor_of_what_is_foreign_tells_nothing(doors: Doors) -> None:
    mine = doors.client("reader of mine", Principal("reader", frozenset({"read"}), frozenset({doors.mine.portfolio_id})))
    gone = matrix.absent(doors.theirs)
    for path, known, unknown in (
        ("/runs", doors.theirs.run_id, gone.run_id),
        ("/optimizations", doors.theirs.optimization_id, gone.optimization_id),
        ("/backtests", doors.theirs.backtest_id, gone.backtest_id),
        ("/walk-forwards", doors.theirs.walk_forward_id, gone.walk_forward_id),
        ("/comparisons", doors.theirs.comparison_id, gone.comparison_id),
    ):
        told = [mine.get(path, params={"cursor": name}) for name in (known, unknown)]
        assert told[0].status_code == told[1].status_code
        assert doors.theirs.portfolio_id not in told[0].text


def test_what_is_decided_is_recorded_with_who_decided(doors: Doors) -> None:
    """A proposal that waits for a person, proposed by one key and rejected by another."""
    portfolio = doors.theirs.portfolio_id
    desk = doors.client("maker", Principal("desk", frozenset({"propose", "read"}), frozenset({portfolio})))
    chief = doors.client("checker", Principal("chief", frozenset({"approve", "read"}), frozenset({portfolio})))
    run = doors.theirs.run_id
    assert desk.post(f"/runs/{run}/approval", json={"decision": "approve"}).status_code == 403
    chief.post(f"/runs/{run}/approval", json={"decision": "approve"})
    desk.put(f"/portfolios/{portfolio}/holdings", json={"N00": 1})
    doors.client("clerk", Principal("clerk", frozenset({"import"}), frozenset({portfolio}))).put(
        f"/portfolios/{portfolio}/holdings", json={"N00": 100.0, "N01": 50.0}
    )
    told = chief.get(f"/portfolios/{portfolio}/ledger", params={"limit": 500}).json()["entries"]
    assert ("holdings", "clerk") in {(entry["kind"], entry["subject"]) for entry in told}
    assert "desk" not in {entry["subject"] for entry in told if entry["kind"] == "holdings"}
    assert chief.get(f"/portfolios/{portfolio}/ledger/verification").json()["intact"] is True
