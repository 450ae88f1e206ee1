"""A day's fills as sales of lots and new lots, with what wash sales make of them.

Sales and purchases of one day are told together. A loss that does not count goes into the cost of the shares that replaced what
was sold, and the holding period with it; these shares replace nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from portopt.domain.backtest import Fill
from portopt.domain.backtest_taxes import LotSold
from portopt.domain.holdings import to_cents
from portopt.domain.tax import ClosedLot, Lot, LotSale, TaxRecord, TaxRules
from portopt.simulation.accounting.account import Account, Quotes
from portopt.simulation.taxed.book import PART, ZERO, OpenLoss, TaxBook, cost_of, day_of, in_order_of_purchase, purchase_of
from portopt.taxation.holding_period import term_of
from portopt.taxation.wash_sales import Disallowed, Moved, disallowed


@dataclass(frozen=True, slots=True)
class Sold:
    """So many shares of an asset leave its lots for so much money, costs taken off."""

    asset_id: str
    shares: Decimal
    proceeds: Decimal
    why: str = "order"


@dataclass(frozen=True, slots=True)
class Bought:
    """cost: money, what was charged included."""

    asset_id: str
    shares: Decimal
    cost: Decimal


def traded(book: TaxBook, fills: Sequence[Fill], before: Account, quotes: Quotes, rules: TaxRules) -> TaxBook:
    """The book after a day's fills. before: the account without them.

    Long positions alone have lots: what is sold short has none.
    """
    ids, on, share = quotes.ids, quotes.date, before.share
    sold: list[Sold] = []
    bought: list[Bought] = []
    for asset in dict.fromkeys(fill.asset for fill in fills):
        mine = [fill for fill in fills if fill.asset == asset]
        units = [sum(fill.units for fill in mine if (fill.units > 0) == up) for up in (True, False)]
        money = [sum(fill.value + fill.cost for fill in mine if fill.units > 0)]
        money.append(sum(fill.value - fill.cost for fill in mine if fill.units < 0))
        held = sum((lot.shares for lot in book.of(ids[asset])), ZERO)
        closed = min(in_shares(-units[1], share), held)
        if closed > 0:
            proceeds = Decimal(money[1]) / 100 * closed / in_shares(-units[1], share)
            sold.append(Sold(ids[asset], closed, to_cents(proceeds)))
        opened = in_shares(units[0] - max(-int(before.units[asset]), 0), share)
        if opened > 0:
            bought.append(Bought(ids[asset], opened, Decimal(money[0]) / 100 * opened / in_shares(units[0], share)))
    return settled(book, sold, bought, on, rules) if sold or bought else book


def in_shares(units: int, share: Fraction) -> Decimal:
    return Decimal(units) * share.numerator / share.denominator


def settled(book: TaxBook, sold: Sequence[Sold], bought: Sequence[Bought], on: date, rules: TaxRules) -> TaxBook:
    """Lots leave, lots come, and losses that do not count move into those that replace them."""
    before, sales = book, [(sale, one.why) for one in sold for sale in _told(book, one, on, rules)]
    for asset_id in dict.fromkeys(one.asset_id for one in sold):
        book = _without(book, asset_id, [sale for sale, _ in sales if sale.lot.asset_id == asset_id], rules)
    buys: dict[str, Decimal] = {}
    new: dict[str, str] = {}
    for one in bought:
        book = book.purchase(one.asset_id, on, one.shares, one.cost / one.shares)
        buys[one.asset_id], new[one.asset_id] = one.shares, book.newest
    losses = [_as_of_its_purchase(sale) for sale, _ in sales]
    washed = disallowed(losses, buys, _record(before, [sale for sale, _ in sales]), on, rules)
    book = _noted(book, sales, washed.of_sales, on, rules)
    for at, met in zip(before.open, washed.of_closed, strict=True):
        book = _taken_away(book, at, met)
        held = (before.sales[at.sale].sold_on - before.sales[at.sale].acquired_on).days
        for moved in met.moved:
            book = _moved(book, moved, new[moved.asset_id], held)
    for _, met in sorted(zip(losses, washed.of_sales, strict=True), key=lambda pair: day_of(pair[0].lot)):
        for moved in met.moved:
            book = _moved(book, moved, moved.lot_id or new[moved.asset_id], moved.held_days or 0)
    return book


def _as_of_its_purchase(sale: LotSale) -> LotSale:
    """A part that replaced something still belongs to what it was bought with: that replaces nothing of it."""
    return replace(sale, lot=replace(sale.lot, lot_id=purchase_of(sale.lot.lot_id)))


def _record(book: TaxBook, sales: Sequence[LotSale]) -> TaxRecord:
    """What a wash sale is told by: lots that replace nothing yet, and the shares of losses that nothing replaced.

    What is sold out of a part that replaced something counts as sold out of its purchase, and so is added there.
    """
    parts: dict[str, Decimal] = {}
    for sale in sales:
        if sale.lot.lot_id in book.replacing:
            name = purchase_of(sale.lot.lot_id)
            parts[name] = parts.get(name, ZERO) + sale.shares
    free = sorted((lot for lot in book.lots if lot.lot_id not in book.replacing), key=in_order_of_purchase)
    lots = tuple(replace(lot, shares=lot.shares + parts.get(lot.lot_id, ZERO)) for lot in free)
    return TaxRecord(lots, tuple(_closed(book.sales[one.sale], one.shares) for one in book.open))


def _closed(sale: LotSold, shares: Decimal) -> ClosedLot:
    """A part of a sale, its loss in proportion. No day of purchase: what it replaced itself is told already."""
    cost, proceeds = sale.cost / sale.shares, sale.proceeds / sale.shares
    return ClosedLot(sale.asset_id, purchase_of(sale.lot_id), None, sale.sold_on, shares, cost, proceeds)


# --- which lots ---------------------------------------------------------------------------------------------------


def _told(book: TaxBook, one: Sold, on: date, rules: TaxRules) -> list[LotSale]:
    """The lots that go, in the order of the rules; by the average method each at the average cost."""
    lots = averaged(book.of(one.asset_id)) if rules.method == "average" else book.of(one.asset_id)
    price, left, found = one.proceeds / one.shares, one.shares, []
    paid = ZERO
    for lot in sorted(lots, key=order_of(rules, price, on)):
        shares = min(lot.shares, left)
        if shares > 0:
            left -= shares
            until_here = to_cents(one.proceeds * (one.shares - left) / one.shares)
            proceeds, paid = until_here - paid, until_here
            gain = proceeds - to_cents(cost_of(lot) * shares)
            found.append(LotSale(lot, shares, proceeds, gain, term_of(lot.acquired_on, on, rules)))
    return found


def order_of(rules: TaxRules, price: Decimal, on: date) -> Callable[[Lot], tuple[object, ...]]:
    """What comes first is sold first. min_tax: what adds the least tax by itself, a share."""

    def added(lot: Lot) -> Decimal:
        rate = rules.short_rate if term_of(lot.acquired_on, on, rules) == "short" else rules.long_rate
        return (price - cost_of(lot)) * Decimal(repr(rate))

    def place(lot: Lot) -> tuple[int, ...]:
        return in_order_of_purchase(lot)

    by: Mapping[str, Callable[[Lot], tuple[object, ...]]] = {
        "lifo": lambda lot: tuple(-number for number in place(lot)),
        "highest_cost": lambda lot: (-cost_of(lot), place(lot)),
        "min_tax": lambda lot: (added(lot), place(lot)),
    }
    return by.get(rules.method, place)


def averaged(lots: Sequence[Lot]) -> tuple[Lot, ...]:
    shares = sum((lot.shares for lot in lots), ZERO)
    if not shares:
        return ()
    cost = sum((cost_of(lot) * lot.shares for lot in lots), ZERO) / shares
    return tuple(replace(lot, cost_per_share=cost) for lot in lots)


def _without(book: TaxBook, asset_id: str, sales: Sequence[LotSale], rules: TaxRules) -> TaxBook:
    gone = {sale.lot.lot_id: sale.shares for sale in sales}
    lots = averaged(book.of(asset_id)) if rules.method == "average" else book.of(asset_id)
    return book.with_lots(asset_id, [replace(lot, shares=lot.shares - gone.get(lot.lot_id, ZERO)) for lot in lots])


# --- what became of them --------------------------------------------------------------------------------------------


def _noted(
    book: TaxBook, sales: Sequence[tuple[LotSale, str]], washed: Sequence[Disallowed], on: date, rules: TaxRules
) -> TaxBook:
    """Written down; losses that nothing replaced so far stay open while the window lasts."""
    rows, still, new = list(book.sales), _still_open(book, on, rules), []
    for (sale, why), met in zip(sales, washed, strict=True):
        cost = sale.proceeds - (sale.gain or ZERO)
        lot = sale.lot
        row = LotSold(on, lot.asset_id, lot.lot_id, day_of(lot), sale.shares, sale.proceeds, cost, sale.term, met.amount, why)
        if row.gain < 0 and met.shares < sale.shares and rules.wash_days_after:
            new.append(OpenLoss(len(rows), sale.shares - met.shares))
        rows.append(row)
    new.sort(key=lambda one: rows[one.sale].acquired_on)  # those of one day as their lots were bought (1.1091-1 (b))
    return replace(book, sales=tuple(rows), open=(*still, *new))


def _still_open(book: TaxBook, on: date, rules: TaxRules) -> list[OpenLoss]:
    last = on - timedelta(days=rules.wash_days_after)
    return [one for one in book.open if book.sales[one.sale].sold_on >= last]


def _taken_away(book: TaxBook, at: OpenLoss, met: Disallowed) -> TaxBook:
    """A purchase of today took something of a loss of before."""
    if not met.shares:
        return book
    rows = list(book.sales)
    rows[at.sale] = replace(rows[at.sale], disallowed=rows[at.sale].disallowed + met.amount)
    left = [replace(one, shares=one.shares - met.shares) if one.sale == at.sale else one for one in book.open]
    return replace(book, sales=tuple(rows), open=tuple(one for one in left if one.shares > 0))


def _moved(book: TaxBook, moved: Moved, name: str, held_days: int) -> TaxBook:
    """The shares that replace become a lot of their own, dearer and older. In a pool the loss is in the cost of all."""
    lots = book.of(moved.asset_id)
    lot = next(one for one in lots if one.lot_id == name)
    since = day_of(lot) - timedelta(days=held_days)
    cost = cost_of(lot) + moved.amount / moved.shares
    part = Lot(lot.asset_id, f"{name}{PART}{book.bought + 1}", since, moved.shares, cost)
    rest = replace(lot, shares=lot.shares - moved.shares)
    book = book.with_lots(moved.asset_id, [*(one for one in lots if one.lot_id != name), part, rest])
    return replace(book, replacing=(*book.replacing, part.lot_id), bought=book.bought + 1)
