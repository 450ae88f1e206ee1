"""Two databases for every store test: an SQLite file, and a PostgreSQL database of its own on a real server."""

from __future__ import annotations

import dataclasses
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url

from portopt.adapters.store.sql import SqlStore
from portopt.domain.run import Event, RunRecord, RunStatus, digest_of

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def _programs() -> Path | None:
    """The folder that holds initdb and pg_ctl: in PATH, where Debian keeps them, or where pg_config says."""
    found = [Path(shutil.which("initdb") or "/nowhere/initdb")]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    if config := shutil.which("pg_config"):
        folder = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=True).stdout.strip()
        found.append(Path(folder) / "initdb")
    return next((path.resolve().parent for path in found if path.exists()), None)


def _unprivileged() -> str | None:
    """Whom to run the server as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


class Server:
    """A PostgreSQL server in a temporary folder, on loopback."""

    def __init__(self, programs: Path, *options: str) -> None:
        self.programs, self.user = programs, _unprivileged()
        self.home = Path(tempfile.mkdtemp(prefix="portopt-postgres-"))
        if self.user:
            shutil.chown(self.home, self.user)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.data = str(self.home / "data")
        self._run("initdb", "-D", self.data, "-U", "portopt", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        self.options = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories='' -c fsync=off"
        self.start()

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://portopt:wrong-but-trusted@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        log = str(self.home / "log")
        self._run("pg_ctl", "-D", self.data, "-l", log, "-w", "-t", "60", "-o", self.options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self.data, "-m", "immediate", "stop")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.home)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        if self.user:
            command = ["runuser", "-u", self.user, "--", *command]
        # pg_ctl's child keeps the pipe open, so there is none.
        done = subprocess.run(command, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            log = self.home / "log"
            pytest.fail(f"{program} failed ({done.returncode}): {log.read_text() if log.exists() else 'no log'}")


def need_programs() -> Path:
    """Without PostgreSQL these tests prove nothing: in CI that is a failure, elsewhere a reason to skip."""
    programs = _programs()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail("no PostgreSQL server: set PORTOPT_TEST_POSTGRES_URL or install one (.ci/services.sh)")
        pytest.skip("no PostgreSQL server: set PORTOPT_TEST_POSTGRES_URL or install one")
    return programs


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A server where we may create databases."""
    if named := os.environ.get("PORTOPT_TEST_POSTGRES_URL"):
        yield named
        return
    server = Server(need_programs())
    try:
        yield server.url
    finally:
        server.remove()


@pytest.fixture
def programs() -> Path:
    """PostgreSQL's own folder of programs, for tests that need a server to themselves."""
    return need_programs()


@pytest.fixture
def own_server() -> Iterator[Callable[..., Server]]:
    """Servers of a test's own, to stop and start."""
    servers: list[Server] = []

    def make() -> Server:
        servers.append(Server(need_programs()))
        return servers[-1]

    yield make
    for server in servers:
        server.remove()


class Databases:
    """Databases on one server, each dropped when it is let go."""

    def __init__(self, server_url: str) -> None:
        self.server = make_url(server_url).set(drivername="postgresql+psycopg")
        self.admin = create_engine(self.server, isolation_level="AUTOCOMMIT")

    @property
    def can_be_copied(self) -> bool:
        """Not where TimescaleDB's background workers sit in every database: CREATE DATABASE … TEMPLATE fails there."""
        with self.admin.connect() as connection:
            workers = connection.exec_driver_sql("SELECT current_setting('timescaledb.max_background_workers', true)").scalar()
        return not int(workers or 0)

    @contextmanager
    def one(self, template: str = "template0", owner: str = "DEFAULT") -> Iterator[str]:
        name = f"portopt_test_{uuid.uuid4().hex[:12]}"
        with self.admin.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER {owner}')
        try:
            yield self.server.set(database=name).render_as_string(hide_password=False)
        finally:
            with self.admin.connect() as connection:
                connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def databases(postgres_url: str) -> Iterator[Databases]:
    found = Databases(postgres_url)
    yield found
    found.admin.dispose()


@pytest.fixture
def make_databases() -> Iterator[Callable[[str], Databases]]:
    """Databases on another server than the usual one."""
    found: list[Databases] = []

    def make(server_url: str) -> Databases:
        found.append(Databases(server_url))
        return found[-1]

    yield make
    for databases in found:
        databases.admin.dispose()


@pytest.fixture
def postgres_database(databases: Databases) -> Iterator[str]:
    """An empty database, gone afterwards."""
    with databases.one() as url:
        yield url


@pytest.fixture(scope="session")
def migrated_database(databases: Databases) -> Iterator[str]:
    """To be copied by name: migrating every test's database again would be most of the suite's time."""
    with databases.one() as url:
        _migrate(url)
        yield str(make_url(url).database)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "portopt.db"
    _migrate(f"sqlite:///{path}")
    return path


def _migrate(url: str) -> None:
    store = SqlStore(url)
    store.migrate()
    store.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind: empty for a test that uses `empty`, at this version's schema for the others."""
    migrated = "empty" not in request.fixturenames
    if request.param == "sqlite":
        if migrated:
            shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "portopt.db")
        yield f"sqlite:///{tmp_path}/portopt.db"
        return
    databases = request.getfixturevalue("databases")
    copied = migrated and databases.can_be_copied
    with databases.one(request.getfixturevalue("migrated_database") if copied else "template0") as found:
        if migrated and not copied:
            _migrate(found)
        yield found


@pytest.fixture
def empty() -> None:
    """For tests of how a database comes by its schema."""


@pytest.fixture
def store(url: str) -> Iterator[SqlStore]:
    found = SqlStore(url)
    yield found
    found.close()


@pytest.fixture
def begun() -> Callable[..., RunRecord]:
    """A run at work, by id; fields can be replaced."""

    def make(run_id: str = "reb-20261120-1", **fields: object) -> RunRecord:
        run = RunRecord(
            run_id=run_id,
            kind="rebalance",
            portfolio_id="P1",
            status=RunStatus.PROCESSING,
            request={"policy": {"limits": {"max_weight": 0.1, "max_turnover": 0.2}}, "target_type": "optimal"},
            pricing_pack_id="pack-1",
            as_of=date(2026, 11, 19),
            created_at=NOW,
        )
        return dataclasses.replace(run, **fields)

    return make


@pytest.fixture
def finished(begun: Callable[..., RunRecord]) -> Callable[..., RunRecord]:
    """The same run with its document, as reports.document spells it."""

    def make(run_id: str = "reb-20261120-1", **fields: object) -> RunRecord:
        sold = {"asset_id": "XOM", "side": "sell", "shares": 200.0, "value": "22460.00", "priority": 1}
        document = {
            "headline": {"trades": 1, "turnover": 0.3182, "total_cost": "38.69"},
            "figures": [
                {"name": "expected_return", "change": 0.005},
                {"name": "volatility", "change": -0.01},
                {"name": "sharpe_ratio", "change": 0.08},
            ],
            "trades": [{**sold, "weight_before": 0.3182, "weight_after": 0.0}],
            "proposal": [
                {"asset_id": "AAPL", "weight_before": 0.3294, "weight_after": 0.3294},
                {"asset_id": "XOM", "weight_before": 0.3182, "weight_after": 0.0},
                {"asset_id": "CASH", "weight_before": 0.0, "weight_after": 0.3182},
            ],
            "pricing_pack": {"id": "pack-1", "source": "made up"},
        }
        document = fields.get("document", document)
        signed = {"document": document, "document_digest": None if document is None else digest_of(document)}
        return begun(run_id, **{"status": RunStatus.COMPLETED, "completed_at": NOW, **signed, **fields})

    return make


@pytest.fixture
def event() -> Callable[..., Event]:
    def make(event_id: str = "e1", key: str = "P1") -> Event:
        return Event(event_id, "portfolio_optimized", key, {"event_id": event_id, "portfolio_optimized": {}}, NOW)

    return make
