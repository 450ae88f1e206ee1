"""All minimal conflicting sets, by MARCO: propose the largest unexplored set of limits, shrink or block, repeat.

An impossible set is shrunk to a minimal one by deletion, and all its supersets are explored; a possible one has all
its subsets explored. When nothing is left, every minimal conflict and every maximal possible set has been seen; what a
maximal possible set leaves out is a minimal correction: limits that, given up together, make room.
Source: Liffiton, Previti, Malik and Marques-Silva (2016), "Fast, flexible MUS enumeration", Constraints 21.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portopt.diagnosis.effort import OutOfWork
from portopt.diagnosis.feasibility import Feasibility

MOST_LIMITS = 16  # the map of explored sets is an array of 2^K


@dataclass(frozen=True, slots=True)
class Enumeration:
    """conflicts, corrections: masks over Feasibility.names, smallest first. complete: whether these are all of them."""

    conflicts: tuple[int, ...]
    corrections: tuple[int, ...]
    complete: bool


def enumerate_conflicts(limits: Feasibility) -> Enumeration:
    """Every minimal conflict, or as many as the budget allows; minimal ones only: what it left unshrunk is not reported."""
    conflicts: list[int] = []
    possible: list[int] = []
    complete = len(limits.names) <= MOST_LIMITS
    try:
        if complete:
            _explore(limits, conflicts, possible)
        elif limits.core(limits.everything) is not None:
            conflicts.append(shrink(limits, limits.everything))
    except OutOfWork:
        complete = False
    maximal = [a for a in possible if not any(a != b and a & b == a for b in possible)]
    corrections = tuple(sorted({limits.everything & ~a for a in maximal}, key=_by_size))
    known = tuple(sorted(set(conflicts), key=_by_size))
    return Enumeration(known, corrections if complete else (), complete and not limits.uncertain)


def shrink(limits: Feasibility, mask: int) -> int:
    """A minimal conflict inside the impossible set `mask`. Raises OutOfWork."""
    core = limits.core(mask)
    if core is None:
        return mask
    for name in conic_first(limits):
        bit = limits.mask([name])
        if core & bit:
            smaller = limits.core(core & ~bit)
            core = core if smaller is None else smaller
    return core


def conic_first(limits: Feasibility) -> list[str]:
    """Names in the order they are tried without: a set without cones is the quicker question."""
    conic = {cone.limit for cone in limits.form.cones}
    return sorted(limits.names, key=lambda name: name not in conic)


def _explore(limits: Feasibility, conflicts: list[int], possible: list[int]) -> None:
    masks = np.arange(limits.everything + 1)
    conic = limits.mask([name for name in {cone.limit for cone in limits.form.cones} if name in limits.names])
    # Linear questions before conic ones, large sets before small ones.
    masks = masks[np.lexsort((-_bits(masks), (masks & conic) != 0))]
    open_sets = np.ones(len(masks), dtype=bool)
    while open_sets.any():
        seed = int(masks[int(open_sets.argmax())])
        if limits.core(seed) is None:
            possible.append(seed)
            open_sets &= (masks & seed) != masks
        else:
            minimal = shrink(limits, seed)
            conflicts.append(minimal)
            open_sets &= (masks & minimal) != minimal


def _bits(masks: np.ndarray) -> np.ndarray:
    return np.array([int(m).bit_count() for m in masks])


def _by_size(mask: int) -> tuple[int, int]:
    return mask.bit_count(), mask
