"""What came of a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Word = Literal["pass", "fail", "cannot be asked", "not installed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """word: what came of it; found: in a sentence, with the figures."""

    word: Word
    found: str


def judged(holds: bool, found: str) -> Outcome:
    return Outcome("pass" if holds else "fail", found)


def all_of(conditions: Sequence[tuple[str, bool]], found: str) -> Outcome:
    """Passes where each holds; else those that do not are named. found: the figures."""
    broken = [name for name, holds in conditions if not holds]
    return judged(not broken, f"{found}; not so: {', '.join(broken)}" if broken else found)
