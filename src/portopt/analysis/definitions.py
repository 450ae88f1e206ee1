"""Whose definitions they are: helper rows and cones that no limit owns belong to whoever asked for what they define.

A scenario's shortfall, a drawdown and the one before it, the largest of several numbers, a norm of a user's own: chains of
helper columns tied by rows and cones that no limit owns. Each chain ends in a row or a bound of a limit, or in the objective,
and pulls for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask
from portopt.domain.program import StandardForm


@dataclass(frozen=True, slots=True, eq=False)
class Definitions:
    """rows: of chains, by who they pull for. cones: who each cone of no limit's own pulls for; absent where that is nobody."""

    rows: Mapping[str, Indices] = field(default_factory=dict)
    cones: Mapping[int, str] = field(default_factory=dict)


def spoken_of(form: StandardForm) -> dict[int, str]:
    """Helper columns that stand in a limit's own rows or bounds, by limit."""
    found: dict[int, str] = {}
    for g in form.row_groups:
        if g.limit:
            columns = form.A.indices[form.A.indptr[g.start] : form.A.indptr[g.stop]]
            found.update({int(j): g.limit for j in columns if j >= form.n_weights})
    for g in form.bound_groups:
        if g.limit:
            found.update({int(j): g.limit for j in form.bound_columns[g.start : g.stop] if j >= form.n_weights})
    return found


def definitions(form: StandardForm, own_name: str, own_columns: int) -> Definitions:
    """By limit, or under `own_name`, the objective's, whose columns are below `own_columns`.

    Defining equalities (trades, factor exposures), which several may share, are nobody's.
    """
    n, nobodys = form.n_weights, _nobodys(form)
    equal = form.row_lower == form.row_upper
    rows = np.flatnonzero(nobodys & ~equal)
    shared = np.unique(form.A[np.flatnonzero(nobodys & equal)].indices)
    loose = [k for k, cone in enumerate(form.cones) if not cone.limit]
    tied = [_in_cone(form, k, shared) for k in loose]
    helpers = sp.vstack([form.A[rows], *tied], format="csr")[:, n:]
    if helpers.nnz == 0:
        return Definitions()
    from scipy.sparse.csgraph import connected_components

    graph = sp.block_array([[None, helpers], [helpers.T, None]], format="csr")
    _, label = connected_components(graph, directed=False)
    of_column = label[helpers.shape[0] :]
    owner: dict[int, str] = {}
    used = np.unique(helpers.indices)
    if own_name:
        owner.update({int(of_column[j]): own_name for j in used if j + n < own_columns})
    owner.update({int(of_column[j - n]): limit for j, limit in spoken_of(form).items()})
    out: dict[str, list[int]] = {}
    for row, component in zip(rows, label[: len(rows)], strict=True):
        if int(component) in owner:
            out.setdefault(owner[int(component)], []).append(int(row))
    of_cone = label[len(rows) : helpers.shape[0]]
    cones = {k: owner[int(component)] for k, component in zip(loose, of_cone, strict=True) if int(component) in owner}
    return Definitions({name: np.array(found, dtype=np.intp) for name, found in out.items()}, cones)


def _in_cone(form: StandardForm, k: int, shared: Indices) -> sp.csr_array:
    """(1, N) which columns a cone ties together, those left out that defining equalities may share."""
    columns = np.setdiff1d(form.cones[k].B.indices, shared)
    return sp.csr_array((np.ones(len(columns)), (np.zeros(len(columns), dtype=np.intp), columns)), shape=(1, form.n_columns))


def _nobodys(form: StandardForm) -> Mask:
    """(m,) rows that belong to no limit."""
    nobodys = np.zeros(len(form.row_lower), dtype=bool)
    for g in form.row_groups:
        nobodys[g.start : g.stop] = not g.limit
    return nobodys
