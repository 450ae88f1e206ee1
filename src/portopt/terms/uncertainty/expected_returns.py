"""Sets that expected returns may lie in, and what the worst of them costs a portfolio.

    box         |mu_i - m_i| <= delta_i                      worst:  m'w - delta'|w|
    ellipsoid   (mu - m)' Omega^-1 (mu - m) <= kappa^2       worst:  m'w - kappa sqrt(w'Omega w)

m: the estimate. Omega: the covariance of its error. Both worsts are exact and attained (`worst` says where).
Sources: Goldfarb and Iyengar (2003); Ceria and Stubbs (2006); Fabozzi, Kolm, Pachamanova and Focardi (2007), ch. 12.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.moments import Covariance
from portopt.domain.problem import Problem
from portopt.domain.program import Program, psd_root
from portopt.terms.shared.checks import EVERY, by_asset, mapping, number, options, percent
from portopt.terms.shared.members import per_asset
from portopt.terms.shared.risk import add_risk_cone
from portopt.terms.uncertainty.magnitudes import magnitudes, priced_by
from portopt.terms.uncertainty.quantiles import chi, normal
from portopt.terms.uncertainty.samples import BOOTSTRAP, DRAWN, ESTIMATE, not_drawn, observed

EXAMPLE = '{"set": "box", "radius": 0.01} or {"set": "ellipsoid", "confidence": 0.95}'


class ReturnSet(Protocol):
    """Where expected returns may lie."""

    def express(self, program: Program, p: Problem) -> tuple[Vector, Indices]:
        """(coefficients, columns) of the penalty, a linear expression never below it; equal to it where it is minimized."""
        ...

    def penalty(self, w: Vector, p: Problem) -> float:
        """Nominal less worst expected return at w, never negative."""
        ...

    def worst(self, w: Vector, p: Problem) -> Vector:
        """(n,) the expected returns of the set that w fears most."""
        ...

    def describe(self) -> str: ...


@dataclass(frozen=True, slots=True)
class ReturnBox:
    """|mu_i - m_i| <= delta_i.

    radius: delta, annual, for every asset but cash, or by asset id ("*" for the others, 0 where nobody is named), or
        "estimate": delta_i = z sigma_i sqrt(periods_per_year / T_i), the standard error of the mean times z;
        "bootstrap": drawn from the history before the problem is formed (draws, seed, block: estimation/uncertainty.py).
    confidence: of each asset's own interval; with coverage "all", of all intervals at once (Sidak).
    observations: T, for every asset; the number of returns the estimate used when None.
    """

    radius: float | Mapping[str, float] | str
    confidence: float = 0.95
    coverage: str = "each"
    observations: float | None = None
    draws: int | None = None
    seed: int | None = None
    block: float | None = None
    set: str = "box"
    path: str = field(default="objective.returns", compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.radius, str):
            _a_way(f"{self.path}.radius", self.radius)
        else:
            object.__setattr__(
                self, "radius", by_asset(f"{self.path}.radius", self.radius, low=0.0, example='{"*": 0.01}', cash="nothing")
            )
        _check_confidence(self)
        if self.coverage not in ("each", "all"):
            raise InvalidValue(f"{self.path}.coverage", self.coverage, 'is "each" or "all"', fix='write "each"')

    def express(self, program: Program, p: Problem) -> tuple[Vector, Indices]:
        row, columns = priced_by(magnitudes(program, p), self.deltas(p))
        return row[0], columns

    def penalty(self, w: Vector, p: Problem) -> float:
        return float(self.deltas(p) @ np.abs(w))

    def worst(self, w: Vector, p: Problem) -> Vector:
        return np.asarray(p.moments.mu - self.deltas(p) * np.sign(w))

    def deltas(self, p: Problem) -> Vector:
        """(n,) half widths, annual; 0.0 for cash."""
        if isinstance(self.radius, Mapping):
            named = per_asset(f"{self.path}.radius", self.radius, p.universe, ~p.universe.is_cash)
            return np.where(np.isnan(named), 0.0, named)
        if self.radius == BOOTSTRAP:
            raise not_drawn(self.path)
        T = observed(p, self.observations, self.path)
        risky = np.isfinite(T)
        each = self.confidence ** (1.0 / max(int(risky.sum()), 1)) if self.coverage == "all" else self.confidence
        return normal(each) * np.sqrt(p.moments.covariance.diagonal() * p.moments.periods_per_year / T)

    def describe(self) -> str:
        if isinstance(self.radius, str):
            joint = " together" if self.coverage == "all" else ""
            return f"each expected return within its {percent(self.confidence)} interval{joint}"
        if isinstance(self.radius, Mapping) and set(self.radius) == {EVERY}:
            return f"each expected return within {percent(self.radius[EVERY])} of its estimate"
        return "each expected return within its own distance of its estimate"


@dataclass(frozen=True, slots=True)
class ReturnEllipsoid:
    """(mu - m)' Omega^-1 (mu - m) <= kappa^2,  Omega_ij = Sigma_ij periods_per_year / sqrt(T_i T_j).

    radius: kappa, in standard errors; None or "estimate" takes the square root of the chi-squared quantile of `confidence`,
        with as many degrees of freedom as there are risky assets; "bootstrap" is drawn from the history beforehand.
    matrix: "sample", or "diagonal" for Omega without its off-diagonal entries.
    observations: T, for every asset; the number of returns the estimate used when None.
    """

    radius: float | str | None = None
    confidence: float = 0.95
    matrix: str = "sample"
    observations: float | None = None
    draws: int | None = None
    seed: int | None = None
    block: float | None = None
    set: str = "ellipsoid"
    path: str = field(default="objective.returns", compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.radius, str):
            _a_way(f"{self.path}.radius", self.radius)
            object.__setattr__(self, "radius", None if self.radius == ESTIMATE else self.radius)
        elif self.radius is not None:
            object.__setattr__(self, "radius", number(f"{self.path}.radius", self.radius, low=0.0, high=1e3, example="2.0"))
        _check_confidence(self)
        if self.matrix not in ("sample", "diagonal"):
            raise InvalidValue(f"{self.path}.matrix", self.matrix, 'is "sample" or "diagonal"', fix='write "sample"')

    def express(self, program: Program, p: Problem) -> tuple[Vector, Indices]:
        kappa = self.kappa(p)
        if kappa == 0.0:
            return np.zeros(0), np.zeros(0, dtype=np.intp)
        t = program.add_columns(1, lower=0.0)
        T = observed(p, self.observations, self.path)
        counts = np.unique(T[np.isfinite(T)])
        if self.matrix == "sample" and len(counts) == 1:
            # Sigma itself, so that its factor columns serve here too; the sample size goes into the price.
            add_risk_cone(program, p.moments.covariance, 0.0, limit="", excess=t)
            return np.array([kappa * float(np.sqrt(p.moments.periods_per_year / counts[0]))]), t
        add_error_cone(program, self.error(p), t)
        return np.array([kappa]), t

    def penalty(self, w: Vector, p: Problem) -> float:
        kappa = self.kappa(p)
        return kappa * self.error(p).volatility(w) if kappa > 0.0 else 0.0

    def worst(self, w: Vector, p: Problem) -> Vector:
        error, kappa = self.error(p), self.kappa(p)
        size = error.volatility(w)
        return np.asarray(p.moments.mu - kappa * error.times(w) / size) if size > 0.0 else p.moments.mu.copy()

    def kappa(self, p: Problem) -> float:
        if isinstance(self.radius, str):
            raise not_drawn(self.path)
        if self.radius is not None:
            return self.radius
        return chi(int((p.moments.covariance.diagonal() > 0.0).sum()), self.confidence)

    def error(self, p: Problem) -> Covariance:
        """Omega, in the form the covariance has."""
        T = observed(p, self.observations, self.path)
        scale = np.sqrt(p.moments.periods_per_year / T)
        covariance = p.moments.covariance
        if self.matrix == "diagonal":
            D = covariance.diagonal() * scale**2
            return Covariance(F=np.zeros((p.n, 0)), Omega=np.zeros((0, 0)), D=D)
        if covariance.is_factor_form:
            F, Omega, D = covariance.factors()
            return Covariance(F=F * scale[:, None], Omega=Omega, D=D * scale**2)
        return Covariance(Sigma=covariance.dense() * np.outer(scale, scale))

    def describe(self) -> str:
        size = (
            f"{self.radius:g} standard errors"
            if isinstance(self.radius, int | float)
            else f"the {percent(self.confidence)} ellipsoid"
        )
        return f"expected returns within {size} of their estimates"


def add_error_cone(program: Program, error: Covariance, t: Indices) -> None:
    """sqrt(w'Omega w) <= t, on columns of its own: Omega is not the covariance of the returns."""
    if not error.is_factor_form:
        add_risk_cone(program, error, 0.0, limit="", excess=t)
        return
    F, Omega, D = error.factors()
    G = F @ psd_root(Omega) if F.shape[1] else np.zeros((len(D), 0))
    risky = np.flatnonzero(D > 0.0)
    k = G.shape[1]
    blocks: list[Any] = [(0, np.ones((1, 1)), t), (1, G.T, program.weights), (1 + k, np.diag(np.sqrt(D[risky])), risky)]
    nothing = np.zeros(1 + k + len(risky))
    program.add_cone("second_order", blocks, nothing, limit="", relax=nothing)


def return_set(path: str, value: Any) -> ReturnBox | ReturnEllipsoid | None:
    """{"set": "box", "radius": 0.01} as a set; null is no uncertainty. Raises InvalidValue and UnknownField."""
    if value is None or isinstance(value, ReturnBox | ReturnEllipsoid):
        return value
    given = dict(mapping(path, value, example=EXAMPLE))
    kind = given.pop("set", None)
    given.pop("path", None)
    if kind == "box":
        known = options(path, given, ("radius", "confidence", "coverage", "observations", *DRAWN), example=EXAMPLE)
        known.setdefault("radius", ESTIMATE)
        return ReturnBox(**{k: v for k, v in known.items() if v is not None}, path=path)
    if kind == "ellipsoid":
        known = options(path, given, ("radius", "confidence", "matrix", "observations", *DRAWN), example=EXAMPLE)
        return ReturnEllipsoid(**{k: v for k, v in known.items() if v is not None}, path=path)
    raise InvalidValue(f"{path}.set", kind, 'is "box" or "ellipsoid"', fix=f"write {path}: {EXAMPLE}")


def _a_way(where: str, value: str) -> None:
    if value not in (ESTIMATE, BOOTSTRAP):
        ways = 'is a number, numbers by asset, "estimate" or "bootstrap"'
        raise InvalidValue(where, value, ways, fix=f'write {where} as "estimate"')


def _check_confidence(given: ReturnBox | ReturnEllipsoid) -> None:
    where = f"{given.path}.confidence"
    c = number(where, given.confidence, low=0.0, example="0.95")
    if c >= 1.0:
        raise InvalidValue(where, given.confidence, "must be below 1: nothing bounds an estimate for certain", fix="write 0.95")
    object.__setattr__(given, "confidence", c)
    if given.observations is not None:
        low = number(f"{given.path}.observations", given.observations, low=2.0, example="756", counts="plain")
        object.__setattr__(given, "observations", low)
