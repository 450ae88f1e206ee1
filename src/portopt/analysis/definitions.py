"""Whose defining rows they are: helper rows that say inequalities belong to whoever asked for what they define.

A scenario's shortfall, a drawdown and the one before it, the largest of several numbers: chains of helper columns tied by rows
that no limit owns. Each chain ends in a row of a limit or in the objective, and pulls for that.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask
from portopt.domain.program import StandardForm


def spoken_of(form: StandardForm) -> dict[int, str]:
    """Helper columns that stand in a limit's own rows, by limit."""
    found: dict[int, str] = {}
    for g in form.row_groups:
        if g.limit:
            columns = form.A.indices[form.A.indptr[g.start] : form.A.indptr[g.stop]]
            found.update({int(j): g.limit for j in columns if j >= form.n_weights})
    return found


def owned_rows(form: StandardForm, own_name: str, own_columns: int) -> dict[str, Indices]:
    """Rows of chains by who they pull for: a limit, or `own_name`, the objective's, whose columns are below `own_columns`.

    Defining equalities (trades, factor exposures), which several may share, are nobody's.
    """
    rows = np.flatnonzero(_inequalities(form))
    helpers = form.A[rows][:, form.n_weights :]
    if helpers.nnz == 0:
        return {}
    from scipy.sparse.csgraph import connected_components

    graph = sp.block_array([[None, helpers], [helpers.T, None]], format="csr")
    _, label = connected_components(graph, directed=False)
    of_column = label[len(rows) :]
    owner: dict[int, str] = {}
    used = np.unique(helpers.indices)
    if own_name:
        owner.update({int(of_column[j]): own_name for j in used if j + form.n_weights < own_columns})
    owner.update({int(of_column[j - form.n_weights]): limit for j, limit in spoken_of(form).items()})
    out: dict[str, list[int]] = {}
    for row, component in zip(rows, label[: len(rows)], strict=True):
        if int(component) in owner:
            out.setdefault(owner[int(component)], []).append(int(row))
    return {name: np.array(found, dtype=np.intp) for name, found in out.items()}


def _inequalities(form: StandardForm) -> Mask:
    """(m,) rows that belong to no limit and have one side."""
    nobody = np.zeros(len(form.row_lower), dtype=bool)
    for g in form.row_groups:
        nobody[g.start : g.stop] = not g.limit
    return np.asarray(nobody & (form.row_lower != form.row_upper))
