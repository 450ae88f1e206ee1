"""Twenty ways to look ahead, planted, and strategies that know the past alone; each put to the proof.

A leak is a table of scores (T, n) that is prepared from the whole history: the best asset of the day is bought. What makes it
one is that the row of a day depends on what came after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.backtest import Membership
from portopt.simulation.history import History, Known, members_on
from portopt.simulation.honest import made
from portopt.simulation.prove import prove
from portopt.simulation.strategies import Decided, Decider, Held, Rule, Ruled, Strategy, in_units, weights_by_id

Score = Callable[[History], Matrix]
T, N = 110, 5


def market(seed: int = 11) -> History:
    """Prices, volumes, and one asset that belongs to the universe for part of the time."""
    volumes = np.random.default_rng(seed + 1).uniform(1e3, 1e5, (T, N))
    members = [Membership(a, made.day(0)) for a in made.IDS[: N - 1]]
    members.append(Membership(made.IDS[N - 1], made.day(20), made.day(80)))
    return made.history(made.drawn(T, N, seed), volumes=volumes, members=members)


def alarmed(strategy: Strategy, seed: int = 1) -> bool:
    """Whether the proof says that it looks ahead."""
    h = market()
    asked = made.request(h, rebalance=["every 9"], policy=made.policy(least=30))
    walk = made.walk(h, strategy.prepare(h), rebalance=asked.rebalance, policy=asked.policy)
    return not prove(walk.s, walk.run, walk.end, strategy.prepare, seed=seed, in_full=True).holds


@dataclass(frozen=True, slots=True)
class Scored:
    """Buys whatever has the highest score today."""

    score: Score

    def prepare(self, history: History) -> Decider:
        return _Best(self.score(history))


@dataclass(frozen=True, slots=True, eq=False)
class _Best:
    scores: Matrix

    def decide(self, known: Known, held: Held) -> Decided:
        row = np.nan_to_num(self.scores[known.day], nan=-np.inf)
        return in_units(weights_by_id({known.ids[int(np.argmax(row))]: 0.9}, known), held)


def _returns(h: History) -> Matrix:
    return np.vstack([np.zeros(h.prices.shape[1]), np.diff(np.log(h.prices), axis=0)])


def _shifted(X: Matrix, rows: int) -> Matrix:
    """Row t is what row t + rows was; the last ones repeat."""
    return np.asarray(X[np.minimum(np.arange(len(X)) + rows, len(X) - 1)])


def _ahead(X: Matrix, rows: int, of: Callable[[Matrix], Vector]) -> Matrix:
    return np.array([of(X[t + 1 : t + 1 + rows]) if t + 1 < len(X) else X[-1] for t in range(len(X))])


def _centred(h: History) -> Matrix:
    P = np.log(h.prices)
    return np.array([P[t] - P[max(t - 5, 0) : t + 6].mean(axis=0) for t in range(len(P))])


def _backwards_smoothed(h: History) -> Matrix:
    X, out = np.log(h.prices), np.log(h.prices).copy()
    for t in range(len(X) - 2, -1, -1):
        out[t] = 0.7 * out[t + 1] + 0.3 * X[t]
    return out - X


def _regressed(h: History) -> Matrix:
    """Tomorrow's return on today's, one slope an asset, fitted on all days."""
    R = _returns(h)
    slope = (R[1:] * R[:-1]).mean(axis=0) / (R[:-1] ** 2).mean(axis=0)
    return np.asarray(R * slope)


def _first_component(h: History) -> Matrix:
    R = np.nan_to_num(_returns(h), posinf=0.0, neginf=0.0)
    _, _, V = np.linalg.svd(R - R.mean(axis=0), full_matrices=False)
    return np.asarray(R * V[0])


def _filled_from_behind(h: History) -> Matrix:
    P = h.prices.copy()
    P[::4] = np.nan  # a feed with every fourth day missing
    for t in range(len(P) - 2, -1, -1):
        P[t] = np.where(np.isnan(P[t]), P[t + 1], P[t])
    return np.asarray(P / h.prices)


def _to_the_end(values: Vector, rows: int) -> Matrix:
    return np.tile(values, (rows, 1))


def _survivors(h: History) -> Matrix:
    """Who will be a member at the end."""
    last = members_on(h.members, h.dates[-1].item())
    return _to_the_end(np.array([float(a in last) for a in h.ids]), len(h)) + 1e-3 * _returns(h) + _shifted(_returns(h), 1)


LEAKS: Mapping[str, Score] = {
    "tomorrow's return": lambda h: _shifted(_returns(h), 1),
    "the next week's return": lambda h: _ahead(_returns(h), 5, lambda X: X.sum(axis=0)),
    "a centred moving average": _centred,
    "a scaler fitted on all days": lambda h: (np.log(h.prices) - np.log(h.prices).mean(axis=0)) / _returns(h).std(axis=0),
    "ranks among all days": lambda h: np.argsort(np.argsort(h.prices, axis=0), axis=0) / len(h),
    "the highest and lowest of all days": lambda h: (h.prices - h.prices.min(axis=0)) / np.ptp(h.prices, axis=0),
    "the volatility to come": lambda h: -_ahead(_returns(h), 10, lambda X: X.std(axis=0)),
    "the universe's survivors": _survivors,
    "the best of the whole period": lambda h: _to_the_end(h.prices[-1] / h.prices[0], len(h)),
    "gaps filled from behind": _filled_from_behind,
    "prices adjusted by the last day": lambda h: h.prices / h.prices[-1],
    "tomorrow's volume": lambda h: _shifted(np.asarray(h.volumes), 1),
    "the deepest fall to come": lambda h: -_ahead(_returns(h), 20, lambda X: np.cumsum(X, axis=0).min(axis=0)),
    "principal components of all days": _first_component,
    "a regression fitted on all days": _regressed,
    "a filter run backwards": _backwards_smoothed,
    "tomorrow's fill price": lambda h: -_shifted(h.prices, 1) / h.prices,
    "a calendar of good days": lambda h: _shifted(np.sign(_returns(h)), 1) * np.arange(1, h.prices.shape[1] + 1),
    "a restated series": lambda h: _returns(h) + 0.5 * _shifted(_returns(h), 2),
    "the total return of the whole period": lambda h: h.total_return() / h.total_return()[-1],
}


def CLEAN(k: int) -> Strategy:
    """Momentum, reversal, low risk, volume or equal weights over some days that are over, of today's members alone."""
    back, kind = 3 + k % 17, k % 5

    def rule(known: Known, held: Held) -> dict[str, float]:
        P = known.prices[-back - 1 :]
        scores = (
            P[-1] / P[0],
            -P[-1] / P[0],
            -np.diff(np.log(P), axis=0).std(axis=0),
            np.asarray(known.volumes)[-back:].mean(axis=0),
            np.arange(float(len(known.ids))),
        )[kind]
        who = [i for i in np.argsort(-scores) if known.members is None or known.ids[i] in known.members]
        return {known.ids[int(i)]: 0.45 for i in who[:2]}

    named: Rule = rule
    return Ruled(named)
