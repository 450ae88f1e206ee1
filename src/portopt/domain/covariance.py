"""Sigma, dense or by factors: what terms, solvers and reports ask of it is the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from portopt.domain.arrays import Indices, Matrix, Vector, frozen
from portopt.domain.canonical import digest
from portopt.domain.errors import DataError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Covariance:
    """Sigma, either dense or kept as  F Omega F' + diag(D).  Annual variances, symmetric positive semidefinite.

    Sigma: (n, n) or None. F: (n, k) exposures; Omega: (k, k); D: (n,) specific variances; None where dense.
    """

    Sigma: Matrix | None = None
    F: Matrix | None = None
    Omega: Matrix | None = None
    D: Vector | None = None
    _identity: list[str] = field(default_factory=list, init=False, repr=False, compare=False)  # once computed
    _found: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("Sigma", "F", "Omega", "D"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, frozen(value))
        n = len(self)
        if self.Sigma is not None:
            shapes_fit = self.Sigma.shape == (n, n)
        else:
            if self.F is None or self.Omega is None or self.D is None:
                raise DataError("a covariance is either Sigma or all of F, Omega and D", field="covariance")
            k = self.F.shape[1]
            shapes_fit = self.F.shape == (n, k) and self.Omega.shape == (k, k) and self.D.shape == (n,)
        if not shapes_fit:
            raise DataError("the parts of the covariance do not fit together", field="covariance")
        if not all(np.isfinite(part).all() for part in (self.Sigma, self.F, self.Omega, self.D) if part is not None):
            raise DataError("the covariance holds a value that is not finite", field="covariance")
        if float(self.diagonal().min()) < 0.0:
            raise DataError("the covariance has a negative variance on its diagonal", field="covariance")

    def __len__(self) -> int:
        if self.Sigma is not None:
            return int(self.Sigma.shape[0])
        return 0 if self.D is None else int(self.D.shape[0])

    def identity(self) -> str:
        """SHA-256 of its parts. Computed once: many problems share one covariance, and it is most of what they hold."""
        if not self._identity:
            self._identity.append(digest(self.Sigma, self.F, self.Omega, self.D))
        return self._identity[0]

    def once(self, name: str, work: Callable[[], T]) -> T:
        """What is worked out from it under a name, once: a root is most of what a risk limit costs, and many problems ask."""
        if name not in self._found:
            self._found[name] = work()
        return self._found[name]  # type: ignore[no-any-return]

    @property
    def is_factor_form(self) -> bool:
        return self.Sigma is None

    def times(self, v: Vector) -> Vector:
        """Sigma v, without forming Sigma where there are factors."""
        if self.Sigma is not None:
            return np.asarray(self.Sigma @ v)
        F, Omega, D = self.factors()
        return np.asarray(F @ (Omega @ (F.T @ v)) + D * v)

    def factors(self) -> tuple[Matrix, Matrix, Vector]:
        """(F, Omega, D). Raises DataError for a dense covariance."""
        if self.F is None or self.Omega is None or self.D is None:
            raise DataError("this covariance is dense; it has no factors", field="covariance")
        return self.F, self.Omega, self.D

    def variance(self, w: Vector) -> float:
        """w' Sigma w, never below zero."""
        return max(float(w @ self.times(w)), 0.0)

    def volatility(self, w: Vector) -> float:
        """sqrt(w' Sigma w), annual."""
        return float(np.sqrt(self.variance(w)))

    def diagonal(self) -> Vector:
        """(n,) variances."""
        if self.Sigma is not None:
            return np.diagonal(self.Sigma).copy()
        F, Omega, D = self.factors()
        variances = np.diagonal(Omega)
        # One product with Omega at most: a three-way einsum is n k^2 scalar operations, 8 s at 10,000 assets and 756 factors.
        through = F * variances if np.count_nonzero(Omega) == np.count_nonzero(variances) else F @ Omega
        return np.asarray(np.einsum("ij,ij->i", through, F) + D)

    def dense(self) -> Matrix:
        """(n, n) Sigma. For reports and small problems; the engine never calls it on a factor form."""
        if self.Sigma is not None:
            return self.Sigma
        F, Omega, D = self.factors()
        return np.asarray(F @ Omega @ F.T + np.diag(D))

    def embedded(self, size: int, positions: Indices) -> Covariance:
        """The same covariance inside a larger universe, everything else (cash) riskless."""
        if self.Sigma is not None:
            Sigma = np.zeros((size, size))
            Sigma[np.ix_(positions, positions)] = self.Sigma
            return Covariance(Sigma=Sigma)
        F, Omega, D = self.factors()
        F_all, D_all = np.zeros((size, F.shape[1])), np.zeros(size)
        F_all[positions], D_all[positions] = F, D
        return Covariance(F=F_all, Omega=Omega, D=D_all)
