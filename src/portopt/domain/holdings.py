"""What the portfolio holds, counted in shares and cents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from portopt.domain.arrays import Vector
from portopt.domain.canonical import LATER
from portopt.domain.errors import DataError
from portopt.domain.tax import TaxRecord
from portopt.domain.universe import CASH, Universe

CENT = Decimal("0.01")


def to_cents(amount: Decimal) -> Decimal:
    """Half-even to the cent, the rounding of every money component."""
    return amount.quantize(CENT, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class Holdings:
    """Shares by asset id and cash in the portfolio's currency. Negative shares are a short position.

    stated_prices: what the holder's own list says a share is worth; it counts only where no market has a price.
    accounts: of the shares, those that the list says lie in an account, by account and asset id.
    tax: the lots that the shares lie in, and what was realized before; None where nobody said.
    as_of: the day that the list says it is of, None where it says none. splits: those since then that shares, lots and stated
    prices were converted by, new shares for old ones as "4:1".
    """

    portfolio_id: str
    shares: Mapping[str, Decimal] = field(default_factory=dict)
    cash: Decimal = Decimal(0)
    currency: str = "USD"
    stated_prices: Mapping[str, Decimal] = field(default_factory=dict)
    accounts: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict, metadata=LATER)
    tax: TaxRecord | None = field(default=None, metadata=LATER)
    as_of: date | None = field(default=None, metadata=LATER)
    splits: Mapping[str, str] = field(default_factory=dict, metadata=LATER)

    def with_cash(self, amount: Decimal) -> Holdings:
        """The same with so much more cash, or less."""
        return replace(self, cash=self.cash + amount)

    def value(self, prices: Mapping[str, Decimal]) -> Decimal:
        """Net asset value: each position to the cent, then added, plus cash."""
        return sum((to_cents(n * prices[a]) for a, n in self.shares.items()), Decimal(0)) + to_cents(self.cash)

    def weights(self, universe: Universe, prices: Mapping[str, Decimal]) -> Vector:
        """(n,) fractions of net asset value, cash under `CASH`. Raises DataError when the value is not positive."""
        total = self.value(prices)
        if total <= 0:
            raise DataError(
                f"portfolio {self.portfolio_id!r} is worth {total} {self.currency}: nothing to allocate",
                field="holdings",
                value=str(total),
                fixes=["add a positive cash balance or at least one position"],
            )
        by_id = {a: float(to_cents(n * prices[a]) / total) for a, n in self.shares.items() if n != 0}
        if CASH in universe.positions:
            by_id[CASH] = float(to_cents(self.cash) / total)
        elif self.cash:
            raise DataError(f"{self.cash} of cash is held but the universe has no {CASH}", field="holdings.cash")
        return universe.vector(by_id)
