"""The same limits, each allowed to give way at a price: the program that finds out how far apart they are.

    minimize    sum_k price_k e_k
    subject to  every row, bound and cone of limit k opened by e_k >= 0 in its own natural unit

A limit whose rows say they cannot be relaxed (eligibility by score) opens by the row's own unit here: enough to tell
whether it takes part in a conflict, not to tell what would repair it. Soft limits never forbid anything and are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from portopt.diagnosis.fewer_columns import without_unused
from portopt.diagnosis.idle_cones import without_idle_cones
from portopt.domain.arrays import Indices, Vector
from portopt.domain.problem import Problem
from portopt.domain.program import INF, Cone, Group, StandardForm

MOST_OPENING = 1e3  # a finite reach, so that the lower bound on the total opening is always proven
OPENED_ENTRIES = {"second_order": (0,), "exponential": (2,), "power": (0, 1)}


@dataclass(frozen=True, slots=True, eq=False)
class ElasticForm:
    """form: the program; its last columns are the openings of `limits`, in order."""

    form: StandardForm
    limits: tuple[str, ...]

    def openings(self, x: Vector) -> dict[str, float]:
        """How far each limit was opened at x, natural units.

        x: (N,) every column of this form.
        """
        first = self.form.n_columns - len(self.limits)
        return {name: max(0.0, float(x[first + k])) for k, name in enumerate(self.limits)}


def relaxable(problem: Problem) -> tuple[str, ...]:
    """The limits a diagnosis speaks of: hard and not structural, in the problem's order."""
    return tuple(limit.kind for limit in problem.limits if not limit.structural and not limit.soft)


def elastic(
    form: StandardForm, opened: Mapping[str, float], hard: Set[str], *, ignored: Set[str], unit_where_none: bool = True
) -> ElasticForm:
    """`form` with the limits in `opened` elastic at that price, those in `hard` as they are, those in `ignored` gone.

    Everything else (structural limits and definitions) stays. unit_where_none: open rows that cannot be relaxed, too.
    """
    limits = tuple(name for name in opened if name not in hard and name not in ignored)
    column = {name: form.n_columns + k for k, name in enumerate(limits)}
    N = form.n_columns + len(limits)
    bare = replace(form, quadratics=(), q=np.zeros(form.n_columns), constant=0.0, ratio=False)
    bare = without_unused(without_idle_cones(bare.without(lambda name: name in ignored)))
    rows = _Rows(N, column, unit_where_none)
    rows.take(bare.A, bare.row_lower, bare.row_upper, bare.row_relax, bare.row_groups)
    is_opened, bounds_A = _opened_bounds(bare, column)
    rows.take(bounds_A, bare.bound_lower, bare.bound_upper, bare.bound_relax, bare.bound_groups, only_opened=True)
    A, lower, upper = rows.stacked()
    openings = np.arange(form.n_columns, N)
    lower_box, upper_box = bare.box()
    # A switch that nothing asks for any more is held at zero: no search for it.
    integer = form.integer & ~(lower_box >= upper_box)
    q = np.zeros(N)
    q[openings] = [opened[name] for name in limits]
    kept = np.flatnonzero(~is_opened & ~(np.isinf(bare.bound_lower) & np.isinf(bare.bound_upper)))
    program = replace(
        form,
        n_columns=N,
        quadratics=(),
        q=q,
        constant=0.0,
        A=A,
        row_lower=lower,
        row_upper=upper,
        row_relax=np.zeros(len(lower)),
        row_groups=rows.groups(),
        bound_columns=np.concatenate([bare.bound_columns[kept], openings]),
        bound_lower=np.concatenate([bare.bound_lower[kept], np.zeros(len(limits))]),
        bound_upper=np.concatenate([bare.bound_upper[kept], np.full(len(limits), MOST_OPENING)]),
        bound_relax=np.zeros(len(kept) + len(limits)),
        bound_groups=(Group(0, len(kept) + len(limits), ""),),
        cones=tuple(_opened_cone(cone, N, column, unit_where_none) for cone in bare.cones),
        integer=np.concatenate([integer, np.zeros(len(limits), dtype=bool)]),
        ratio=False,
        hinges=(),  # the rows stand in another order here
    )
    return ElasticForm(program, limits)


def _opened_bounds(form: StandardForm, column: Mapping[str, int]) -> tuple[np.ndarray, sp.csr_array]:
    """Which bounds belong to an elastic limit, and all bounds as rows of a matrix."""
    k = len(form.bound_columns)
    is_opened = np.zeros(k, dtype=bool)
    for group in form.bound_groups:
        is_opened[group.start : group.stop] = group.limit in column
    ones = (np.ones(k), (np.arange(k), form.bound_columns))
    return is_opened, sp.csr_array(ones, shape=(k, form.n_columns))


def _opened_cone(cone: Cone, N: int, column: Mapping[str, int], unit_where_none: bool) -> Cone:
    """The cone on N columns, its opening added to the column of its limit."""
    B = sp.coo_array(cone.B)
    data, (i, j) = B.data, B.coords
    if cone.limit in column:
        opening = np.zeros(len(cone.b)) if cone.relax is None else cone.relax
        if unit_where_none and not opening.any():
            opening = np.isin(np.arange(len(cone.b)), OPENED_ENTRIES[cone.kind]).astype(float)
        where = np.flatnonzero(opening)
        data = np.concatenate([data, opening[where]])
        i, j = np.concatenate([i, where]), np.concatenate([j, np.full(len(where), column[cone.limit])])
    return replace(cone, B=sp.csr_array((data, (i, j)), shape=(len(cone.b), N)))


class _Rows:
    """Collects rows; a two-sided row of an elastic limit becomes two, because its sides open apart."""

    def __init__(self, N: int, column: Mapping[str, int], unit_where_none: bool) -> None:
        self._N = N
        self._column = column
        self._unit_where_none = unit_where_none
        self._parts: list[tuple[sp.csr_array, Vector, Vector]] = []
        self._groups: list[Group] = []
        self._count = 0

    def take(
        self,
        A: sp.csr_array,
        lower: Vector,
        upper: Vector,
        relax: Vector,
        groups: Sequence[Group],
        *,
        only_opened: bool = False,
    ) -> None:
        for group in groups:
            span = np.arange(group.start, group.stop)
            has_lower, has_upper = np.isfinite(lower[span]), np.isfinite(upper[span])
            if group.limit not in self._column:
                if not only_opened:
                    rows = span[has_lower | has_upper]
                    self._add(A, rows, lower[rows], upper[rows], group.limit, None)
                continue
            opening = relax[span]
            if self._unit_where_none:
                opening = np.where(opening > 0, opening, 1.0)
            up, down = span[has_upper], span[has_lower]
            self._add(A, up, np.full(len(up), -INF), upper[up], group.limit, -opening[has_upper])
            self._add(A, down, lower[down], np.full(len(down), INF), group.limit, opening[has_lower])

    def _add(self, A: sp.csr_array, rows: Indices, lower: Vector, upper: Vector, limit: str, opening: Vector | None) -> None:
        if not len(rows):
            return
        block = sp.coo_array(A[rows])
        data, (i, j) = block.data, block.coords
        if opening is not None:
            where = np.flatnonzero(opening)
            data = np.concatenate([data, opening[where]])
            i, j = np.concatenate([i, where]), np.concatenate([j, np.full(len(where), self._column[limit])])
        self._parts.append((sp.csr_array((data, (i, j)), shape=(len(rows), self._N)), lower, upper))
        self._groups.append(Group(self._count, self._count + len(rows), limit))
        self._count += len(rows)

    def stacked(self) -> tuple[sp.csr_array, Vector, Vector]:
        if not self._parts:
            return sp.csr_array((0, self._N)), np.zeros(0), np.zeros(0)
        A = sp.csr_array(sp.vstack([part[0] for part in self._parts]))
        return A, np.concatenate([part[1] for part in self._parts]), np.concatenate([part[2] for part in self._parts])

    def groups(self) -> tuple[Group, ...]:
        return tuple(self._groups)
