"""Which limits speak of which columns of a program."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Indices
from portopt.domain.program import StandardForm


def through_definitions(form: StandardForm) -> set[str]:
    """Limits whose rows speak of helper columns under cones that belong to no limit (a semideviation, the cost of impact)."""
    under = np.zeros(form.n_columns, dtype=bool)
    for cone in form.cones:
        if not cone.limit:
            under[cone.B.indices] = True
    under[: form.n_weights] = False
    return speaking(form, np.flatnonzero(under))


def speaking(form: StandardForm, columns: Indices) -> set[str]:
    """Limits whose rows speak of those columns."""
    if not len(columns):
        return set()
    under = np.zeros(form.n_columns, dtype=bool)
    under[columns] = True
    row_of = np.repeat(np.arange(form.A.shape[0]), np.diff(form.A.indptr))
    speaks = np.zeros(form.A.shape[0], dtype=bool)
    speaks[row_of[under[form.A.indices]]] = True
    return {group.limit for group in form.row_groups if group.limit and speaks[group.start : group.stop].any()}
