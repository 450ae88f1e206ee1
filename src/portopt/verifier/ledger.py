"""What was checked, what did not hold, and what could not be checked: every number of the document is in one of these."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

Path = tuple[str | int, ...]
# Money and prices are texts with a point and digits; a version is a name.
MONEY = re.compile(r"-?\d+\.\d+\Z")
NAMES = ("schema_version",)
CLOSE = 1e-11  # of the size of a figure: what is lost where double precision adds some hundred numbers in another order


@dataclass(frozen=True, slots=True)
class Fault:
    """One number that does not hold. figure: what it is, in words. path: where it stands. says, comes_to: as texts."""

    figure: str
    path: str
    says: str
    comes_to: str

    @property
    def sentence(self) -> str:
        return f"{self.figure} ({self.path}): the document says {self.says}, it comes to {self.comes_to}"


@dataclass(frozen=True, slots=True)
class Unchecked:
    """What could not be worked out again, and why. fields: how many numbers of the document that are."""

    what: str
    why: str
    fields: int


@dataclass(frozen=True, slots=True)
class Findings:
    """What came of a document. numbers: all there are in it. recomputed: worked out again and compared; used: what others were
    worked out from, so that a change of it shows there; sealed: whether the rest is covered by seals, which say that nothing
    was changed since it was written, and not that it is right.
    """

    document: str
    faults: tuple[Fault, ...]
    said: tuple[str, ...]
    unchecked: tuple[Unchecked, ...]
    numbers: int
    recomputed: int
    used: int
    sealed: bool

    @property
    def holds(self) -> bool:
        return not self.faults

    @property
    def share(self) -> float:
        """Of the numbers, those that were worked out again or that others were worked out from."""
        return (self.recomputed + self.used) / self.numbers if self.numbers else 0.0


@dataclass(slots=True)
class Ledger:
    """Kept while a document is worked out again."""

    document: Any
    faults: list[Fault] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    recomputed: set[Path] = field(default_factory=set)
    used: set[Path] = field(default_factory=set)
    cannot: list[tuple[Path, str, str]] = field(default_factory=list)

    def at(self, path: Path) -> Any:
        """What stands there; None where nothing does."""
        here = self.document
        for step in path:
            try:
                here = here[step]
            except (KeyError, IndexError, TypeError):
                return None
        return here

    def same(self, path: Path, figure: str, comes_to: Any, within: float | None = None) -> None:
        """Compare what stands at `path` with what it comes to; within: of what they may differ, None for rounding alone."""
        says = self.at(path)
        self.recomputed.add(path)
        if not agree(says, comes_to, within):
            self.faults.append(Fault(figure, shown(path), told(says), told(comes_to)))

    def fault(self, path: Path, figure: str, says: str, comes_to: str) -> None:
        self.recomputed.add(path)
        self.faults.append(Fault(figure, shown(path), says, comes_to))

    def uses(self, path: Path) -> None:
        """Everything at or below it went into a figure that was compared."""
        here = self.at(path)
        self.used |= {(*path, *below) for below, _ in numbers(here)}

    def leaves(self, path: Path, what: str, why: str) -> None:
        """What is at or below it could not be worked out again."""
        self.cannot.append((path, what, why))

    def findings(self, name: str, *, sealed: bool) -> Findings:
        every = {path for path, _ in numbers(self.document)}
        recomputed, used = self.recomputed & every, (self.used - self.recomputed) & every
        rest = every - recomputed - used
        unchecked = []
        for path, what, why in self.cannot:
            there = {p for p in rest if p[: len(path)] == path}
            rest -= there
            if there:
                unchecked.append(Unchecked(what, why, len(there)))
        for section in sorted({str(path[0]) for path in rest}):
            count = sum(str(path[0]) == section for path in rest)
            unchecked.append(Unchecked(f"in {section}", "nothing else in the document says it", count))
        return Findings(
            name, tuple(self.faults), tuple(self.said), tuple(unchecked), len(every), len(recomputed), len(used), sealed
        )


def numbers(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every number in a document with its place: JSON numbers, and money written as text."""
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float) or (isinstance(value, str) and MONEY.match(value) and path[-1:] != NAMES):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            if key != "seals":
                yield from numbers(item, (*path, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from numbers(item, (*path, i))


def agree(says: Any, comes_to: Any, within: float | None) -> bool:
    """Whether both are one number, or one text, or both nothing."""
    if says is None or comes_to is None or isinstance(says, bool) or isinstance(comes_to, bool):
        return says is comes_to
    if isinstance(says, str) and MONEY.match(says):
        return isinstance(comes_to, Fraction | int) and Fraction(says) == comes_to
    if isinstance(says, str) or isinstance(comes_to, str):
        return bool(says == comes_to)
    a, b = float(says), float(comes_to)
    if not (math.isfinite(a) and math.isfinite(b)):
        return False
    allowed = CLOSE * max(abs(a), abs(b), 1e-6) if within is None else within
    return abs(a - b) <= allowed


def shown(path: Path) -> str:
    """headline.turnover, proposal[3].why"""
    out = ""
    for step in path:
        out += f"[{step}]" if isinstance(step, int) else f".{step}" if out else step
    return out


def told(value: Any) -> str:
    if isinstance(value, Fraction):
        places = value * 100
        return f"{float(value):.2f}" if places.denominator == 1 else repr(float(value))
    return "nothing" if value is None else repr(value) if isinstance(value, float) else str(value)
