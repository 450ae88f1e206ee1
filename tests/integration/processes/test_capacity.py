"""`portopt capacity`: a service of its own is loaded, every answer counted, and nothing of it is left."""

from __future__ import annotations

import json
import math
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from portopt.doors.cli import run as portopt
from portopt.doors.processes import capacity
from portopt.doors.processes.load import Client, as_they_fall_due, one_by_one


def test_a_small_load_is_answered_whole_and_told_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    code = portopt(["capacity", "--assets", "6", "--seconds", "1", "--processes", "1", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert [(row["assets"], row["lane"]) for row in found["rows"]] == [(6, "cold"), (6, "loaded")]
    assert [row["failed"] for row in found["rows"]] == [0, 0]
    assert all(0.0 < row["p50"] <= row["p95"] <= row["p99"] for row in found["rows"])
    assert code == (0 if found["met"] else 1)


def test_a_size_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert portopt(["capacity", "--assets", "fifty"]) == 2
    assert portopt(["capacity", "--assets", "1"]) == 2
    assert "--assets" in capsys.readouterr().err


def test_percentiles_are_of_answers_and_what_failed_meets_no_bar() -> None:
    answers = [(200, k / 100) for k in range(1, 101)]
    row = capacity._row(50, capacity.LOADED, 8.0, [*answers, (429, 0.001), (500, 0.002), (0, 9.0)])
    assert (row.requests, row.refused, row.failed) == (103, 1, 2)
    assert (row.p50, row.p95, row.p99) == (0.50, 0.95, 0.99)
    assert not row.is_met
    assert capacity._row(50, capacity.LOADED, 8.0, answers).is_met
    assert math.isnan(capacity._row(50, "cold", None, [(500, 1.0)]).p99)


def test_a_request_is_timed_from_when_it_was_due() -> None:
    """One at a time is answered, after a while: of requests due at once the last has waited for all before it."""
    turn, pause = threading.Lock(), threading.Event()

    class Slow(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            with turn:
                pause.wait(0.05)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Slow)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        client = Client("127.0.0.1", server.server_port)
        alone = [took for _, took in one_by_one(client, [b"{}"] * 3)]
        at_once = [took for _, took in as_they_fall_due(Client("127.0.0.1", server.server_port), [b"{}"], 1e6, 8, 1)]
    finally:
        server.shutdown()
        server.server_close()
    assert max(at_once) >= 8 * 0.05
    assert max(at_once) > 2 * min(alone)
