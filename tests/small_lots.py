"""Small books of lots in whole shares, once for the product and once for the comparators; a seed is a book."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
from lots_by_force import Before, OwnLot
from tax_ledger import Regime

from portopt.domain.holdings import Holdings
from portopt.domain.lot_book import LotBook
from portopt.domain.tax import LongAfter, Lot, TaxRecord, TaxRules
from portopt.domain.universe import CASH, Universe
from portopt.taxation.lot_book import lot_book

AS_OF = date(2026, 11, 30)
SHORT, LONG = AS_OF - timedelta(100), AS_OF - timedelta(700)
RULES = (
    TaxRules("by term", 0.37, 0.2, LongAfter(months=12)),
    TaxRules("by term, much free", 0.4, 0.15, LongAfter(months=12), allowance=Decimal(60)),
    TaxRules("one rate", 0.25, 0.25, pooled=True, allowance=Decimal(40)),
)


@dataclass(frozen=True)
class SmallBook:
    """sells: shares to sell an asset. own: the lots as the comparators know them, in the product's order of names."""

    rules: TaxRules
    regime: Regime
    holdings: Holdings
    prices: dict[str, Decimal]
    sells: dict[str, int]
    own: tuple[OwnLot, ...]
    before: Before

    @property
    def universe(self) -> Universe:
        return Universe.of((*self.prices, CASH))

    @property
    def value(self) -> Decimal:
        return self.holdings.value(self.prices)

    def lots(self) -> LotBook:
        w = self.holdings.weights(self.universe, self.prices)
        return lot_book(self.holdings, self.rules, self.universe, self.prices, w, self.value, AS_OF)


def regime_of(rules: TaxRules) -> Regime:
    short, long = Fraction(str(rules.short_rate)), Fraction(str(rules.long_rate))
    return Regime(short, long, months=12, pooled=rules.pooled, allowance=Fraction(rules.allowance))


def small_book(seed: int, *, assets: int = 4, lots: int = 4, shares: int = 4) -> SmallBook:
    """At most so many assets, lots an asset and shares a lot; gains and losses, short and long mixed; a year that has begun."""
    rng = np.random.default_rng([seed, 20261202])
    rules = RULES[seed % len(RULES)]
    record, prices, sells, own = [], {}, {}, []
    for asset in "ABCD"[: int(rng.integers(1, assets + 1))]:
        price = int(rng.integers(20, 120))
        prices[asset] = Decimal(price)
        for k in range(int(rng.integers(1, lots + 1))):
            cost, count, long = int(price * rng.uniform(0.3, 1.3)), int(rng.integers(1, shares + 1)), bool(rng.integers(2))
            name = f"{asset}{k}"
            record.append(Lot(asset, name, LONG if long else SHORT, Decimal(count), Decimal(cost)))
            own.append(OwnLot(asset, name, count, Fraction(cost), Fraction(price), long))
        held = sum(lot.shares for lot in own if lot.asset == asset)
        sells[asset] = int(rng.integers(0, held + 1))
    money = [int(x) if rng.integers(2) else 0 for x in rng.integers(-120, 120, 2)]
    carried = [int(x) if rng.integers(3) == 0 else 0 for x in rng.integers(0, 150, 2)]
    tax = TaxRecord(tuple(record), (), *map(Decimal, money), *map(Decimal, carried))
    held_shares = {a: sum((lot.shares for lot in record if lot.asset_id == a), Decimal(0)) for a in prices}
    holdings = Holdings("SMALL", held_shares, Decimal(100), tax=tax)
    before = Before(*map(Fraction, money), *map(Fraction, carried))
    return SmallBook(rules, regime_of(rules), holdings, prices, sells, tuple(own), before)
