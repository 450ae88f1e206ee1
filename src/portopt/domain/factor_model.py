"""Returns explained by a few factors: exposures with their standard errors, factor risk, and what each asset does alone.

r_i - rf  =  alpha_i + B_i f + e_i,      Sigma = B Omega B' + diag(D)
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from portopt.domain.arrays import Indices, Matrix, Vector, frozen
from portopt.domain.covariance import Covariance
from portopt.domain.errors import DataError, UnknownField
from portopt.domain.identity import identity_of

ARRAYS = ("B", "alpha", "B_se", "alpha_se", "r_squared", "Omega", "D", "premia", "premia_se")
HISTORY = ("factor_returns", "weights", "residuals", "notes")  # what the model was fitted to; nothing that is asked reads it


@dataclass(frozen=True, slots=True, eq=False)
class FactorModel:
    """n assets on K factors. Annual, fractions; standard errors are of the same unit as what they belong to.

    names: K factors. B: (n, K) exposures. alpha: (n,) mean return that no factor explains, over the history used.
    B_se, alpha_se: (n, K), (n,) standard errors; NaN where the method has none (given exposures, stand-ins).
    r_squared: (n,) share of the variance explained. Omega: (K, K) factor covariance. D: (n,) specific variances.
    premia: (K,) mean factor returns, net of financing; premia_se: (K,) their standard errors.
    factor_returns: (T, K) periodic, as used. weights: (T,) of the dates, adding to one, or None for equal ones.
    residuals: (T, n) periodic, or None where they were not kept.
    lags: of the standard errors; None for the classical ones. shrunk: the exposures are not least squares' own.
    risk_free: mean annual risk-free return of the history. method: what made it; notes: what is worth knowing about it.
    """

    names: tuple[str, ...]
    B: Matrix
    alpha: Vector
    B_se: Matrix
    alpha_se: Vector
    r_squared: Vector
    Omega: Matrix
    D: Vector
    premia: Vector
    premia_se: Vector
    factor_returns: Matrix
    method: str
    periods_per_year: float = 252.0
    risk_free: float = 0.0
    weights: Vector | None = None
    residuals: Matrix | None = None
    lags: int | None = None
    shrunk: bool = False
    notes: tuple[str, ...] = ()
    _identity: list[str] = field(default_factory=list, init=False, repr=False, compare=False)  # once computed

    def __post_init__(self) -> None:
        for name in (*ARRAYS, "factor_returns", "weights", "residuals"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, frozen(getattr(self, name)))
        n, K = self.B.shape[0], len(self.names)
        shapes = {
            "B": (n, K), "alpha": (n,), "B_se": (n, K), "alpha_se": (n,), "r_squared": (n,), "Omega": (K, K), "D": (n,),
            "premia": (K,), "premia_se": (K,),
        }  # fmt: skip
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise DataError(f"{name} has the shape {getattr(self, name).shape}, {shape} is needed", field="factor_model")
        if self.factor_returns.shape[1] != K:
            raise DataError(f"{K} factors, returns of {self.factor_returns.shape[1]}", field="factor_model")

    @classmethod
    def given(cls, names: tuple[str, ...], B: Matrix, Omega: Matrix, D: Vector, premia: Vector | None = None) -> FactorModel:
        """A model somebody else estimated: exposures, annual factor covariance and specific variances; no history."""
        n, K = np.shape(B)
        model = Covariance(F=B, Omega=Omega, D=D)
        systematic = model.diagonal() - np.asarray(D)
        with np.errstate(invalid="ignore"):
            r_squared = systematic / model.diagonal()
        return cls(
            names, B, np.zeros(n), np.full((n, K), np.nan), np.full(n, np.nan), r_squared, Omega, D,
            np.zeros(K) if premia is None else premia, np.full(K, np.nan), np.zeros((0, K)), "given",
        )  # fmt: skip

    def __len__(self) -> int:
        return int(self.B.shape[0])

    def identity(self) -> str:
        """SHA-256 of the model; not of the history behind it."""
        if not self._identity:
            self._identity.append(identity_of(self, aside=HISTORY))
        return self._identity[0]

    @property
    def observations(self) -> int:
        """T, the dates of the history used."""
        return len(self.factor_returns)

    @property
    def t_statistics(self) -> Matrix:
        """(n, K) B / B_se; NaN where there is no standard error."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.B / self.B_se)

    @property
    def covariance(self) -> Covariance:
        """B Omega B' + diag(D), annual, in factor form."""
        return Covariance(F=self.B, Omega=self.Omega, D=self.D)

    def factor(self, name: str) -> int:
        """The position of a factor. Raises UnknownField naming the nearest one."""
        if name not in self.names:
            raise UnknownField(name, self.names, path="factors", value=name)
        return self.names.index(name)

    def exposures(self, w: Vector) -> Vector:
        """(K,) B'w."""
        return np.asarray(self.B.T @ w)

    def expected_returns(self, risk_free: float, premia: Vector | None = None, alpha_kept: float = 0.0) -> Vector:
        """(n,) rf + B premia + alpha_kept alpha, annual.

        premia: (K,) annual, net of financing; None takes the history's means, of which alpha_kept = 1 gives back the
        assets' own mean excess returns and 0 only what factors pay for (arbitrage pricing, Ross 1976).
        """
        return np.asarray(risk_free + self.B @ (self.premia if premia is None else premia) + alpha_kept * self.alpha)

    def on(self, size: int, known: Indices, stand_ins: Indices) -> FactorModel:
        """The same model inside a larger universe.

        known: (n,) where its assets stand there. stand_ins: assets without a history of their own, given the average
        exposures and the median specific variance. Everything else (cash) is exposed to nothing.
        """
        n, K = self.B.shape

        def spread(values: Matrix, others: Vector | float, rest: float) -> Matrix:
            out = np.full((size, *values.shape[1:]), rest)
            out[known] = values
            out[stand_ins] = others
            return out

        residuals = None
        if self.residuals is not None and len(stand_ins) == 0:
            residuals = np.zeros((self.observations, size))
            residuals[:, known] = self.residuals
        return replace(
            self,
            B=spread(self.B, self.B.mean(axis=0) if n else np.zeros(K), 0.0),
            alpha=spread(self.alpha, 0.0, 0.0),
            B_se=spread(self.B_se, np.nan, 0.0),
            alpha_se=spread(self.alpha_se, np.nan, 0.0),
            r_squared=spread(self.r_squared, np.nan, np.nan),
            D=spread(self.D, float(np.median(self.D)) if n else 0.0, 0.0),
            residuals=residuals,
        )
