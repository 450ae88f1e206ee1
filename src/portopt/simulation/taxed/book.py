"""The lots of a backtest, and every sale out of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from portopt.domain.backtest_taxes import LotSold
from portopt.domain.tax import Lot

ZERO = Decimal(0)
LOT, PART = "lot-", "+"  # how names begin, and what a part of a purchase has in it, which replaced something


@dataclass(frozen=True, slots=True)
class OpenLoss:
    """A loss that a later purchase may still take away: which of the sales, and for how many of its shares."""

    sale: int
    shares: Decimal


@dataclass(frozen=True, slots=True)
class TaxBook:
    """lots: held, the first bought first. replacing: ids of lots whose cost holds the loss of others; they replace no more.

    sales: all there were. open: losses still within the window. bought: how many lots there ever were, for their names.
    """

    lots: tuple[Lot, ...] = ()
    replacing: tuple[str, ...] = ()
    sales: tuple[LotSold, ...] = ()
    open: tuple[OpenLoss, ...] = ()
    bought: int = 0

    def of(self, asset_id: str) -> tuple[Lot, ...]:
        return tuple(lot for lot in self.lots if lot.asset_id == asset_id)

    def with_lots(self, asset_id: str, lots: Iterable[Lot]) -> TaxBook:
        """These instead of those of the asset; empty ones are gone."""
        others = [lot for lot in self.lots if lot.asset_id != asset_id]
        kept = [lot for lot in lots if lot.shares > 0]
        return replace(self, lots=tuple(sorted([*others, *kept], key=lambda lot: lot.asset_id)))

    @property
    def newest(self) -> str:
        """The name of the lot bought last."""
        return f"{LOT}{self.bought}"

    def purchase(self, asset_id: str, on: date, shares: Decimal, cost_per_share: Decimal) -> TaxBook:
        book = replace(self, bought=self.bought + 1)
        return book.with_lots(asset_id, [*self.of(asset_id), Lot(asset_id, book.newest, on, shares, cost_per_share)])


def purchase_of(lot_id: str) -> str:
    """Of a part, or of a lot that is whole.

    >>> purchase_of("lot-3+7"), purchase_of("lot-3")
    ('lot-3', 'lot-3')
    """
    return lot_id.split(PART)[0]


def in_order_of_purchase(lot: Lot) -> tuple[int, int, int]:
    """As lots were bought; of one purchase the parts that replaced something first, as they did."""
    name, _, part = lot.lot_id.partition(PART)
    return int(name.removeprefix(LOT)), 0 if part else 1, int(part or 0)


def cost_of(lot: Lot) -> Decimal:
    """What a share cost; in a backtest it is always known."""
    return lot.cost_per_share or ZERO


def day_of(lot: Lot) -> date:
    """From when it counts as held."""
    return lot.acquired_on or date.min
