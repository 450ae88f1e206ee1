"""Why there is no portfolio: minimal conflicting sets of named limits, and fixes that were tried."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Conflict:
    """Limits that cannot hold together, and could if any one of them were gone. reason: the arithmetic, in words."""

    limits: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Relaxation:
    """One limit opened by `by` in its own unit. before, after: the limit in words on either side of the change."""

    limit: str
    by: float
    unit: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Fix:
    """Relaxations that together make the request feasible. verified: it was solved again with exactly these and held.

    summary: one sentence; worst_violation: the largest violation of the relaxed limits at the re-solved portfolio.
    """

    relaxations: tuple[Relaxation, ...]
    verified: bool
    summary: str
    worst_violation: float


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """conflicts: minimal, each; complete: True when these are all of them. found_by: "arithmetic" or "search".

    fixes: the smallest found first; single-limit ones where one limit suffices, otherwise jointly smallest.
    insufficient: limits that, relaxed alone without bound, still leave the request infeasible.
    """

    conflicts: tuple[Conflict, ...]
    fixes: tuple[Fix, ...]
    insufficient: tuple[str, ...]
    complete: bool
    found_by: str
    seconds: float

    def sentence(self) -> str:
        """The first thing to tell a person."""
        first = self.conflicts[0]
        if not first.limits:
            return first.reason
        names = " and ".join(first.limits)
        verb = "cannot hold together" if len(first.limits) > 1 else "cannot hold"
        return f"{names} {verb}: {first.reason}"


@dataclass(frozen=True, slots=True)
class GaveWay:
    """One step of a declared priority order: which limit was relaxed, by how much, and why it had to be."""

    relaxation: Relaxation
    because: str
