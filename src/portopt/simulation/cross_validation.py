"""Combinatorial purged cross-validation of a policy: not one history out of sample but several, each tested in full.

Every choice of k of the N parts of a history is once what the policy is held against; it decides on the rest, purged, as if
those rows were all there ever was. The tests are put together into C(N - 1, k - 1) paths that each go through all of the
history. Here the future is learned from too: a path says how much the result hangs on which part was seen, not what could have
been earned.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from portopt import pipeline
from portopt.domain.arrays import Indices, Matrix, Vector, sealed
from portopt.domain.backtest import BacktestRequest
from portopt.domain.errors import PortoptError
from portopt.domain.universe import CASH
from portopt.domain.walk import Paths, WalkForward
from portopt.judgement.sharpe import ratios
from portopt.judgement.splits import Combinatorial, combinatorial_splits, labels_of
from portopt.simulation.asking import asked_on, snapshot_on
from portopt.simulation.history import History, Known, day_of
from portopt.simulation.strategies import Held


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """What was decided on the training rows of a split: (n + 1,) weights, cash last, None where it failed, and the problem."""

    weights: Vector | None
    problem: dict[str, object] | None = None


def cross_validated(
    request: BacktestRequest, history: History, walk: WalkForward, first: int = 1, last: int | None = None
) -> Paths:
    """Paths of the policy over the rows `first` to `last` of a history (its last one where left out), held from the first day
    of every tested part and left to drift in it, without costs.

    Raises InvalidValue for counts that mean nothing, PortoptError where not one split has an answer.
    """
    stop = len(history) if last is None else last + 1
    X = returns_by_row(history)[first:stop]
    T = len(X)
    split = combinatorial_splits(T, walk.groups, walk.tested, ends=labels_of(T, walk.purge + 1), embargo=walk.embargo)
    fits = [fitted(request, history, X, first + one.train, one.train) for one in split.splits]
    if all(fit.weights is None for fit in fits):
        _decided(request, history, X, first + split.splits[0].train, split.splits[0].train)
    R = paths_of(split, fits, X, request.execution.cash_rate / 252.0)
    excess = R - request.policy.risk_free_rate / 252.0
    dates = tuple(day_of(day) for day in history.dates[first:stop])
    failed = tuple((one.groups, fit.problem) for one, fit in zip(split.splits, fits, strict=True) if fit.problem is not None)
    sharpe = np.array([_ratio(path) for path in excess]) * np.sqrt(252.0)
    return Paths(walk.groups, walk.tested, len(split.splits), dates, R, sharpe, failed)


def _ratio(path: Vector) -> float:
    """Over the rows that were tested; NaN where none was, or nothing moved."""
    tested = path[np.isfinite(path)]
    return float(ratios(tested[:, None])[0]) if len(tested) > 2 else float("nan")


def returns_by_row(history: History) -> Matrix:
    """(T, n) the return of each row from the close before it, dividends in; NaN where a price is missing, and in row 0."""
    worth = history.total_return()
    X = np.full_like(worth, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        X[1:] = worth[1:] / worth[:-1] - 1.0
    return X


def fitted(request: BacktestRequest, history: History, X: Matrix, rows: Indices, train: Indices) -> Fitted:
    """The policy's weights on training rows: (m,) `rows` of the history, `train` of the returns X (T, n)."""
    try:
        return Fitted(_decided(request, history, X, rows, train))
    except PortoptError as refusal:
        return Fitted(None, refusal.problem())


def _decided(request: BacktestRequest, history: History, X: Matrix, rows: Indices, train: Indices) -> Vector:
    known = stitched(history, X[train], rows)
    # All of the training rows are learned from: the nearest ones are nearest in the row of training, not in time.
    policy = replace(request.policy, estimation=replace(request.policy.estimation, lookback=None))
    held = Held(
        np.zeros(len(known.ids), dtype=np.int64), round(request.capital * 100), known.latest(), request.execution.fractional
    )
    asked = asked_on(replace(request, policy=policy), known, held)
    snapshot = snapshot_on(asked, known)
    answer = pipeline.optimize_for(asked, snapshot, pipeline.estimate(asked, snapshot))
    weights = pipeline.certify(answer, snapshot).solution.weights
    at = {asset_id: i for i, asset_id in enumerate(known.ids)}
    w = np.zeros(len(known.ids) + 1)
    for asset_id, weight in zip(answer.problem.universe.ids, () if weights is None else weights, strict=True):
        w[-1 if asset_id == CASH else at[asset_id]] += weight
    return w


def stitched(history: History, X: Matrix, rows: Indices) -> Known:
    """What had been known had the training rows been all there was: prices that grow by returns X (m, n), row after row.

    The price before the first of them stands on the day before its row. An asset has a price from its first return on.
    """
    growth = np.cumprod(1.0 + np.nan_to_num(X), axis=0)
    before = np.vstack([np.ones((1, X.shape[1])), growth])
    gone = np.vstack([np.isnan(X[:1]), np.isnan(X)])
    level = np.where(np.isnan(history.prices[rows[-1]]), 1.0, history.prices[rows[-1]])
    prices = np.where(gone, np.nan, before / before[-1] * level)
    dates = np.concatenate([history.dates[rows[:1] - 1], history.dates[rows]])
    return Known(len(rows), history.ids, dates, sealed(prices), None, history.source, "adjusted")


def paths_of(split: Combinatorial, fits: list[Fitted], X: Matrix, cash_return: float) -> Matrix:
    """(P, T) returns of each path, of returns X (T, n); NaN over the parts whose split has no answer."""
    R = np.full((len(split.paths), len(X)), np.nan)
    for p, path in enumerate(split.paths):
        for group, s in enumerate(path):
            w = fits[s].weights
            if w is not None:
                rows = split.rows(group)
                R[p, rows] = drifting_returns(w, X[rows], cash_return)
    return R


def drifting_returns(w: Vector, X: Matrix, cash_return: float) -> Vector:
    """(m,) returns of weights w (n + 1,), cash last, bought before the first of returns X (m, n) and never traded.

    A missing return is none.
    """
    grown = np.cumprod(1.0 + np.nan_to_num(X), axis=0)
    cash = (1.0 + cash_return) ** np.arange(1, len(X) + 1)
    worth = grown @ w[:-1] + cash * w[-1]
    return np.asarray(worth / np.concatenate([[float(w.sum())], worth[:-1]]) - 1.0)
