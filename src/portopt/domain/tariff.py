"""What an order is charged, in money: four parts, each with its own law of the size of the order."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

NOTHING = Decimal(0)
BPS = Decimal("0.0001")


def exact(number: Any) -> Decimal:
    """The shortest decimal that is the same number."""
    return number if isinstance(number, Decimal) else Decimal(str(number))


@dataclass(frozen=True, slots=True)
class Tariff:
    """An order worth v in asset i costs

        per_trade  +  (bps + own_bps[i]) v / 10,000  +  rate_3_2[i] v^(3/2)  +  rate_2[i] v^2

    own_bps, rate_3_2, rate_2: (n,), or () for none. Rates are per unit of money, in money.
    """

    per_trade: Decimal = NOTHING
    bps: Decimal = NOTHING
    own_bps: tuple[Decimal, ...] = ()
    rate_3_2: tuple[float, ...] = ()
    rate_2: tuple[float, ...] = ()

    def of(self, value: Decimal, i: int) -> Decimal:
        """The whole of it, not rounded."""
        paid = self.per_trade + self.bps * BPS * value
        if self.own_bps:
            paid += self.own_bps[i] * BPS * value
        if self.rate_3_2 and self.rate_3_2[i] > 0.0:
            paid += exact(self.rate_3_2[i] * float(value) ** 1.5)
        if self.rate_2 and self.rate_2[i] > 0.0:
            paid += exact(self.rate_2[i] * float(value) ** 2)
        return paid

    def per_value(self, i: int) -> float:
        """The part that does not depend on the size of the order, a fraction of its value."""
        own = float(self.own_bps[i]) if self.own_bps else 0.0
        return (float(self.bps) + own) * float(BPS)

    def __add__(self, other: Tariff) -> Tariff:
        return Tariff(
            self.per_trade + other.per_trade,
            self.bps + other.bps,
            _added(self.own_bps, other.own_bps),
            _added(self.rate_3_2, other.rate_3_2),
            _added(self.rate_2, other.rate_2),
        )


def _added(a: tuple[Any, ...], b: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(x + y for x, y in zip(a, b, strict=True)) if a and b else a or b
