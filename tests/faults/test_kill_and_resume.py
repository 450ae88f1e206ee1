"""kill -9 of the flow's process at its step boundaries, each time the same order again: one plan, one result, one event.

The gate kills at one of each kind; with PORTOPT_KILLS set it is every boundary.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import warm
from faults.tried_on import ALL_KILLS
from support import environment

CHILD = Path(__file__).with_name("child.py")
PATIENCE = 900  # seconds: the machine may be busy with anything else, and is not what is tested
# In the order of a run. The one after `persist` cannot follow: once the report is written the run is stored.
EVERY = [
    ("before", "resolve"),
    ("after", "fetch"),
    ("after", "begin"),
    ("after", "estimate"),
    ("after", "optimize"),
    ("after", "validate"),
    ("after", "trade"),
    ("after", "conclude"),
    ("after", "write_report"),
    ("after", "publish"),
    ("after", "deliver"),
]
OF_EACH_KIND = [("after", step) for step in ("begin", "optimize", "write_report", "publish", "deliver")]
BOUNDARIES = EVERY if ALL_KILLS else OF_EACH_KIND


def run_flow(home: Path, api: str, when: str, step: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(CHILD), when, step]
    return warm.run(command, env=environment(home, api), timeout=PATIENCE)


def count(home: Path, query: str) -> int:
    with sqlite3.connect(home / "portopt.db") as database:
        return int(database.execute(query).fetchone()[0])


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, prefect_server: str) -> str:
    """The digest of the document of a run that nobody killed."""
    home = tmp_path_factory.mktemp("undisturbed")
    assert run_flow(home, prefect_server, "never", "-").returncode == 0
    return digest_in(home)


def digest_in(home: Path) -> str:
    with sqlite3.connect(home / "portopt.db") as database:
        return str(database.execute("select document_digest from run_results").fetchone()[0])


def resumed_once(home: Path, api: str) -> None:
    resumed = run_flow(home, api, "never", "-")

    assert resumed.returncode == 0, resumed.stderr
    assert resumed.stdout.startswith("Completed reb-"), resumed.stdout
    run_id = resumed.stdout.split()[1]
    assert count(home, "select count(*) from rebalance_results") == 1
    assert count(home, "select count(*) from rebalance_plans") == 1
    assert count(home, "select count(*) from outbox") == 1
    events = [json.loads(line) for line in (home / "events.jsonl").read_text().splitlines()]
    assert len(events) == 1
    assert (home / "reports" / f"{run_id}.html").exists()


def test_a_run_killed_at_one_boundary_after_another_resumes_once(tmp_path: Path, prefect_server: str, undisturbed: str) -> None:
    """Each resumption is killed at the next boundary: what a dead one left is what the next one finds."""
    for when, step in BOUNDARIES:
        killed = run_flow(tmp_path, prefect_server, when, step)
        assert killed.returncode == -9, f"{when} {step}: {killed.stderr}"

    resumed_once(tmp_path, prefect_server)

    assert digest_in(tmp_path) == undisturbed


def test_a_run_killed_once_it_is_stored_resumes_once(tmp_path: Path, prefect_server: str, undisturbed: str) -> None:
    assert run_flow(tmp_path, prefect_server, "after", "persist").returncode == -9

    resumed_once(tmp_path, prefect_server)

    assert digest_in(tmp_path) == undisturbed
