"""The second wall: on PostgreSQL an operation whose own check is gone shows nothing of another portfolio."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest
from integration.service import matrix
from integration.service.books import book
from integration.service.matrix import Shared, Things
from integration.service.serving import Served, serve
from integration.store.conftest import Databases
from sqlalchemy import make_url

from portopt.adapters.store.books import SqlPortfolios
from portopt.adapters.store.jobs import SqlJobs
from portopt.adapters.store.sql import SqlStore
from portopt.domain.access import Principal
from portopt.domain.errors import PortoptError
from portopt.doors.wire.answering import answer, written
from portopt.doors.wire.asked import Asked
from portopt.doors.wire.call import Call
from portopt.doors.wire.operations import OPERATIONS, Operation
from portopt.runtime import Runtime

pytestmark = pytest.mark.postgres
BOOK = book(8)
WRITES = (  # asked last: they change what is there
    "cancel_optimization", "decide", "acknowledge_alert", "close_alert", "end_silence", "put_portfolio", "put_holdings",
)  # fmt: skip
OF_ONE = ("portfolio_id", "run_id", "optimization_id", "alert_id")
READS_OF_ONE = [
    found for found in OPERATIONS.values()
    if any(name in found.path for name in OF_ONE) and found.name not in WRITES
]  # fmt: skip
LISTS = [
    found for found in OPERATIONS.values() if found.name in ("list_portfolios", "list_runs", "list_optimizations", "lookup")
]


@pytest.fixture(scope="module")
def database(databases: Databases) -> Iterator[str]:
    """Of a role that may not pass by the wall, as a superuser may."""
    role, password = f"portopt_desk_{secrets.token_hex(6)}", secrets.token_hex(12)
    with databases.admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '{password}'")
    with databases.one() as url:
        name = make_url(url).database
        with databases.admin.connect() as connection:
            connection.exec_driver_sql(f'ALTER DATABASE "{name}" OWNER TO {role}')
        yield make_url(url).set(username=role, password=password).render_as_string(hide_password=False)
        with databases.admin.connect() as connection:
            connection.exec_driver_sql(f'ALTER DATABASE "{name}" OWNER TO CURRENT_USER')
    with databases.admin.connect() as connection:
        connection.exec_driver_sql(f"DROP ROLE {role}")


@pytest.fixture(scope="module")
def served(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    found = serve(tmp_path_factory.mktemp("walled"), database_url=database)
    yield found
    found.stop()


@pytest.fixture(scope="module")
def mine(served: Served) -> Things:
    matrix.fired(served.runtime(), "P-first-1", "P-other-2")
    return matrix.seeded(served.client, "P-first-1", BOOK)


@pytest.fixture(scope="module")
def theirs(served: Served, mine: Things) -> Things:
    return matrix.seeded(served.client, "P-other-2", BOOK)


@pytest.fixture(scope="module")
def runtime(served: Served) -> Iterator[Runtime]:
    found = served.runtime()
    yield found
    found.runs.close()


@pytest.fixture
def no_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks any more at what somebody may see: not the operations, and not the lists of the stores."""
    monkeypatch.setattr(Principal, "sees", lambda _self, _id: True)
    for store, name in ((SqlStore, "runs"), (SqlJobs, "list"), (SqlJobs, "lookup"), (SqlPortfolios, "list")):
        monkeypatch.setattr(store, name, _seeing_all(getattr(store, name)))


def _seeing_all(listed: Any) -> Any:
    def all_of_them(self: Any, *among: Any, **named: Any) -> Any:
        return listed(self, *(None for _ in among), **{**named, **({"among": None} if "among" in named else {})})

    return all_of_them


def call(operation: Operation, of: Things, served: Served) -> Call:
    run = served.client.get(f"/runs/{of.run_id}").json()
    shared = Shared(run["pricing_pack_id"], "bel-none", "eight", BOOK)
    said = matrix.said(operation, of, shared)
    url = httpx.Request(operation.method, f"http://x{matrix.place(operation, of, shared)}", **said)
    template, path = operation.path.split("/"), httpx.URL(url.url).path.split("/")
    place = {key[1:-1]: value for key, value in zip(template, path, strict=True) if key.startswith("{")}
    who = Principal("blind", frozenset({operation.scope}), frozenset({"P-first-1"}))
    return Call(operation.name, place, dict(url.url.params), url.content, who=who, request_id="req-1", within=60.0)


@pytest.mark.usefixtures("no_checks")
@pytest.mark.parametrize("operation", READS_OF_ONE, ids=lambda found: found.name)
def test_nothing_of_a_foreign_portfolio_is_read(served: Served, runtime: Runtime, theirs: Things, operation: Operation) -> None:
    reply = answer(call(operation, theirs, served), runtime)
    assert reply.status in (403, 404), reply.body[:500]


@pytest.mark.usefixtures("no_checks")
@pytest.mark.parametrize("operation", LISTS, ids=lambda found: found.name)
def test_no_list_shows_it(served: Served, runtime: Runtime, mine: Things, theirs: Things, operation: Operation) -> None:
    asked = call(operation, mine, served)
    reply = answer(asked, runtime)
    assert reply.status == 200, reply.body[:500]
    assert not [name for name in theirs.names if name.encode() in reply.body]


@pytest.mark.usefixtures("no_checks")
@pytest.mark.parametrize("name", WRITES)
def test_nothing_of_it_is_written(served: Served, runtime: Runtime, theirs: Things, name: str) -> None:
    before = [served.client.get(path).json() for path in _looked_at(theirs)]
    reply = answer(call(OPERATIONS[name], theirs, served), runtime)
    assert reply.status in (403, 404), reply.body[:500]
    assert [served.client.get(path).json() for path in _looked_at(theirs)] == before


def _looked_at(of: Things) -> list[str]:
    return [f"/portfolios/{of.portfolio_id}", f"/portfolios/{of.portfolio_id}/holdings/versions", f"/runs/{of.run_id}",
            f"/optimizations/{of.optimization_id}", f"/portfolios/{of.portfolio_id}/ledger"]  # fmt: skip


@pytest.mark.usefixtures("no_checks")
def test_without_the_wall_it_would_be_shown(served: Served, runtime: Runtime, theirs: Things) -> None:
    """So that the tests above mean something: the checks are gone, and the wall alone keeps it."""
    for name in ("get_portfolio", "get_holdings", "get_run", "get_optimization", "get_ledger", "list_portfolios", "list_runs"):
        operation = OPERATIONS[name]
        try:
            told = operation.function()(Asked(call(operation, theirs, served), runtime)).value
        except PortoptError as error:
            pytest.fail(f"{name}: {error}")
        body = told if isinstance(told, bytes) else written(told)
        assert [one for one in theirs.names if one.encode() in body], orjson.loads(body)
