"""The ledger of given orders at once: a whole history of fills in arrays, equal to the exact ledger to the cent.

It applies where every order is filled whole on its day: no actions, no participation, a price for each order and cash for each
buy. Where one of these does not hold, it says on which day, and the exact ledger is asked instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import pairwise

import numpy as np

from portopt.domain.arrays import Indices, Matrix
from portopt.domain.backtest import FRACTION, Cents, Execution, Units
from portopt.domain.errors import DataError, InvalidValue, MissingInput
from portopt.simulation.accounting.charges import Charges, Traded, charges, has_impact
from portopt.simulation.accounting.day import DAYS_A_YEAR
from portopt.simulation.accounting.money import fraction, has_price, rounded, worth


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Orders, (m,) each, in any order: the session of the fill, the position of the asset, signed units."""

    days: Indices
    assets: Indices
    units: Units


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """units: (T, n) at each close. cash, equity: (T,) cents. charged: (m,) of each line, in the order of the lines."""

    units: Units
    cash: Cents
    equity: Cents
    charged: Charges


def whole_history(
    lines: Lines, dates: Sequence[date], prices: Matrix, capital: int, execution: Execution, *, volumes: Matrix | None = None,
    volatility: Matrix | None = None, fractional: bool = False,
) -> History:  # fmt: skip
    """Every day's account of these orders.

    prices, volumes, volatility: (T, n). capital: cents. Raises InvalidValue and DataError naming the first day on which the
    exact ledger is needed, MissingInput for impact without volumes and volatility.
    """
    if execution.participation is not None:
        fix = "ask the exact ledger"
        raise InvalidValue("execution.participation", execution.participation, "orders are filled whole here", fix=fix)
    share = Fraction(1, FRACTION) if fractional else Fraction(1)
    charged = charges(_traded(lines, dates, prices, volumes, volatility, share, execution), execution)
    units = _held(lines, prices.shape)
    known = _last_known(prices)
    values = _values(units, known, share)
    outlay = np.sign(lines.units) * charged.values + charged.costs
    by_day = _by_day(lines.days, outlay, len(dates))
    cash = capital - np.cumsum(by_day) + np.cumsum(_borrow(values, dates, execution))
    if execution.cash_rate:
        cash = _with_interest(cash, capital, dates, fraction(execution.cash_rate))
    _require_cash(lines, cash, dates)
    return History(units, cash, np.asarray(cash + values.sum(axis=1)), charged)


def _traded(
    lines: Lines, dates: Sequence[date], prices: Matrix, volumes: Matrix | None, volatility: Matrix | None, share: Fraction,
    execution: Execution,
) -> Traded:  # fmt: skip
    at = lines.days, lines.assets
    if has_impact(execution) and (volumes is None or volatility is None):
        raise MissingInput("impact is charged by volumes and daily volatility", field="volumes", fixes=["give both, (T, n)"])
    quoted = [prices[at]]
    if has_impact(execution) and volumes is not None and volatility is not None:
        quoted += [volumes[at], volatility[at]]
    for what, found in zip(("price", "volume", "volatility"), quoted, strict=False):
        good = has_price(found) if what != "volatility" else found >= 0.0
        if not good.all():
            day = int(lines.days[~good].min())
            raise DataError(f"an order of {dates[day]} has no {what}: it is not filled whole", field="orders",
                            fixes=["ask the exact ledger"])  # fmt: skip
    none = np.empty(0)
    return Traded(np.abs(lines.units), quoted[0], share, *(quoted[1:] or (none, none)))


def _held(lines: Lines, shape: tuple[int, ...]) -> Units:
    """(T, n) units at each close."""
    T, n = shape
    traded = np.zeros(T * n, dtype=np.int64)
    np.add.at(traded, lines.days * n + lines.assets, lines.units)
    return np.cumsum(traded.reshape(T, n), axis=0)


def _last_known(prices: Matrix) -> Matrix:
    """(T, n) each price, or the last before it."""
    good = has_price(prices)
    if good.all():
        return prices
    rows = np.maximum.accumulate(np.where(good, np.arange(len(prices))[:, None], 0), axis=0)
    return np.asarray(np.take_along_axis(prices, rows, axis=0))


def _values(units: Units, prices: Matrix, share: Fraction) -> Cents:
    """(T, n) cents; nothing where nothing is held."""
    if (units != 0).all():
        return worth(units.ravel(), prices.ravel(), share).reshape(units.shape)
    values = np.zeros(units.shape, dtype=np.int64)
    held = units != 0
    values[held] = worth(units[held], prices[held], share)
    return values


def _by_day(days: Indices, cents: Cents, T: int) -> Cents:
    """(T,) sums, in integers."""
    found = np.zeros(T, dtype=np.int64)
    np.add.at(found, days, cents)
    return found


def _borrow(values: Cents, dates: Sequence[date], execution: Execution) -> Cents:
    """(T,) cents, none above zero, on what was short at the last close."""
    found = np.zeros(len(dates), dtype=np.int64)
    rate = fraction(execution.borrow_rate) / DAYS_A_YEAR
    if rate and (values < 0).any():
        for t, days in enumerate(_days_between(dates)[1:], start=1):
            short = -values[t - 1][values[t - 1] < 0]
            found[t] = -rounded((short, rate * days)).sum()
    return found


def _with_interest(cash: Cents, capital: int, dates: Sequence[date], rate: Fraction) -> Cents:
    """(T,) each day's interest earns interest on the next: the one sum here that goes day by day."""
    days, earned = _days_between(dates), 0
    before, found = capital, []
    for t, without in enumerate(cash.tolist()):
        earned += round(before * rate * days[t] / DAYS_A_YEAR)
        before = without + earned
        found.append(before)
    return np.array(found, dtype=np.int64)


def _days_between(dates: Sequence[date]) -> list[int]:
    return [0, *((after - before).days for before, after in pairwise(dates))]


def _require_cash(lines: Lines, cash: Cents, dates: Sequence[date]) -> None:
    """Raises InvalidValue naming the first day on which a buy is more than cash pays for."""
    bought = np.zeros(len(dates), dtype=bool)
    bought[lines.days[lines.units > 0]] = True
    short = bought & (cash < 0)
    if short.any():
        day = int(np.flatnonzero(short)[0])
        why = f"cash would end {dates[day]} at {cash[day] / 100:,.2f}: buys are cut there"
        raise InvalidValue("orders", str(dates[day]), why, fix="ask the exact ledger, or order less")
