"""Strategies that look ahead, each in another way that has happened, and honest ones that do nearly the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from made_histories import drawn_prices, history, names, weekdays

from portopt.domain.action import Action
from portopt.domain.backtest import Membership
from portopt.domain.factor_returns import FactorReturns
from portopt.simulation.history import History, Known, filled_forward
from portopt.simulation.strategies import Decided, Decider, Held, Ruled

T, N = 130, 6
Score = Callable[[History, Known, Held], Any]


def market(seed: int = 11) -> History:
    """Gaps, volumes, a split and dividends, an asset that leaves and one that comes, a factor file that was restated."""
    prices, days, ids = drawn_prices(T, N, seed), weekdays(T), names(N)
    prices[20:24, 1] = prices[60:63, 2] = np.nan
    prices[100:, 4] = np.nan
    prices[:35, 5] = np.nan
    volumes = np.random.default_rng(seed).integers(1_000, 90_000, (T, N)).astype(float)
    day = [d.item() for d in days]
    actions = [
        Action("A", "split", day[70], ratio=(2, 1)),
        Action("B", "dividend", day[50], pay_date=day[55], amount=Decimal("0.40")),
        Action("C", "dividend", day[90], pay_date=day[92], amount=Decimal("0.55")),
        Action("E", "delisting", day[101]),
    ]
    prices[70:, 0] /= 2
    members = [Membership(a, day[0], day[95] if a == "E" else None) for a in ids[:5]] + [Membership("F", day[40])]
    rng = np.random.default_rng(seed + 1)
    first = FactorReturns(("F",), rng.normal(0.0, 0.01, (T, 1)), days)
    restated = FactorReturns(("F",), rng.normal(0.0, 0.01, (T, 1)), days)
    factors = ((date.min, first), (day[65], restated))
    return history(prices, volumes=volumes, actions=actions, members=members, factors=factors)


@dataclass(frozen=True)
class Scored:
    """The best two of those that have a price today, by a score of what was prepared and of what is known."""

    score: Score

    def prepare(self, whole: History) -> Decider:
        return _Best(self.score, whole)


class _Best:
    def __init__(self, score: Score, whole: History) -> None:
        self.score, self.whole = score, whole

    def decide(self, known: Known, held: Held) -> Decided:
        return Ruled(lambda k, h: best_two(self.score(self.whole, k, h), k)).decide(known, held)


def best_two(score: Any, known: Known) -> dict[str, float]:
    values = np.where(
        known.prices[-1] > 0.0, np.nan_to_num(np.asarray(score, dtype=float), nan=-1e9, posinf=1e9, neginf=-1e9), -1e18
    )
    order = np.argsort(-values, kind="stable")[:2]
    return {known.ids[i]: 0.45 for i in order if known.prices[-1, i] > 0.0}


def past(known: Known, sessions: int) -> Any:
    """Return over the last sessions, by what was known."""
    filled = filled_forward(known.prices)
    return filled[-1] / filled[max(0, len(filled) - 1 - sessions)] - 1.0


def filled(whole: History) -> Any:
    return filled_forward(whole.prices)


def daily(whole: History) -> Any:
    return filled(whole)[1:] / filled(whole)[:-1] - 1.0


def next_session(h: History, k: Known, held: Held) -> Any:
    return np.roll(past(k, 5), int((h.dates[min(k.day + 1, len(h) - 1)] - k.dates[-1]).astype(int)))


def ahead(h: History, k: Known, sessions: int) -> Any:
    P = filled(h)
    return P[min(k.day + sessions, len(P) - 1)] / P[k.day] - 1.0


def backfilled(h: History, k: Known, held: Held) -> Any:
    """A gap is filled from after it; where there is none, by what follows all the same."""
    reverse = filled_forward(h.prices[::-1])[::-1]
    return reverse[k.day + 1 : k.day + 2].sum(axis=0) / reverse[max(0, k.day - 5)]


def labels_that_overlap(h: History, k: Known, held: Held) -> Any:
    """A regression of five-day returns on the last one, its newest labels not over yet."""
    P = filled(h)
    y = P[5:] / P[:-5] - 1.0
    x = np.vstack([np.zeros((1, P.shape[1])), P[1:] / P[:-1] - 1.0])[: len(y)]
    rows = slice(max(0, k.day - 40), min(k.day + 1, len(y)))
    slope = np.nansum(x[rows] * y[rows], axis=0) / np.maximum(np.nansum(x[rows] ** 2, axis=0), 1e-12)
    return slope


def adjusted_for_what_came_later(h: History, k: Known, held: Held) -> Any:
    """Prices adjusted back from the end of the file: cheap is what will be split."""
    level = h.prices[k.day].copy()
    if h.C is not None:
        level *= h.C[-1] / h.C[k.day]
    return -level


def leaves_soon(h: History, k: Known, held: Held) -> Any:
    gone = {m.asset_id: m.valid_to for m in h.members if m.valid_to is not None}
    return [past(k, 5)[i] - (5.0 if a in gone and gone[a] > k.date else 0.0) for i, a in enumerate(k.ids)]


def before_the_dividend(h: History, k: Known, held: Held) -> Any:
    soon = {a.asset_id for a in h.actions if a.kind == "dividend" and k.date < a.ex_date <= k.date + timedelta(days=60)}
    return [past(k, 5)[i] + (5.0 if a in soon else 0.0) for i, a in enumerate(k.ids)]


def newest_factor_file(h: History, k: Known, held: Held) -> Any:
    """Whichever vintage is the last one, on the day's own date."""
    values = h.factors[-1][1]
    at = 0 if values.dates is None else int(np.searchsorted(values.dates, k.dates[-1]))
    f = values.values[: at + 1, 0]
    return np.full(len(k.ids), f[-1]) * np.arange(len(k.ids)) + 1e-3 * past(k, 5)


def sessions_left(h: History, k: Known, held: Held) -> Any:
    """Another order of assets, the fewer sessions are left in the file."""
    return np.roll(np.arange(len(k.ids), dtype=float), len(h) - k.day)


LEAKS: Mapping[str, Score] = {
    "the return of tomorrow": lambda h, k, held: ahead(h, k, 1),
    "the price of the fill": lambda h, k, held: -h.prices[min(k.day + 1, len(h) - 1)],
    "an index shifted by one": lambda h, k, held: past(h.known(min(k.day + 1, len(h) - 1)), 5),
    "returns of the next month": lambda h, k, held: ahead(h, k, 21),
    "a scaler of the whole period": lambda h, k, held: (k.latest() - np.nanmean(h.prices, 0)) / np.nanstd(h.prices, 0),
    "a covariance of the whole period": lambda h, k, held: -np.nanvar(daily(h), axis=0),
    "the best of the whole period": lambda h, k, held: filled(h)[-1] / filled(h)[36],
    "who is there at the end": lambda h, k, held: np.isfinite(h.prices[-1]) * 10.0 + past(k, 5),
    "how many sessions are left": sessions_left,
    "when the next session is": next_session,
    "gaps filled from later": backfilled,
    "a centred average": lambda h, k, held: k.latest() / np.nanmean(h.prices[max(0, k.day - 5) : k.day + 6], axis=0),
    "prices adjusted for later splits": adjusted_for_what_came_later,
    "dividends that nobody knows yet": before_the_dividend,
    "a factor file that was restated": newest_factor_file,
    "when a member will leave": leaves_soon,
    "the volume of tomorrow": lambda h, k, held: h.volumes[min(k.day + 1, len(h) - 1)] if h.volumes is not None else None,
    "a stop at the low to come": lambda h, k, held: np.nanmin(h.prices[k.day : k.day + 11], axis=0) / k.latest(),
    "labels that overlap the test": labels_that_overlap,
    "a rank among all of history": lambda h, k, held: -(h.prices < k.latest()).mean(axis=0),
    "a season's average with its own future": lambda h, k, held: np.nanmean(daily(h)[k.day % 5 :: 5], axis=0),
}  # fmt: skip


def honest(k: int) -> Scored | Ruled:
    """The k-th of many clean strategies: momentum, reversal, low risk, volumes, universes, calendars, books, actions."""
    sessions, sign = 3 + 4 * (k % 6), 1.0 if k % 2 else -1.0
    kinds: tuple[Score, ...] = (
        lambda h, kn, held: sign * past(kn, sessions),
        lambda h, kn, held: -np.nanstd(kn.prices[-sessions - 3 :], axis=0) / kn.latest(),
        lambda h, kn, held: sign * (kn.volumes[-sessions:].mean(axis=0) if kn.volumes is not None else 0.0),
        lambda h, kn, held: past(kn, sessions) + [bool(kn.members and a in kn.members) for a in kn.ids],
        lambda h, kn, held: sign * held.weights()[:-1] + 0.1 * past(kn, sessions),
        lambda h, kn, held: np.roll(past(kn, sessions), kn.date.month),
        lambda h, kn, held: sign * kn.latest() / np.nanmean(kn.prices, axis=0),
        lambda h, kn, held: past(kn, sessions) + [sum(a.asset_id == i for a in kn.actions) for i in kn.ids],
        lambda h, kn, held: past(kn, sessions) * (kn.factor_returns.values[-1, 0] if kn.factor_returns is not None else 1.0),
        lambda h, kn, held: cumulative(h)[kn.day] * sign,
    )  # fmt: skip
    return Scored(kinds[k % len(kinds)])


def cumulative(h: History) -> Any:
    """Prepared on the whole history at once, and yet of the past alone: a running mean."""
    known = np.isfinite(h.prices)
    return np.cumsum(np.where(known, h.prices, 0.0), axis=0) / np.maximum(np.cumsum(known, axis=0), 1)
