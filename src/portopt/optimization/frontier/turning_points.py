"""The turning points of a portfolio's own frontier: where the walk starts, and what it finds in weights."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.program import StandardForm
from portopt.domain.solution import SolveStatus
from portopt.optimization.frontier.basis import Basis, Singular, TooWide
from portopt.optimization.frontier.critical_line import Corner, Endless, Stalled, Walk
from portopt.optimization.frontier.unique_basis import determine, unstick
from portopt.optimization.ladder import climb
from portopt.optimization.polish.polish import polished
from portopt.optimization.scaling.presolve import Scaled, SolverAnswer, crossing, scaled

STARTS = (0.05, 0.2, 0.011, 0.7, 0.002)  # prices of return tried in turn: any will do whose optimum is not degenerate
SAME_PORTFOLIO = 1e-13  # weights that differ by less are one portfolio
SETTLED = (12, 1)  # exchanges between two corrections of what rounding has added up; after the second, none is left
MOST = 30_000_000  # numbers in all turning points
STATIONARY = 1e-12  # of the gradient
FEASIBLE = 1e-12
INSIDE = 1e-10


@dataclass(frozen=True, slots=True)
class Corners:
    """prices: (c,) lambda, rising. weights: (c, n), the same lines' turning points; between two of them weights are linear."""

    prices: Vector
    weights: Matrix


def corners(form: StandardForm, mu: Vector) -> Corners | None:
    """Every turning point of  minimize 1/2 x'Px - lambda mu'w  over the rows and bounds of `form`, from lambda = 0 up.

    form: its linear objective is left out. mu: (n,). None where the form is not linear in its limits, too wide for it, or
    the walk loses its way: the caller then has other means.
    """
    if form.cones or form.integer.any() or form.ratio or crossing(form):
        return None
    for price in STARTS:
        try:
            found = _walked(form, mu, price)
        except (Singular, Stalled):
            continue
        except (TooWide, Endless):
            return None
        if found is not None:
            return found
    return None


def _walked(form: StandardForm, mu: Vector, price: float) -> Corners | None:
    linear = np.zeros(form.n_columns)
    linear[: form.n_weights] = mu
    program = scaled(replace(form, q=-price * linear))
    if len(program.columns) == 0:
        return Corners(np.zeros(1), program.x_fixed[None, : form.n_weights])
    answer = climb(program)
    if answer.status is not SolveStatus.OPTIMAL:
        raise Endless  # or empty: whoever sweeps will say which
    exact = polished(program, answer)
    if exact is None:
        return None
    m = linear[program.columns] * program.column_scale * program.objective_scale
    program = replace(program, q=program.q + price * m)
    for settle_every in SETTLED:
        up = _start(program, m, price, exact, settle_every)
        path = [*reversed(up.copy().walk(upwards=False)), *up.walk(upwards=True)]
        if _are_optimal(program, m, path):
            return _in_weights(program, path)
    return None


def _start(program: Scaled, m: Vector, price: float, exact: SolverAnswer, settle_every: int) -> Walk:
    """The walk at a polished optimum. Raises Singular where no set of columns and rows determines it."""
    if exact.x is None or exact.y is None or exact.t is None:
        raise Singular
    x, y, t = exact.x, exact.y.copy(), exact.t.copy()
    free = (x > program.lower) & (x < program.upper)
    on = (program.row_lower == program.row_upper) | (y != 0.0)
    unstick(program, free, on, y, t)
    x = x.copy()
    try:
        basis = Basis(program, free, on)
    except Singular:
        determine(program, free, on, x, y, t)
        basis = Basis(program, free, on)
    activity = program.A @ x
    nearer = np.where(program.row_upper - activity <= activity - program.row_lower, 1.0, -1.0)
    side = np.concatenate([np.where(x == program.upper, 1.0, -1.0), np.where(y == 0.0, nearer, np.sign(y))])
    return Walk(program, m, basis, price, x, np.where(on, y, 0.0), side, settle_every)


def _are_optimal(program: Scaled, m: Vector, path: list[Corner]) -> bool:
    """Whether every corner satisfies the optimality conditions, by its own columns and row multipliers alone."""
    if len(path) * program.form.n_columns > MOST:
        raise TooWide
    p, chunk = program, max(1, 4_000_000 // max(1, len(m)))
    for first in range(0, len(path), chunk):
        part = path[first : first + chunk]
        X, Y = np.array([corner.x for corner in part]), np.array([corner.y for corner in part])
        prices = np.array([corner.price for corner in part])[:, None]
        gradient = p.P.diagonal * X + p.q - prices * m + Y @ p.A
        gradient[:, p.P.columns] += X[:, p.P.columns] @ p.P.block
        size = np.maximum(1.0, prices * float(np.abs(m).max(initial=0.0)))
        low, high = X - p.lower, p.upper - X
        wrong = np.where(low > INSIDE, gradient, 0.0) / size, np.where(high > INSIDE, -gradient, 0.0) / size
        AX = X @ p.A.T
        over, under = AX - p.row_upper, p.row_lower - AX
        idle = np.where(over < -INSIDE, Y, 0.0) / size, np.where(under < -INSIDE, -Y, 0.0) / size
        if max(float(part.max(initial=0.0)) for part in (*wrong, *idle)) > STATIONARY:
            return False
        if max(float(part.max(initial=0.0)) for part in (-low, -high, over, under)) > FEASIBLE:
            return False
    return True


def _in_weights(program: Scaled, path: list[Corner]) -> Corners:
    """On the form's own scale, each portfolio once; the optimality of every one has been checked."""
    n = program.form.n_weights
    X = np.tile(program.x_fixed, (len(path), 1))
    X[:, program.columns] = np.array([corner.x for corner in path]) * program.column_scale
    W, prices = X[:, :n], np.array([corner.price for corner in path])
    moved = np.abs(np.diff(W, axis=0)).max(axis=1, initial=0.0) > SAME_PORTFOLIO
    later = np.diff(prices) > SAME_PORTFOLIO * np.maximum(1.0, prices[1:])
    keep = np.concatenate([[True], moved | later])
    return Corners(prices[keep], W[keep])
