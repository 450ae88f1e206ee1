"""Weights whose shares of the volatility are given: the convex problem of Spinu, by Newton's method.

    minimize  1/2 y'Sigma y - sum_i b_i log y_i        w = y / 1'y

At the minimum y_i (Sigma y)_i = b_i, so the shares of the risk are b. In z_i = dy_i / y_i the Newton system is

    (Y Sigma Y + diag(b)) z = b - y * Sigma y,         Y = diag(y)

which in factor form (Sigma = G G' + diag(D)) is a diagonal plus (Y G)(Y G)': k x k by Woodbury, no n x n matrix. Without limits
that is all there is to solve, so it does not go through the engine's own logarithms (optimization/curved/): 1,000 assets in
factor form take a millisecond here, as a program seventy.

Source: Spinu (2013), An Algorithm for Computing Risk Parity Weights; Griveau-Billion, Richard and Roncalli (2013).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import DataError
from portopt.domain.moments import Covariance
from portopt.domain.program import psd_root

STEPS = 60
EXACT = 1e-15  # of the contributions, which add up to one
NEAR_THE_EDGE = 0.95
RANK = 1e-12  # of the largest eigenvalue of the correlations: less is none
NEGATIVE = 1e-10
NOT_A_COVARIANCE = "the covariance has a negative eigenvalue: some portfolio would have less than no risk"

Solve = Callable[[Vector, Vector], Vector]  # (y, right side) -> z of the Newton system


def risk_budget_weights(covariance: Covariance, b: Vector) -> Vector:
    """(n,) positive weights adding to one with  w_i (Sigma w)_i / w'Sigma w = b_i.

    Args:
        covariance: of the n assets, every one of them with risk.
        b: (n,) positive budgets adding to one.
    Raises:
        DataError: where there are none: some portfolio has no risk at all, or the covariance is none.
    """
    try:
        y, error = _settled(covariance, b)
    except np.linalg.LinAlgError:
        y, error = b, np.inf
    if not error <= 1e-9:
        raise no_risk_to_share(covariance, error)
    return np.asarray(y / y.sum())


def no_risk_to_share(covariance: Covariance, error: float) -> DataError:
    """Why budgets could not be met, as the covariance says: its rank, a negative eigenvalue, or neither.

    Where y > 0 with Sigma y = 0 the sum of logarithms grows along y for nothing: there is no portfolio of equal shares.
    """
    sigma = np.sqrt(covariance.diagonal())
    values = np.linalg.eigvalsh(covariance.dense() / sigma[:, None] / sigma)
    n, rank = len(values), int((values > RANK * values[-1]).sum())
    if values[0] < -NEGATIVE * values[-1]:
        return DataError(NOT_A_COVARIANCE, field="covariance", measured={"least_eigenvalue": float(values[0])})
    if rank < n:
        return DataError(
            f"the covariance of {n} assets has rank {rank}: portfolios of them have no risk at all, and no share of it "
            "can be given to each",
            field="covariance",
            measured={"rank": rank, "assets": n},
            fixes=[
                "use a shrunk or a factor covariance (estimation.covariance: ledoit_wolf), which has full rank",
                f"give more than {n} days of returns",
                "take fewer assets, or the hierarchical objective, which needs no inverse",
            ],
        )
    return DataError(
        f"risk budgets could not be met: contributions still miss them by {error:.1e}; is the covariance one?",
        field="covariance",
        measured={"largest_deviation": error},
    )


def _settled(covariance: Covariance, b: Vector) -> tuple[Vector, float]:
    """(y, how far its contributions are from the budgets)."""
    times, solve = _factor_system(covariance, b) if covariance.is_factor_form else _dense_system(covariance, b)
    y = np.sqrt(b / covariance.diagonal())
    y, Sy = _rescaled(y, times(y))
    error = float(np.abs(y * Sy - b).max())
    for _ in range(STEPS):
        if error <= EXACT:
            break
        z = solve(y, b - y * Sy)
        y_next, Sy_next = _step(y, Sy, z, b, times)
        error_next = float(np.abs(y_next * Sy_next - b).max())
        if error <= 1e-13 and error_next >= 0.5 * error:  # rounding: no step makes it better
            break
        y, Sy, error = y_next, Sy_next, error_next
    return y, error


def _step(y: Vector, Sy: Vector, z: Vector, b: Vector, times: Callable[[Vector], Vector]) -> tuple[Vector, Vector]:
    """A damped step that stays positive and does not raise the function; rescaled to total risk one."""
    least = float(z.min())
    t = 1.0 if least > -NEAR_THE_EDGE else -NEAR_THE_EDGE / least
    slope = -float(z @ (b - y * Sy))
    value = 0.5 * float(y @ Sy) - float(b @ np.log(y))
    moved = times(y * z)
    while True:
        y_next, Sy_next = y * (1.0 + t * z), Sy + t * moved
        reached = 0.5 * float(y_next @ Sy_next) - float(b @ np.log(y_next))
        if reached <= value + 1e-4 * t * slope + 1e-14 * abs(value) or t < 1e-8:
            return _rescaled(y_next, times(y_next))
        t *= 0.5


def _rescaled(y: Vector, Sy: Vector) -> tuple[Vector, Vector]:
    """The best point on the ray through y: y'Sigma y = 1."""
    variance = float(y @ Sy)
    if not variance > 0.0:
        raise np.linalg.LinAlgError("a portfolio without risk, or with less")
    size = 1.0 / np.sqrt(variance)
    return y * size, Sy * size


def _factor_system(covariance: Covariance, b: Vector) -> tuple[Callable[[Vector], Vector], Solve]:
    F, Omega, D = covariance.factors()
    G = F @ psd_root(Omega)
    eye = np.eye(G.shape[1])

    def times(v: Vector) -> Vector:
        return np.asarray(G @ (v @ G) + D * v)

    def solve(y: Vector, right: Vector) -> Vector:
        E = D * y * y + b
        K = G * y[:, None]
        scaled = K / E[:, None]
        small = np.linalg.solve(eye + K.T @ scaled, right @ scaled)
        return np.asarray(right / E - scaled @ small)

    return times, solve


def _dense_system(covariance: Covariance, b: Vector) -> tuple[Callable[[Vector], Vector], Solve]:
    Sigma = covariance.dense()

    def times(v: Vector) -> Vector:
        return np.asarray(Sigma @ v)

    def solve(y: Vector, right: Vector) -> Vector:
        from scipy.linalg import cho_factor, cho_solve

        system = Sigma * y[:, None] * y
        system[np.diag_indices_from(system)] += b
        return np.asarray(cho_solve(cho_factor(system, lower=True, overwrite_a=True, check_finite=False), right))

    return times, solve
