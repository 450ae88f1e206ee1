"""Whether a question is begun at all: by how long it would wait, before anything is spent on it."""

from __future__ import annotations

import math
from collections import deque
from statistics import median

from portopt.domain.errors import TooMany

REMEMBERED = 50  # durations by operation
FIRST_GUESS = 0.1  # seconds, before any was measured


class Admission:
    """Counts what is in flight on one loop, and remembers what each operation took lately."""

    def __init__(self, processes: int, wait_seconds: float) -> None:
        self._processes, self._wait_seconds = processes, wait_seconds
        self._in_flight: dict[str, int] = {}
        self._took: dict[str, deque[float]] = {}

    def expected_wait(self) -> float:
        """Seconds until a question that comes now is begun: the work that is ahead of it, shared by the processes."""
        ahead = sum(count * self.usual(name) for name, count in self._in_flight.items())
        total = sum(self._in_flight.values())
        return 0.0 if total < self._processes else ahead / self._processes

    def usual(self, operation: str) -> float:
        took = self._took.get(operation)
        return median(took) if took else FIRST_GUESS

    def begin(self, operation: str, within: float, waited: float = 0.0) -> None:
        """Raises TooMany where it would not be begun in time.

        waited: seconds that the first of those who wait has waited already: whoever comes behind will wait no less. On a
        machine that is suddenly slow this is known long before what is slow has ended and was measured.
        """
        wait = max(self.expected_wait(), waited)
        if wait > min(self._wait_seconds, within):
            raise TooMany(wait, max(1, math.ceil(wait / 2)))
        self._in_flight[operation] = self._in_flight.get(operation, 0) + 1

    def end(self, operation: str, seconds: float | None) -> None:
        """seconds: what the work itself took; None for what was not answered."""
        self._in_flight[operation] -= 1
        if seconds is not None:
            self._took.setdefault(operation, deque(maxlen=REMEMBERED)).append(seconds)

    @property
    def in_flight(self) -> int:
        return sum(self._in_flight.values())
