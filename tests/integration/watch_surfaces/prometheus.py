"""A real Prometheus on loopback that reads one service: started, asked, stopped."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from support import free_port, wait_for

CONFIGURATION = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: portopt
    static_configs: [{{targets: ["{target}"]}}]
"""


def program(variable: str) -> str:
    """Where `.ci/tools.sh` put it; without it the test skips, and the gate, which has it, fails."""
    found = os.environ.get(variable)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"{variable} names no program: .ci/tools.sh should have brought it")
        pytest.skip(f"{variable} is not set: `. .ci/tools.sh` brings it")
    return found


@dataclass
class Prometheus:
    url: str

    def ask(self, expression: str) -> list[dict[str, Any]]:
        """Series with their value now. Fails the test for an expression that is refused."""
        answer = httpx.get(f"{self.url}/api/v1/query", params={"query": expression}, timeout=30.0)
        told = json.loads(answer.text)
        assert told["status"] == "success", f"{expression}: {told}"
        return list(told["data"]["result"])

    def rules(self) -> list[dict[str, Any]]:
        """With the health of each, and its alerts."""
        groups = httpx.get(f"{self.url}/api/v1/rules", timeout=30.0).json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def metadata(self) -> dict[str, Any]:
        """By metric, its type and its words."""
        return dict(httpx.get(f"{self.url}/api/v1/metadata", timeout=30.0).json()["data"])


@contextmanager
def prometheus(folder: Path, target: str, rules: Path) -> Iterator[Prometheus]:
    """target: host:port whose /metrics it reads every second. rules: a file of rules that it evaluates as often."""
    (folder / "prometheus.yaml").write_text(CONFIGURATION.format(target=target, rules=rules))
    port = free_port()
    command = [
        program("PORTOPT_TEST_PROMETHEUS"), f"--config.file={folder / 'prometheus.yaml'}",
        f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    found = Prometheus(f"http://127.0.0.1:{port}")
    try:
        wait_for(lambda: _is_ready(found.url), 60, "Prometheus did not become ready")
        yield found
    finally:
        process.terminate()
        process.wait(30)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready", timeout=2.0).status_code == 200
    except httpx.HTTPError:
        return False
