"""The figures of a history of returns. None of them changes when a benchmark is there: what needs one stands by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from portopt.domain.arrays import Vector
from portopt.domain.errors import DataError, InvalidValue
from portopt.judgement.active import ActiveFigures, active_figures
from portopt.judgement.drawdowns import Drawdown, drawdowns
from portopt.judgement.histories import Dates, day, days_of, grown, returns_of
from portopt.judgement.moments import deviation, excess_kurtosis, mean_over, skewness, tail

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Period:
    """A return and the day, or the month, that had it ("2020-03-16", "2020-03")."""

    when: str
    value: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What a history came to; fractions, annual where a year is meant. None: these returns do not say it.

    first, last: the days between which the returns lie. total_return: compounded. annual_return: the constant return of a
    year with the same total. mean_return, volatility: annual, arithmetic. sharpe, sortino: over the risk-free rate.
    calmar: annual return over the deepest drawdown. max_drawdown: its depth, 0 where there was no fall, and `drawdown`
    says when, and whether it is open. var_95, cvar_95: of one period's losses, positive. hit_rate: gains among the periods
    that gained or lost. active: against the benchmark, where one was given.
    """

    first: date
    last: date
    periods: int
    periods_per_year: float
    total_return: float
    annual_return: float
    mean_return: float
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    max_drawdown: float
    drawdown: Drawdown | None
    best_day: Period
    worst_day: Period
    best_month: Period
    worst_month: Period
    var_95: float
    cvar_95: float
    skewness: float | None
    excess_kurtosis: float | None
    hit_rate: float | None
    active: ActiveFigures | None = None


def figures(
    equity: npt.ArrayLike,
    dates: Dates | Sequence[date],
    *,
    risk_free: float = 0.0,
    benchmark: npt.ArrayLike | None = None,
    flows: npt.ArrayLike | None = None,
    periods_per_year: float = 252.0,
) -> Figures:
    """The figures of (T,) equity at the closes of (T,) dates; T at least 2.

    Args:
        equity: (T,) money, positive. risk_free: a year, arithmetic.
        benchmark: (T,) the benchmark's own equity on the same dates, in any unit.
        flows: (T,) money that came in or went out before each close; it is no return.
    Raises:
        DataError: equity or benchmark not above zero on a day, dates out of order, fewer than two of them.
    """
    days = days_of(dates)
    b = None if benchmark is None else returns_of(benchmark, days)
    return _figures(returns_of(equity, days, flows), days, risk_free, b, periods_per_year)


def figures_of_returns(
    returns: npt.ArrayLike,
    dates: Dates | Sequence[date],
    *,
    risk_free: float = 0.0,
    benchmark: npt.ArrayLike | None = None,
    periods_per_year: float = 252.0,
) -> Figures:
    """The same of (T,) simple returns, each with the day on which it was earned: equity began the day before the first.

    benchmark: (T,) its returns. Raises DataError where a return is missing or loses everything.
    """
    days = days_of(dates)
    if not len(days):
        raise DataError("there are no returns to take figures of", field="returns")
    r = _checked("returns", returns, days)
    b = None if benchmark is None else _checked("benchmark", benchmark, days)
    return _figures(r, np.concatenate([days[:1] - np.timedelta64(1, "D"), days]), risk_free, b, periods_per_year)


def _checked(name: str, returns: npt.ArrayLike, days: Dates) -> Vector:
    r = np.asarray(returns, dtype=np.float64)
    if r.shape != days.shape:
        raise DataError(f"{len(r)} {name} stand beside {len(days)} dates", field=name)
    if len(bad := np.flatnonzero(~(np.isfinite(r) & (r > -1.0)))):
        raise DataError(f"{name} on {days[bad[0]]}: {r[bad[0]]:g} is no return", field=name, value=float(r[bad[0]]))
    return r


def _figures(r: Vector, days: Dates, risk_free: float, b: Vector | None, ppy: float) -> Figures:
    if not ppy > 0.0:
        raise InvalidValue("periods_per_year", ppy, "must be above zero", fix="252 for daily returns, 12 for monthly ones")
    if not len(r):
        raise DataError("a history of one day has no return", field="dates", fixes=["give at least two dates"])
    index = grown(r)
    annual = float(index[-1] ** (ppy / len(r)) - 1.0)
    falls = drawdowns(index, days, most=1)
    depth = falls[0].depth if falls else 0.0
    var, cvar = tail(-r, CONFIDENCE)
    sigma, below = deviation(r), float(np.sqrt(np.mean(np.minimum(r - risk_free / ppy, 0.0) ** 2)))
    excess = (float(r.mean()) - risk_free / ppy) * ppy
    return Figures(
        first=day(days[0]),
        last=day(days[-1]),
        periods=len(r),
        periods_per_year=ppy,
        total_return=float(index[-1] - 1.0),
        annual_return=annual,
        mean_return=float(r.mean() * ppy),
        volatility=None if sigma is None else float(sigma * np.sqrt(ppy)),
        sharpe=mean_over(excess, sigma, ppy),
        sortino=mean_over(excess, below, ppy),
        calmar=annual / depth if depth else None,
        max_drawdown=depth,
        drawdown=falls[0] if falls else None,
        **_extremes(r, days[1:]),
        var_95=var,
        cvar_95=cvar,
        skewness=skewness(r),
        excess_kurtosis=excess_kurtosis(r),
        hit_rate=_hit_rate(r),
        active=None if b is None else active_figures(r, b, risk_free=risk_free, periods_per_year=ppy),
    )


def monthly(returns: Vector, days: Dates) -> tuple[Period, ...]:
    """The compounded return of every calendar month that has one; the first and the last may be parts of a month.

    returns: (T,), each earned on its day (T,).
    """
    months = np.asarray(days, dtype="datetime64[M]")
    starts = np.flatnonzero(np.concatenate([[True], months[1:] != months[:-1]]))
    grown_by = np.multiply.reduceat(1.0 + returns, starts) - 1.0
    return tuple(Period(str(months[at]), float(value)) for at, value in zip(starts, grown_by, strict=True))


def _extremes(r: Vector, days: Dates) -> dict[str, Period]:
    """Best and worst; of equal ones the earlier."""
    best, worst = int(np.argmax(r)), int(np.argmin(r))
    months = monthly(r, days)
    return {
        "best_day": Period(str(days[best]), float(r[best])),
        "worst_day": Period(str(days[worst]), float(r[worst])),
        "best_month": max(months, key=lambda one: one.value),
        "worst_month": min(months, key=lambda one: one.value),
    }


def _hit_rate(r: Vector) -> float | None:
    gains, losses = int(np.sum(r > 0.0)), int(np.sum(r < 0.0))
    return gains / (gains + losses) if gains + losses else None
