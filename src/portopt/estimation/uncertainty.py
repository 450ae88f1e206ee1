"""How far estimates may be off: standard errors, quantiles and the bootstrap, as plain numbers that sets are made of.

Asymptotic: the mean of T returns has the covariance Sigma/T, so annual expected returns have  Sigma periods_per_year / T.
Bootstrap: the history drawn again in blocks of random length (stationary, mean length `block`; 1 is independent draws), and
the distance of each draw's estimate from the one at hand. It needs no normal distribution and feels serial dependence.
Sources: Politis and Romano (1994) for the stationary bootstrap; Goldfarb and Iyengar (2003) for the use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import InvalidValue, MissingInput
from portopt.domain.moments import Covariance, Moments

BOOTSTRAP = "bootstrap"
DRAWS, SEED, BLOCK = 1000, 0, 10.0
OPTIONS = ("draws", "seed", "block")
CONSTANT = 1e-10  # of the largest spread: what varies by less is cash, up to rounding


def standard_errors(moments: Moments) -> Vector:
    """(n,) standard errors of the annual expected returns, sigma_i sqrt(periods_per_year / T_i); 0.0 where nothing varies."""
    variances = moments.covariance.diagonal()
    if moments.observations is None:
        raise MissingInput("these moments do not say how many returns they rest on", field="moments.observations")
    T = np.where(variances > 0.0, moments.observations, np.inf)
    return np.sqrt(variances * moments.periods_per_year / T)


def draw_counts(T: int, draws: int, *, block: float = BLOCK, seed: int = SEED) -> Matrix:
    """(draws, T) how often each period stands in each resampled history of T periods; every row adds up to T."""
    rng = np.random.default_rng(seed)
    fresh = rng.random((draws, T)) < 1.0 / block
    fresh[:, 0] = True
    starts = rng.integers(0, T, size=(draws, T))
    steps = np.arange(T)
    began = np.maximum.accumulate(np.where(fresh, steps, 0), axis=1)
    index = (np.take_along_axis(starts, began, axis=1) + steps - began) % T  # blocks run over the end to the beginning
    counts = np.zeros((draws, T))
    np.add.at(counts, (np.arange(draws)[:, None], index), 1.0)
    return counts


def bootstrap_means(moments: Moments, draws: int = DRAWS, *, block: float = BLOCK, seed: int = SEED) -> Matrix:
    """(draws, n) how far annual means of resampled histories lie from the history's own."""
    S = _scenarios(moments)
    counts = draw_counts(len(S), draws, block=block, seed=seed)
    return np.asarray(moments.scenarios_per_year * (counts @ S / len(S) - S.mean(axis=0)))


def bootstrap_box(
    moments: Moments,
    confidence: float = 0.95,
    *,
    coverage: str = "each",
    draws: int = DRAWS,
    block: float = BLOCK,
    seed: int = SEED,
) -> dict[str, float]:
    """Half widths by asset id, annual: quantiles of |mean* - mean|; with coverage "all", of the largest in standard errors."""
    off = np.abs(bootstrap_means(moments, draws, block=block, seed=seed))
    if coverage == "all":
        size = off.std(axis=0)
        joint = np.quantile((off / np.where(size > 0.0, size, 1.0)).max(axis=1), confidence)
        delta = joint * size
    else:
        delta = np.quantile(off, confidence, axis=0)
    cash = moments.universe.is_cash
    return {asset: float(d) for asset, d, known in zip(moments.universe.ids, delta, cash, strict=True) if not known}


def bootstrap_ellipsoid(
    moments: Moments, confidence: float = 0.95, *, draws: int = DRAWS, block: float = BLOCK, seed: int = SEED
) -> float:
    """kappa: the quantile of sqrt((mean* - mean)' Omega^-1 (mean* - mean)), Omega the asymptotic covariance of the error."""
    risky = np.flatnonzero(moments.covariance.diagonal() > 0.0)
    off = bootstrap_means(moments, draws, block=block, seed=seed)[:, risky]
    T = len(_scenarios(moments))
    Omega = moments.covariance.dense()[np.ix_(risky, risky)] * moments.scenarios_per_year / T
    distances = np.einsum("ij,ij->i", off, np.linalg.solve(Omega, off.T).T)
    return float(np.sqrt(np.quantile(distances, confidence)))


def bootstrap_covariance_box(
    moments: Moments, confidence: float = 0.95, *, draws: int = 200, block: float = BLOCK, seed: int = SEED
) -> float:
    """radius: the quantile over resampled histories of the largest |S*_ij - S_ij| / (sigma_i sigma_j)."""
    S = _scenarios(moments)
    spread = S.std(axis=0)
    S = S[:, spread > CONSTANT * spread.max()]
    scaled = (S - S.mean(axis=0)) / S.std(axis=0)
    correlation = scaled.T @ scaled / len(S)
    largest = []
    for counts in draw_counts(len(S), draws, block=block, seed=seed):
        mean = counts @ scaled / len(S)
        again = (scaled * counts[:, None]).T @ scaled / len(S) - np.outer(mean, mean)
        largest.append(float(np.abs(again - correlation).max()))
    return float(np.quantile(largest, confidence))


def resampled(moments: Moments, draws: int = 50, *, block: float = BLOCK, seed: int = SEED) -> tuple[Moments, ...]:
    """What would be believed had the history gone another way: means moved and covariances scaled as in each draw."""
    S = _scenarios(moments)
    out = []
    base = np.cov(S.T, bias=True)
    sigma = moments.covariance.dense()
    for counts in draw_counts(len(S), draws, block=block, seed=seed):
        mean = counts @ S / len(S)
        centred = S - mean
        again = (centred * counts[:, None]).T @ centred / len(S)
        mu = moments.mu + moments.scenarios_per_year * (mean - S.mean(axis=0))
        moved = sigma + moments.scenarios_per_year * (again - base)
        out.append(replace(moments, mu=mu, covariance=Covariance(Sigma=_nearest_semidefinite(moved))))
    return tuple(out)


def resolve_sets(spec: Mapping[str, Any], moments: Moments) -> dict[str, Any]:
    """An objective or a limit as it was spelled, every {"radius": "bootstrap"} in it replaced by its number.

    {"returns": {"set": "box", "radius": "bootstrap", "confidence": 0.95, "draws": 1000, "seed": 0, "block": 10}}, the same
    for an ellipsoid, for covariances and under min_return's "robust". What names no bootstrap comes back as it was.
    Raises InvalidValue for draws, a seed or a block that mean nothing, MissingInput without scenarios.
    """
    return {name: _resolved(name, value, moments) for name, value in spec.items()}


def _resolved(name: str, value: Any, moments: Moments) -> Any:
    if not isinstance(value, Mapping):
        return value
    if value.get("radius") != BOOTSTRAP:
        return resolve_sets(value, moments)
    given = dict(value)
    said = {option: given.pop(option, None) for option in OPTIONS}
    how: dict[str, Any] = {option: chosen for option, chosen in said.items() if chosen is not None}
    _check(how)
    chosen = given.pop("confidence", None)
    confidence = 0.95 if chosen is None else float(chosen)
    if not 0.0 < confidence < 1.0:
        raise InvalidValue(f"{name}.confidence", confidence, "must lie strictly between 0 and 1", fix="write 0.95")
    if name == "covariance":
        return {**given, "radius": bootstrap_covariance_box(moments, confidence, **how)}
    if given.get("set") == "ellipsoid":
        return {**given, "radius": bootstrap_ellipsoid(moments, confidence, **how)}
    coverage = given.pop("coverage", None) or "each"
    return {**given, "radius": bootstrap_box(moments, confidence, coverage=coverage, **how)}


def _check(how: Mapping[str, Any]) -> None:
    least = {"draws": 20, "seed": 0, "block": 1}
    most = {"draws": 100_000, "seed": 2**63, "block": 10_000}
    for name, value in how.items():
        whole = isinstance(value, int) or (name == "block" and isinstance(value, float))
        if isinstance(value, bool) or not whole or not least[name] <= value <= most[name]:
            raise InvalidValue(name, value, f"a number from {least[name]} to {most[name]} is needed", fix=f"leave {name} out")


def _scenarios(moments: Moments) -> Matrix:
    if moments.scenarios is None or len(moments.scenarios) < 2:
        raise MissingInput(
            "a bootstrap draws from the history of returns, and these moments come without one",
            field="moments.scenarios",
            fixes=["give returns to estimate from", 'use {"radius": "estimate"} or a number'],
        )
    return moments.scenarios


def _nearest_semidefinite(M: Matrix) -> Matrix:
    values, vectors = np.linalg.eigh(M)
    return M if values[0] >= 0.0 else np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T)
