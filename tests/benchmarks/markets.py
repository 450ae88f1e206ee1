"""The problems every engine solves: one seeded factor-model market of any size, and four jobs on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

SECTORS = 10
STYLES = 5
RISK_FREE = 0.02


@dataclass(frozen=True)
class Market:
    """n assets, annual fractions.  mu (n,), F (n, k), Omega (k, k), D (n,); sector (n,) numbers; two books (n,)."""

    mu: np.ndarray
    F: np.ndarray
    Omega: np.ndarray
    D: np.ndarray
    sector: np.ndarray
    benchmark: np.ndarray
    w_prev: np.ndarray

    @property
    def n(self) -> int:
        return len(self.mu)

    @cached_property
    def Sigma(self) -> np.ndarray:
        """(n, n), for whoever needs it dense; made before any clock starts."""
        return self.F @ self.Omega @ self.F.T + np.diag(self.D)

    @cached_property
    def S(self) -> np.ndarray:
        """(sectors, n) membership."""
        return (self.sector == np.arange(SECTORS)[:, None]).astype(float)

    def variance(self, w: np.ndarray) -> float:
        y = self.F.T @ w
        return float(y @ self.Omega @ y + self.D @ w**2)


@dataclass(frozen=True)
class Job:
    """What is wanted. kind: min_risk, utility or max_sharpe; te and turnover are None where they are not limited."""

    name: str
    kind: str
    cap: float
    sector_cap: float
    gamma: float = 5.0
    te: float | None = None
    turnover: float | None = None

    def objective(self, m: Market, w: np.ndarray) -> float:
        """Smaller is better."""
        if self.kind == "min_risk":
            return float(np.sqrt(m.variance(w)))
        if self.kind == "max_sharpe":
            return -(float(m.mu @ w) - RISK_FREE) / float(np.sqrt(m.variance(w)))
        return 0.5 * self.gamma * m.variance(w) - float(m.mu @ w)

    def violation(self, m: Market, w: np.ndarray) -> float:
        """The worst of all limits at w, in natural units."""
        found = [abs(float(w.sum()) - 1.0), float((-w).max()), float((w - self.cap).max())]
        found.append(float((m.S @ w).max()) - self.sector_cap)
        if self.te is not None:
            found.append(float(np.sqrt(m.variance(w - m.benchmark))) - self.te)
        if self.turnover is not None:
            found.append(0.5 * float(np.abs(w - m.w_prev).sum()) - self.turnover)
        return max(0.0, *found)


def market(n: int, seed: int = 20261120) -> Market:
    """One market factor, ten sectors, five styles; specific volatilities around 25 %, betas around 1."""
    rng = np.random.default_rng([seed, n])
    sector = rng.permutation(np.arange(n) % SECTORS)
    beta = rng.normal(1.0, 0.25, n)
    styles = rng.normal(size=(n, STYLES))
    F = np.column_stack([beta, sector[:, None] == np.arange(SECTORS), styles]).astype(float)
    volatilities = np.concatenate([[0.16], np.full(SECTORS, 0.08), np.full(STYLES, 0.03)])
    Omega = np.diag(volatilities**2)
    Omega[0, -1] = Omega[-1, 0] = 0.3 * 0.16 * 0.03  # a style that moves with the market
    D = rng.lognormal(np.log(0.25), 0.3, n) ** 2
    mu = RISK_FREE + 0.05 * beta + styles @ np.linspace(-0.01, 0.01, STYLES) + rng.normal(0.0, 0.01, n)
    cap = position_cap(n)
    benchmark = _capped(rng.lognormal(0.0, 1.0, n), 0.8 * cap)
    w_prev = _capped(0.8 * benchmark + 0.2 * rng.dirichlet(np.ones(n)), 0.9 * cap)
    return Market(mu, F, Omega, D, sector, benchmark, w_prev)


def position_cap(n: int) -> float:
    return max(0.02, 4.0 / n)


def jobs(m: Market) -> list[Job]:
    """The four. The sector cap leaves the benchmark and the book inside."""
    cap = position_cap(m.n)
    sectors = max(0.2, 1.05 * float((m.S @ m.benchmark).max()), 1.05 * float((m.S @ m.w_prev).max()))
    # The book itself must be allowed, or there might be no answer within the turnover.
    te = max(0.03, 1.1 * float(np.sqrt(m.variance(m.w_prev - m.benchmark))))
    return [
        Job("min volatility, sectors", "min_risk", cap, sectors),
        Job("mean-variance, sectors", "utility", cap, sectors),
        Job("max Sharpe, sectors", "max_sharpe", cap, sectors),
        Job("tracking error + turnover", "utility", cap, sectors, te=te, turnover=0.2),
    ]


def _capped(weights: np.ndarray, cap: float) -> np.ndarray:
    """Weights adding to one, none above `cap`: what is cut is spread over the rest."""
    w = weights / weights.sum()
    for _ in range(100):
        w = np.minimum(w, cap)
        w = w / w.sum()
    return w
