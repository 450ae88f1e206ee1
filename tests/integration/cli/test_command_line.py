"""The installed `portopt` command, as a shell sees it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

REQUEST = {
    "portfolio_id": "p",
    "strategies": [
        {"id": "a", "expected_return": 0.10, "volatility": 0.2},
        {"id": "b", "expected_return": 0.06, "volatility": 0.1},
    ],
    "objective": "MAX_SHARPE",
    "method": "MEAN_VARIANCE",
    "risk_parameters": {"correlation": [[1, 0], [0, 1]]},
}
COMMAND = [sys.executable, "-m", "portopt.doors.cli"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "PORTOPT_HOME": str(tmp_path / "home"), "OPENBLAS_NUM_THREADS": "1", "COLUMNS": "100"}


def portopt(*words: str, environment: dict[str, str], stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words], env=environment, input=stdin, capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip


def test_the_help_lists_every_command_and_imports_nothing_heavy(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "portopt.doors.cli", "--help"],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    for command in ("rebalance", "optimize", "frontier", "explain", "replay", "packs", "doctor", "runs", "policies", "demo"):
        assert f"  {command} " in done.stdout
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert not imported & {"numpy", "scipy", "polars", "pydantic", "sqlalchemy", "rich", "prefect"}


def test_the_version_is_printed(environment: dict[str, str]) -> None:
    done = portopt("--version", environment=environment)
    assert (done.returncode, done.stdout.split()[0]) == (0, "portopt")


def test_a_request_through_a_pipe_gives_one_document(environment: dict[str, str]) -> None:
    done = portopt("optimize", "-", "--json", environment=environment, stdin=json.dumps(REQUEST))
    assert done.returncode == 0
    weights = json.loads(done.stdout)["optimal_weights"]
    # Uncorrelated, rf = 0: w_i proportional to mu_i/sigma_i^2, here 2.5 and 6
    assert weights == pytest.approx({"a": 2.5 / 8.5, "b": 6 / 8.5}, abs=1e-12)
    assert done.stderr == ""


def test_an_optimization_loads_no_frame_library_and_no_database(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "portopt.doors.cli", "optimize", "-", "--json"],
        env=environment, input=json.dumps(REQUEST), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert not imported & {"polars", "pandas", "sqlalchemy", "pydantic", "rich", "cvxpy", "prefect"}


@pytest.mark.parametrize(
    ("stdin", "code"),
    [("", "malformed_document"), ("{", "malformed_document"), ('{"a": NaN}', "malformed_document"), ("{}", "missing_input")],
)
def test_bad_documents_are_problems_and_not_tracebacks(stdin: str, code: str, environment: dict[str, str]) -> None:
    done = portopt("optimize", "-", "--json", environment=environment, stdin=stdin)
    assert done.returncode == 2
    assert json.loads(done.stdout)["code"] == code
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_error_of_ours(environment: dict[str, str]) -> None:
    process = subprocess.Popen(
        [*COMMAND, "policies", "list", "--json"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    complaint = process.stderr.read()
    assert process.wait(60) == 141
    assert complaint == b""


def idle(pid: int) -> bool:
    """True once the process has worked and then used no processor time for half a second; False where /proc is missing."""
    stat = Path(f"/proc/{pid}/stat")
    used, since = -1, time.monotonic()
    while stat.exists() and time.monotonic() - since < 60:
        now = sum(int(ticks) for ticks in stat.read_text().rpartition(")")[2].split()[11:13])
        if now == used and now > 0:
            return True
        used = now
        time.sleep(0.5)
    return False


def test_an_interrupt_while_waiting_for_input_ends_quietly(environment: dict[str, str]) -> None:
    process = subprocess.Popen(
        [*COMMAND, "optimize", "-", "--json"],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    if not idle(process.pid):
        process.kill()
        process.communicate()
        pytest.skip("needs /proc to see when the command waits for its input")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"")


def test_a_terminal_without_utf8_still_gets_its_answer(environment: dict[str, str]) -> None:
    latin = {**environment, "PYTHONIOENCODING": "ascii"}
    done = portopt("policies", "list", environment=latin)
    assert done.returncode == 0
    assert "quality_focused" in done.stdout
