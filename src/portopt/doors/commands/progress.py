"""Which step is being done, on stderr, for work that takes more than a moment."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PATIENCE_SECONDS = 2.0


class Spinner:
    """A ports.Progress: silent for two seconds and wherever stderr is not a terminal, then a line that moves."""

    def __init__(self) -> None:
        self._status: Any = None
        self._name = ""
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Spinner:
        if sys.stderr.isatty():
            self._timer = threading.Timer(PATIENCE_SECONDS, self._begin)
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            self._timer = None
            if self._status is not None:
                self._status.stop()
                self._status = None

    def _begin(self) -> None:
        from rich.console import Console
        from rich.status import Status

        with self._lock:
            if self._timer is not None:
                self._status = Status(f"{self._name} …", console=Console(file=sys.stderr, highlight=False))
                self._status.start()

    def count(self, done: int, of: int) -> None:
        """How far the present step has come."""
        with self._lock:
            if self._status is not None:
                self._status.update(f"{self._name} … {done} of {of}")

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        with self._lock:
            self._name = name
            if self._status is not None:
                self._status.update(f"{name} …")
        yield


@contextmanager
def working(name: str) -> Iterator[Spinner]:
    """A command of one step."""
    with Spinner() as spinner, spinner.step(name):
        yield spinner
