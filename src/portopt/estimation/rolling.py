"""Moments from one day to the next: what a window's sums gain and lose, in place of all of it.

    P = sum_t a_t x_t x_t',   s = sum_t a_t x_t,   and of |x_t|^2 what Ledoit and Wolf's intensity reads

A day more is a product of one row, a day less another. Every MONTH days, counted from the first day of the history and not from
where somebody began, the sums are worked out afresh: what a day says depends on nothing but its prices, and rounding does not
gather. For estimators that are functions of these sums, of complete returns; the estimates are theirs to 1e-12 (tests). Others,
and histories with gaps, are estimated afresh each day.
Source: Chan, Golub and LeVeque (1983), Algorithms for computing the sample variance, The American Statistician 37.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.moments import Covariance
from portopt.domain.request import EstimationChoice
from portopt.estimation.catalog import COVARIANCE, EXPECTED_RETURNS, Evidence, looked_up
from portopt.estimation.options import chosen

MONTH = 21
MEANS = ("historical_mean", "ewma", "bayes_stein", "james_stein", "shrunk", "capm", "equilibrium")
COVARIANCES = ("sample", "ewma", "ledoit_wolf", "oas")
Rows = Callable[[int, int], Matrix]  # (first, last) -> (last - first, n) complete returns


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Of the T rows up to `row`, itself included. P (n, n), s (n,) with their weights; norms, norms_2, norms_x: the sums of
    |x|^2, of its square, and of |x|^2 x. s_mean: (n,) with the weights of the mean, where they are others.
    """

    row: int
    T: int
    P: Matrix
    s: Vector
    s_mean: Vector
    norms: float = 0.0
    norms_2: float = 0.0
    norms_x: Vector | float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Beliefs:
    """mean (n,) and Sigma (n, n) per period, of T rows."""

    mean: Vector
    Sigma: Matrix
    T: int


def why_not(choice: EstimationChoice) -> str | None:
    """Why these moments cannot be carried from day to day, in words; None where they can."""
    if choice.views or choice.factors:
        return "views and factor models are worked out afresh every day"
    if choice.expected_returns not in MEANS:
        return f"expected returns by {choice.expected_returns} are worked out afresh every day"
    target = choice.covariance_options.get("target", "identity")
    if choice.covariance not in COVARIANCES or target != "identity":
        return f"a covariance by {choice.covariance} is worked out afresh every day"
    return None


class Rolling:
    """The sums of one window, of `lookback` rows or (None) all there are; the newest ones are remembered."""

    def __init__(self, choice: EstimationChoice) -> None:
        """choice: one that `why_not` says nothing against. Raises InvalidValue for an option that is out of range."""
        self._lookback, self._mean, self._covariance = choice.lookback, choice.expected_returns, choice.covariance
        means = looked_up(EXPECTED_RETURNS, self._mean, "estimation.expected_returns")
        risks = looked_up(COVARIANCE, self._covariance, "estimation.covariance")
        self._finish = means.finish
        self._options: Mapping[str, Any] = chosen(
            means.options, choice.expected_returns_options, "estimation.expected_returns_options"
        )
        options = chosen(risks.options, choice.covariance_options, "estimation.covariance_options")
        self._fade = 0.5 ** (1.0 / options["half_life"]) if self._covariance == "ewma" else 1.0
        self._fade_mean = 0.5 ** (1.0 / self._options["half_life"]) if self._mean == "ewma" else 1.0
        self._last: Sums | None = None

    def rows(self, row: int) -> int:
        """How many rows the window ending with `row` has."""
        return row + 1 if self._lookback is None else min(row + 1, self._lookback)

    def at(self, row: int, returns: Rows) -> Beliefs:
        """Estimates on the window that ends with `row`, before a mean is shrunk or replaced (`finished`)."""
        begin = row - row % MONTH if row >= MONTH else row
        last = self._last
        sums = last if last is not None and begin <= last.row <= row else self._afresh(begin, returns)
        while sums.row < row:
            sums = self._next(sums, returns)
        self._last = sums
        return self._estimated(sums)

    def finished(self, found: Beliefs, market: Vector, risk_free: float, periods_per_year: float) -> Vector:
        """(n,) the mean that the choice makes of the estimates; market: (n,) its portfolio. risk_free: annual."""
        if self._finish is None:
            return found.mean
        per_period = risk_free / periods_per_year
        evidence = Evidence(found.mean, Covariance(Sigma=found.Sigma), found.T, market, per_period, periods_per_year)
        return self._finish(evidence, self._options)

    def _afresh(self, row: int, returns: Rows) -> Sums:
        T = self.rows(row)
        X = returns(row + 1 - T, row + 1)
        age = np.arange(T - 1, -1, -1)
        a, a_mean = self._fade**age, self._fade_mean**age
        norms = np.einsum("ti,ti->t", X, X)
        return Sums(row, T, (X.T * a) @ X, a @ X, a_mean @ X, float(norms.sum()), float(norms @ norms), norms @ X)

    def _next(self, sums: Sums, returns: Rows) -> Sums:
        from scipy.linalg.blas import dger

        row = sums.row + 1
        T = self.rows(row)
        x = returns(row, row + 1)[0]
        norm = float(x @ x)
        P = np.asfortranarray(sums.P if self._fade == 1.0 else self._fade * sums.P)
        P = dger(1.0, x, x, a=P, overwrite_a=P is not sums.P)
        s, s_mean = self._fade * sums.s + x, self._fade_mean * sums.s_mean + x
        found = Sums(row, T, P, s, s_mean, sums.norms + norm, sums.norms_2 + norm * norm, sums.norms_x + norm * x)
        if T > sums.T:
            return found
        gone = returns(row - T, row - T + 1)[0]
        out = float(gone @ gone)
        return replace(
            found,
            P=dger(-(self._fade**T), gone, gone, a=P, overwrite_a=True),
            s=s - self._fade**T * gone,
            s_mean=s_mean - self._fade_mean**T * gone,
            norms=found.norms - out,
            norms_2=found.norms_2 - out * out,
            norms_x=found.norms_x - out * gone,
        )

    def _estimated(self, sums: Sums) -> Beliefs:
        T = sums.T
        mean = sums.s_mean / _weight(self._fade_mean, T)
        return Beliefs(mean, COVARIANCE_OF[self._covariance](sums, self._fade), T)


def _weight(fade: float, T: int) -> float:
    """1 + fade + ... + fade^(T - 1)."""
    return float(T) if fade == 1.0 else (1.0 - fade**T) / (1.0 - fade)


def _scatter(sums: Sums, weight: float) -> Matrix:
    """(n, n) sum of a (x - m)(x - m)'."""
    from scipy.linalg.blas import dger

    return np.asarray(dger(-1.0, sums.s, sums.s / weight, a=np.asfortranarray(sums.P)).T)


def _sample(sums: Sums, _: float) -> Matrix:
    return _scatter(sums, float(sums.T)) / (sums.T - 1)


def _ewma(sums: Sums, fade: float) -> Matrix:
    weight = _weight(fade, sums.T)
    squares = _weight(fade * fade, sums.T) / (weight * weight)
    return _scatter(sums, weight) / (weight * (1.0 - squares))


def _ledoit_wolf(sums: Sums, _: float) -> Matrix:
    """As in covariance/ledoit_wolf.py, the fourth moments about the mean from those about zero."""
    T, n = sums.T, len(sums.s)
    TS = _scatter(sums, float(T))
    mean = sums.s / T
    length = float(mean @ mean)
    fourth = (
        sums.norms_2
        + 4.0 * float(mean @ (sums.P @ mean))
        + T * length * length
        - 4.0 * float(mean @ sums.norms_x)
        + 2.0 * length * sums.norms
        - 4.0 * length * float(mean @ sums.s)
    )
    m, norm = float(np.trace(TS)) / (T * n), float(np.vdot(TS, TS)) / (T * T)
    d, b = norm - n * m * m, (fourth / T - norm) / T
    rho = min(b, d) / d if d > 0.0 and b > 0.0 else 0.0
    return _shrunk(TS, (1.0 - rho) / T, rho * m)


def _oas(sums: Sums, _: float) -> Matrix:
    T, n = sums.T, len(sums.s)
    TS = _scatter(sums, float(T))
    m, mean_square = float(np.trace(TS)) / (T * n), float(np.vdot(TS, TS)) / (T * T) / (n * n)
    spread = (T + 1.0) * (mean_square - m * m / n)
    rho = min(1.0, (mean_square + m * m) / spread) if spread > 0.0 else 1.0
    return _shrunk(TS, (1.0 - rho) / T, rho * m)


def _shrunk(TS: Matrix, scale: float, ridge: float) -> Matrix:
    TS *= scale
    np.fill_diagonal(TS, np.diagonal(TS) + ridge)
    return TS


COVARIANCE_OF: Mapping[str, Callable[[Sums, float], Matrix]] = {
    "sample": _sample,
    "ewma": _ewma,
    "ledoit_wolf": _ledoit_wolf,
    "oas": _oas,
}
