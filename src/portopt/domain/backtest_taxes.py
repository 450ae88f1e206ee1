"""What taxes on gains come to in a backtest: every lot sold, every year, and what is left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from portopt.domain.tax import Lot, Netting, Term

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class LotSold:
    """Shares of one lot that were sold. Money to the cent; cost: with what was charged. disallowed: of a loss, positive.

    why: what sold it, a word: "order", or the kind of corporate action.
    """

    sold_on: date
    asset_id: str
    lot_id: str
    acquired_on: date
    shares: Decimal
    proceeds: Decimal
    cost: Decimal
    term: Term
    disallowed: Decimal = ZERO
    why: str = "order"

    @property
    def gain(self) -> Decimal:
        return self.proceeds - self.cost

    @property
    def counted(self) -> Decimal:
        """What the year is taxed by."""
        return self.gain + self.disallowed


@dataclass(frozen=True, slots=True)
class TaxYear:
    """A calendar year. netting: losses carried into it among it. harvested: losses that count, disallowed: that do not."""

    year: int
    netting: Netting
    harvested: Decimal
    disallowed: Decimal


@dataclass(frozen=True, slots=True)
class BacktestTaxes:
    """Money. regime, method: by which lots are sold and gains taxed. lots: held at the end.

    unrealized_short, unrealized_long: gains of those at the last prices. due_if_sold: what selling all of it on the last day
    would add to the tax of its year.
    """

    regime: str
    method: str
    years: tuple[TaxYear, ...]
    sales: tuple[LotSold, ...]
    lots: tuple[Lot, ...]
    unrealized_short: Decimal
    unrealized_long: Decimal
    due_if_sold: Decimal

    @property
    def due(self) -> Decimal:
        """Of all years."""
        return sum((year.netting.due for year in self.years), ZERO)
