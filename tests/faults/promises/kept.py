"""What came of trying one promise: how often, what broke it, and what was measured on the way."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Kept:
    """broken: a sentence for each time that it was not kept. measured: figures by name, for the table."""

    promise: str
    tried: int = 0
    broken: list[str] = field(default_factory=list)
    measured: dict[str, object] = field(default_factory=dict)

    def require(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.broken.append(otherwise)

    @property
    def line(self) -> str:
        told = ", ".join(f"{name} {value}" for name, value in self.measured.items())
        return f"{self.promise:<44} {self.tried:>6} tried  {len(self.broken):>3} broken  {told}"


def until(condition: Callable[[], bool], seconds: float, pause: float = 0.1) -> bool:
    """Whether it came true in that time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True
