"""What several kinds of tests need that is no fixture: a child's environment, a free port, patience."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def environment(home: Path, api_url: str | None = None) -> dict[str, str]:
    """A child process's environment: an empty home of its own, the shared Prefect server if there is one."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PORTOPT_", "PREFECT_"))}
    env |= {
        "PORTOPT_HOME": str(home),
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY / "tests"), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
    }
    if api_url:
        env["PREFECT_API_URL"] = api_url
    return env


def wait_for(condition: Callable[[], bool], seconds: float, complaint: str) -> None:
    """Poll until `condition()`; fail with `complaint` after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.25)
    pytest.fail(complaint)


def few_days() -> dict[str, list[float]]:
    """60 assets, 10 days of returns: a sample covariance of rank 9."""
    x, returns = 99, {}
    for i in range(60):
        returns[f"s{i}"] = []
        for _ in range(10):
            x = (1103515245 * x + 12345) % 2**31
            returns[f"s{i}"].append(0.02 * (2 * x / 2**31 - 1))
    return returns
