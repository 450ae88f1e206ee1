"""A rule as a value, and the cases that show that it works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from portopt.domain.watch import Labels, Severity
from portopt.monitoring.rules.tree import Truth


class Expected(StrEnum):
    """What a case expects at a time: the state of its subject, `quiet` where there is no alert and was none."""

    QUIET = "quiet"
    PENDING = "pending"
    FIRING = "firing"
    UNKNOWN = "unknown"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Case:
    """A test of a rule as data, about one subject.

    every: between two values of a series. values, limits: by the figure's name; None is a gap. expects: by the time since the
    start.
    """

    name: str
    every: timedelta
    values: Mapping[str, tuple[float | None, ...]]
    limits: Mapping[str, tuple[float | None, ...]]
    expects: Mapping[timedelta, Expected]

    @property
    def length(self) -> timedelta:
        """From its first value to its last."""
        return self.every * (max((len(series) for series in (*self.values.values(), *self.limits.values())), default=1) - 1)

    @property
    def fires(self) -> bool:
        return Expected.FIRING in self.expects.values()

    @property
    def is_quiet(self) -> bool:
        return set(self.expects.values()) == {Expected.QUIET}


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which alerts of one evaluation are told of together.

    by: `rule`, and names of labels: alerts that agree on all of them are a group; empty: each is told of alone.
    least: fewer of a group than that are told of one by one. names: so many of a group are named, the others counted.
    """

    by: tuple[str, ...] = ("rule",)
    least: int = 3
    names: int = 5


@dataclass(frozen=True, slots=True)
class Inhibition:
    """Rules whose alert, while it is open, explains an alert of this one: shown then, and not told.

    by: of whatever it says. blind_by: of its figures having stopped. longest: after so long it is told all the same.
    """

    by: tuple[str, ...] = ()
    blind_by: tuple[str, ...] = ()
    longest: timedelta = timedelta(hours=6)

    @property
    def rules(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.by, *self.blind_by)))


@dataclass(frozen=True, slots=True)
class Rule:
    """Where `holds` is true of a subject for `wait`, an alert fires; it ends once `clears` is true for `keep`.

    clears: the opposite of `holds`, unless a second threshold was given. stale: a figure older than that is none.
    of: the names of the labels that tell its subjects apart. labels: more of them, the same for every alert.
    summary: a template, see templates. runbook: the name of a page. text: the two expressions as they were written.
    """

    name: str
    group: str
    holds: Truth
    clears: Truth
    wait: timedelta
    keep: timedelta
    stale: timedelta
    severity: Severity
    of: tuple[str, ...]
    summary: str
    runbook: str
    labels: Labels = ()
    text: str = ""
    clears_text: str = ""
    cases: tuple[Case, ...] = ()
    file: str = ""
    line: int = 0
    figures: tuple[str, ...] = field(default=())
    grouping: Grouping = field(default=Grouping())
    inhibition: Inhibition = field(default=Inhibition())
