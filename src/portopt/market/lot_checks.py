"""Lots beside the prices there are: days after the newest price, costs of a whole lot told as those of a share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.holdings import Holdings
from portopt.domain.lots import refuse_lots
from portopt.domain.market import MarketSnapshot
from portopt.domain.tax import Lot, TaxRecord

LATE = 7  # days: a lot that is younger than the newest price, and still one of these holdings
FAR_ABOVE, FAR_BELOW = 5.0, 1 / 50  # of the highest price: what no price paid was
ALIKE = 1.5  # a cost divided by the shares is the price of its day within this, adjusted for dividends or not
FEW = 5  # shares: below that a total and a price are too near to be told apart
LISTED = 10


@dataclass(frozen=True, slots=True, eq=False)
class _History:
    """Of one asset: (T,) days, and prices that are NaN where there was none."""

    dates: np.ndarray
    prices: Vector

    @property
    def highest(self) -> float:
        return float(np.nanmax(self.prices)) if bool((self.prices > 0.0).any()) else float("nan")

    def on(self, day: date | None) -> float:
        """The price of that day, or the last before it; NaN before the first and for no day."""
        if day is None or day < self.dates[0].astype(object):
            return float("nan")
        known = self.prices[: int(np.searchsorted(self.dates, np.datetime64(day), side="right"))]
        usable = known[known > 0.0]
        return float(usable[-1]) if len(usable) else float("nan")


def require_lots_of_their_time(snapshot: MarketSnapshot, holdings: Holdings) -> None:
    """Raises DataError for lots of a time that the prices do not reach, and for costs that are those of the whole lot."""
    tax = holdings.tax
    if tax is None:
        return
    refuse_lots([*_too_late(tax, snapshot), *_totals(tax, snapshot)])


def notes_on_lots(snapshot: MarketSnapshot, holdings: Holdings) -> tuple[str, ...]:
    """Lots that are younger than the newest price, and costs that no price comes near."""
    tax = holdings.tax
    if tax is None:
        return ()
    histories = _histories(tax, snapshot)
    said = [note for lot in tax.lots if (note := _odd(lot, histories.get(lot.asset_id), snapshot.as_of)) is not None]
    return (*said[:LISTED], *([f"and {len(said) - LISTED} more lots are as odd as these"] if len(said) > LISTED else []))


def _too_late(tax: TaxRecord, snapshot: MarketSnapshot) -> list[tuple[str, str]]:
    days = [(lot.asset_id, lot.lot_id, "acquired", lot.acquired_on) for lot in tax.lots if lot.acquired_on is not None]
    days += [(sold.asset_id, sold.lot_id, "closed", sold.closed_on) for sold in tax.closed]
    return [
        (
            f"{asset}: the lot {lot_id} was {what} on {day}, and the newest prices are of {snapshot.as_of}",
            "ask on prices of today, or leave out what had not happened then",
        )
        for asset, lot_id, what, day in days
        if (day - snapshot.as_of).days > LATE
    ]


def _totals(tax: TaxRecord, snapshot: MarketSnapshot) -> list[tuple[str, str]]:
    histories = _histories(tax, snapshot)
    found = []
    for lot in tax.lots:
        history = histories.get(lot.asset_id)
        price = float("nan") if history is None else history.on(lot.acquired_on)
        if lot.cost_per_share is None or lot.shares < FEW or not price > 0.0:
            continue
        each = float(lot.cost_per_share / lot.shares)
        if float(lot.cost_per_share) > FAR_ABOVE * price and 1 / ALIKE <= each / price <= ALIKE:
            why = f"{lot.asset_id}: the lot {lot.lot_id} is said to have cost {_money(lot.cost_per_share)} a share on"
            why += f" {lot.acquired_on}, when the price was {price:g}: that is what all {lot.shares:f} shares cost"
            found.append((why, f"give what one share cost, {each:.4f} for it, or call the column total_cost"))
    return found


def _odd(lot: Lot, history: _History | None, as_of: date) -> str | None:
    what = f"{lot.asset_id}: the lot {lot.lot_id}"
    if lot.acquired_on is not None and lot.acquired_on > as_of:
        return f"{what} was acquired on {lot.acquired_on}, after the newest prices ({as_of})"
    if history is None or lot.cost_per_share is None or lot.cost_per_share == 0:
        return None
    cost, highest = float(lot.cost_per_share), history.highest
    if cost > FAR_ABOVE * highest:
        return f"{what} cost {_money(lot.cost_per_share)} a share, and no price is above {highest:g}: is that all of its cost?"
    if cost < FAR_BELOW * highest:
        return f"{what} cost {_money(lot.cost_per_share)} a share, and prices reach {highest:g}: is that of before a split?"
    return None


def _histories(tax: TaxRecord, snapshot: MarketSnapshot) -> dict[str, _History]:
    where = {asset: i for i, asset in enumerate(snapshot.asset_ids)}
    wanted = {lot.asset_id for lot in tax.lots} & set(where)
    return {asset: _History(snapshot.dates, snapshot.prices[:, where[asset]]) for asset in wanted}


def _money(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
