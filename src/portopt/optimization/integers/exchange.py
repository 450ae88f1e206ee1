"""Exchanges: one switch on, one off, while the convex remainder gets better. From a good choice of positions to a better one.

On: the switched columns down whose gradient the objective falls fastest. Off: those with the least in them.
Source: Chang, Meade, Beasley and Sharaiha (2000), Heuristics for cardinality constrained portfolio optimisation.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.program import StandardForm
from portopt.optimization.integers.switches import switch_of_columns

CANDIDATES = 3  # on each side of an exchange
MOST = 8  # exchanges kept

Worth = Callable[[Vector], tuple[float, Vector] | None]


def exchanged(form: StandardForm, best: Vector, x: Vector, worth: Worth) -> None:
    """Try exchanges around the whole numbers `best` (N,) whose remainder's optimum is x (N,).

    worth: solves the remainder of whole numbers, keeps it where it is better, and returns (value, its optimum) or None.
    """
    switch = switch_of_columns(form)
    columns = np.flatnonzero(switch >= 0)
    if not len(columns):
        return
    value = form.objective(x)
    for _ in range(MOST):
        gradient = form.P_times(x) + form.q
        on = columns[best[switch[columns]] > 0.5]
        off = columns[best[switch[columns]] < 0.5]
        if not len(on) or not len(off):
            return
        leaving = on[np.argsort(np.abs(x[on]), kind="stable")[:CANDIDATES]]
        coming = off[np.argsort(gradient[off], kind="stable")[:CANDIDATES]]
        found = None
        for out in leaving:
            for new in coming:
                whole = best.copy()
                whole[switch[out]], whole[switch[new]] = 0.0, 1.0
                tried = worth(whole)
                if tried is not None and tried[0] < value and (found is None or tried[0] < found[1]):
                    found = whole, tried[0], tried[1]
        if found is None:
            return
        best, value, x = found
