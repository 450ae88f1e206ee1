"""The workflow server as a part: flows report to it, and it needs nothing but a folder."""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from pathlib import Path

from portopt.adapters.jobs.server import QUIET, command
from portopt.doors.processes.parts import Part
from portopt.doors.processes.sockets import free

LOOPBACK, API = "127.0.0.1", "PREFECT_API_URL"


def own_address() -> str:
    """Where a server of ours could listen, on this machine alone."""
    return f"http://{LOOPBACK}:{free(LOOPBACK, 0, API)}/api"


def server(address: str, home: Path, environment: Mapping[str, str]) -> Part:
    """Not started. address: as `own_address` gives it."""
    port = int(address.removesuffix("/api").rpartition(":")[2])
    return Part("workflows", command(port), {**environment, **QUIET}, log=home / "logs" / "workflows.log")


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=2.0) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except OSError:
        return False
