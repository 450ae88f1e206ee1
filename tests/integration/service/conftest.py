"""The service as whoever uses it meets it: a server process of its own on loopback.

`service` is on PostgreSQL: every other surface (command line, console, flows, notebook) is tried on SQLite, and the store has a
contract suite on both. `each_service` is for the few claims that rest on the database. Each is one for all tests of a process:
tests name things so that they do not meet. `serving` starts others, with settings of a test's own; each is stopped at the end
of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from integration.service.rpc_client import Client, Generated, generate
from integration.service.serving import Served, serve
from integration.store.conftest import Databases, databases, postgres_url

__all__ = ["databases", "postgres_url"]  # fixtures of the store's tests
ON_POSTGRES = pytest.param("postgresql", marks=pytest.mark.postgres)


@pytest.fixture(scope="session")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    yield from _served(tmp_path_factory.mktemp("service"))


@pytest.fixture(scope="session")
def on_postgres(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with databases.one() as url:
        yield from _served(tmp_path_factory.mktemp("service"), database_url=url)


@pytest.fixture(scope="module", params=[ON_POSTGRES])
def service(request: pytest.FixtureRequest) -> Served:
    found: Served = request.getfixturevalue("on_postgres")
    return found


@pytest.fixture(scope="module", params=["sqlite", ON_POSTGRES])
def each_service(request: pytest.FixtureRequest) -> Served:
    """For what rests on the database: races, keys, pages, and the rows that are left."""
    found: Served = request.getfixturevalue("on_sqlite" if request.param == "sqlite" else "on_postgres")
    return found


@pytest.fixture(scope="module")
def sqlite_service(on_sqlite: Served) -> Served:
    """For what has nothing to do with the database."""
    return on_sqlite


def _served(home: Path, **settings: object) -> Iterator[Served]:
    started = serve(home, **settings)
    try:
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Served]]:
    """serving(home=None, **settings): one more server, on a new home or on one that is there."""
    started: list[Served] = []

    def start(home: Path | None = None, **settings: object) -> Served:
        started.append(serve(home or tmp_path_factory.mktemp("service"), **settings))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    """The client that the contract of the gRPC API generates."""
    return generate(tmp_path_factory.mktemp("generated"))


@pytest.fixture(scope="module")
def rpc(service: Served, generated: Generated) -> Iterator[Client]:
    yield from _dialled(service, generated)


@pytest.fixture(scope="module")
def sqlite_rpc(sqlite_service: Served, generated: Generated) -> Iterator[Client]:
    yield from _dialled(sqlite_service, generated)


def _dialled(served: Served, generated: Generated) -> Iterator[Client]:
    client = Client(generated, str(served.where["grpc"]))
    yield client
    client.channel.close()
