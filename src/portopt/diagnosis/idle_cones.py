"""Cones that forbid nothing by themselves: definitions that a helper of their own can always keep, set aside.

An objective's norms, powers and logarithms are written on helpers that only raise its value. Asked whether any portfolio at
all satisfies the limits, they have nothing to say, but for one thing: a logarithm needs an argument that is not negative.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Mask
from portopt.domain.program import INF, Cone, Group, StandardForm


def without_idle_cones(form: StandardForm) -> StandardForm:
    """`form`, whose objective is empty, without the cones of no limit that one free helper of their own can satisfy."""
    if all(cone.limit for cone in form.cones):
        return form
    alone, free = _in_one_place(form)
    kept: list[Cone] = []
    signs: list[tuple[sp.csr_array, float]] = []
    for cone in form.cones:
        if cone.limit or not _idle(cone, alone, free):
            kept.append(cone)
        elif cone.kind == "exponential" and not _rises(cone, 2, alone):
            signs.append((sp.csr_array(cone.B[[2], :]), -float(cone.b[2])))
    if len(kept) == len(form.cones):
        return form
    m, k = form.A.shape[0], len(signs)
    rows = [form.A, *(row for row, _ in signs)]
    return replace(
        form,
        cones=tuple(kept),
        A=sp.csr_array(sp.vstack(rows)) if signs else form.A,
        row_lower=np.concatenate([form.row_lower, [bound for _, bound in signs]]),
        row_upper=np.concatenate([form.row_upper, np.full(k, INF)]),
        row_relax=np.concatenate([form.row_relax, np.zeros(k)]),
        row_groups=(*form.row_groups, Group(m, m + k, "")) if signs else form.row_groups,
    )


def _in_one_place(form: StandardForm) -> tuple[Mask, Mask]:
    """(N,) helpers without an upper bound that stand in one cone alone and in no row that binds; of those, the free ones."""
    places = np.zeros(form.n_columns, dtype=int)
    for cone in form.cones:
        places[np.unique(cone.B.indices)] += 1
    bounded = np.isfinite(form.row_lower) | np.isfinite(form.row_upper)
    row_of = np.repeat(np.arange(len(bounded)), np.diff(form.A.indptr))
    places[form.A.indices[bounded[row_of] & (form.A.data != 0.0)]] += 2
    places[form.bound_columns[np.isfinite(form.bound_upper)]] += 2
    places[: form.n_weights] += 2
    alone = places == 1
    free = alone.copy()
    free[form.bound_columns[np.isfinite(form.bound_lower)]] = False
    return alone, free


def _idle(cone: Cone, alone: Mask, free: Mask) -> bool:
    """Whether its helper, raised (or, of a logarithm, lowered) far enough, satisfies it whatever the rest is."""
    if cone.kind == "second_order":
        return _rises(cone, 0, alone)
    constant_scale = cone.B.indptr[1] == cone.B.indptr[2] and cone.b[1] > 0.0
    if cone.kind == "power":
        return _rises(cone, 0, alone) and constant_scale
    return constant_scale and (_rises(cone, 2, alone) or _entry(cone, 0, free, lambda value: True))


def _rises(cone: Cone, row: int, alone: Mask) -> bool:
    return _entry(cone, row, alone, lambda value: value > 0.0)


def _entry(cone: Cone, row: int, alone: Mask, good: Callable[[float], bool]) -> bool:
    """Whether that row is one helper of the cone's own, with a coefficient that is good, and nothing else of the cone's is."""
    first = slice(cone.B.indptr[row], cone.B.indptr[row + 1])
    columns, values = cone.B.indices[first], cone.B.data[first]
    if len(columns) != 1 or not alone[columns[0]] or not good(float(values[0])):
        return False
    return int((cone.B.indices == columns[0]).sum()) == 1
