"""The efficient frontier of variance from its turning points: exact everywhere, any number of points for the price of few.

Between two turning points a, b weights are linear, w = a + s (b - a), 0 <= s <= 1; with d = b - a

    return    mu'a + s mu'd
    variance  a'Sigma a + 2 s a'Sigma d + s^2 d'Sigma d

so a wanted return is met by a linear equation, a volatility by a quadratic one, and the best Sharpe ratio of a segment,
e = mu'a - rf, stands at   s = (e a'Sigma d - mu'd a'Sigma a) / (mu'd a'Sigma d - e d'Sigma d).
Sources: Markowitz (1987), chapter 8; Bailey and Lopez de Prado (2013) for the turning points as a public example.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.explanation import Frontier, FrontierPoint
from portopt.domain.moments import Covariance
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.optimization.frontier.turning_points import SAME_PORTFOLIO, Corners, corners
from portopt.optimization.polish.last_touch import budget

RISKLESS = 1e-14  # of the largest variance


@dataclass(frozen=True, slots=True)
class Path:
    """A polyline of portfolios. W (c, n), returns and variances (c,); along each of its c - 1 segments rise (c - 1,) of the
    return, slope and bend (c - 1,): variance = variances + 2 s slope + s^2 bend.
    """

    W: Matrix
    returns: Vector
    variances: Vector
    rise: Vector
    slope: Vector
    bend: Vector

    @classmethod
    def through(cls, W: Matrix, mu: Vector, covariance: Covariance) -> Path:
        SW = times(covariance, W)
        D, SD = np.diff(W, axis=0), np.diff(SW, axis=0)
        returns = W @ mu
        return cls(
            W,
            returns,
            np.maximum(np.einsum("ij,ij->i", SW, W), 0.0),
            D @ mu,
            np.einsum("ij,ij->i", SW[:-1], D),
            np.maximum(np.einsum("ij,ij->i", SD, D), 0.0),
        )

    def at(self, segment: int, s: float) -> Vector:
        return np.asarray(self.W[segment] + s * (self.W[segment + 1] - self.W[segment]))

    def where_return(self, wanted: float) -> tuple[int, float]:
        """(segment, s) of the portfolio that earns `wanted`, the least risky one."""
        k = int(np.clip(np.searchsorted(self.returns, wanted) - 1, 0, len(self.rise) - 1))
        gap = wanted - self.returns[k]
        return k, float(np.clip(gap / self.rise[k], 0.0, 1.0)) if self.rise[k] > 0.0 else 0.0

    def where_variance(self, wanted: float) -> tuple[int, float]:
        """(segment, s) of the portfolio of that variance: the larger root, in the form that cancels nothing."""
        k = int(np.clip(np.searchsorted(self.variances, wanted) - 1, 0, len(self.rise) - 1))
        c = self.variances[k] - wanted
        root = self.slope[k] + math.sqrt(max(self.slope[k] ** 2 - self.bend[k] * c, 0.0))
        return k, float(np.clip(-c / root, 0.0, 1.0)) if root > 0.0 else 0.0


def exact_frontier(
    problem: Problem, form: StandardForm, points: int, min_return: float | None, max_risk: float | None
) -> Frontier | None:
    """The frontier from its turning points, or None where the limits are not linear, a limit is soft or the program is too
    large: there it is swept. form: variance and the limits. Raises InvalidValue for ends that leave nothing.
    """
    if form.q.any() or any(limit.soft for limit in problem.limits):
        return None
    found = corners(form, problem.moments.mu)
    if found is None:
        return None
    whole = _path(problem, found)
    _check_ends(whole, min_return, max_risk)
    path = _cut(problem, whole, min_return, max_risk)
    wanted = np.linspace(path.returns[0], max(path.returns[-1], path.returns[0]), points)
    W = _with_exact_sums(form, _between(path, wanted))
    swept = tuple(points_of(problem, W))
    return Frontier(
        points=swept,
        min_risk=swept[0],
        max_return=swept[-1],
        optimal=_best_ratio(problem, form, path, swept),
        current=None if problem.w_prev is None else points_of(problem, problem.w_prev[None, :])[0],
        turning_points=len(path.W),
        corners=tuple(points_of(problem, _with_exact_sums(form, path.W))),
    )


def times(covariance: Covariance, W: Matrix) -> Matrix:
    """(c, n) W Sigma, without forming Sigma where there are factors."""
    if not covariance.is_factor_form:
        return np.asarray(W @ covariance.dense())
    F, Omega, D = covariance.factors()
    return np.asarray(((W @ F) @ Omega) @ F.T + W * D)


def points_of(problem: Problem, W: Matrix) -> list[FrontierPoint]:
    """Portfolios (c, n) in the plane of return and volatility."""
    covariance, rate = problem.moments.covariance, problem.risk_free_rate
    returns = (W @ problem.moments.mu).tolist()
    sigmas = np.sqrt(np.maximum(np.einsum("ij,ij->i", times(covariance, W), W), 0.0)).tolist()
    return [
        FrontierPoint(r, sigma, (r - rate) / sigma if sigma > 0.0 else None, w)
        for r, sigma, w in zip(returns, sigmas, W, strict=True)
    ]


def _path(problem: Problem, found: Corners) -> Path:
    """The turning points in the order of return, each portfolio once; between equal returns the least risky one."""
    W = found.weights
    moved = np.concatenate([[True], np.abs(np.diff(W, axis=0)).max(axis=1, initial=0.0) > SAME_PORTFOLIO])
    return Path.through(W[moved], problem.moments.mu, problem.moments.covariance)


def _check_ends(path: Path, min_return: float | None, max_risk: float | None) -> None:
    least = math.sqrt(path.variances[0])
    if max_risk is not None and least > max_risk:
        raise InvalidValue(
            "max_risk",
            max_risk,
            f"the least volatility within these limits is {least:.6f}",
            fix=f"ask for max_risk of at least {least + 5e-7:.6f}",
        )
    if min_return is None:
        return
    highest = float(path.returns[-1])
    if max_risk is not None and path.variances[-1] > max_risk**2:
        k, s = path.where_variance(max_risk**2)
        highest = float(path.returns[k] + s * path.rise[k])
    if highest < min_return:
        raise InvalidValue(
            "min_return",
            min_return,
            f"the highest expected return within these limits is {highest:.6f}",
            fix=f"ask for min_return of at most {highest - 5e-7:.6f}",
        )


def _cut(problem: Problem, path: Path, min_return: float | None, max_risk: float | None) -> Path:
    """What is left between the ends, its own ends on their segments."""
    W = path.W
    if max_risk is not None and path.variances[-1] > max_risk**2:
        k, s = path.where_variance(max_risk**2)
        W = np.vstack([W[: k + 1], path.at(k, s)])
    if min_return is not None and path.returns[0] < min_return:
        k, s = path.where_return(min_return)
        W = np.vstack([path.at(k, s), W[k + 1 :]])
    return path if W is path.W else Path.through(W, problem.moments.mu, problem.moments.covariance)


def _between(path: Path, wanted: Vector) -> Matrix:
    """(p, n) the portfolios of those returns; the first and the last are the path's own ends."""
    if len(path.W) == 1:
        return np.repeat(path.W, len(wanted), axis=0)
    k = np.clip(np.searchsorted(path.returns, wanted) - 1, 0, len(path.rise) - 1)
    rise = path.rise[k]
    s = np.clip(np.where(rise > 0.0, (wanted - path.returns[k]) / np.where(rise > 0.0, rise, 1.0), 0.0), 0.0, 1.0)
    W = path.W[k] + s[:, None] * (path.W[k + 1] - path.W[k])
    W[0], W[-1] = path.W[0], path.W[-1]
    return np.asarray(W)


def _best_ratio(problem: Problem, form: StandardForm, path: Path, swept: tuple[FrontierPoint, ...]) -> FrontierPoint:
    """The best Sharpe ratio on the path; where it has no maximum, the best of the points."""
    e = path.returns - problem.risk_free_rate
    largest = float(problem.moments.covariance.diagonal().max(initial=0.0))
    riskless = path.variances <= RISKLESS * largest
    best = max(swept, key=lambda p: -math.inf if p.sharpe_ratio is None else p.sharpe_ratio)
    if bool((riskless & (e > 1e-12)).any()):
        return best
    if len(path.rise):
        below = path.rise * path.slope - e[:-1] * path.bend
        s = np.zeros(len(below))
        np.divide(e[:-1] * path.slope - path.rise * path.variances[:-1], below, out=s, where=below != 0.0)
        inside = np.flatnonzero((s > 0.0) & (s < 1.0))
        W = np.vstack([path.W, *(path.at(int(k), float(s[k]))[None, :] for k in inside)])
    else:
        W = path.W
    sigmas = np.sqrt(np.maximum(np.einsum("ij,ij->i", times(problem.moments.covariance, W), W), 0.0))
    excess = W @ problem.moments.mu - problem.risk_free_rate
    top = int(np.where(sigmas > 0.0, excess / np.where(sigmas > 0.0, sigmas, 1.0), -np.inf).argmax())
    candidate = points_of(problem, _with_exact_sums(form, W[top : top + 1]))[0]
    return candidate if (candidate.sharpe_ratio or -math.inf) >= (best.sharpe_ratio or -math.inf) else best


def _with_exact_sums(form: StandardForm, W: Matrix) -> Matrix:
    """Every row's sum exact in the last bit, by its largest weight that stands on no bound; no zero has a sign."""
    out, found = W + 0.0, budget(form)
    if found is None:
        return out
    columns, total = found
    lower, upper = (side[columns] for side in form.box())
    part = out[:, columns]
    inside = (part - lower > 1e-9) & (upper - part > 1e-9)
    largest = np.where(inside, np.abs(part), -1.0).argmax(axis=1)
    for i, j in enumerate(largest.tolist()):
        if not inside[i, j]:
            continue
        for _ in range(2):
            error = math.fsum(part[i].tolist()) - total
            if error == 0.0 or abs(error) > 1e-9:
                break
            part[i, j] -= error
    out[:, columns] = part
    return out
