"""What a released proposal expected, beside what came: its trades, their cost, return and risk, and the book without it.

What differs by less than two standard errors is not distinguishable from what was expected: a few weeks rarely say more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np

from portopt.domain.afterwards import Afterwards, Compared, Expected, Fills
from portopt.domain.arrays import Matrix, Vector
from portopt.monitoring.measures.calibration import Forecast, Realized, in_force
from portopt.monitoring.measures.fulfilment import (
    NO_FILLS,
    DeclaredBook,
    PastProposal,
    filled_share,
    realized_cost,
    sessions_between,
    shown_after,
    trade_move,
)
from portopt.monitoring.measures.held_returns import held_returns

FEWEST = 2  # sessions that have a deviation
CENTS = 0.005
LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)
NO_SESSION = "no session after it has prices yet"


@dataclass(frozen=True, slots=True, eq=False)
class Priced:
    """days: (T,) ascending; prices: (T, n), NaN where there was none. why: where there are none at all."""

    asset_ids: Sequence[str]
    days: Sequence[date]
    prices: Matrix
    benchmark: Mapping[str, float] | None = None
    why: str = ""


def afterwards(proposals: Sequence[PastProposal], books: Sequence[DeclaredBook], market: Priced) -> list[Afterwards]:
    """Of each proposal, in the order in which they were released. books: holdings as they were declared, in any order."""
    ordered = sorted(proposals, key=lambda one: (one.released_at, one.run_id))
    ends = [*(one.released_at for one in ordered[1:]), None]
    realized = held_returns(books, market.asset_ids, market.days, market.prices, market.benchmark)
    forced = in_force([one.forecast for one in ordered], realized.days)
    return [
        _of(one, until, shown_after(one, until, books), _rows(one, forced), realized, market)
        for one, until in zip(ordered, ends, strict=True)
    ]


def _rows(one: PastProposal, forced: Sequence[Forecast | None]) -> list[int]:
    """Sessions on which its forecast was in force."""
    return [t for t, forecast in enumerate(forced) if forecast is not None and forecast.run_id == one.run_id]


def _of(
    one: PastProposal, until: datetime | None, shown: DeclaredBook | None, rows: list[int], realized: Realized, market: Priced
) -> Afterwards:
    returns = realized.returns[rows]
    days = [realized.days[t] for t in rows]
    active = None if realized.active is None else realized.active[rows]
    why = market.why or NO_SESSION
    forecast = one.forecast
    told = Expected(forecast.expected_return, forecast.volatility, forecast.tracking_error, one.cost)
    return Afterwards(
        run_id=one.run_id,
        portfolio_id=one.portfolio_id,
        released_at=one.released_at,
        as_of=forecast.day,
        expected=told,
        until=until,
        first=days[0] if days else None,
        last=days[-1] if days else None,
        sessions=len(days),
        fills=_fills(one, shown),
        cost=_cost(one, shown, market),
        returns=_returns(forecast, returns, why),
        volatility=_deviation(forecast.volatility, returns, forecast.periods_per_year, why),
        tracking_error=_tracking(forecast, active, why),
        without=_without(one, days, returns, market),
    )


def _fills(one: PastProposal, shown: DeclaredBook | None) -> Fills:
    gross = one.gross
    if gross <= 0.0:
        return Fills(0.0, None, None, {}, "there was nothing to trade")
    if shown is None:
        return Fills(gross, None, None, {}, "no holdings were declared after it")
    left = {a: abs(n) * one.prices[a] * (1.0 - filled_share(one, a, shown)) for a, n in one.trades.items() if n}
    largest = {a: left[a] for a in sorted(left, key=lambda a: (-left[a], a)) if left[a] > CENTS}
    return Fills(gross, 1.0 - math.fsum(left.values()) / gross, shown.at, largest)


def _cost(one: PastProposal, shown: DeclaredBook | None, market: Priced) -> Compared:
    """What the trades that were made have cost, from the prices of the decision; its error is what these moved by meanwhile."""
    found = None if shown is None else realized_cost(one, shown)
    if shown is None or found is None:
        return Compared(one.cost, why=NO_FILLS)
    spent, expected = found
    move = trade_move(one.trades, one.prices, _steps(market))
    if move is None:
        return Compared(expected, spent, None, "how far the prices of its trades move in a session is not known")
    return Compared(expected, spent, move * math.sqrt(max(sessions_between(one.released_at, shown.at), 0.0)))


def _steps(market: Priced) -> dict[str, Vector]:
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = market.prices[1:] / market.prices[:-1] - 1.0
    return {asset: steps[:, j] for j, asset in enumerate(market.asset_ids)}


def _returns(forecast: Forecast, returns: Vector, why: str) -> Compared:
    """sum r_t against n m, its error s sqrt(n), s and m the forecast's of a session."""
    n = len(returns)
    if not n:
        return Compared(None, why=why)
    return Compared(n * forecast.daily_mean, math.fsum(returns), forecast.daily_deviation * math.sqrt(n))


def _deviation(expected: float, returns: Vector, periods: float, why: str) -> Compared:
    """The standard deviation of a session, a year, against the forecast; its error is the forecast's over sqrt(2 (n - 1))."""
    n = len(returns)
    if n < FEWEST:
        return Compared(expected, why=why if not n else f"{n} session says nothing of a deviation")
    return Compared(expected, float(np.std(returns, ddof=1)) * math.sqrt(periods), expected / math.sqrt(2.0 * (n - 1)))


def _tracking(forecast: Forecast, active: Vector | None, why: str) -> Compared:
    if forecast.tracking_error is None:
        return Compared(None, why="it has no benchmark")
    if active is None:
        return Compared(forecast.tracking_error, why=why if why != NO_SESSION else "the benchmark's returns are not known")
    return _deviation(forecast.tracking_error, active, forecast.periods_per_year, why)


def _without(one: PastProposal, days: Sequence[date], returns: Vector, market: Priced) -> Compared:
    """The book that it was made for, kept as it was, on the same sessions; the error is that of the difference of the two."""
    if not days:
        return Compared(None, why=market.why or NO_SESSION)
    kept = DeclaredBook(LONG_AGO, one.shares_before, one.cash_before)
    other = held_returns([kept], market.asset_ids, market.days, market.prices)
    at = {day: t for t, day in enumerate(other.days)}
    if any(day not in at for day in days):
        return Compared(None, math.fsum(returns), None, "not everything that it was made for has a price on those sessions")
    theirs = other.returns[[at[day] for day in days]]
    error = float(np.std(returns - theirs, ddof=1)) * math.sqrt(len(days)) if len(days) >= FEWEST else None
    why = "" if error is not None else "one session says nothing of a deviation"
    return Compared(math.fsum(theirs), math.fsum(returns), error, why)
