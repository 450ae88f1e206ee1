"""More columns and rows for a finished program: what whole shares and outer linearizations add to a standard form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Vector
from portopt.domain.program import Group, Program, StandardForm


def extension_of(form: StandardForm) -> Program:
    """An empty builder whose new columns come after the form's own."""
    program = Program(form.n_weights, form.until)
    program.n_columns = form.n_columns
    return program


def joined(form: StandardForm, extra: StandardForm) -> StandardForm:
    """The form with the columns, rows, bounds and cones of `extra` (built on `extension_of(form)`) after its own."""
    N, m, k = extra.n_columns, form.A.shape[0], len(form.bound_columns)
    return replace(
        form,
        n_columns=N,
        quadratics=form.quadratics + extra.quadratics,
        q=_wide(form.q, N) + extra.q,
        constant=form.constant + extra.constant,
        A=sp.csr_array(sp.vstack([_wider(form.A, N), extra.A])),
        row_lower=np.concatenate([form.row_lower, extra.row_lower]),
        row_upper=np.concatenate([form.row_upper, extra.row_upper]),
        row_relax=np.concatenate([form.row_relax, extra.row_relax]),
        row_groups=form.row_groups + tuple(_shifted(g, m) for g in extra.row_groups),
        bound_columns=np.concatenate([form.bound_columns, extra.bound_columns]),
        bound_lower=np.concatenate([form.bound_lower, extra.bound_lower]),
        bound_upper=np.concatenate([form.bound_upper, extra.bound_upper]),
        bound_relax=np.concatenate([form.bound_relax, extra.bound_relax]),
        bound_groups=form.bound_groups + tuple(_shifted(g, k) for g in extra.bound_groups),
        cones=tuple(replace(c, B=_wider(c.B, N)) for c in form.cones) + extra.cones,
        integer=np.concatenate([form.integer, extra.integer[form.n_columns :]]),
    )


def tightened(form: StandardForm, margins: Mapping[str, float]) -> StandardForm:
    """Every limit named closed by its margin, in its own unit: the reverse of relaxing it."""
    if not margins:
        return form
    row_margin, bound_margin = np.zeros(len(form.row_lower)), np.zeros(len(form.bound_columns))
    for groups, relax, margin in (
        (form.row_groups, form.row_relax, row_margin),
        (form.bound_groups, form.bound_relax, bound_margin),
    ):
        for g in groups:
            margin[g.start : g.stop] = margins.get(g.limit, 0.0) * relax[g.start : g.stop]
    cones = tuple(
        c if c.relax is None or c.limit not in margins else replace(c, b=c.b - margins[c.limit] * c.relax) for c in form.cones
    )
    return replace(
        form,
        row_lower=form.row_lower + row_margin,
        row_upper=form.row_upper - row_margin,
        bound_lower=form.bound_lower + bound_margin,
        bound_upper=form.bound_upper - bound_margin,
        cones=cones,
    )


def bounded(form: StandardForm, columns: Indices, lower: Vector, upper: Vector) -> StandardForm:
    """The form with more bounds on these columns, of no limit's name.

    columns: (k,) positions; lower, upper: (k,).
    """
    if not len(columns):
        return form
    k = len(form.bound_columns)
    return replace(
        form,
        bound_columns=np.concatenate([form.bound_columns, columns]),
        bound_lower=np.concatenate([form.bound_lower, lower]),
        bound_upper=np.concatenate([form.bound_upper, upper]),
        bound_relax=np.concatenate([form.bound_relax, np.zeros(len(columns))]),
        bound_groups=(*form.bound_groups, Group(k, k + len(columns), "")),
    )


def continuous(form: StandardForm) -> StandardForm:
    """The same program with no column held to whole numbers."""
    return replace(form, integer=np.zeros(form.n_columns, dtype=bool))


def rescaled(form: StandardForm, unit: Vector) -> StandardForm:
    """The same program in x / unit, (N,); no column of a quadratic may change its unit."""
    D = sp.diags_array(unit)
    return replace(
        form,
        q=form.q * unit,
        A=sp.csr_array(form.A @ D),
        bound_lower=form.bound_lower / unit[form.bound_columns],
        bound_upper=form.bound_upper / unit[form.bound_columns],
        cones=tuple(replace(cone, B=sp.csr_array(cone.B @ D)) for cone in form.cones),
    )


def opened_above(form: StandardForm, column: int, limits: frozenset[str]) -> tuple[StandardForm, float]:
    """The form with the upper bounds that `limits` put on one column removed, and the tightest of them."""
    upper, cap = form.bound_upper.copy(), np.inf
    for g in form.bound_groups:
        if g.limit not in limits:
            continue
        at = g.start + np.flatnonzero(form.bound_columns[g.start : g.stop] == column)
        cap = min(cap, float(upper[at].min(initial=np.inf)))
        upper[at] = np.inf
    return replace(form, bound_upper=upper), cap


def reach(form: StandardForm) -> Vector:
    """(N,) how far each column moves, at most, per unit of weight moved: the norm of its gradient on the weights.

    One for weights; from the defining row for helper columns that are a plain function of the weights; else one.
    """
    out = np.ones(form.n_columns)
    for g in form.row_groups:
        if g.limit:
            continue
        for row in range(g.start, g.stop):
            at = slice(form.A.indptr[row], form.A.indptr[row + 1])
            columns, values = form.A.indices[at], form.A.data[at]
            helper = columns >= form.n_weights
            if int(helper.sum()) == 1 and values[helper][0] != 0.0:
                out[columns[helper][0]] = np.linalg.norm(values[~helper]) / abs(values[helper][0])
    return out


def _wide(values: Vector, size: int) -> Vector:
    return np.concatenate([values, np.zeros(size - len(values))])


def _wider(A: sp.csr_array, columns: int) -> sp.csr_array:
    return sp.csr_array((A.data, A.indices, A.indptr), shape=(A.shape[0], columns))


def _shifted(group: Group, by: int) -> Group:
    return replace(group, start=group.start + by, stop=group.stop + by)
