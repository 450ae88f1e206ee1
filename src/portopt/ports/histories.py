"""What questions about histories leave: what was tried, and finished pieces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from portopt.domain.trials import TrialRecord


class TrialStore(Protocol):
    """What was tried on which assets."""

    def register(self, tried: Sequence[TrialRecord]) -> None:
        """Each counts once: one that is there gets its newest figures."""
        ...

    def count(self, family: str) -> int: ...

    def list(self, family: str) -> Sequence[TrialRecord]: ...


class PieceStore(Protocol):
    """Finished pieces of runs that take long, until the run is ended; shared by every process that works on it."""

    def put(self, run_id: str, piece: str, content: bytes) -> None:
        """Keep it; one that is there already stays as it is."""
        ...

    def get(self, run_id: str, piece: str) -> bytes | None:
        """As it was kept; None where it is not, or is damaged."""
        ...

    def has(self, run_id: str, piece: str) -> bool:
        """Whether it is there, sound."""
        ...

    def forget(self, run_id: str) -> None:
        """The run is ended, and needs its pieces no more."""
        ...

    def taken_up(self, run_id: str) -> None:
        """Somebody works on the run from now on: what is there of it is in use."""
        ...

    def idle(self, seconds: float, now: float | None = None) -> Sequence[str]:
        """Runs of which nothing was kept, and which nobody took up, for so long. now: seconds since 1970."""
        ...

    def forget_idle(self, run_id: str, seconds: float, now: float | None = None) -> bool:
        """Remove what is left of the run, unless somebody took it up meanwhile; whether anything was removed."""
        ...
