"""A live book against current prices: value, cash, drift, and every limit of its policy read as the audit reads it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.desk import IDLE_CASH
from portopt.domain.problem import Limit, Problem
from portopt.domain.universe import CASH
from portopt.domain.watch import Figure, Labels, labels

HOLDS = 1e-9  # what the audit lets pass of a limit
BAND = 0.05  # of the book: how far a weight may stray from its target, where nobody says otherwise
FARTHEST = 5  # assets named as the farthest from their targets
BOOK_FIGURES = (
    "book_value", "book_cash", "book_drift", "book_drift_turnover", "book_violation", "book_limits_broken",
    "book_tracking_error", "book_volatility",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class LiveBook:
    """problem: the policy on current moments, with the live book as `w_prev`. value: money. targets: weights by asset that the
    last released proposal aimed at, None where there is none. band: how far a weight may stray from them.
    """

    portfolio_id: str
    problem: Problem
    value: float
    targets: Mapping[str, float] | None = None
    band: float = BAND


@dataclass(frozen=True, slots=True)
class Broken:
    """A reading of a limit that does not hold. side: what it should have kept to. excess: over it, as a share of the side."""

    limit: str
    member: str
    measured: float
    side: float
    excess: float
    unit: str


def live_figures(book: LiveBook, now: datetime) -> list[Figure]:
    """Every figure of BOOK_FIGURES, those that cannot be said with the reason."""
    problem, of = book.problem, labels(portfolio=book.portfolio_id)
    w = problem.previous()
    cash = problem.universe.cash_position
    held = 0.0 if cash is None else float(w[cash])
    return [
        Figure("book_value", of, now, book.value),
        Figure("book_cash", of, now, held, limit=_floor_of_cash(problem), detail=_most_cash(book)),
        *_drift(book, w, of, now),
        *_limits(problem, w, of, now),
        _tracking_error(problem, w, of, now),
        _volatility(problem, w, of, now),
    ]


def without(portfolio_id: str, why: str, now: datetime, names: tuple[str, ...] = BOOK_FIGURES) -> list[Figure]:
    """The figures of a book that cannot be measured: never good for want of data."""
    return [Figure(name, labels(portfolio=portfolio_id), now, None, why=why) for name in names]


def broken(problem: Problem, w: Vector) -> list[Broken]:
    """Every reading of a hard limit that w (n,) does not keep, the worst first.

    excess: the violation as a share of the side that is broken; of the whole book where that side is zero.
    """
    found = []
    for limit in problem.limits:
        if not limit.soft:
            found += _broken_readings(limit, w, problem)
    return sorted(found, key=lambda one: (-one.excess, one.limit, one.member))


def _broken_readings(limit: Limit, w: Vector, problem: Problem) -> list[Broken]:
    reading = limit.read(w, problem)
    slack = reading.slack()
    found = []
    for i in np.flatnonzero(~(slack >= -HOLDS)):  # what is not a number does not hold
        measured, lower, upper = (float(values[i]) for values in (reading.measured, reading.lower, reading.upper))
        side = upper if upper - measured < measured - lower else lower
        scale = abs(side) if side else 1.0
        found.append(Broken(reading.limit, reading.members[i], measured, side, abs(measured - side) / scale, reading.unit))
    return found


def _limits(problem: Problem, w: Vector, of: Labels, now: datetime) -> list[Figure]:
    found = broken(problem, w)
    told = [{"limit": b.limit, "member": b.member, "measured": b.measured, "side": b.side, "unit": b.unit, "excess": b.excess}
            for b in found[:FARTHEST]]  # fmt: skip
    worst = found[0].excess if found else 0.0
    kinds = len({one.limit for one in found})
    return [
        Figure("book_violation", of, now, worst, limit=0.0, detail={"worst": told[0]} if told else {}),
        Figure("book_limits_broken", of, now, float(kinds), limit=0.0, detail={"broken": told} if told else {}),
    ]


def _drift(book: LiveBook, w: Vector, of: Labels, now: datetime) -> list[Figure]:
    """d_i = w_i - target_i over every asset of either, cash too; the largest |d_i|, and half the sum of them."""
    names = ("book_drift", "book_drift_turnover")
    if book.targets is None:
        return [Figure(name, of, now, None, why="no proposal was released that it could be held against") for name in names]
    live = {asset: float(share) for asset, share in zip(book.problem.universe.ids, w.tolist(), strict=True) if share}
    strays = {a: live.get(a, 0.0) - book.targets.get(a, 0.0) for a in {**live, **book.targets}}
    farthest = sorted(strays, key=lambda a: (-abs(strays[a]), a))[:FARTHEST]
    told = [{"asset": a, "weight": live.get(a, 0.0), "target": book.targets.get(a, 0.0)} for a in farthest]
    largest = abs(strays[farthest[0]]) if farthest else 0.0
    half = math.fsum(abs(d) for a, d in strays.items() if a != CASH) / 2.0
    return [
        Figure("book_drift", of, now, largest, limit=book.band, detail={"farthest": told}),
        Figure("book_drift_turnover", of, now, half),
    ]


def _floor_of_cash(problem: Problem) -> float:
    """The least cash that the policy asks for; nobody may owe any."""
    limit = problem.limit("cash")
    if limit is None:
        return 0.0
    lower = limit.read(problem.previous(), problem).lower
    return max(float(lower.max(initial=0.0)), 0.0)


def _most_cash(book: LiveBook) -> dict[str, float]:
    """The most cash that the policy takes; where it takes any, a little more than the last proposal left."""
    limit = book.problem.limit("cash")
    most = math.inf if limit is None else float(limit.read(book.problem.previous(), book.problem).upper.min(initial=math.inf))
    if not math.isfinite(most) and book.targets is not None:
        most = max(book.targets.get(CASH, 0.0), _floor_of_cash(book.problem)) + IDLE_CASH
    return {"ceiling": most} if math.isfinite(most) else {}


def _tracking_error(problem: Problem, w: Vector, of: Labels, now: datetime) -> Figure:
    if problem.benchmark is None:
        return Figure("book_tracking_error", of, now, None, why="it has no benchmark")
    measured = problem.moments.covariance.volatility(w - problem.benchmark)
    return Figure("book_tracking_error", of, now, float(measured), limit=_cap(problem, "max_tracking_error"))


def _volatility(problem: Problem, w: Vector, of: Labels, now: datetime) -> Figure:
    measured = problem.moments.covariance.volatility(w)
    return Figure("book_volatility", of, now, float(measured), limit=_cap(problem, "max_volatility"))


def _cap(problem: Problem, kind: str) -> float | None:
    """The upper side of a limit on the whole book; None where the policy has none."""
    limit = problem.limit(kind)
    if limit is None:
        return None
    upper = float(limit.read(problem.previous(), problem).upper[0])
    return upper if math.isfinite(upper) else None
