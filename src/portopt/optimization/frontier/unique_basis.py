"""A set of free columns and held rows that determines its point: made from one that does not, at the same optimum.

Where rows depend on each other their multipliers may move without disturbing anything: they do, until the multiplier of a
held column or row is zero, which is then let go. Where a free direction has no curvature the point may move along it: it
does, until a side is met, which is then held. Each step takes one such direction away.
"""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Mask, Matrix, Vector
from portopt.optimization.frontier.basis import Singular
from portopt.optimization.scaling.presolve import Scaled

DEPENDENT = 1e-10  # a singular value, relative to the largest
LARGEST = 600  # free columns or rows beyond which a singular value decomposition is too long a step


def unstick(program: Scaled, free: Mask, on: Mask, y: Vector, t: Vector) -> None:
    """A row whose columns are all held: its multiplier moves until one of them, or the row, lets go.

    An asset that is not held and not bought has w = buys = sells = 0 in w - buys + sells = 0.
    free: (N,), on: (m,) what is between its sides, and which rows hold. y: (m,), t: (N,) multipliers.
    """
    A = program.A
    counts = abs(A) @ free.astype(float)
    for row in np.flatnonzero(on & (counts == 0.0)):
        entries = slice(A.indptr[row], A.indptr[row + 1])
        columns, values = A.indices[entries], A.data[entries]
        if free[columns].any():  # let go by a row before it
            continue
        if len(columns) == 0:
            on[row] = False
            continue
        # Lowering y by d moves t by d * values: the first that reaches zero is let go. Where one direction has a single
        # column that stops it, that one: the others then say by their own multipliers when no choice is left.
        reach = -t[columns] / values
        equality = program.row_lower[row] == program.row_upper[row]
        alone = [np.flatnonzero(side) for side in (reach >= 0.0, reach < 0.0) if int(side.sum()) == 1]
        nearest = int(alone[0][0]) if alone and equality else int(np.abs(reach).argmin())
        change = float(reach[nearest])
        if not equality and abs(y[row]) <= abs(change):
            change, on[row] = float(y[row]), False
        else:
            free[columns[nearest]] = True
        y[row] -= change
        t[columns] += change * values


def determine(program: Scaled, free: Mask, on: Mask, x: Vector, y: Vector, t: Vector) -> None:
    """Change `free` and `on`, and x, y, t along with them, until they determine the point. Raises Singular.

    free: (N,), on: (m,) what is between its sides, and which rows hold. x, t: (N,), y: (m,) point and multipliers.
    """
    A = np.asarray(program.A.toarray())
    equality = program.row_lower == program.row_upper
    for _ in range(2 * len(y) + 2):
        rows, columns = np.flatnonzero(on), np.flatnonzero(free)
        if max(len(rows), len(columns)) > LARGEST:
            raise Singular
        null = _null_space(A[np.ix_(rows, columns)].T)
        if null.shape[1] == 0:
            break
        z = np.zeros(len(y))
        z[rows] = null[:, 0]
        moved = np.concatenate([np.where(free, 0.0, -(z @ A)), np.where(on & ~equality, z, 0.0)])
        i, step = _first(moved, np.concatenate([t, y]))
        y += step * z
        t -= step * np.where(free, 0.0, z @ A)
        if i < len(x):
            free[i], t[i] = True, 0.0
        else:
            on[i - len(x)], y[i - len(x)] = False, 0.0
    for _ in range(len(x)):
        if not _slid(program, A, free, on, x):
            return


def _slid(program: Scaled, A: Matrix, free: Mask, on: Mask, x: Vector) -> bool:
    """One step along a free direction without curvature, to the nearest side; False where there is none."""
    rows, columns = np.flatnonzero(on), np.flatnonzero(free)
    N = _null_space(A[np.ix_(rows, columns)]) if len(rows) else np.eye(len(columns))
    if N.shape[1] == 0:
        return False
    curvature, vectors = np.linalg.eigh(N.T @ program.P.sub(columns) @ N)
    if curvature[0] > DEPENDENT * max(program.P.largest(), 1e-300):
        return False
    d = np.zeros(len(x))
    d[columns] = N @ vectors[:, 0]
    activity, change = A @ x, A @ d
    change[on] = 0.0
    values, rates = np.concatenate([x, activity]), np.concatenate([d, change])
    lower = np.concatenate([program.lower, program.row_lower])
    upper = np.concatenate([program.upper, program.row_upper])
    rates[np.abs(rates) < DEPENDENT] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        forth = np.where(rates > 0, (upper - values) / rates, np.where(rates < 0, (lower - values) / rates, np.inf))
        back = np.where(rates > 0, (values - lower) / rates, np.where(rates < 0, (values - upper) / rates, np.inf))
    i, j = int(forth.argmin()), int(back.argmin())
    ahead = forth[i] <= back[j]
    i, step = (i, max(float(forth[i]), 0.0)) if ahead else (j, -max(float(back[j]), 0.0))
    if not np.isfinite(step):
        raise Singular
    x += step * d
    if i < len(x):
        free[i] = False
        x[i] = upper[i] if (rates[i] > 0) == ahead else lower[i]
    else:
        on[i - len(x)] = True
    return True


def _null_space(A: Matrix) -> Matrix:
    """(columns, d) orthonormal, A N = 0."""
    if A.shape[0] == 0:
        return np.eye(A.shape[1])
    _, sizes, V = np.linalg.svd(A, full_matrices=True)
    rank = int((sizes > DEPENDENT * max(float(sizes.max(initial=0.0)), 1.0)).sum())
    return np.asarray(V[rank:].T)


def _first(rates: Vector, values: Vector) -> tuple[int, float]:
    """(which, step) of the first value to reach zero, in either direction. Raises Singular where none does."""
    moving = np.abs(rates) > DEPENDENT
    if not moving.any():
        raise Singular
    steps = np.full(len(rates), np.inf)
    steps[moving] = -values[moving] / rates[moving]
    i = int(np.abs(steps).argmin())
    return i, float(steps[i])
