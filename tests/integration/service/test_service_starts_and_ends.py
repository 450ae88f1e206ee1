"""A server starts, answers, says what it was asked in vain, and leaves no process behind."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable

from integration.service.serving import Served
from support import wait_for

ASKED = {
    "portfolio_id": "P-1",
    "strategies": [
        {"id": "A", "expected_return": 0.08, "volatility": 0.2},
        {"id": "B", "expected_return": 0.05, "volatility": 0.1},
    ],
    "objective": "MIN_VOLATILITY",
    "method": "MEAN_VARIANCE",
    "risk_parameters": {"correlation": [[1.0, 0.2], [0.2, 1.0]]},
}


def test_a_question_is_answered(service: Served) -> None:
    answer = service.client.post("/optimize", json=ASKED)
    assert answer.status_code == 200, answer.text
    assert abs(sum(answer.json()["optimal_weights"].values()) - 1.0) < 1e-9


def test_no_process_is_left_after_sigterm(serving: Callable[..., Served]) -> None:
    served = serving(processes=1)
    children = _children(served.process.pid)
    assert children
    assert served.stop() in (0, -signal.SIGTERM)  # uvicorn ends by the signal that it was ended by
    wait_for(lambda: not [pid for pid in children if _alive(pid)], 10, "processes are left")


def _children(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in found.stdout.split()]


def _alive(pid: int) -> bool:
    found = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(found.stdout.strip()) and not found.stdout.startswith("Z")
