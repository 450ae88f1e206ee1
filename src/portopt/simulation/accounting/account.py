"""What is owned, owed and ordered at one moment, to the unit and the cent, and the day's quotes that it is valued at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.backtest import FRACTION, Cents, Order, Units
from portopt.domain.errors import InvalidValue
from portopt.simulation.accounting.money import has_price, worth

if TYPE_CHECKING:
    from portopt.simulation.taxed.book import TaxBook


@dataclass(frozen=True, slots=True, eq=False)
class Quotes:
    """One session. ids: (n,). prices: (n,) money a share, NaN where there is none. volumes: (n,) shares, and volatility: (n,)
    of daily returns; needed where participation or impact is asked."""

    day: int
    date: date
    ids: tuple[str, ...]
    prices: Vector
    volumes: Vector | None = None
    volatility: Vector | None = None


@dataclass(frozen=True, slots=True)
class Receivable:
    """A dividend between its ex date and its pay date. cents: below zero where a short position owes it."""

    asset: int
    due: date
    cents: int


@dataclass(frozen=True, slots=True, eq=False)
class OpenOrder:
    """An order that waits. order: in units as they are now (splits change them). left: what is not filled yet, signed.

    tried: sessions on which it could have been filled, the last of them `day`. why: what held it back then.
    """

    order: Order
    left: int
    tried: int = 0
    day: int = -1
    why: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Account:
    """units: (n,) held, below zero short. basis: (n,) cents that they cost on average, costs included; signed as units are.

    prices: (n,) the last known of each, NaN before the first. cash: cents. owed: cents of withdrawals that cash did not reach.
    share: shares in a unit. taxes: the lots that the units lie in, where the policy knows a tax.
    """

    units: Units
    basis: Cents
    prices: Vector
    cash: int
    owed: int = 0
    receivables: tuple[Receivable, ...] = ()
    open: tuple[OpenOrder, ...] = ()
    share: Fraction = Fraction(1)
    taxes: TaxBook | None = None

    @property
    def free(self) -> int:
        """Cents that may be invested; below zero where sales have to raise money."""
        return self.cash - self.owed

    @property
    def committed(self) -> Units:
        """(n,) units, were all that is ordered filled."""
        units = self.units.copy()
        for waiting in self.open:
            units[waiting.order.asset] += waiting.left
        return units


def opened(n: int, capital: int, *, fractional: bool = False) -> Account:
    """Nothing but `capital` cents. fractional: a unit is a millionth of a share. Raises InvalidValue."""
    if capital <= 0:
        raise InvalidValue("capital", str(Decimal(capital) / 100), "a backtest begins with money", fix="write 100000")
    none = np.zeros(n, dtype=np.int64)
    return Account(none, none, np.full(n, np.nan), capital, share=Fraction(1, FRACTION) if fractional else Fraction(1))


def values(account: Account) -> Cents:
    """(n,) what each position is worth at the last known price; nothing before the first."""
    held = np.flatnonzero((account.units != 0) & ~np.isnan(account.prices))
    found = np.zeros(len(account.units), dtype=np.int64)
    found[held] = worth(account.units[held], account.prices[held], account.share)
    return found


def equity(account: Account) -> int:
    """cash + receivables + Σ units × price - withdrawals that are owed, in cents."""
    return account.free + sum(due.cents for due in account.receivables) + int(values(account).sum())


def open_profit(account: Account) -> Cents:
    """(n,) what closing each position at the last known price would bring over its cost, before costs."""
    return np.asarray(values(account) - account.basis)


def marked(prices: Vector, quotes: Quotes) -> Vector:
    """(n,) the last known prices, the day's among them."""
    return np.where(has_price(quotes.prices), quotes.prices, prices)
