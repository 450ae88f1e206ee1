"""`portopt serve`, as a real process: where it is, what it refuses, how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import httpx
import pytest
from started import CLI, Started, none_is_left, processes_of, started
from support import environment, wait_for

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
    with started(tmp_path, "serve", "--http", "0", "--grpc", "0") as running:
        assert asked_of(running) == 200
        assert len(processes_of(tmp_path)) > 1
        assert running.end() == 0
        none_is_left(tmp_path)
        assert len(running.said) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["SIGINT", "SIGKILL"])
def test_however_it_ends_no_process_is_left(tmp_path: Path, number: int) -> None:
    with started(tmp_path, "serve", "--http", "0", "--grpc", "0") as running:
        assert asked_of(running) == 200
        assert running.end(number) == (0 if number == signal.SIGINT else -number)
        none_is_left(tmp_path)


def test_a_process_that_answers_questions_and_dies_is_replaced(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--http", "0", "--grpc", "0", PORTOPT_PROCESSES="1") as running:
        assert asked_of(running) == 200
        (child,) = set(processes_of(tmp_path)) - {running.process.pid}
        os.kill(child, signal.SIGKILL)
        wait_for(lambda: asked_of(running) == 200, 60, "nobody answers any more")


def refused(home: Path, *words: str, **settings: str) -> tuple[int, dict]:
    command = [*CLI, "serve", *words, "--json"]
    done = subprocess.run(command, env=environment(home) | settings, capture_output=True, text=True, timeout=120)
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("name", ["--http", "--grpc"])
def test_a_port_that_is_taken_is_told_with_what_holds_it(tmp_path: Path, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        ports = {"--http": "0", "--grpc": "0", name: str(port)}
        code, problem = refused(tmp_path, *(word for pair in ports.items() for word in pair))
    assert (code, problem["code"], problem["asked"]["field"]) == (2, "conflict", name)
    assert f"port {port} is taken by process {os.getpid()} (" in problem["detail"]
    none_is_left(tmp_path)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "203.0.113.7", "example"])
def test_beyond_loopback_without_keys_is_refused_before_anything_listens(tmp_path: Path, host: str) -> None:
    code, problem = refused(tmp_path, "--http", "0", PORTOPT_HTTP_HOST=host)
    assert (code, problem["asked"]["field"]) == (2, "PORTOPT_HTTP_HOST")
    assert "is reached from other machines, and access is open" in problem["detail"]
    assert any("PORTOPT_ACCESS=keys" in fix for fix in problem["fixes"])


def test_that_nobody_is_asked_for_a_key_is_said(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--http", "0", "--grpc", "0") as running:
        assert running.ready()["access"] == "open"
        assert "access is open" in running.errors.read_text()
