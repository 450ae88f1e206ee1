"""The smallest openings where limits count: by asking yes or no, in halves.

An elastic program in whole numbers is a hard question (its switches lose their reach as soon as a cap may open); the same
limits opened by a given amount are an easy one. So the amount is found by bisection, every question a feasibility search with
all limits as they are: proven no, or a portfolio that is then read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from portopt.diagnosis.any_portfolio import found_portfolio
from portopt.diagnosis.feasibility import Feasibility
from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.optimization import assemble

COUNTED = ("positions", "trades")  # units that open by whole numbers
SCORE = "score"  # opens from one asset's score to the next
LARGEST = 64.0  # times a limit's own size
HALVINGS = 11


@dataclass(frozen=True, slots=True)
class Opened:
    """Openings by limit that leave a portfolio, and one, (n,)."""

    openings: Mapping[str, float]
    weights: Vector


def smallest_whole(
    limits: Feasibility, sizes: Mapping[str, float], kept: frozenset[str], *, halvings: int = HALVINGS
) -> Opened | None:
    """Openings of the limits in `sizes`, all by the same multiple of their sizes, that leave a portfolio within `kept`.

    None where even the largest does not, or where a search could not decide. Raises OutOfWork.
    """
    alone = next(iter(sizes)) if len(sizes) == 1 else None
    if alone is not None and unit_of(limits.problem, alone) == SCORE:
        return _by_steps(limits, alone, kept)
    # A count of nothing opens by ones, not by the twentieth part of one; a score by points, whatever weight it bars.
    by_ones = (*COUNTED, SCORE)
    sizes = {name: max(size, 1.0) if unit_of(limits.problem, name) in by_ones else size for name, size in sizes.items()}
    enough = 0.5 * (limits.budget.used + limits.budget.most)  # the rest is for solving again what is found here
    none = _ask(limits, sizes, kept, 0.0)
    if none is not None:
        return none
    low, high, found = 0.0, 1.0, _ask(limits, sizes, kept, 1.0)
    while found is None:
        low, high = high, 2.0 * high
        if high > LARGEST:
            return None
        found = _ask(limits, sizes, kept, high)
    for _ in range(halvings):
        if limits.budget.used > enough:
            break
        middle = 0.5 * (low + high)
        if _amounts(limits.problem, sizes, middle) == _amounts(limits.problem, sizes, high):
            low = middle
            if all(unit_of(limits.problem, name) in COUNTED for name in sizes):
                continue
        again = _ask(limits, sizes, kept, middle)
        if again is None:
            low = middle
        else:
            high, found = middle, again
    return found


def _by_steps(limits: Feasibility, name: str, kept: frozenset[str]) -> Opened | None:
    """The smallest opening of a limit on scores that lets in what makes room: between two scores nothing changes."""
    limit = limits.problem.limit(name)
    steps = () if limit is None else limit.steps(limits.problem)
    first, last = 0, len(steps)
    found: Opened | None = None
    while first < last:
        middle = (first + last) // 2
        again = _ask(limits, {name: steps[middle]}, kept, 1.0)
        if again is None:
            first = middle + 1
        else:
            last, found = middle, again
    return found


def unit_of(problem: Problem, name: str) -> str:
    """What a limit is opened in."""
    limit = problem.limit(name)
    return "" if limit is None else limit.unit


def _amounts(problem: Problem, sizes: Mapping[str, float], times: float) -> dict[str, float]:
    counted = {name: unit_of(problem, name) in COUNTED for name in sizes}
    return {name: float(math.ceil(times * size)) if counted[name] else times * size for name, size in sizes.items()}


def _ask(limits: Feasibility, sizes: Mapping[str, float], kept: frozenset[str], times: float) -> Opened | None:
    amounts = _amounts(limits.problem, sizes, times)
    problem = limits.problem
    for name, by in amounts.items():
        limit = problem.limit(name)
        if limit is not None and by > 0.0:
            problem = problem.with_limit(limit.relaxed(by))
    w = found_portfolio(limits, assemble(problem), kept | set(sizes))
    return None if w is None else Opened({name: by for name, by in amounts.items() if by > 0.0}, w)
