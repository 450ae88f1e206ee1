"""The linear program that the tangents make so far, searched for whole lots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Vector
from portopt.optimization.scaling.extension import tightened
from portopt.optimization.solvers.highs_search import Found, Search, search
from portopt.trading.tangents import Tangents


@dataclass(frozen=True, slots=True, eq=False)
class Effort:
    """When to stop. gap: absolute, in the unit of what is searched; scale: the size of that; nodes: the most."""

    gap: float
    scale: float
    nodes: int


def search_lots(
    tangents: Tangents,
    effort: Effort,
    *,
    theta: float = 0.0,
    margins: Mapping[str, float],
    bounds: tuple[Vector, Vector] | None = None,
    start: tuple[Indices, Vector] | None = None,
) -> Found:
    """Whole lots that minimize the linear program; for a ratio  theta sigma - N.

    margins: by limit, how much it is closed. bounds: of the share program's columns, to stay close to a point.
    The bound found is in the objective's own unit, its constant counted.
    """
    outer = tangents.outer
    form = tightened(outer.form, margins)
    A, lower, upper = tangents.rows()
    cost = form.q.copy()
    if outer.sigma >= 0:
        cost[outer.sigma] = theta
    column_lower, column_upper = form.box()
    if bounds is not None:
        own = slice(0, len(bounds[0]))
        column_lower[own] = np.maximum(column_lower[own], bounds[0])
        column_upper[own] = np.minimum(column_upper[own], bounds[1])
    asked = Search(
        cost=cost,
        A=sp.csr_array(sp.vstack([form.A, A])),
        row_lower=np.concatenate([form.row_lower, lower]),
        row_upper=np.concatenate([form.row_upper, upper]),
        lower=column_lower,
        upper=column_upper,
        integer=form.integer,
        scale=effort.scale,
        start=start,
    )
    found = search(asked, gap=effort.gap, nodes=effort.nodes)
    return replace(found, bound=found.bound + form.constant)


def least_volatility(tangents: Tangents) -> float:
    """A volatility that no book is below, by the linear program with nothing held whole; 0.0 where that says nothing."""
    form = tangents.outer.form
    A, lower, upper = tangents.rows()
    cost, free = np.zeros(form.n_columns), np.zeros(form.n_columns, dtype=bool)
    cost[tangents.outer.sigma] = 1.0
    sides = np.concatenate([form.row_lower, lower]), np.concatenate([form.row_upper, upper])
    found = search(Search(cost, sp.csr_array(sp.vstack([form.A, A])), *sides, *form.box(), free), gap=0.0, nodes=0)
    return max(found.bound, 0.0) if found.proved else 0.0
