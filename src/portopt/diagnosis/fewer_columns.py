"""The same question in fewer columns: helpers that nothing asks for any more, and the rows that define them, set aside."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from portopt.domain.arrays import Mask
from portopt.domain.program import INF, Group, StandardForm


def without_unused(form: StandardForm) -> StandardForm:
    """`form` with unused helper columns fixed at zero and their definitions free; shapes and groups of the rows stay.

    A definition (a row that belongs to no limit) can always be kept by the helpers it defines, so it forbids nothing once
    neither a limit nor a cone nor the objective speaks of them.
    """
    used = _used(form)
    definition = np.zeros(len(form.row_lower), dtype=bool)
    for group in form.row_groups:
        definition[group.start : group.stop] = not group.limit
    unused = np.flatnonzero(~used)
    if not len(unused):
        return form
    speaks_of_unused = np.zeros(len(definition), dtype=bool)
    entries = ~used[form.A.indices]
    speaks_of_unused[np.repeat(np.arange(len(definition)), np.diff(form.A.indptr))[entries]] = True
    idle = definition & speaks_of_unused
    k = len(form.bound_columns)
    zeros = np.zeros(len(unused))
    return replace(
        form,
        row_lower=np.where(idle, -INF, form.row_lower),
        row_upper=np.where(idle, INF, form.row_upper),
        bound_columns=np.concatenate([form.bound_columns, unused]),
        bound_lower=np.concatenate([form.bound_lower, zeros]),
        bound_upper=np.concatenate([form.bound_upper, zeros]),
        bound_relax=np.concatenate([form.bound_relax, zeros]),
        bound_groups=(*form.bound_groups, Group(k, k + len(unused), "")),
    )


def _used(form: StandardForm) -> Mask:
    """(N,) the weights, and the helpers that a limit, a cone or the objective speaks of, or that define one of those."""
    used = np.zeros(form.n_columns, dtype=bool)
    used[: form.n_weights] = True
    used |= form.q != 0
    for block in form.quadratics:
        used[block.columns] = True
    for cone in form.cones:
        used[cone.B.indices] = True
    row_of = np.repeat(np.arange(len(form.row_lower)), np.diff(form.A.indptr))
    bounded = np.isfinite(form.row_lower) | np.isfinite(form.row_upper)
    for group in form.row_groups:
        if group.limit:
            inside = (row_of >= group.start) & (row_of < group.stop) & bounded[row_of]
            used[form.A.indices[inside]] = True
    sided = np.isfinite(form.bound_lower) | np.isfinite(form.bound_upper)
    for group in form.bound_groups:
        if group.limit:
            span = slice(group.start, group.stop)
            used[form.bound_columns[span][sided[span]]] = True
    helper = form.A.indices >= form.n_weights
    while True:
        # A row that defines a used helper needs every helper in it: buys and sells come together.
        alive = np.zeros(len(form.row_lower), dtype=bool)
        alive[row_of[helper & used[form.A.indices]]] = True
        more = used.copy()
        more[form.A.indices[alive[row_of] & bounded[row_of]]] = True
        if (more == used).all():
            return used
        used = more
