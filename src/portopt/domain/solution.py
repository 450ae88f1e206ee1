"""An answer: weights with their multipliers, or the reason there is none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from portopt.domain.arrays import Vector
from portopt.domain.diagnosis import Diagnosis


class SolveStatus(StrEnum):
    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    TIME_LIMIT = "time_limit"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, eq=False)
class Duals:
    """Multipliers of a StandardForm, in the sign convention of domain/program.py. rows (m,), bounds (k,), one array a cone.

    face: where a second-order cone touches the rest there are no finite multipliers. These then hold on the face on which
    every feasible point lies, and `face` are the multipliers that prove it: rows, bounds and cones in balance by themselves,
    without an objective. Whatever multiple of them is added, what the sum proves by weak duality is proven.
    """

    rows: Vector
    bounds: Vector
    cones: tuple[Vector, ...] = ()
    face: Duals | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RawAnswer:
    """What solving one StandardForm gave: x (N,) and its multipliers, or none.

    For a ratio program x is on the portfolio's own scale and the multipliers are those of the utility program
    with risk aversion gamma = (excess return)/(variance) at x, whose optimality conditions are the ratio's.
    For a program with integer columns the multipliers are those of the convex program left when these are held at x.
    mip_gap: (value at x - proven bound) over the value's size. relaxed: the answer without any whole numbers, whose own
    multipliers prove a first bound to whoever reads them.
    """

    status: SolveStatus
    x: Vector | None
    duals: Duals | None
    solver: str
    iterations: int
    seconds: float
    polished: bool = False
    mip_gap: float | None = None
    message: str = ""
    relaxed: RawAnswer | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """The engine's answer to a Problem. weights (n,) are None unless status is optimal; infeasible carries its diagnosis.

    problem_identity: which Problem this answers. relaxations: what a policy's priority order gave up, in order.
    """

    status: SolveStatus
    problem_identity: str
    weights: Vector | None = None
    raw: RawAnswer | None = None
    diagnosis: Diagnosis | None = None

    @property
    def is_optimal(self) -> bool:
        return self.status is SolveStatus.OPTIMAL and self.weights is not None
