"""When the money of the orders moves: in and out by date, and where buys are to be paid before the sells that pay for them.

Days are counted from the day of the trade in weekdays: holidays of no exchange are known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from portopt.domain.plan import Trade
from portopt.domain.units import Units

NOTHING = Decimal(0)
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class SettlementDay:
    """What moves on a day, costs with their orders, and the cash that is left then."""

    on: date
    cash_in: Decimal
    cash_out: Decimal
    balance: Decimal
    sells: tuple[str, ...]
    buys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Short:
    """Cash that is owed from one day until another, at most `amount`: buys of it, and the sells that settle later."""

    since: date
    until: date | None
    amount: Decimal
    bought: Decimal
    buys: tuple[str, ...]
    sells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settlement:
    """traded_on: the day of the prices. not_said: assets of which nobody says when they settle, counted on that day."""

    traded_on: date
    days: tuple[SettlementDay, ...]
    short: tuple[Short, ...]
    not_said: tuple[str, ...]


def settles_on(traded_on: date, days: int) -> date:
    """So many weekdays later.

    >>> settles_on(date(2024, 3, 28), 2)
    datetime.date(2024, 4, 1)
    """
    day = traded_on
    for _ in range(days):
        day += timedelta(1)
        while day.weekday() >= SATURDAY:
            day += timedelta(1)
    return day


def settlement(trades: Sequence[Trade], units: Mapping[str, Units], traded_on: date, cash: Decimal) -> Settlement | None:
    """The ladder of cash that these orders make; None where nobody says of any of them when it settles."""
    told = {t.asset_id: _days(units.get(t.asset_id)) for t in trades}
    if all(days is None for days in told.values()):
        return None
    by_day: dict[date, list[Trade]] = {}
    for trade in trades:
        by_day.setdefault(settles_on(traded_on, told[trade.asset_id] or 0), []).append(trade)
    days = []
    for on in sorted(by_day):
        cash_in = sum((t.value - t.cost for t in by_day[on] if t.side == "sell"), NOTHING)
        cash_out = sum((t.value + t.cost for t in by_day[on] if t.side == "buy"), NOTHING)
        cash += cash_in - cash_out
        sells, buys = (tuple(t.asset_id for t in by_day[on] if t.side == side) for side in ("sell", "buy"))
        days.append(SettlementDay(on, cash_in, cash_out, cash, sells, buys))
    not_said = tuple(sorted(a for a, n in told.items() if n is None))
    return Settlement(traded_on, tuple(days), tuple(_shorts(days)), not_said)


def _days(units: Units | None) -> int | None:
    return None if units is None else units.settlement_days


def _shorts(days: Sequence[SettlementDay]) -> Iterator[Short]:
    """Every stretch of days on which cash is owed."""
    k = 0
    while k < len(days):
        if days[k].balance >= 0:
            k += 1
            continue
        end = next((j for j in range(k, len(days)) if days[j].balance >= 0), None)
        owed, later = days[k:end], days[k + 1 : None if end is None else end + 1]
        buys = [day for day in owed if day.buys]
        yield Short(
            since=days[k].on,
            until=None if end is None else days[end].on,
            amount=-min(day.balance for day in owed),
            bought=sum((day.cash_out for day in buys), NOTHING),
            buys=tuple(a for day in buys for a in day.buys),
            sells=tuple(a for day in later for a in day.sells),
        )
        k = len(days) if end is None else end
