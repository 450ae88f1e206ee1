"""kill -9 of the flow's process at every step boundary, then the same order again: one plan, one result, one event."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from support import environment

CHILD = Path(__file__).with_name("child.py")
PATIENCE = 900  # seconds: the machine may be busy with anything else, and is not what is tested
BOUNDARIES = [
    ("before", "resolve"),
    ("after", "fetch"),
    ("after", "begin"),
    ("after", "estimate"),
    ("after", "optimize"),
    ("after", "validate"),
    ("after", "trade"),
    ("after", "conclude"),
    ("after", "write_report"),
    ("after", "persist"),
    ("after", "publish"),
    ("after", "deliver"),
]


def run_flow(home: Path, api: str, when: str, step: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(CHILD), when, step]
    return subprocess.run(command, env=environment(home, api), capture_output=True, text=True, timeout=PATIENCE)


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


@pytest.mark.parametrize(("when", "step"), BOUNDARIES, ids=lambda value: value)
def test_a_run_killed_at_a_step_boundary_resumes_once(
    tmp_path: Path, prefect_server: str, undisturbed: str, when: str, step: str
) -> None:
    killed = run_flow(tmp_path, prefect_server, when, step)
    assert killed.returncode == -9, killed.stderr

    resumed = run_flow(tmp_path, prefect_server, "never", "-")

    assert resumed.returncode == 0, resumed.stderr
    assert resumed.stdout.startswith("Completed reb-"), resumed.stdout
    run_id = resumed.stdout.split()[1]
    assert count(tmp_path, "select count(*) from rebalance_results") == 1
    assert count(tmp_path, "select count(*) from rebalance_plans") == 1
    assert count(tmp_path, "select count(*) from outbox") == 1
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert len(events) == 1
    assert digest_in(tmp_path) == undisturbed
    assert (tmp_path / "reports" / f"{run_id}.html").exists()
