"""Sets that the covariance may lie in, and the largest variance in them.

    box      |S_ij - Sigma_ij| <= Delta_ij                     worst:  w'Sigma w + |w|'Delta|w|
    factor   S = (F + U) Omega (F + U)' + diag(d),             worst:  (||Omega^1/2 F'w|| + rho'|w|)^2 + w'diag(d_up)w
             sqrt(u_i'Omega u_i) <= rho_i,  0 <= d_i <= d_up_i

Both are attained: the box at Sigma + Delta o ss', s the signs of w; the factor set at u_i = rho_i s_i F'w / ||Omega^1/2 F'w||.
Sources: Tutuncu and Koenig (2004) for the box; Goldfarb and Iyengar (2003), sections 2 and 3, for the factor set, with the
factor covariance as the norm of the exposures' errors, which is what their regressions give.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.errors import DataError, InvalidValue, MissingInput
from portopt.domain.moments import Covariance
from portopt.domain.problem import Problem
from portopt.domain.program import Program
from portopt.terms.shared.checks import mapping, number, options, percent
from portopt.terms.shared.risk import add_variance
from portopt.terms.uncertainty.magnitudes import long_only, magnitudes, priced_by
from portopt.terms.uncertainty.quantiles import normal_upper, regression_ellipsoid, variance_bound
from portopt.terms.uncertainty.samples import BOOTSTRAP, DRAWN, ESTIMATE, not_drawn, observed

USUAL_CONFIDENCE = 0.95
EXAMPLE = '{"set": "box", "radius": 0.1} or {"set": "factor", "specific": 0.2, "exposure": 0.1}'


class CovarianceSet(Protocol):
    """Where the covariance may lie."""

    def express(self, program: Program, p: Problem, scale: float) -> None:
        """Add scale/2 times the worst variance to the objective."""
        ...

    def variance(self, w: Vector, p: Problem) -> float:
        """The worst variance at w, annual."""
        ...

    def worst(self, w: Vector, p: Problem) -> Matrix:
        """(n, n) the covariance of the set that w fears most."""
        ...

    def describe(self) -> str: ...


@dataclass(frozen=True, slots=True)
class CovarianceBox:
    """|S_ij - Sigma_ij| <= Delta_ij.

    radius: Delta_ij = radius sigma_i sigma_j: variances off by that share, correlations by that much; or "estimate", which
        is radius = z sqrt(2 / T), T the fewest returns behind any asset, z the one-sided quantile of the confidence (0.95
        unless given): the standard error of a variance, above that of any covariance as Sigma_ij^2 <= Sigma_ii Sigma_jj.
    confidence: Delta_ij = z sqrt((Sigma_ii Sigma_jj + Sigma_ij^2) / T), the asymptotic standard error of a sample
        covariance (normal returns) times the one-sided quantile. One of the two; with the radius "bootstrap" the confidence
        is that of the radius, drawn from the history before the problem is formed.
    """

    radius: float | str | None = None
    confidence: float | None = None
    observations: float | None = None
    draws: int | None = None
    seed: int | None = None
    block: float | None = None
    set: str = "box"
    path: str = field(default="objective.covariance", compare=False)

    def __post_init__(self) -> None:
        measured = self.radius in (BOOTSTRAP, ESTIMATE)
        _one_of(self.path, radius=self.radius, confidence=None if measured else self.confidence)
        if self.radius is not None and not measured:
            object.__setattr__(self, "radius", number(f"{self.path}.radius", self.radius, low=0.0, high=10.0, example="0.1"))
        _check_confidence(self)

    def express(self, program: Program, p: Problem, scale: float) -> None:
        share = self._share(p)
        if share is not None:
            add_variance(program, p.moments.covariance, scale)
            if share > 0.0:
                self._add_rank_one(program, p, scale * share)
            return
        Delta = self.half_widths(p)
        if long_only(p):
            program.add_quadratic(program.weights, scale * (p.moments.covariance.dense() + Delta))
            return
        add_variance(program, p.moments.covariance, scale)
        longs, shorts = magnitudes(program, p)
        program.add_quadratic(np.concatenate([longs, shorts]), scale * np.block([[Delta, Delta], [Delta, Delta]]))

    def variance(self, w: Vector, p: Problem) -> float:
        size, share = np.abs(w), self._share(p)
        if share is not None:
            return p.moments.covariance.variance(w) + share * float(self._sigma(p) @ size) ** 2
        return p.moments.covariance.variance(w) + float(size @ self.half_widths(p) @ size)

    def worst(self, w: Vector, p: Problem) -> Matrix:
        s = np.where(w < 0.0, -1.0, 1.0)
        return np.asarray(p.moments.covariance.dense() + self.half_widths(p) * np.outer(s, s))

    def half_widths(self, p: Problem) -> Matrix:
        """(n, n) Delta. Raises DataError where no covariance of the box would be the worst one for every portfolio."""
        sigma, share = self._sigma(p), self._share(p)
        if share is not None:
            return share * np.outer(sigma, sigma)
        Sigma = p.moments.covariance.dense()
        T = observed(p, self.observations, self.path)
        pairs = np.minimum.outer(T, T)
        z = normal_upper(self.confidence or 0.0)
        Delta = np.asarray(z * np.sqrt((np.outer(sigma**2, sigma**2) + Sigma**2) / pairs))
        _require_semidefinite(Sigma + Delta if long_only(p) else Delta, self.path)
        return Delta

    def describe(self) -> str:
        if isinstance(self.radius, str):
            usual = f" at {percent(self.confidence or USUAL_CONFIDENCE)} confidence" if self.radius == ESTIMATE else ""
            return f"every variance and correlation off by as much as the history leaves open{usual}"
        if self.radius is not None:
            return f"every variance and correlation off by up to {percent(self.radius)}"
        return f"every covariance at its {percent(self.confidence or 0.0)} upper bound"

    def _add_rank_one(self, program: Program, p: Problem, scale: float) -> None:
        """scale/2 (sigma'|w|)^2 on one new column."""
        row, columns = priced_by(magnitudes(program, p), self._sigma(p))
        v = program.add_columns(1)
        program.add_rows(np.hstack([row, [[-1.0]]]), np.concatenate([columns, v]), 0.0, 0.0, limit="", relax=0.0)
        program.add_quadratic(v, np.array([scale]))

    def _share(self, p: Problem) -> float | None:
        """The radius as a number; None where a confidence stands for it."""
        if self.radius == ESTIMATE:
            T = observed(p, self.observations, self.path)
            return normal_upper(self.confidence or USUAL_CONFIDENCE) * math.sqrt(2.0 / float(T.min()))
        if isinstance(self.radius, str):
            raise not_drawn(self.path)
        return self.radius

    def _sigma(self, p: Problem) -> Vector:
        return np.sqrt(p.moments.covariance.diagonal())


@dataclass(frozen=True, slots=True)
class CovarianceFactors:
    """Exposures and specific variances off, the factors' covariance Omega as it is. Needs a covariance in factor form.

    specific: d_up = (1 + specific) D. exposure: rho_i = exposure sqrt(f_i'Omega f_i), a share of the asset's own
    systematic volatility.
    confidence: instead of both, from the regressions that gave F and D on T returns with k factors:
        d_up_i = D_i nu / chi2_nu(1 - confidence),  nu = T - k - 1
        rho_i^2 = k F_{k, nu}(confidence) D_i / (T - 1)
    """

    specific: float | None = None
    exposure: float | None = None
    confidence: float | None = None
    observations: float | None = None
    set: str = "factor"
    path: str = field(default="objective.covariance", compare=False)

    def __post_init__(self) -> None:
        relative = self.specific if self.specific is not None else self.exposure
        _one_of(self.path, specific=relative, confidence=self.confidence)
        for name in ("specific", "exposure"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, number(f"{self.path}.{name}", getattr(self, name), low=0.0, high=10.0))
        _check_confidence(self)

    def express(self, program: Program, p: Problem, scale: float) -> None:
        covariance, (d_up, rho) = self._factored(p), self.bounds(p)
        y, _ = program.factor_columns(covariance)
        program.add_quadratic(program.weights, scale * d_up)
        if not rho.any():
            program.add_quadratic(y, np.full(len(y), scale))
            return
        # u >= ||y|| + rho'|w|, and u^2 is the worst systematic variance.
        u = program.add_columns(1, lower=0.0)
        row, columns = priced_by(magnitudes(program, p), rho)
        blocks: list[tuple[int, Matrix, Indices]] = [(0, np.ones((1, 1)), u), (0, -row, columns), (1, np.eye(len(y)), y)]
        nothing = np.zeros(1 + len(y))
        program.add_cone("second_order", blocks, nothing, limit="", relax=nothing)
        program.add_quadratic(u, np.array([scale]))

    def variance(self, w: Vector, p: Problem) -> float:
        F, Omega, _ = self._factored(p).factors()
        d_up, rho = self.bounds(p)
        exposure = F.T @ w
        systematic = float(np.sqrt(max(float(exposure @ Omega @ exposure), 0.0)) + rho @ np.abs(w))
        return systematic**2 + float(d_up @ w**2)

    def worst(self, w: Vector, p: Problem) -> Matrix:
        F, Omega, _ = self._factored(p).factors()
        d_up, rho = self.bounds(p)
        exposure = F.T @ w
        size = float(np.sqrt(max(float(exposure @ Omega @ exposure), 0.0)))
        direction = exposure / size if size > 0.0 else _unit(Omega)
        moved = F + np.outer(rho * np.sign(w), direction)
        return np.asarray(moved @ Omega @ moved.T + np.diag(d_up))

    def bounds(self, p: Problem) -> tuple[Vector, Vector]:
        """(n,) d_up and (n,) rho."""
        F, Omega, D = self._factored(p).factors()
        if self.confidence is None:
            systematic = np.sqrt(np.einsum("ij,jk,ik->i", F, Omega, F, optimize=True))
            return (1.0 + (self.specific or 0.0)) * D, (self.exposure or 0.0) * systematic
        k = F.shape[1]
        T = observed(p, self.observations, self.path, least=k + 3)
        d_up, rho, risky = D.copy(), np.zeros(p.n), np.isfinite(T)
        degrees = T[risky] - k - 1
        d_up[risky] = D[risky] * variance_bound(degrees, self.confidence)
        rho[risky] = np.sqrt(regression_ellipsoid(k, degrees, self.confidence) * D[risky] / (T[risky] - 1.0))
        return d_up, rho

    def describe(self) -> str:
        if self.confidence is not None:
            return f"exposures and specific variances anywhere in their {percent(self.confidence)} regions"
        return (
            f"specific variances up to {percent(self.specific or 0.0)} higher, "
            f"exposures off by up to {percent(self.exposure or 0.0)} of their size"
        )

    def _factored(self, p: Problem) -> Covariance:
        if not p.moments.covariance.is_factor_form:
            raise MissingInput(
                f"{self.path} speaks of factor exposures, and this covariance has none",
                field=f"{self.path}.set",
                fixes=["estimate the covariance by a factor model", 'use {"set": "box"}'],
            )
        return p.moments.covariance


def covariance_set(path: str, value: Any) -> CovarianceBox | CovarianceFactors | None:
    """{"set": "box", "radius": 0.1} as a set; null is no uncertainty. Raises InvalidValue and UnknownField."""
    if value is None or isinstance(value, CovarianceBox | CovarianceFactors):
        return value
    given = dict(mapping(path, value, example=EXAMPLE))
    kind = given.pop("set", None)
    if kind == "box":
        return CovarianceBox(
            **options(path, given, ("radius", "confidence", "observations", *DRAWN), example=EXAMPLE), path=path
        )
    if kind == "factor":
        known = ("specific", "exposure", "confidence", "observations")
        return CovarianceFactors(**options(path, given, known, example=EXAMPLE), path=path)
    raise InvalidValue(f"{path}.set", kind, 'is "box" or "factor"', fix=f"write {path}: {EXAMPLE}")


def _unit(Omega: Matrix) -> Vector:
    """A vector of length one in the norm of Omega: any is as bad as another for a portfolio without exposure."""
    e = np.zeros(len(Omega))
    i = int(np.argmax(np.diagonal(Omega)))
    e[i] = 1.0 / np.sqrt(Omega[i, i])
    return e


def _one_of(path: str, **given: float | str | None) -> None:
    named = [name for name, value in given.items() if value is not None]
    if len(named) != 1:
        raise InvalidValue(path, named, f"give one of {' and '.join(given)}", fix=f"write {path}: {EXAMPLE}")


def _check_confidence(given: CovarianceBox | CovarianceFactors) -> None:
    if given.confidence is not None:
        where = f"{given.path}.confidence"
        c = number(where, given.confidence, low=0.5, example="0.95")
        if c >= 1.0:
            raise InvalidValue(
                where, given.confidence, "must be below 1: nothing bounds an estimate for certain", fix="write 0.95"
            )
        object.__setattr__(given, "confidence", c)
    if given.observations is not None:
        least = number(f"{given.path}.observations", given.observations, low=2.0, example="756", counts="plain")
        object.__setattr__(given, "observations", least)


def _require_semidefinite(M: Matrix, path: str) -> None:
    values = np.linalg.eigvalsh(M)
    if float(values[0]) < -1e-10 * max(float(values[-1]), 0.0):
        raise DataError(
            "the bounds on these covariances are no covariance themselves, so no one of them is the worst for every portfolio",
            field=path,
            measured={"least_eigenvalue": float(values[0])},
            fixes=['use {"set": "box", "radius": 0.1}', "keep the portfolio long only"],
        )
