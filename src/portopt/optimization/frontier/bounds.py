"""Sweeping the bounds of one program: forms that differ in the sides of a few rows, and which answers are worth keeping.

A bound eps on a row  a'x >= eps  or  a'x <= eps  with multiplier y moves the optimum by  dF/d eps = -y  (signs of
domain/program.py): the trade-off rate, exact where the active set does not change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from portopt.domain.arrays import Mask, Matrix
from portopt.domain.program import StandardForm
from portopt.domain.solution import RawAnswer


@dataclass(frozen=True, slots=True, eq=False)
class BoundedForm:
    """A program with rows whose sides are to be moved: those of the limit `limit`, one a member.

    bounds: as it was built, finite, by member.
    """

    form: StandardForm
    limit: str
    bounds: Mapping[str, float]

    def at(self, bounds: Mapping[str, float]) -> StandardForm:
        """The program with these bounds, by member; an infinite one leaves the row free. A member not named keeps its own."""
        lower, upper = self.form.row_lower.copy(), self.form.row_upper.copy()
        for name, row in self.rows().items():
            by = bounds.get(name, self.bounds[name]) - self.bounds[name]
            free = np.isinf(by)
            lower[row], upper[row] = (-np.inf, np.inf) if free else (lower[row] + by, upper[row] + by)
        return replace(self.form, row_lower=lower, row_upper=upper)

    def rates(self, raw: RawAnswer) -> dict[str, float]:
        """By member: change of what is minimized per unit its bound is moved up."""
        if raw.duals is None:
            return {name: float("nan") for name in self.bounds}
        return {name: -float(raw.duals.rows[row]) + 0.0 for name, row in self.rows().items()}

    def rows(self) -> dict[str, int]:
        group = next(g for g in self.form.row_groups if g.limit == self.limit)
        return {name: group.start + i for i, name in enumerate(group.members or ())}


def kept(losses: Matrix, tolerance: float = 1e-7) -> Mask:
    """(k,) which rows of `losses` (k, axes), less is better, are neither dominated nor a repetition of an earlier one.

    Differences are measured against each axis's range; what is worse by less than `tolerance` of it is no worse.
    """
    span = np.ptp(losses, axis=0)
    scaled = losses / np.where(span > 0.0, span, 1.0)
    keep = np.ones(len(losses), dtype=bool)
    for i in range(len(scaled)):
        ahead = scaled - scaled[i]
        no_worse = (ahead <= tolerance).all(axis=1)
        better = no_worse & (ahead < -tolerance).any(axis=1)
        same = no_worse & (np.abs(ahead) <= tolerance).all(axis=1)
        keep[i] = not (better.any() or (same[:i] & keep[:i]).any())
    return keep
