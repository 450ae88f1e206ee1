"""Why a portfolio and its benchmark came apart, sector by sector, linked over time so that the parts add up to the whole."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import DataError

Linking = Literal["carino", "menchero"]


@dataclass(frozen=True, slots=True, eq=False)
class SectorPeriod:
    """Per period and group: weights (T, K), and what they contributed to the return of the period (T, K), w times r."""

    weights: Matrix
    contributions: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class Brinson:
    """By group (K,): allocation, selection, interaction; all of them together are portfolio less benchmark, compounded.

    portfolio, benchmark: compounded returns.
    """

    groups: tuple[str, ...]
    allocation: Vector
    selection: Vector
    interaction: Vector
    portfolio: float
    benchmark: float
    linking: Linking

    @property
    def active(self) -> float:
        return self.portfolio - self.benchmark


def by_group(weights: Matrix, returns: Matrix, groups: Sequence[str]) -> tuple[tuple[str, ...], SectorPeriod]:
    """(names, weights and contributions by group) of assets: weights (T, n) at the start of each period, returns (T, n).

    Names are sorted. Raises DataError where shapes differ, or a weight meets a missing return.
    """
    if weights.shape != returns.shape or weights.shape[1] != len(groups):
        raise DataError(f"weights {weights.shape}, returns {returns.shape} and {len(groups)} groups do not go together")
    if len(bad := np.argwhere((weights != 0.0) & ~np.isfinite(returns))):
        row, column = (int(k) for k in bad[0])
        raise DataError(f"asset {column + 1} is held in period {row + 1} and has no return there", field="returns")
    names = tuple(sorted(set(groups)))
    member = np.array([[group == name for name in names] for group in groups], dtype=np.float64)
    earned = np.where(weights != 0.0, weights * np.nan_to_num(returns), 0.0)
    return names, SectorPeriod(weights @ member, earned @ member)


def brinson(groups: Sequence[str], portfolio: SectorPeriod, benchmark: SectorPeriod, linking: Linking = "carino") -> Brinson:
    """Allocation, selection and interaction of each group (K,), linked over T periods.

        allocation   (w_p - w_b)(r_b - R_b)        selection   w_b (r_p - r_b)        interaction   (w_p - w_b)(r_p - r_b)

    A group that the benchmark does not hold has the portfolio's return there, and one that the portfolio does not hold the
    benchmark's: then all of it is allocation. Source: Brinson and Fachler (1985); Cariño (1999) or Menchero (2000) for linking.
    """
    R, B = portfolio.contributions.sum(axis=1), benchmark.contributions.sum(axis=1)
    r_p, r_b = _returns(portfolio, benchmark), _returns(benchmark, portfolio)
    away = portfolio.weights - benchmark.weights
    if len(bad := np.flatnonzero(np.abs(away.sum(axis=1)) > 1e-9)):
        said = f"in period {bad[0] + 1} the weights of portfolio and benchmark do not add up to the same"
        raise DataError(said, field="weights", fixes=["make cash a group of its own"])
    allocation = away * (r_b - B[:, None])
    selection = benchmark.weights * (r_p - r_b)
    # What is left, not (w_p - w_b)(r_p - r_b): the same, and the sum holds also where long and short cancel in a group.
    interaction = portfolio.contributions - benchmark.contributions - away * r_b - selection
    scale = link_factors(R, B, linking)[:, None]
    linked = [(scale * effect).sum(axis=0) for effect in (allocation, selection, interaction)]
    return Brinson(tuple(groups), linked[0], linked[1], linked[2], _compounded(R), _compounded(B), linking)


def link_factors(R: Vector, B: Vector, linking: Linking) -> Vector:
    """(T,) by which each period's active return R - B (T,) is scaled so that they add up to the compounded one.

    Cariño: k_t / k, k = (log(1 + R) - log(1 + B)) / (R - B). Menchero: M + a_t, M the mean scale and a_t in proportion to the
    period's active return, the least correction that closes the sum.
    """
    total_R, total_B, T = _compounded(R), _compounded(B), len(R)
    if linking == "carino":
        whole = _log_ratio(total_R, total_B)
        return np.array([_log_ratio(r, b) for r, b in zip(R, B, strict=True)]) / whole
    active, total = R - B, total_R - total_B
    roots = (1.0 + total_R) ** (1.0 / T) - (1.0 + total_B) ** (1.0 / T)
    same = abs(total) < 1e-12
    M = (1.0 + total_R) ** ((T - 1.0) / T) if same else total / T / roots
    squares = float(active @ active)
    return np.asarray(M + (0.0 if not squares else (total - M * float(active.sum())) / squares) * active)


def _log_ratio(r: float, b: float) -> float:
    """(log(1 + r) - log(1 + b)) / (r - b), and its limit 1/(1 + r) where the two are the same."""
    d = (r - b) / (1.0 + b)
    return math.log1p(d) / d / (1.0 + b) if abs(d) > 1e-300 else 1.0 / (1.0 + r)


def _returns(of: SectorPeriod, other: SectorPeriod) -> Matrix:
    """Return of each group: contribution over weight; the other's where nothing is held."""
    held, theirs = np.abs(of.weights) > 1e-12, np.abs(other.weights) > 1e-12
    own = np.divide(of.contributions, of.weights, out=np.zeros_like(of.weights), where=held)
    foreign = np.divide(other.contributions, other.weights, out=np.zeros_like(of.weights), where=theirs)
    return np.where(held, own, foreign)


def _compounded(r: Vector) -> float:
    return float(np.prod(1.0 + r) - 1.0)
