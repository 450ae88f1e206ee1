"""SIGTERM and SIGINT set an event, for as long as a block lasts."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

ENDING = (signal.SIGTERM, signal.SIGINT)


@contextlib.contextmanager
def told_to_stop() -> Iterator[threading.Event]:
    """Set by the first of these signals. A second one is heard as it always is: who insists need not wait."""
    stopping = threading.Event()
    before: dict[signal.Signals, Any] = {}

    def heard(_number: int, _frame: Any) -> None:
        stopping.set()
        for name, handler in before.items():
            signal.signal(name, handler)

    for name in ENDING:
        before[name] = signal.signal(name, heard)
    try:
        yield stopping
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
