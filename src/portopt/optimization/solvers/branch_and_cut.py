"""The search for whole numbers: HiGHS's branch and cut, kept deterministic.

Its own door, beside highs.py: a search for whole numbers begins from a known point, wants the proven bound back, stops at an
absolute gap, and must not have its integer columns rescaled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask, Vector

FEASIBLE = 1e-10  # in weights; HiGHS's own 1e-6 would let a limit be missed by a basis point of a basis point
SEED = 0
# With a good book known, HiGHS's own heuristics only cost time: more than half of it.
WITHOUT_HEURISTICS = {
    "mip_heuristic_effort": 0.0,
    "mip_heuristic_run_rins": False,
    "mip_heuristic_run_rens": False,
    "mip_heuristic_run_root_reduced_cost": False,
    "mip_heuristic_run_feasibility_jump": False,
}


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """What to search: minimize cost'x, row_lower <= A x <= row_upper, lower <= x <= upper, x whole where `integer`.

    scale: the size of the objective (gaps are absolute, in its unit). start: (columns, values) of a known point, or None.
    """

    cost: Vector
    A: sp.csr_array
    row_lower: Vector
    row_upper: Vector
    lower: Vector
    upper: Vector
    integer: Mask
    scale: float = 1.0
    start: tuple[Indices, Vector] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """x (N,) or None. bound: no point is better than this. proved: the gap was closed. infeasible: there is no point."""

    x: Vector | None
    bound: float
    proved: bool
    infeasible: bool
    nodes: int


def search(s: Search, *, gap: float, nodes: int) -> Found:
    """One search. gap: absolute, in the objective's unit. nodes: branch and cut nodes; with it the search ends where any
    machine would end it.
    """
    import highspy

    highs = highspy.Highs()
    options = {
        "output_flag": False,
        "threads": 1,
        "random_seed": SEED,
        "mip_rel_gap": 0.0,
        "mip_abs_gap": gap / s.scale,
        "mip_feasibility_tolerance": FEASIBLE,
        "primal_feasibility_tolerance": FEASIBLE,
        "mip_max_nodes": nodes,
    }
    if s.start is not None:
        options |= WITHOUT_HEURISTICS
    for name, value in options.items():
        highs.setOptionValue(name, value)
    highs.passModel(_model(s))
    if s.start is not None and len(s.start[0]):
        highs.setSolution(len(s.start[0]), s.start[0].astype(np.int32), s.start[1])
    highs.run()
    word = highs.modelStatusToString(highs.getModelStatus())
    info = highs.getInfo()
    x = np.array(highs.getSolution().col_value) if np.isfinite(info.mip_gap) or word == "Optimal" else None
    bound = float(info.mip_dual_bound) * s.scale if s.integer.any() else float(info.objective_function_value) * s.scale
    infeasible = word in ("Infeasible", "Primal infeasible or unbounded")
    return Found(x, bound, word == "Optimal", infeasible, int(info.mip_node_count))


def _model(s: Search) -> object:
    import highspy

    A = sp.csr_array(s.A)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(s.cost), A.shape[0]
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = s.cost / s.scale, s.lower, s.upper
    lp.row_lower_, lp.row_upper_ = s.row_lower, s.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.num_col_, lp.a_matrix_.num_row_ = len(s.cost), A.shape[0]
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = A.indptr, A.indices, A.data
    kinds = highspy.HighsVarType
    lp.integrality_ = [kinds.kInteger if whole else kinds.kContinuous for whole in s.integer]
    return lp
