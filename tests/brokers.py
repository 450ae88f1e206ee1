"""A real Pulsar broker: the one that was started for the tests, or one of a test's own, to stop and start."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
from support import REPOSITORY, free_port, wait_for

PROGRAM = REPOSITORY / ".ci" / "pulsar" / "broker"
START_SECONDS = 180
MISSING = "no Pulsar broker: `make test-services` starts one, or set PORTOPT_TEST_PULSAR_URL and PORTOPT_TEST_PULSAR_ADMIN_URL"


def addresses() -> tuple[str, str]:
    """(broker, administration). Without them a test proves nothing: in CI that is a failure, elsewhere a reason to skip."""
    found = os.environ.get("PORTOPT_TEST_PULSAR_URL"), os.environ.get("PORTOPT_TEST_PULSAR_ADMIN_URL")
    if not all(found):
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    return str(found[0]), str(found[1])


class Broker:
    """A broker of a test's own; what it keeps outlives a kill."""

    def __init__(self, home: Path) -> None:
        self.home, self.port, self.admin_port = home, free_port(), free_port()
        self.process: subprocess.Popen[bytes] | None = None
        home.mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        return f"pulsar://127.0.0.1:{self.port}"

    @property
    def admin_url(self) -> str:
        return f"http://127.0.0.1:{self.admin_port}"

    def start(self) -> None:
        command = [str(PROGRAM), str(self.home), str(self.port), str(self.admin_port)]
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        wait_for(self._is_ready, START_SECONDS, f"the broker did not start: {self.home / 'log'}")

    def _is_ready(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            pytest.fail(f"the broker ended: {(self.home / 'log').read_text()[-2000:]}")
        return healthy(self.admin_url)

    def kill(self) -> None:
        """At once, as a machine goes."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None


def healthy(admin_url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{admin_url}/admin/v2/brokers/health", timeout=5) as answer:
            return answer.read() == b"ok"
    except OSError:
        time.sleep(0.2)
        return False
