"""A limit that the book misses before the trade, where it need not be mended: no trade may make it be missed by more.

    lower_j - missed_j  <=  measured_j  <=  upper_j + missed_j        missed_j: what the book misses that side by

The book is the one that is traded, once money has come or gone. What held before the money moved is asked for as it stands,
whatever the money did to it. Cash below its floor is no miss that may stay: that money is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import Group, Program
from portopt.domain.universe import CASH
from portopt.domain.words import in_unit
from portopt.terms.shared.through import Through

NOTICED = 1e-9  # a smaller miss is arithmetic
TOLD = 3


@dataclass(frozen=True, slots=True)
class NoWorse(Through):
    """`limit`, opened member by member by what the book missed it by.

    below, above: by member, in the unit that the limit is read in, what its lower and its upper side were missed by.
    """

    limit: Limit
    below: Mapping[str, float] = field(default_factory=dict)
    above: Mapping[str, float] = field(default_factory=dict)

    def express(self, program: Program, p: Problem) -> None:
        said = program.overheard(lambda heard: self.limit.express(heard, p))
        every = np.arange(said.n_columns)
        for group in said.row_groups:
            rows = slice(group.start, group.stop)
            lower, upper, relax = said.row_lower[rows], said.row_upper[rows], said.row_relax[rows]
            sides = self._opened(group, lower, upper, relax)
            program.add_rows(said.A[rows], every, *sides, limit=group.limit, members=group.members, relax=relax)
        for group in said.bound_groups:
            span = slice(group.start, group.stop)
            lower, upper, relax = said.bound_lower[span], said.bound_upper[span], said.bound_relax[span]
            sides = self._opened(group, lower, upper, relax)
            columns = said.bound_columns[span]
            program.add_bounds(columns, *sides, limit=group.limit, members=group.members, relax=relax)
        for cone in said.cones:
            by = self._missed(cone.member or "") if cone.limit and cone.relax is not None else 0.0
            b = cone.b if cone.relax is None else cone.b + by * cone.relax
            blocks = [(0, cone.B, every)]
            program.add_cone(cone.kind, blocks, b, limit=cone.limit, member=cone.member, relax=cone.relax, alpha=cone.alpha)

    def read(self, w: Vector, p: Problem) -> Readings:
        found = self.limit.read(w, p)
        below = np.array([self.below.get(name, 0.0) for name in found.members])
        above = np.array([self.above.get(name, 0.0) for name in found.members])
        return replace(found, lower=found.lower - below, upper=found.upper + above)

    def relaxed(self, by: float) -> NoWorse:
        return NoWorse(self.limit.relaxed(by), self.below, self.above)

    def describe(self) -> str:
        return f"{self.limit.describe()}, or missed by no more than now"

    def _missed(self, member: str) -> float:
        return max(self.below.get(member, 0.0), self.above.get(member, 0.0))

    def _opened(self, group: Group, lower: Vector, upper: Vector, relax: Vector) -> tuple[Vector, Vector]:
        """The sides of rows or bounds, each as far open as its member needs; those of a definition as they are."""
        if not group.limit:
            return lower, upper
        names = group.members or ("",) * len(lower)
        # What opens asset by asset has no slope: its bounds are weights, as it is read.
        unit = np.ones(len(lower)) if self.limit.scored_by else relax
        both = np.isfinite(lower) & np.isfinite(upper)
        below = np.array([self.below.get(n, 0.0) if two else self._missed(n) for n, two in zip(names, both, strict=True)])
        above = np.array([self.above.get(n, 0.0) if two else self._missed(n) for n, two in zip(names, both, strict=True)])
        return lower - unit * below, upper + unit * above


def no_worse(limit: Limit, p: Problem, before: Problem) -> Limit:
    """The limit as it is asked of the book p.w_prev: itself where that keeps it, where it is a wish, and for what makes a
    portfolio a portfolio. before: the same question of the book before money moved.
    """
    if limit.soft or limit.structural:
        return limit
    (short, over), (was_short, was_over) = _missed(limit, p), _missed(limit, before)
    below = {member: by for member, by in short.items() if member in was_short and member != CASH}
    above = {member: by for member, by in over.items() if member in was_over}
    return NoWorse(limit, below, above) if below or above else limit


def _missed(limit: Limit, p: Problem) -> tuple[dict[str, float], dict[str, float]]:
    """By member, what the book misses the lower and the upper sides by."""
    reading = limit.read(p.previous(), p)
    short, over = reading.lower - reading.measured, reading.measured - reading.upper
    below = {m: float(by) for m, by in zip(reading.members, short, strict=True) if by > NOTICED}
    return below, {m: float(by) for m, by in zip(reading.members, over, strict=True) if by > NOTICED}


def missed_in_words(limit: NoWorse, p: Problem) -> Iterator[str]:
    """A clause for each of the members missed most: "the weight of AAPL 12.43 %, over 10.00 %"."""
    reading = limit.limit.read(p.previous(), p)
    at = {name: i for i, name in enumerate(reading.members)}
    missed = sorted({**limit.below, **limit.above}.items(), key=lambda pair: (-pair[1], pair[0]))
    for name, _ in missed[:TOLD]:
        up = name in limit.above
        side = reading.upper if up else reading.lower
        measured, asked = in_unit(reading.unit, float(reading.measured[at[name]]), float(side[at[name]]))
        yield f"{f'{limit.noun} {name}'.strip()} {measured}, {'over' if up else 'under'} {asked}"
    if len(missed) > TOLD:
        yield f"{len(missed) - TOLD} more"
