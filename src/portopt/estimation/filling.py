"""Days on which an asset has no return of its own: what the common factors say of them, within what its next price allows.

The returns of one day are a factor model, estimated and filled in turns (expectation and maximization):

    z = L f + e,    f ~ N(0, I),    e ~ N(0, Psi)        z: standardized returns of a day;  L by principal components

A day without anything is filled with L E(f | what others did). Days inside a gap, at whose end the asset's own price tells
the return over all of them, are filled so that they add up to that return: what the factors leave unexplained is spread over
the days by their conditional variance. So means count every return exactly, whatever its length. A filled day varies less
than a real one; the variance that is lacking, of each asset and between assets that are missing together, is kept and added
to the estimate, so that neither volatilities nor correlations are bent toward zero or one.

Source: Stock and Watson (2002), Macroeconomic forecasting using diffusion indexes, J. Business and Economic Statistics 20,
appendix A (missing values and values known over several periods only); Tipping and Bishop (1999) for L.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Indices, Mask, Matrix, Vector
from portopt.domain.moments import Covariance
from portopt.domain.own_returns import together_of
from portopt.estimation.covariance.factor import leading_components
from portopt.estimation.covariance.forms import plus_diagonal, sealed

MOST_FACTORS, ROUNDS, TOLERANCE = 10, 100, 1e-4
ENOUGH = 12  # days on which every asset has a price, to begin with what they did from one to the next
SMALLEST_SPECIFIC = 1e-4  # of an asset's variance: what nothing else explains is never quite nothing
MOST_TOGETHER = 400  # assets up to which what is lacking between two of them is kept, not only what each lacks


@dataclass(frozen=True, slots=True, eq=False)
class Filled:
    """X: (T, n) returns, none missing. own: (n,) variance that the filled days lack; together: (n, n) the same with what
    lacks between assets, or None for many assets."""

    X: Matrix
    own: Vector
    together: Matrix | None

    def added_to(self, covariance: Covariance) -> Covariance:
        """The covariance of X with what its filled days lack; in factor form each asset's own alone."""
        if covariance.Sigma is None or self.together is None:
            return plus_diagonal(covariance, self.own)
        return sealed(covariance.Sigma + self.together)


@dataclass(frozen=True, slots=True, eq=False)
class _Pattern:
    """Where returns are missing. cells (T, n); rows (r,) the days with any.

    Days within gaps, one entry each: `at` their place among rows, `columns` the asset, `gap` which gap; ends (g, 2) the day
    and the asset of each gap's own return.
    """

    cells: Mask
    rows: Indices
    at: Indices
    columns: Indices
    gap: Indices
    ends: Indices

    def per_gap(self, values: Matrix) -> Vector:
        """(g,) sums over the days of each gap; values (T, n)."""
        return np.asarray(np.bincount(self.gap, values[self.rows[self.at], self.columns], len(self.ends)), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    """L (n, k) and Psi (n,) of standardized returns around `center` (n,)."""

    center: Vector
    L: Matrix
    Psi: Vector


def filled_by_factors(X: Matrix, spans: Indices | None = None) -> Filled:
    """Returns X (T, n) with every NaN replaced and every return over several days spread over them.

    spans: (T, n) days that each return covers, 0 where there is none; None is one day each.
    """
    pattern = _pattern(X, spans)
    mean, deviation, totals = _standards(X, spans, pattern)
    Z = np.where(pattern.cells, 0.0, (X - mean) / deviation)
    Z[pattern.rows[pattern.at], pattern.columns] = (totals / np.bincount(pattern.gap, minlength=len(totals)))[pattern.gap]
    model = _first_model(X, spans, mean, deviation) or _fitted(Z, _nothing(X.shape[1]), None)
    for _ in range(ROUNDS):
        before = Z[pattern.cells]
        lacking = _expected(Z, model, pattern, totals)
        if np.abs(Z[pattern.cells] - before).max(initial=0.0) < TOLERANCE:
            break
        model = _fitted(Z, lacking, model)
    filled = np.where(pattern.cells, mean + deviation * Z, X)
    own, loadings = lacking.own * deviation**2 / len(Z), lacking.shared * deviation
    if X.shape[1] > MOST_TOGETHER:
        return Filled(filled, own, None)
    together = loadings.T @ loadings / len(Z)
    together.ravel()[:: X.shape[1] + 1] = own
    return Filled(filled, own, together)


def within_gaps(X: Matrix, spans: Indices | None) -> Matrix:
    """X with returns over several days spread over them; what is missing without such a return stays NaN.

    X: (T, n) periodic returns, NaN where missing. spans: (T, n) periods that each covers, None being one everywhere.
    """
    if spans is None or spans.max(initial=0) <= 1:
        return X
    pattern, filled = _pattern(X, spans), filled_by_factors(X, spans).X
    within = pattern.rows[pattern.at], pattern.columns
    out = X.copy()
    out[within] = filled[within]
    return out


def _pattern(X: Matrix, spans: Indices | None) -> _Pattern:
    cells = np.isnan(X)
    ends = np.zeros((0, 2), dtype=np.intp) if spans is None else np.argwhere(spans > 1)
    lengths = np.zeros(0, dtype=np.intp) if spans is None else spans[ends[:, 0], ends[:, 1]]
    gap = np.repeat(np.arange(len(ends)), lengths)
    back = np.arange(len(gap)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    days, columns = ends[gap, 0] - back, ends[gap, 1]
    cells[days, columns] = True
    rows = np.flatnonzero(cells.any(axis=1))
    return _Pattern(cells, rows, np.searchsorted(rows, days), columns, gap, ends)


def _standards(X: Matrix, spans: Indices | None, pattern: _Pattern) -> tuple[Vector, Vector, Vector]:
    """Mean and deviation a day (n,), every return counted by the days it covers, and the standardized total of each gap."""
    days = np.where(np.isnan(X), 0, 1 if spans is None else spans)
    covered = np.maximum(days.sum(axis=0), 1)
    mean = np.nansum(X, axis=0) / covered
    variance = np.nansum((X - mean * days) ** 2 / np.maximum(days, 1), axis=0) / np.maximum((days > 0).sum(axis=0), 1)
    deviation = np.sqrt(np.where(variance > 0.0, variance, 1.0))
    t, j = pattern.ends.T
    return mean, deviation, (X[t, j] - days[t, j] * mean[j]) / deviation[j]


def _nothing(n: int) -> _Lacking:
    return _Lacking(np.zeros(n), np.zeros((0, n)))


def _first_model(X: Matrix, spans: Indices | None, mean: Vector, deviation: Vector) -> _Model | None:
    """The factors of what all assets did over the same days, where there are enough: the rounds start near their end."""
    n = X.shape[1]
    together = together_of(X, spans)
    if len(together.X) < max(ENOUGH, 2 * n):
        return None
    days = together.spans[:, None]
    return _fitted((together.X - mean * days) / np.sqrt(days) / deviation, _nothing(n), None)


@dataclass(frozen=True, slots=True, eq=False)
class _Lacking:
    """What filled days lack, added over all of them. own (n,) variances; shared'shared (n, n) what assets share of it."""

    own: Vector
    shared: Matrix

    def times(self, V: Matrix) -> Matrix:
        """The covariance that is lacking, times V."""
        rest = self.own - np.einsum("ri,ri->i", self.shared, self.shared)
        return np.asarray(self.shared.T @ (self.shared @ V) + rest[:, None] * V)


def _fitted(Z: Matrix, lacking: _Lacking, before: _Model | None) -> _Model:
    """The factor model of filled returns Z and of what they lack; from the second round on near `before`."""
    center = Z.mean(axis=0)
    Y = Z - center
    T, n = Y.shape
    variances = (np.einsum("ti,ti->i", Y, Y) + lacking.own) / T
    if n == 1:
        return _Model(center, np.zeros((1, 0)), variances)
    if before is None:
        V = leading_components(Y, None)[1][:, : min(MOST_FACTORS, n - 1)]
    else:
        V = before.L

    def times(V: Matrix) -> Matrix:
        return np.asarray((Y.T @ (Y @ V) + lacking.times(V)) / T)

    for _ in range(
        2
    ):  # two steps of subspace iteration from where the last round stood: an eigenproblem a round would cost more
        Q, _ = np.linalg.qr(times(V))
        values, turn = np.linalg.eigh(Q.T @ times(Q))
        V = Q @ turn
    noise = max(float(variances.sum() - values.sum()), 0.0) / (n - len(values))
    L = V * np.sqrt(np.maximum(values - noise, 1e-12))
    Psi = variances - np.einsum("ik,ik->i", L, L)
    return _Model(center, L, np.maximum(Psi, SMALLEST_SPECIFIC * np.maximum(variances, SMALLEST_SPECIFIC)))


def _expected(Z: Matrix, model: _Model, pattern: _Pattern, totals: Vector) -> _Lacking:
    """Fills the missing cells of Z with what the model expects of them, within the totals of gaps."""
    L, Psi, rows = model.L, model.Psi, pattern.rows
    (n, k), missing = L.shape, pattern.cells[rows]
    outer = (L[:, :, None] * L[:, None, :]).reshape(n, k * k)
    precision = np.eye(k) + (np.where(missing, 0.0, 1.0 / Psi) @ outer).reshape(len(rows), k, k)
    known = np.where(missing, 0.0, Z[rows] - model.center)
    of_factors = np.linalg.inv(precision)  # the covariance of f, given what is known
    f = (of_factors @ (known @ (L / Psi[:, None]))[:, :, None])[:, :, 0]
    Z[rows] = np.where(missing, model.center + f @ L.T, Z[rows])
    spread = np.where(missing, of_factors.reshape(len(rows), k * k) @ outer.T + Psi, 0.0)
    kept = np.where(missing, 1.0, 0.0)  # share of a day's conditional variance that no total tells
    if len(pattern.ends):
        at, columns, gap = pattern.at, pattern.columns, pattern.gap
        share = spread[at, columns] / np.bincount(gap, spread[at, columns])[gap]
        Z[rows[at], columns] += share * (totals - pattern.per_gap(Z))[gap]
        kept[at, columns] = 1.0 - share
    shared = np.zeros((0, n))
    if n <= MOST_TOGETHER:
        root = np.linalg.cholesky(of_factors).transpose(0, 2, 1)
        shared = ((root @ L.T) * np.sqrt(kept)[:, None, :]).reshape(-1, n)
    return _Lacking((kept * spread).sum(axis=0), shared)
