"""Where return and risk came from: factors, as they turned out and as they were expected, and what trading cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import DataError


@dataclass(frozen=True, slots=True)
class FactorPart:
    """One factor's part. exposure: of the portfolio. contribution: of the annual return. share: of the variance."""

    name: str
    exposure: float
    contribution: float
    share: float


@dataclass(frozen=True, slots=True)
class FactorAttribution:
    """Parts and what is specific add up to the mean annual excess return, and the shares of variance to one.

    r_squared: of the regression; None ex ante.
    """

    parts: tuple[FactorPart, ...]
    specific: float
    specific_share: float
    total: float
    r_squared: float | None


def realized(excess: Vector, factors: Matrix, names: Sequence[str], periods_per_year: float = 252.0) -> FactorAttribution:
    """A regression of excess returns (T,) on factor returns (T, K), with an intercept that is specific.

        contribution_k = beta_k mean(f_k),   share_k = beta_k cov(f_k, r) / var(r)

    Raises DataError for fewer returns than K + 2, missing ones, or factors that repeat each other.
    """
    T, K = factors.shape
    if len(excess) != T or T < K + 2 or not (np.isfinite(factors).all() and np.isfinite(excess).all()):
        raise DataError(
            f"{len(excess)} returns on {T} of {K} factors: complete ones of the same days are needed", field="factors"
        )
    D, d = factors - factors.mean(axis=0), excess - excess.mean()
    beta, _, rank, _ = np.linalg.lstsq(D, d, rcond=1e-10)
    if rank < K:
        raise DataError("the factors repeat each other, so no exposure belongs to one of them", field="factors")
    variance = float(d @ d)
    shares = beta * (D.T @ d) / variance if variance else np.zeros(K)
    contributions = beta * factors.mean(axis=0) * periods_per_year
    total = float(excess.mean() * periods_per_year)
    explained = float(shares.sum())
    return FactorAttribution(
        _parts(names, beta, contributions, shares), total - float(contributions.sum()), 1.0 - explained, total, explained
    )


def ex_ante(
    w: Vector, B: Matrix, mu_factors: Vector, Omega: Matrix, specific: Vector, names: Sequence[str]
) -> FactorAttribution:
    """What a factor model expects of weights w (n,): exposures B (n, K), annual factor returns (K,), covariance Omega (K, K).

        contribution_k = x_k mu_k,   share_k = x_k (Omega x)_k / (x' Omega x + sum_i d_i w_i^2),   x = B'w

    specific: (n,) annual specific variances d.
    """
    x = B.T @ w
    spread = x * (Omega @ x)
    alone = float(specific @ w**2)
    variance = float(spread.sum()) + alone
    shares = spread / variance if variance else np.zeros(len(x))
    contributions = x * mu_factors
    own = alone / variance if variance else 0.0
    return FactorAttribution(_parts(names, x, contributions, shares), 0.0, own, float(contributions.sum()), None)


@dataclass(frozen=True, slots=True)
class CostPart:
    """One kind of cost. cents: over the history. bps_a_year: of average equity."""

    kind: str
    cents: int
    bps_a_year: float


def cost_parts(cents: Mapping[str, int], mean_equity_cents: float, years: float) -> tuple[CostPart, ...]:
    """What each kind of cost took, and in total, as a rate: whole cents, so that the parts add up to the total exactly."""
    scale = 10_000.0 / (mean_equity_cents * years) if mean_equity_cents > 0.0 and years > 0.0 else 0.0
    whole = {**cents, "total": sum(cents.values())}
    return tuple(CostPart(kind, value, value * scale) for kind, value in whole.items())


def _parts(names: Sequence[str], exposure: Vector, contribution: Vector, share: Vector) -> tuple[FactorPart, ...]:
    found = zip(names, exposure, contribution, share, strict=True)
    return tuple(FactorPart(name, float(x), float(c), float(s)) for name, x, c, s in found)
