"""Why there is no portfolio, and what would make room for one."""

from __future__ import annotations

from time import perf_counter

from portopt.diagnosis.effort import Budget, OutOfWork
from portopt.diagnosis.feasibility import Feasibility
from portopt.diagnosis.minimal_conflicts import Enumeration, enumerate_conflicts
from portopt.diagnosis.reasons import reason
from portopt.diagnosis.room_for_lots import Rounds
from portopt.diagnosis.smallest_openings import Repairs
from portopt.domain.diagnosis import Conflict, Diagnosis, Fix
from portopt.domain.problem import Problem
from portopt.optimization import assemble

MOST_FIXES = 4
WORK = 3_000.0  # as effort.py counts it: a few seconds where it is used up; ordinary questions take a tenth
SEARCH_SHARE = 0.6  # of the work, for the conflicts; the rest is for the fixes
GRACE = 4.0  # times that work, until one verified fix is found: an answer without one helps nobody


def diagnose(
    problem: Problem, *, work: float = WORK, room: float = 0.0, rounds: Rounds | None = None, exactly: bool = False
) -> Diagnosis:
    """Every minimal set of limits that cannot hold together, and openings that were solved before they are told.

    work: what may be asked, counted by the programs' sizes (effort.py); `complete` says whether it was enough.
    room: what every fix leaves to whole lots beyond the smallest opening, a fraction of portfolio value. rounds: whether
    an opened problem has whole lots; where it has none the room grows, and is as it was where that never helps.
    exactly: every question is answered as exactly as a fix is, not only well enough to say yes or no.
    Never raises for an infeasible problem; a problem that turns out feasible says so as its only conflict.
    """
    began = perf_counter()
    limits = Feasibility(problem, assemble(problem), Budget(SEARCH_SHARE * work), exactly=exactly)
    found = enumerate_conflicts(limits)
    limits.budget.most = work
    repairs = Repairs(limits, room, rounds)
    insufficient: tuple[str, ...] = ()
    fixes: list[Fix] = []
    if not found.conflicts and not found.complete:
        found = _unshrunk(limits)
    if found.conflicts and 0 not in found.conflicts:
        sufficient, insufficient = _alone(limits, found)
        limits.budget.most = GRACE * work
        fixes = _fixes(limits, repairs, found, sufficient, work)
    conflicts = tuple(Conflict(limits.named(mask), reason(limits, limits.named(mask))) for mask in found.conflicts)
    if not conflicts:
        conflicts = (Conflict((), "a portfolio within 1e-9 of every limit exists; the solver could not settle on one"),)
    return Diagnosis(conflicts, tuple(fixes), insufficient, found.complete, "search", perf_counter() - began)


def _unshrunk(limits: Feasibility) -> Enumeration:
    """What is known when the work was used up before the first conflict was minimal: the smallest set proven impossible."""
    known = sorted(limits.impossible, key=lambda mask: mask.bit_count())
    return Enumeration(tuple(known[:1]), (), complete=False)


def _alone(limits: Feasibility, found: Enumeration) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(limits that suffice when set free alone, limits that do not): the first are in every conflict."""
    in_all = limits.everything
    for conflict in found.conflicts:
        in_all &= conflict
    sufficient = []
    for name in limits.named(in_all):
        try:
            if found.complete or limits.core(limits.everything & ~limits.mask([name])) is None:
                sufficient.append(name)
        except OutOfWork:
            break
    return tuple(sufficient), tuple(name for name in limits.names if name not in limits.named(in_all))


def _fixes(limits: Feasibility, repairs: Repairs, found: Enumeration, sufficient: tuple[str, ...], work: float) -> list[Fix]:
    """Verified fixes, single ones where one limit suffices; stops where `work` is used up once there is one."""
    candidates: list[tuple[str, ...]] = [(name,) for name in sufficient]
    if not candidates:
        candidates = [limits.named(mask) for mask in found.corrections]
    if not candidates:
        candidates = [limits.names]
    fixes: list[Fix] = []
    for names in candidates:
        if fixes and (len(fixes) == MOST_FIXES or limits.budget.used > work):
            break
        try:
            openings = repairs.smallest(names)
            fix = None if openings is None else repairs.fix(openings)
        except OutOfWork:
            break
        if fix is not None:
            fixes.append(fix)
    return sorted(fixes, key=lambda fix: len(fix.relaxations))
