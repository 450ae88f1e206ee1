"""Servers that several kinds of tests share."""

from __future__ import annotations

import fcntl
import inspect
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings
from support import environment, free_port, wait_for

NUMBERS = count()
MIGRATE = """
import asyncio
from prefect.server.database import provide_database_interface

asyncio.run(provide_database_interface().create_db())
"""
# What the workflow server does by itself all the time and no test waits for: runs of schedules, days ahead, and what is late.
UNUSED = {f"PREFECT_SERVER_SERVICES_{one}_ENABLED": "false" for one in ("SCHEDULER", "LATE_RUNS", "FOREMAN")}
# What tests talk to is on this machine: to read every authority of the world took each client of each process 40 ms.
os.environ["SSL_CERT_FILE"] = str(Path(__file__).with_name("no_authority.pem"))

# What `make check` leaves to `make test`: folders that start servers or kill processes, and files that took five seconds.
SLOW_FOLDERS = (
    *("faults", "flows", "integration/service", "integration/events", "integration/browser", "integration/processes"),
    *("integration/upgrade", "integration/retention", "integration/waves"),
)
SLOW_FILES = (
    *("architecture/test_differential.py", "properties/test_documents_of_random_books.py", "properties/test_mutated_files.py"),
    *("properties/test_thousand_conflicts.py", "properties/test_trading_plans.py", "integration/test_same_answers.py"),
    *("integration/test_whole_shares_by_risk_measure.py", "integration/test_example_notebooks.py"),
    *("integration/test_relax_order.py", "integration/test_whole_number_wishes.py", "integration/test_histories_in_pieces.py"),
    *("integration/store/test_store_figure_thinning.py", "contracts/test_the_openapi_document_generates_clients.py"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is slow is marked, and comes first: no process is left with it at the end, while the others have nothing to do."""
    here = Path(__file__).parent
    for item in items:
        file = item.path.relative_to(here).as_posix() if item.path.is_relative_to(here) else ""
        if file in SLOW_FILES or file.startswith(tuple(f"{folder}/" for folder in SLOW_FOLDERS)):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


# The gate runs the same examples for the same code, so that it means the same twice; elsewhere every run looks at new ones.
settings.register_profile("gate", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("gate")


@pytest.fixture(autouse=True)
def faults(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """The faults of ours that became notes in an answer. A test in which one does fails, unless it takes them as `faults`."""
    seen: list[str] = []
    watch = logging.Handler()
    watch.emit = lambda record: seen.append(watch.format(record))  # type: ignore[method-assign]
    attempts = logging.getLogger("portopt.analysis.attempts")
    attempts.addHandler(watch)
    yield seen
    attempts.removeHandler(watch)
    if "faults" not in inspect.signature(request.function).parameters:
        assert not seen, seen


@pytest.fixture(scope="session")
def workflow_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a workflow server that was never used: half of what its first start takes is to make it.

    Made once for all processes of this session; a test's server starts on a copy.
    """
    own = tmp_path_factory.getbasetemp()
    kept = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "workflows.db"
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            home = tmp_path_factory.mktemp("workflow-database")
            made = home / "prefect" / "prefect.db"
            url = {"PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{made}"}
            made.parent.mkdir()
            subprocess.run([sys.executable, "-c", MIGRATE], env=environment(home) | url, check=True, capture_output=True)
            with closing(sqlite3.connect(made)) as there, closing(sqlite3.connect(f"{kept}.part")) as copy:
                there.backup(copy)
            Path(f"{kept}.part").rename(kept)
    return kept


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory, workflow_database: Path) -> Iterator[str]:
    """A real Prefect server of its own on loopback; gives its API address."""
    home = tmp_path_factory.mktemp("prefect-server")
    port = free_port()
    api = f"http://127.0.0.1:{port}/api"
    (home / "prefect").mkdir()
    shutil.copy(workflow_database, home / "prefect" / "prefect.db")
    quick = {"PREFECT_SERVER_LOGGING_LEVEL": "ERROR", "PREFECT_API_BLOCKS_REGISTER_ON_START": "false"} | UNUSED
    env = environment(home) | {"PREFECT_UI_API_URL": api} | quick
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(command, env=env, stdout=log, stderr=subprocess.STDOUT, cwd=home)
    try:
        wait_for(lambda: _healthy(api), 300, f"the Prefect server did not start; see {home / 'server.log'}")
        _heard_of(api)
        yield api
    finally:
        server.terminate()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()


def _heard_of(api: str) -> None:
    """Prefect sends events and logs from threads of its own, to which a test's settings are unknown: without an address
    they start a second server, which then runs to the end of the session."""
    from prefect.context import refresh_global_settings_context

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_API_URL", api)
        refresh_global_settings_context()


def _healthy(api: str) -> bool:
    try:
        with urllib.request.urlopen(f"{api}/health", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.fixture(scope="session", autouse=True)
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where this session's installations are made: no test reads or writes the home of the user who runs it."""
    made = tmp_path_factory.mktemp("installations")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PORTOPT_HOME", str(made / "shared"))
        yield made


@pytest.fixture(autouse=True)
def no_installation_outlives_its_test(homes: Path) -> Iterator[None]:
    """The process's one runtime is opened on the settings of whoever asks first: each test has its own, in its own home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PORTOPT_HOME", str(homes / str(next(NUMBERS))))
        yield
    opened = sys.modules.get("portopt.runtime")
    if opened is not None:
        opened.runtime.cache_clear()
