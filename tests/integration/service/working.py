"""A real worker beside a server: `portopt worker` on the same home, until the test's file is done.

Its flows report to the workflow server that all tests of a process share: to start one of its own took five times as long as
all else that a worker does to be ready. That a worker starts one where none is named is a test of the processes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from integration.service.serving import Served
from support import environment, wait_for


@contextmanager
def worker_of(served: Served, api_url: str) -> Iterator[subprocess.Popen[bytes]]:
    source = Path(__file__).parents[3] / "src"
    env = environment(served.home, api_url) | {"PORTOPT_WATCH_SECONDS": "0"} | dict(served.variables)  # no test here watches
    env["PYTHONPATH"] = os.pathsep.join([str(source), str(source.parent), env["PYTHONPATH"]])
    command = [sys.executable, "-m", "portopt.doors.cli", "worker", "--json"]
    said = served.home / "worker.log"
    with said.open("wb") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=served.home)
    try:
        wait_for(lambda: process.poll() is not None or b"ready" in said.read_bytes(), 180, "the worker did not start")
        assert process.poll() is None, said.read_text(errors="replace")
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
