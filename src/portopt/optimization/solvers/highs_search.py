"""The search for whole numbers: HiGHS's branch and cut, bounded by counted work and kept deterministic.

Its own door, beside highs.py: a search for whole numbers begins from a known point, wants the proven bound back, stops at an
absolute gap, and must not have its integer columns rescaled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask, Vector
from portopt.domain.deadline import NEVER, Deadline
from portopt.optimization.solvers.highs_native import OUT_OF_TIME, Native, NativeFailure

FEASIBLE = 1e-10  # in weights; HiGHS's own 1e-6 would let a limit be missed by a basis point of a basis point
MISSED = 1e-6  # of a row's size: what presolve and scaling may cost; a point that misses more was never one
# With a good book known, HiGHS's own heuristics only cost time: more than half of it.
WITHOUT_HEURISTICS = {
    "mip_heuristic_effort": 0.0,
    "mip_heuristic_run_rins": False,
    "mip_heuristic_run_rens": False,
    "mip_heuristic_run_root_reduced_cost": False,
    "mip_heuristic_run_feasibility_jump": False,
}
# The presolve of a search within the search divides by zero where whole numbers are held and small coefficients are left
# (HiGHS 1.15.1, HPresolve::rowPresolve): the process ends there.
ROOT_PRESOLVE_ONLY = {"mip_root_presolve_only": True}
NO_PRESOLVE = {"presolve": "off"}
FOUND = 2  # HiGHS's kSolutionStatusFeasible
# A node stops at about three checkpoints; the root at 20 to 400, after every round of cuts and every heuristic. Node limits
# alone leave the root unbounded: 15 seconds for 200 dense rows of 300 whole numbers.
ROOT_CHECKPOINTS = 600
NODE_CHECKPOINTS = 6


class Ended(StrEnum):
    """How a search ended. Only `infeasible` says that there is nothing; `failed` says nothing at all."""

    PROVED = "proved"
    STOPPED = "stopped with a point"
    EMPTY_HANDED = "stopped without a point"
    INFEASIBLE = "infeasible"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """What to search: minimize cost'x, row_lower <= A x <= row_upper, lower <= x <= upper, x whole where `integer`.

    scale: the size of the objective (gaps are absolute, in its unit). start: (columns, values) of a known point, or None.
    thorough: look for better points by HiGHS's heuristics too, where one is known already.
    until: ends it with the point and the bound that there are. presolve: False where it costs more than it saves.
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
    thorough: bool = False
    presolve: bool = True
    until: Deadline = NEVER


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """x (N,) or None. bound: no point is better than this; -inf where nothing was proven. message: of a failure."""

    x: Vector | None
    bound: float
    ended: Ended
    nodes: int
    message: str = ""
    iterations: int = 0

    @property
    def proved(self) -> bool:
        """Whether the gap was closed."""
        return self.ended is Ended.PROVED

    @property
    def infeasible(self) -> bool:
        """Whether it is proven that there is no point."""
        return self.ended is Ended.INFEASIBLE


def search(s: Search, *, gap: float, nodes: int, checkpoints: int | None = None) -> Found:
    """One search, ended where any machine would end it. gap: absolute, in the objective's unit. nodes: of the tree, at most.

    checkpoints: how often it may be asked whether to stop, which bounds the root too; None for what the nodes need.
    A search that ends with its gap open and its work not used up, or with a point that misses a row, has failed.
    """
    allowed = ROOT_CHECKPOINTS + NODE_CHECKPOINTS * nodes if checkpoints is None else checkpoints
    for presolve in (
        (ROOT_PRESOLVE_ONLY, NO_PRESOLVE) if s.presolve else (NO_PRESOLVE,)
    ):  # the second where the first ends with an error of its own
        try:
            return _searched(s, gap, nodes, allowed, presolve)
        except NativeFailure as failure:
            found = _failed(str(failure))
    return found


def _searched(s: Search, gap: float, nodes: int, checkpoints: int, presolve: Mapping[str, object]) -> Found:
    options: dict[str, object] = {
        "mip_rel_gap": 0.0,
        "mip_abs_gap": gap / s.scale,
        "mip_feasibility_tolerance": FEASIBLE,
        "primal_feasibility_tolerance": FEASIBLE,
        "mip_max_nodes": nodes,
        **presolve,
    }
    start = s.start if s.start is not None and _is_inside(s, *s.start) else None
    native = Native(options if start is None or s.thorough else options | WITHOUT_HEURISTICS, s.until)
    native.load(s.cost / s.scale, sp.csr_array(s.A), (s.row_lower, s.row_upper), (s.lower, s.upper), s.integer)
    if start is not None and len(start[0]):
        native.start_from(*start)
    counted = _Count(checkpoints)
    native.watch(counted.used_up)
    word = native.run(to_the_end=False)
    if word == "Primal infeasible or unbounded":
        native.forget_cost(len(s.cost))
        word = "Infeasible" if native.run() == "Infeasible" else word
    found = _read(native, s, word, gap)
    native.close()
    has_work_left = found.nodes < nodes and counted.made < checkpoints and not s.until.is_over
    if found.ended in (Ended.STOPPED, Ended.EMPTY_HANDED) and has_work_left:
        return _failed(f"the search ended at {found.nodes} of {nodes} nodes with its gap open: {word}")
    return found


@dataclass(slots=True)
class _Count:
    """Checkpoints made, of those that may be made."""

    most: int
    made: int = 0

    def used_up(self) -> bool:
        self.made += 1
        return self.made >= self.most


def _read(native: Native, s: Search, word: str, gap: float) -> Found:
    if word == "Infeasible":
        return Found(None, np.inf, Ended.INFEASIBLE, 0)
    info = native.highs.getInfo()
    done = word == "Optimal"
    if not done and word not in _STOPPED:
        return _failed(word)
    nodes = max(int(info.mip_node_count), 0)
    whole = bool(s.integer.any())
    if not done and not (whole and info.primal_solution_status == FOUND):
        return Found(None, float(info.mip_dual_bound) * s.scale if whole else -np.inf, Ended.EMPTY_HANDED, nodes)
    x = np.array(native.highs.getSolution().col_value)
    bound = float(info.mip_dual_bound if whole else info.objective_function_value) * s.scale
    missed = _missed(s, x)
    if missed > MISSED:
        return _failed(f"its point misses a row by {missed:.1e}")
    if done and float(s.cost @ x) - bound > gap + MISSED * s.scale:
        return _failed(f"called optimal {float(s.cost @ x) - bound:.1e} above its bound")
    return Found(x, bound, Ended.PROVED if done else Ended.STOPPED, nodes, iterations=max(int(info.simplex_iteration_count), 0))


def _is_inside(s: Search, columns: Indices, values: Vector) -> bool:
    """Whether a start is one of this search at all: HiGHS answers a value outside its column's bounds with an error."""
    return bool(np.all((values >= s.lower[columns]) & (values <= s.upper[columns])))


def _missed(s: Search, x: Vector) -> float:
    """By how much a row, a bound or a whole number is missed at most, relative to its size where that is above one."""
    row = s.A @ x
    by = [
        _beyond(row, s.row_lower, s.row_upper),
        _beyond(x, s.lower, s.upper),
        np.abs(x[s.integer] - np.round(x[s.integer])),
    ]
    return float(max(part.max(initial=0.0) for part in by))


def _beyond(at: Vector, lower: Vector, upper: Vector) -> Vector:
    return np.maximum(lower - at, at - upper) / np.maximum(1.0, np.abs(at))


def _failed(message: str) -> Found:
    return Found(None, -np.inf, Ended.FAILED, 0, message)


_STOPPED = ("Solution limit reached", "Interrupted by user", "Iteration limit reached", OUT_OF_TIME)
