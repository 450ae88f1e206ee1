"""A real server process on loopback, with a home of its own: started, asked, stopped."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from support import environment

from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

START = 180.0  # seconds to be ready in, on a machine that is busy
CHILD = Path(__file__).with_name("child.py")


@dataclass(eq=False)
class Served:
    """A server that answers. where: what it said when it was ready. home: its own."""

    process: subprocess.Popen[bytes]
    where: Mapping[str, Any]
    home: Path
    variables: Mapping[str, str]
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=f"{self.url}/api/v1", timeout=60.0)

    @property
    def url(self) -> str:
        return str(self.where["http"])

    @property
    def log(self) -> str:
        return (self.home / "server.log").read_text(encoding="utf-8", errors="replace")

    def runtime(self) -> Runtime:
        """The same installation, opened in this process: to look at what the server left, and to prepare what it finds."""
        given = {name.removeprefix("PORTOPT_").lower(): value for name, value in self.variables.items()}
        return open_runtime(Settings(home=self.home, **given))

    def stop(self) -> int:
        """SIGTERM, then its exit code; killed where it does not end."""
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def serve(home: Path, *, port: int = 0, **settings: object) -> Served:
    """Start a server on this home and wait until it is ready. settings: by name, as of Settings."""
    home.mkdir(parents=True, exist_ok=True)
    variables = {f"PORTOPT_{name.upper()}": str(value) for name, value in settings.items()}
    env = environment(home) | {"PORTOPT_HTTP_PORT": str(port), "PORTOPT_GRPC_PORT": "0"} | variables
    source = Path(__file__).parents[3] / "src"
    env["PYTHONPATH"] = os.pathsep.join([str(source), str(source.parent), env["PYTHONPATH"]])
    with (home / "server.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, str(CHILD)], env=env, stdout=subprocess.PIPE, stderr=log, cwd=home)
    return Served(process, _ready(process, home), home, variables)


def _ready(process: subprocess.Popen[bytes], home: Path) -> dict[str, Any]:
    """The one line that it prints when it is ready."""
    assert process.stdout is not None
    end = time.monotonic() + START
    with selectors.DefaultSelector() as waiting:
        waiting.register(process.stdout, selectors.EVENT_READ)
        while time.monotonic() < end and not waiting.select(0.5):
            if process.poll() is not None:
                break
    if process.poll() is None and time.monotonic() < end and (line := process.stdout.readline()):
        return dict(json.loads(line))
    process.kill()
    pytest.fail(f"the server did not start:\n{(home / 'server.log').read_text(errors='replace')[-4000:]}")
