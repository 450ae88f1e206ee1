"""What binds, lets go or is in doubt, in words."""

from __future__ import annotations

import numpy as np

from portopt.domain.problem import Problem
from portopt.domain.program import Group, StandardForm
from portopt.optimization.prices.neighbourhood import Local


def names_of(problem: Problem, form: StandardForm, local: Local, slot: int) -> str:
    """The event at a slot of Local.respond: a value meets its side, or a multiplier zero."""
    M, r = local.basis.M, local.basis.r
    size = M + r
    if slot >= 2 * size:
        return f"{form.cones[local.idle[slot - 2 * size]].limit} begins to bind"
    what, i = slot < size, slot % size
    name = _column(problem, form, local, i) if i < M else _row(form, local, i - M)
    return f"{name} begins to bind" if what else f"{name} lets go"


def weak_spots(problem: Problem, form: StandardForm, local: Local) -> tuple[str, ...]:
    """What is touched without pressing, and where multipliers had a choice."""
    found = [f"{_column(problem, form, local, int(j))} is touched without pressing" for j in np.flatnonzero(local.weak)]
    found += [f"{_row(form, local, int(i))} is touched without pressing" for i in np.flatnonzero(local.weak_rows)]
    columns, rows = local.freed
    found += [
        f"{_column(problem, form, local, int(j))} binds together with others: its price is one of several" for j in columns
    ]
    found += [f"{_row(form, local, int(i))} binds together with others: its price is one of several" for i in rows]
    return tuple(dict.fromkeys(name for name in found if not name.startswith(" ")))


def _column(problem: Problem, form: StandardForm, local: Local, i: int) -> str:
    j = int(local.program.columns[i])
    lower, upper = form.box()
    near_lower = local.raw.x is not None and local.raw.x[j] - lower[j] <= upper[j] - local.raw.x[j]
    entries = np.flatnonzero(form.bound_columns == j)
    sides = form.bound_lower[entries] if near_lower else -form.bound_upper[entries]
    limit = ""
    if len(entries):
        entry = int(entries[int(sides.argmax())])
        limit = _owner(form.bound_groups, entry)[0]
    asset = problem.universe.ids[j] if j < form.n_weights else "a trade" if limit == "" else "a helper"
    return f"{limit or 'zero'} of {asset}"


def _row(form: StandardForm, local: Local, i: int) -> str:
    row = int(local.scaled_rows()[i])
    if row < 0:
        return form.cones[-1 - row].limit
    limit, member = _owner(form.row_groups, row)
    return f"{limit or 'a definition'} of {member}" if member else limit or "a definition"


def _owner(groups: tuple[Group, ...], entry: int) -> tuple[str, str]:
    for group in groups:
        if group.start <= entry < group.stop:
            return group.limit, "" if group.members is None else group.members[entry - group.start]
    return "", ""
