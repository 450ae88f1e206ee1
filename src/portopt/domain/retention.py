"""What is kept how long: what is past its days and goes, and what is past its days and stays, with the reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from portopt.domain.thinning import FiguresKept

KINDS = ("run", "wave", "report", "history", "pack")


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run older than its days. stays: why it is kept all the same; None where nothing needs it."""

    run_id: str
    kind: str
    stays: str | None = None


@dataclass(frozen=True, slots=True)
class Days:
    """How long each is kept, in days; None is for ever."""

    runs: float | None = None
    waves: float | None = None
    reports: float | None = None
    packs: float | None = None


@dataclass(frozen=True, slots=True)
class Going:
    """What is deleted, or would be. kind: one of KINDS. bytes: on disk, where that is known."""

    kind: str
    name: str
    why: str
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Staying:
    """How many of a kind are past their days and stay, for one reason. example: one of them."""

    kind: str
    why: str
    count: int
    example: str


@dataclass(frozen=True, slots=True)
class Retention:
    """One look at what is past its days. at: the instant it is reckoned from. done: whether it is deleted.

    figures: those that are thinned, or would be gone through.
    """

    at: datetime
    days: Days
    going: tuple[Going, ...] = ()
    staying: tuple[Staying, ...] = ()
    done: bool = False
    figures: FiguresKept = field(default=FiguresKept(0, 0))
