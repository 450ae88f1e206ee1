"""Requests to a service, one after the other or as they fall due, and how long each took.

Under load a request is timed from when it was due, not from when it left: who waits for an answer before asking again asks a
slow service less, and finds it faster than its users do.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

PATIENCE = 120.0  # seconds that one answer is waited for
AT_ONCE = 64  # requests on their way
OPTIMIZE, BELIEFS = "/api/v1/optimize", "/api/v1/beliefs"


class Client:
    """Connections to one place, one a thread, kept."""

    def __init__(self, host: str, port: int) -> None:
        self._place, self._own = (host, port), threading.local()

    def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """(status, content); status 0 where the connection broke."""
        try:
            connection = self._connection()
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            return reply.status, reply.read()
        except (OSError, http.client.HTTPException):
            self._own.connection = None
            return 0, b""

    def _connection(self) -> http.client.HTTPConnection:
        found: http.client.HTTPConnection | None = getattr(self._own, "connection", None)
        if found is None:
            found = self._own.connection = http.client.HTTPConnection(*self._place, timeout=PATIENCE)
        return found

    def believe(self, beliefs: Mapping[str, Any]) -> str:
        """Beliefs sent; their id."""
        _, content = self.post(BELIEFS, json.dumps(beliefs).encode())
        return str(json.loads(content)["beliefs_id"])


def one_by_one(client: Client, bodies: Sequence[bytes]) -> list[tuple[int, float]]:
    """(status, seconds) of each, the next asked when the last is answered."""
    return [_timed(client, body, time.perf_counter()) for body in bodies]


def as_they_fall_due(client: Client, bodies: Sequence[bytes], rate: float, count: int, seed: int) -> list[tuple[int, float]]:
    """(status, seconds since it was due) of `count` requests at exponential intervals of mean 1/rate seconds."""
    gaps = np.random.default_rng(seed).exponential(1.0 / rate, count)
    due = time.perf_counter() + np.cumsum(gaps)

    def ask(k: int) -> tuple[int, float]:
        time.sleep(max(float(due[k]) - time.perf_counter(), 0.0))
        return _timed(client, bodies[k % len(bodies)], float(due[k]))

    with ThreadPoolExecutor(AT_ONCE) as callers:
        return list(callers.map(ask, range(count)))


def _timed(client: Client, body: bytes, since: float) -> tuple[int, float]:
    status, _ = client.post(OPTIMIZE, body)
    return status, time.perf_counter() - since
