"""A policy's declared priority: which limits give way, in which order, when all cannot hold.

The first named gives way first, alone if that is enough. Otherwise the next joins it, and what is more important (named
later) is opened as little as possible before anything less important is counted.
"""

from __future__ import annotations

from portopt.diagnosis.effort import Budget, OutOfWork
from portopt.diagnosis.feasibility import HOLDS, Feasibility
from portopt.diagnosis.minimal_conflicts import shrink
from portopt.diagnosis.reasons import reason
from portopt.diagnosis.room_for_lots import GRIDS, Rounds
from portopt.diagnosis.smallest_openings import Repairs, relaxed
from portopt.domain.diagnosis import GaveWay
from portopt.domain.problem import Problem
from portopt.optimization import assemble

WORK = 20_000.0  # as effort.py counts it; a policy that gives way is to be answered, where it can be


def relax_in_order(
    problem: Problem, order: tuple[str, ...], *, room: float = 0.0, rounds: Rounds | None = None
) -> tuple[Problem, tuple[GaveWay, ...]]:
    """The problem with the limits of `order` opened as far as needed, and what gave way, in that order.

    Unchanged, with (), when the problem is feasible, when `order` names none of its limits, or when opening all of them is
    not enough. room, rounds: as for `diagnose`; whatever gives way leaves that much to whole lots.
    """
    limits = Feasibility(problem, assemble(problem), Budget(WORK))
    repairs = Repairs(limits, room, rounds)
    names = tuple(dict.fromkeys(name for name in order if name in limits.names))
    try:
        if limits.core(limits.everything) is None:
            return problem, ()
        for count in range(1, len(names) + 1):
            giving = names[:count]
            if limits.core(limits.everything & ~limits.mask(giving)) is not None:
                continue
            for grid in GRIDS:
                steps = _least(limits, giving, grid)
                fix = None if steps is None else repairs.fix({name: by for name, (by, _) in steps.items()})
                if steps is not None and fix is not None:
                    gave = tuple(GaveWay(r, steps[r.limit][1]) for r in fix.relaxations)
                    return relaxed(problem, {r.limit: r.by for r in fix.relaxations}), gave
    except OutOfWork:
        return problem, ()
    return problem, ()


def _least(limits: Feasibility, giving: tuple[str, ...], grid: float) -> dict[str, tuple[float, str]] | None:
    """(opening, why) of `giving`, in its order; least lexicographically, the last (most important) counted first.

    grid: openings are rounded up to it, so that the next question is asked of a set with an inside.
    """
    steps: dict[str, tuple[float, str]] = {}
    for k in range(len(giving) - 1, -1, -1):
        problem = relaxed(limits.problem, {name: by for name, (by, _) in steps.items()})
        now = Feasibility(problem, assemble(problem), limits.budget)
        kept = now.everything & ~now.mask(giving[:k])
        if now.core(kept) is None:
            continue
        name = giving[k]
        repairs = Repairs(now)
        opening = repairs.smallest((name,), hard=now.named(kept & ~now.mask([name])))
        if not opening:
            return None
        why = reason(now, now.named(shrink(now, kept)))
        steps[name] = repairs.rounded(name, opening[name], grid, hair=-HOLDS), why
    return {name: steps[name] for name in giving if name in steps}
