"""What work that is done in pieces says of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

Done = Callable[[str], bytes]  # a finished piece by its name


class Work(Protocol):
    """rounds: names of pieces; those of one round need nothing of each other, and of earlier rounds whatever they like."""

    @property
    def rounds(self) -> tuple[tuple[str, ...], ...]: ...

    def work(self, piece: str, done: Done) -> bytes:
        """The same bytes whoever does it. Raises PortoptError."""
        ...

    def document(self, done: Done) -> Mapping[str, Any]:
        """What came out, once every piece is finished."""
        ...
