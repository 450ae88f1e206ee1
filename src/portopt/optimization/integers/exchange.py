"""Exchanges: a switch more while that pays, then one off for one on. From a good choice of whole numbers to a better one.

A switch lets one column pass a side of its own:  x_j <= c + M h  (up),  x_j >= c - D h  (down). What turning it on is worth is
told by the gradient there; one that lets its column pass by little is the first to be turned off.
Source: Chang, Meade, Beasley and Sharaiha (2000), Heuristics for cardinality constrained portfolio optimisation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Indices, Mask, Vector
from portopt.domain.program import StandardForm

COMING, LEAVING = 8, 12  # looked at on each side
ASSETS_SOLVED = 50_000  # columns of weights, over all that is solved for
FEWEST_SOLVED, MOST_SOLVED = 40, 800
USED = 1e-9  # a column that is less than this past its side does not need its switch
HOLDS = 1e-9

Worth = Callable[[Vector], tuple[float, Vector] | None]


@dataclass(frozen=True, slots=True, eq=False)
class Switches:
    """What each switch lets pass: its column, which way (1 up, -1 down), and the side it passes; (k,) each."""

    switch: Indices
    column: Indices
    way: Vector
    side: Vector

    def passed(self, x: Vector) -> Vector:
        """(k,) by how much each column is past its side at x (N,)."""
        return np.asarray(self.way * (x[self.column] - self.side))

    def gains(self, gradient: Vector, on: Mask) -> Vector:
        """(k,) what a unit more is worth, against what it is worth where switches are on, (k,)."""
        slope = gradient[self.column]
        usual = float(np.median(slope[on])) if on.any() else 0.0
        return np.asarray(-self.way * (slope - usual))


def switches_of(form: StandardForm) -> Switches:
    """Read off the rows of two entries, a column and a switch, that the switch opens."""
    lower, upper = form.box()
    binary = form.integer & (lower >= -HOLDS) & (upper <= 1.0 + HOLDS)
    found: list[tuple[int, int, float, float]] = []
    for i in np.flatnonzero(np.diff(form.A.indptr) == 2):
        at = slice(form.A.indptr[i], form.A.indptr[i + 1])
        columns, values = form.A.indices[at], form.A.data[at]
        if binary[columns].sum() != 1 or form.integer[columns].sum() != 1:
            continue
        k = int(np.flatnonzero(binary[columns])[0])
        j, h, a, reach = int(columns[1 - k]), int(columns[k]), float(values[1 - k]), float(values[k])
        # a x + reach h <= upper, opened where reach < 0, and the other way round at its lower side.
        sides = ((1.0, form.row_upper[i], reach < 0.0), (-1.0, form.row_lower[i], reach > 0.0))
        found += [(h, j, w * np.sign(a), float(b) / a) for w, b, opened in sides if opened and np.isfinite(b) and a != 0.0]
    if not found:
        none = np.zeros(0, dtype=np.intp)
        return Switches(none, none, np.zeros(0), np.zeros(0))
    switch, column, way, side = (np.array(part) for part in zip(*found, strict=True))
    return Switches(switch.astype(np.intp), column.astype(np.intp), way, side)


def exchanged(form: StandardForm, best: Vector, x: Vector, worth: Worth) -> None:
    """Look for better whole numbers around `best` (N,), whose remainder's optimum is x (N,).

    worth: solves the remainder of whole numbers, keeps it where it is better, and returns (value, its optimum) or None. How
    often it is asked depends on the number of assets alone.
    """
    switches = switches_of(form)
    if not len(switches.switch):
        return
    left = int(np.clip(ASSETS_SOLVED / form.n_weights, FEWEST_SOLVED, MOST_SOLVED))
    value = form.objective(x)
    while left > 0:
        found = None
        for tried in _steps(form, switches, best, x):
            for whole in tried[:left]:
                left -= 1
                told = worth(whole)
                if told is not None and told[0] < value and (found is None or told[0] < found[1]):
                    found = whole, told[0], told[1]
            if found is not None or left <= 0:
                break
        if found is None:
            return
        best, value, x = found


def _steps(form: StandardForm, switches: Switches, best: Vector, x: Vector) -> tuple[list[Vector], list[Vector]]:
    """Whole numbers to try: with one switch more, then with one on for one off."""
    on = best[switches.switch] > 0.5
    gains = switches.gains(form.P_times(x) + form.q, on)
    coming = _first(switches.switch[~on], -gains[~on], COMING)
    leaving = _first(switches.switch[on], np.abs(switches.passed(x))[on], LEAVING)
    more = [_changed(best, on=new) for new in coming]
    return more, [_changed(best, on=new, off=old) for old in leaving for new in coming if old != new]


def _first(switch: Indices, order: Vector, most: int) -> list[int]:
    """The first so many switches in that order, each once."""
    return list(dict.fromkeys(switch[np.argsort(order, kind="stable")].tolist()))[:most]


def _changed(best: Vector, *, on: int, off: int | None = None) -> Vector:
    whole = best.copy()
    if off is not None:
        whole[off] = 0.0
    whole[on] = 1.0
    return whole
