"""Returns by month, by year and over moving windows, of a history of money: what came in or went out is no gain and no loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.canonical import plain
from portopt.judgement.rolling import rolling

WINDOW, LEAST_WINDOW = 252, 63  # sessions of the moving figures, and of those of a history that is shorter than two of them
OF_MONTHS = ("net", "benchmark")
OF_YEARS = ("net", "gross", "benchmark", "equal_weight", "do_nothing")


def monthly(days: Mapping[str, Any], flows: Vector) -> list[dict[str, Any]]:
    """A row a month, the first from the first close on. flows: (T,) money in or out before each close."""
    grown = {name: growth_of(days[name], flows) for name in OF_MONTHS}
    return [
        {"year": int(month[:4]), "month": int(month[5:]), **{name: _over(worth, a, b) for name, worth in grown.items()}}
        for month, a, b in _spans(days["date"], 7)
    ]


def yearly_of(worth: Any, dates: list[str], flows: Vector) -> list[dict[str, Any]]:
    """The same of one history by itself: {year, total_return, fall, sessions}; [] where it came to nothing."""
    grown = growth_of(worth, flows)
    return [
        {"year": int(year), "total_return": _over(grown, a, b), "fall": _fall(grown, a, b), "sessions": b - a}
        for year, a, b in _spans(dates, 4)
        if grown is not None
    ]


def yearly(days: Mapping[str, Any], flows: Vector) -> list[dict[str, Any]]:
    """A row a year: returns, what is made beyond the benchmark, the deepest fall within it, and its sessions.

    active: net less the benchmark, in points; None without one. fall: below the highest close since the year's beginning.
    """
    grown = {name: growth_of(days[name], flows) for name in OF_YEARS}
    rows = []
    for year, a, b in _spans(days["date"], 4):
        made = {name: _over(worth, a, b) for name, worth in grown.items()}
        net, base = made["net"], made["benchmark"]
        active = None if net is None or base is None else net - base
        rows.append({"year": int(year), **made, "active": active, "fall": _fall(grown["net"], a, b), "sessions": b - a})
    return rows


def growth_of(worth: Any, flows: Vector) -> Vector | None:
    """(T,) what one unit of money at the first close has become by each; the money itself where nothing came in or went out.

    None where there is no such history, or it came to nothing.
    """
    if worth is None or min(worth) <= 0.0:
        return None
    money = np.asarray(worth, dtype=np.float64)
    if not flows.any():
        return money
    return np.concatenate([[1.0], np.cumprod((money[1:] - flows[1:]) / money[:-1])])


def drawdown_of(worth: Any, flows: Vector) -> list[float]:
    """(T,) how far each close is below the highest before it, as a fraction below zero."""
    grown = growth_of(worth, flows)
    money = np.asarray(worth, dtype=np.float64) if grown is None else grown
    peak = np.maximum.accumulate(money)
    found: list[float] = (np.divide(money, peak, out=np.ones(len(money)), where=peak > 0.0) - 1.0).tolist()
    return found


def _spans(dates: list[str], digits: int) -> list[tuple[str, int, int]]:
    """(period, the last close before it, its own last close), as rows; of the first period the first close."""
    last: dict[str, int] = {day[:digits]: t for t, day in enumerate(dates)}
    ends = list(last.items())
    return [(period, 0 if k == 0 else ends[k - 1][1], t) for k, (period, t) in enumerate(ends)]


def _over(worth: Vector | None, a: int, b: int) -> float | None:
    return None if worth is None else float(worth[b] / worth[a] - 1.0)


def _fall(worth: Vector | None, a: int, b: int) -> float | None:
    """At or below zero."""
    if worth is None:
        return None
    within = worth[a : b + 1]
    return float((within / np.maximum.accumulate(within)).min() - 1.0)


def moving(days: Mapping[str, Any], risk_free: float, flows: Vector) -> dict[str, Any]:
    """Figures over the sessions that end on each day; nothing for a history shorter than such a window."""
    net = np.array(days["net"])
    if len(net) <= LEAST_WINDOW or net.min() <= 0.0:
        return {}
    r = (net[1:] - flows[1:]) / net[:-1] - 1.0
    window = WINDOW if len(r) >= 2 * WINDOW else LEAST_WINDOW
    b = None if days["benchmark"] is None else np.array(days["benchmark"])
    against = None if b is None else (b[1:] - flows[1:]) / b[:-1] - 1.0
    found = rolling(r, window, risk_free=risk_free, benchmark=against)
    return {each.name: plain(getattr(found, each.name)) for each in fields(found)}
