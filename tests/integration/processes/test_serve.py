"""`portopt serve`, as a real process: where it is, what it refuses, how it ends."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from started import Started, none_is_left, processes_of, started
from support import wait_for

from portopt.doors.cli import run as portopt

Refused = Callable[..., tuple[int, dict]]

ASKED = {
    "portfolio_id": "elsewhere",
    "strategies": [
        {"id": "a", "expected_return": 0.05, "volatility": 0.1},
        {"id": "b", "expected_return": 0.07, "volatility": 0.2},
    ],
    "risk_parameters": {"correlation": [[1.0, 0.2], [0.2, 1.0]]},
    "objective": "MIN_VOLATILITY",
    "method": "MEAN_VARIANCE",
}


def asked_of(running: Started) -> int:
    where = running.ready()["http"]
    return httpx.post(f"{where}/api/v1/optimize", json=ASKED, timeout=60).status_code


def test_it_says_where_it_is_answers_and_ends_on_sigterm_with_code_zero_leaving_no_process(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--http", "0", "--grpc", "0", PORTOPT_PROCESSES="2") as running:
        assert asked_of(running) == 200
        assert running.ready()["access"] == "open"
        assert "access is open" in running.errors.read_text(), "that nobody is asked for a key is said"
        assert len(processes_of(tmp_path)) > 1
        assert running.end() == 0
        none_is_left(tmp_path)
        assert len(running.said) == 1


def test_one_that_is_killed_leaves_no_process(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--http", "0", "--grpc", "0", PORTOPT_PROCESSES="1") as running:
        assert asked_of(running) == 200
        assert running.end(signal.SIGKILL) == -signal.SIGKILL
        none_is_left(tmp_path)


def test_a_process_that_answers_questions_and_dies_is_replaced_and_on_sigint_none_is_left(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--http", "0", "--grpc", "0", PORTOPT_PROCESSES="1") as running:
        assert asked_of(running) == 200
        (child,) = set(processes_of(tmp_path)) - {running.process.pid}
        os.kill(child, signal.SIGKILL)
        wait_for(lambda: asked_of(running) == 200, 60, "nobody answers any more")
        assert running.end(signal.SIGINT) == 0
        none_is_left(tmp_path)


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refused:
    """refused(*words, **settings): the command's exit code and its problem, in this process: nothing is started."""

    def refused(*words: str, **settings: str) -> tuple[int, dict]:
        for name, value in ({"PORTOPT_HOME": str(tmp_path)} | settings).items():
            monkeypatch.setenv(name, value)
        code = portopt(["serve", *words, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return refused


@pytest.mark.parametrize("name", ["--http", "--grpc"])
def test_a_port_that_is_taken_is_told_with_what_holds_it(refused: Refused, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        ports = {"--http": "0", "--grpc": "0", name: str(port)}
        code, problem = refused(*(word for pair in ports.items() for word in pair))
    assert (code, problem["code"], problem["asked"]["field"]) == (2, "conflict", name)
    assert f"port {port} is taken by process {os.getpid()} (" in problem["detail"]
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "203.0.113.7", "example"])
def test_beyond_loopback_without_keys_is_refused_before_anything_listens(refused: Refused, host: str) -> None:
    code, problem = refused("--http", "0", PORTOPT_HTTP_HOST=host)
    assert (code, problem["asked"]["field"]) == (2, "PORTOPT_HTTP_HOST")
    assert "is reached from other machines, and access is open" in problem["detail"]
    assert any("PORTOPT_ACCESS=keys" in fix for fix in problem["fixes"])
