"""Was the forecast right? What a book returned, each day against the forecast that was in force on it."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.watch import Figure, labels

FEWEST_DAYS = 20  # of a ratio: its deviation is then 1 / sqrt(40), a sixth
FEWEST_FOR_TAIL = 60  # of exceptions: three are expected by then
TAIL = 0.05
CALIBRATION = ("book_volatility_ratio", "book_var_exceptions", "book_return_gap", "book_tracking_ratio")


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a proposal said of the book, in force on the sessions after `day`, until the next one's.

    expected_return, volatility, tracking_error: annual. value_at_risk: the 95 % loss of one session, a fraction; None: normal.
    """

    run_id: str
    day: date
    expected_return: float
    volatility: float
    tracking_error: float | None = None
    value_at_risk: float | None = None
    periods_per_year: float = 252.0

    @property
    def daily_mean(self) -> float:
        return self.expected_return / self.periods_per_year

    @property
    def daily_deviation(self) -> float:
        return self.volatility / math.sqrt(self.periods_per_year)

    @property
    def daily_loss(self) -> float:
        """The 95 % loss of a session: as it was told, else of a normal return, 1.645 s - m."""
        if self.value_at_risk is not None:
            return self.value_at_risk
        return NORMAL_TAIL * self.daily_deviation - self.daily_mean


NORMAL_TAIL = 1.6448536269514722  # the normal distribution's 95th percentile


@dataclass(frozen=True, slots=True, eq=False)
class Realized:
    """What a book returned. days: (T,) ascending. returns: (T,) simple. active: (T,) less the benchmark's, or None."""

    days: tuple[date, ...]
    returns: Vector
    active: Vector | None = None


def calibration(portfolio_id: str, forecasts: Sequence[Forecast], realized: Realized, now: datetime) -> list[Figure]:
    """The figures of CALIBRATION, those of too few days without a value.

        z_t = (r_t - m_t) / s_t             standardized by the forecast in force on day t
        volatility ratio  sqrt(mean z^2)    1 is calibrated
        return gap        sum (r_t - m_t) / sqrt(sum s_t^2)
        tracking ratio    sqrt(mean (a_t / e_t)^2)         a active return, e the expected tracking error of a day
        VaR               P(X >= x) of x losses beyond it, X binomial (T, 5 %)

    Source: Kupiec (1995) for exceptions; Christoffersen (2012, ch. 13) for standardized returns.
    """
    forced = in_force(forecasts, realized.days)
    rows = [t for t, one in enumerate(forced) if one is not None]
    pairs = [(one, float(realized.returns[t])) for t in rows if (one := forced[t]) is not None]
    since = {"days": len(pairs), **({"since": realized.days[rows[0]].isoformat()} if rows else {})}
    return [
        _volatility_ratio(portfolio_id, pairs, since, now),
        _exceptions(portfolio_id, pairs, since, now),
        _return_gap(portfolio_id, pairs, since, now),
        _tracking_ratio(portfolio_id, forced, realized, now),
    ]


def in_force(forecasts: Sequence[Forecast], days: Sequence[date]) -> list[Forecast | None]:
    """Of each day the newest forecast of a day before it; None before the first. What is of the day itself knew its prices."""
    ordered = sorted(forecasts, key=lambda one: (one.day, one.run_id))
    made = [one.day for one in ordered]
    places = [bisect_left(made, day) - 1 for day in days]
    return [ordered[k] if k >= 0 else None for k in places]


def exception_probability(exceptions: int, days: int, tail: float = TAIL) -> float:
    """P(X >= x), X binomial: of so many losses beyond the VaR or more, were it right."""
    from scipy.special import bdtrc

    return 1.0 if exceptions <= 0 else float(bdtrc(exceptions - 1, days, tail))


def kupiec(exceptions: int, days: int, tail: float = TAIL) -> tuple[float, float]:
    """(likelihood ratio, its probability) of the share of exceptions against the tail, either way.

        LR = -2 ln [ (1-p)^(T-x) p^x / ((1-x/T)^(T-x) (x/T)^x) ]       chi squared, one degree of freedom

    Source: Kupiec (1995).
    """
    from scipy.special import chdtrc, xlog1py, xlogy

    share = exceptions / days
    null = xlog1py(days - exceptions, -tail) + xlogy(exceptions, tail)
    found = xlog1py(days - exceptions, -share) + xlogy(exceptions, share)
    ratio = max(float(-2.0 * (null - found)), 0.0)
    return ratio, float(chdtrc(1, ratio))


Pairs = Sequence[tuple[Forecast, float]]


def _volatility_ratio(portfolio_id: str, pairs: Pairs, since: dict[str, object], now: datetime) -> Figure:
    of, name = labels(portfolio=portfolio_id), "book_volatility_ratio"
    if (why := _too_few(len(pairs), FEWEST_DAYS)) is not None:
        return Figure(name, of, now, None, why=why)
    if any(one.volatility <= 0.0 for one, _ in pairs):
        return Figure(name, of, now, None, why="a forecast says that there is no risk")
    z = np.array([(r - one.daily_mean) / one.daily_deviation for one, r in pairs])
    detail = {**since, "forecast": pairs[-1][0].volatility, "run": pairs[-1][0].run_id}
    return Figure(name, of, now, float(np.sqrt(np.mean(z**2))), detail=detail)


def _exceptions(portfolio_id: str, pairs: Pairs, since: dict[str, object], now: datetime) -> Figure:
    of, name = labels(portfolio=portfolio_id), "book_var_exceptions"
    if (why := _too_few(len(pairs), FEWEST_FOR_TAIL)) is not None:
        return Figure(name, of, now, None, why=why)
    beyond = sum(-r > one.daily_loss for one, r in pairs)
    ratio, either_way = kupiec(beyond, len(pairs))
    detail = {**since, "exceptions": beyond, "expected": TAIL * len(pairs), "kupiec": ratio, "kupiec_probability": either_way}
    return Figure(name, of, now, exception_probability(beyond, len(pairs)), detail=detail)


def _return_gap(portfolio_id: str, pairs: Pairs, since: dict[str, object], now: datetime) -> Figure:
    of, name = labels(portfolio=portfolio_id), "book_return_gap"
    if (why := _too_few(len(pairs), FEWEST_DAYS)) is not None:
        return Figure(name, of, now, None, why=why)
    gap = math.fsum(r - one.daily_mean for one, r in pairs)
    deviation = math.sqrt(math.fsum(one.daily_deviation**2 for one, _ in pairs))
    if deviation <= 0.0:
        return Figure(name, of, now, None, why="a forecast says that there is no risk")
    realized, expected = math.fsum(r for _, r in pairs), math.fsum(one.daily_mean for one, _ in pairs)
    return Figure(name, of, now, gap / deviation, detail={**since, "realized": realized, "expected": expected})


def _tracking_ratio(portfolio_id: str, forced: Sequence[Forecast | None], realized: Realized, now: datetime) -> Figure:
    of, name = labels(portfolio=portfolio_id), "book_tracking_ratio"
    if realized.active is None:
        return Figure(name, of, now, None, why="it has no benchmark")
    rows = [(one, float(a)) for one, a in zip(forced, realized.active.tolist(), strict=True)
            if one is not None and one.tracking_error is not None]  # fmt: skip
    if (why := _too_few(len(rows), FEWEST_DAYS)) is not None:
        return Figure(name, of, now, None, why=why)
    if any(not one.tracking_error for one, _ in rows):
        return Figure(name, of, now, None, why="a forecast says that it does not stray from its benchmark")
    squares = [one.periods_per_year * (a / (one.tracking_error or 1.0)) ** 2 for one, a in rows]
    detail = {"days": len(rows), "forecast": rows[-1][0].tracking_error, "run": rows[-1][0].run_id}
    return Figure(name, of, now, math.sqrt(math.fsum(squares) / len(squares)), detail=detail)


def _too_few(days: int, needed: int) -> str | None:
    if days >= needed:
        return None
    return f"{days} sessions since the first proposal, and {needed} are needed to tell"
