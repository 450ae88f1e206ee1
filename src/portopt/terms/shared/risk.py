"""Sigma inside a program: as a quadratic of the objective, and as the cone of a risk limit.

Where the covariance is F Omega F' + D both are written on the shared columns y = R'F'w (R R' = Omega), so that no n x n
matrix appears; where it is dense, on the weights themselves.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.moments import Covariance
from portopt.domain.program import Program, factor_loadings, psd_root


def add_variance(program: Program, covariance: Covariance, scale: float = 1.0) -> None:
    """Add scale/2 w'Sigma w to the objective."""
    if covariance.is_factor_form:
        y, D = program.factor_columns(covariance)
        program.add_quadratic(program.weights, scale * D)
        program.add_quadratic(y, np.full(len(y), scale))
    else:
        program.add_quadratic(program.weights, covariance.dense(), scale)


def add_active_variance(program: Program, covariance: Covariance, b: Vector, scale: float = 1.0) -> None:
    """Add scale/2 (w - b)'Sigma(w - b) to the objective.  b: (n,) benchmark weights."""
    add_variance(program, covariance, scale)
    if covariance.is_factor_form:
        y, D = program.factor_columns(covariance)
        y_b = factor_exposures(covariance, b)
        program.add_linear(program.weights, -scale * D * b)
        program.add_linear(y, -scale * y_b)
    else:
        program.add_linear(program.weights, -scale * covariance.times(b))
    program.constant += 0.5 * scale * covariance.variance(b)


def add_risk_cone(
    program: Program,
    covariance: Covariance,
    bound: float,
    *,
    limit: str,
    center: Vector | None = None,
    excess: Indices | None = None,
) -> None:
    """sqrt((w - center)'Sigma(w - center)) <= bound (+ excess), a second-order cone that opens one for one.

    center: (n,), zero when None. excess: one column added to the bound, where it is what is defined.
    """
    b = np.zeros(program.n_weights) if center is None else center
    blocks: list[tuple[int, sp.sparray | Matrix, Indices]] = []
    if covariance.is_factor_form:
        y, D = program.factor_columns(covariance)
        risky = np.flatnonzero(D > 0.0)
        sqrt_D, k = np.sqrt(D[risky]), len(y)
        blocks = [(1, sp.eye_array(k), y), (1 + k, sp.diags_array(sqrt_D), risky)]
        tail = np.concatenate([-factor_exposures(covariance, b), -sqrt_D * b[risky]])
    else:
        R, transposed, risky = covariance.once("root", lambda: _root_as_block(covariance.dense()))
        blocks = [(1, transposed, risky)]
        tail = -(R.T @ b[risky])
    if excess is not None:
        blocks.append((0, np.ones((1, 1)), excess))
    opening = np.zeros(1 + len(tail))
    opening[0] = 1.0 if limit else 0.0  # a definition does not open
    program.add_cone("second_order", blocks, np.concatenate([[bound], tail]), limit=limit, relax=opening)


def factor_exposures(covariance: Covariance, b: Vector) -> Vector:
    """(k,) y = R'F'b, in the coordinates of Program.factor_columns."""
    return np.asarray(factor_loadings(covariance).T @ b)


def _root_as_block(Sigma: Matrix) -> tuple[Matrix, sp.coo_array, Indices]:
    R, risky = dense_root(Sigma)
    return R, sp.coo_array(R.T), risky


def dense_root(Sigma: Matrix) -> tuple[Matrix, Indices]:
    """R (m, r) and the m positions with any variance, R R' = Sigma there.

    Cholesky where Sigma is definite: a tenth of the time of an eigenvalue decomposition at 500 assets.
    """
    risky = np.flatnonzero(np.diagonal(Sigma) > 0.0)
    block = Sigma[np.ix_(risky, risky)]
    try:
        return np.asarray(np.linalg.cholesky(block)), risky
    except np.linalg.LinAlgError:
        return psd_root(block), risky
