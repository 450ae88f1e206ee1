"""The lots of an order list: which shares of which lot each sale takes, and what that comes to in tax.

Where a rule gives the order, that order. Else the cheapest choice in whole shares: of an asset whose gains are of one kind the
lots with the least gain; how many shares of short and of long lots, where an asset has both, is a search for whole numbers over
all of them at once, for each case in which what is due is convex.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np

from portopt.domain.holdings import to_cents
from portopt.domain.lot_book import LotBook, lot_name
from portopt.domain.problem import Problem
from portopt.domain.tax import LotSale, TaxPlan, TaxRecord
from portopt.taxation.holding_period import term_of
from portopt.taxation.netting import netted
from portopt.taxation.substitutes import instead_of
from portopt.taxation.wash_sales import disallowed
from portopt.terms.shared.lot_choice import is_mixed, kept_of, order_of, sold_of_lots
from portopt.trading.book import Book, Settled
from portopt.trading.costs import NOTHING
from portopt.trading.whole_lots import cheapest_shares


def tax_plan(problem: Problem, book: Book, settled: Settled, record: TaxRecord) -> TaxPlan | None:
    """What the orders come to; None where the problem has no lots. record: of the holder."""
    lots = problem.lots
    if lots is None:
        return None
    as_of = lots.as_of
    sold = shares_sold(problem, book, settled)
    buys = {book.ids[order.i]: order.shares for order in settled.orders if order.is_buy}
    values = {order.i: order.value for order in settled.orders if not order.is_buy}
    sales = _with_wash_sales(_sales(lots, book, sold, values, as_of), buys, record, as_of, lots)
    left = {k: lot.shares - sold.get(k, NOTHING) for k, lot in enumerate(lots.lots)}
    rules = lots.rules
    now = netted(rules, record, *_by_term(sales))
    rest = _sales(lots, book, left, {i: _value(book, lots, left, int(i)) for i in lots.assets}, as_of)
    both = netted(rules, record, *(a + b for a, b in zip(_by_term(sales), _by_term(rest), strict=True)))
    unknown = tuple(lot_name(sale.lot) for sale in sales if sale.lot.cost_per_share is None)
    known = [replace(sale, gain=NOTHING) if sale.lot.cost_per_share is None else sale for sale in sales]
    return TaxPlan(
        rules=rules,
        netting=now,
        sales=sales,
        unrealized_before=_unrealized(lots, book, {k: lot.shares for k, lot in enumerate(lots.lots)}),
        unrealized_after=_unrealized(lots, book, left),
        deferred=both.due - now.due,
        if_at_price=netted(rules, record, *_by_term(known)).tax if unknown else None,
        unknown=unknown,
        instead=instead_of(sales, record, as_of, rules),
    )


def shares_sold(problem: Problem, book: Book, settled: Settled) -> dict[int, Decimal]:
    """By lot, how many of its shares are sold."""
    lots = problem.held_lots()
    sells = {order.i: -order.shares for order in settled.orders if not order.is_buy}
    kept, mixed = kept_of(settled.weights, problem), []
    sold: dict[int, Decimal] = {}
    for i in lots.assets:
        amount, at = sells.get(int(i), NOTHING), lots.of(int(i))
        if amount <= 0:
            continue
        if not lots.in_order and is_mixed(lots, at) and amount < sum(lots.lots[k].shares for k in at):
            mixed.append((at, amount))
        else:
            sold |= filled([(int(k), lots.lots[k].shares) for k in order_of(lots, at, kept)], amount)
    if mixed:
        near = sold_of_lots(np.maximum(problem.previous() - settled.weights, 0.0), problem, lots, kept)
        sold |= cheapest_shares(problem, book, lots, mixed, sold, near, kept)
    return {k: n for k, n in sold.items() if n > 0}


def filled(room: Sequence[tuple[int, Decimal]], amount: Decimal) -> dict[int, Decimal]:
    """One lot after the other until the amount is reached."""
    taken = {}
    for k, shares in room:
        taken[k] = min(shares, amount)
        amount -= taken[k]
    return taken


def _value(book: Book, lots: LotBook, shares: Mapping[int, Decimal], i: int) -> Decimal:
    return to_cents(sum((shares.get(int(k), NOTHING) for k in lots.of(i)), NOTHING) * book.prices[i])


def _sales(
    lots: LotBook, book: Book, sold: Mapping[int, Decimal], values: Mapping[int, Decimal], as_of: date
) -> tuple[LotSale, ...]:
    """Proceeds to the cent, so that those of an asset's lots add up to its order. values: of the orders, by asset."""
    found = []
    for i in lots.assets:
        at = [int(k) for k in lots.of(int(i)) if sold.get(int(k), NOTHING) > 0]
        total, paid, counted = sum((sold[k] for k in at), NOTHING), NOTHING, NOTHING
        for k in at:
            counted += sold[k]
            proceeds = to_cents(values.get(int(i), NOTHING) * counted / total) - paid
            paid += proceeds
            found.append(_sale(lots, k, sold[k], proceeds, as_of, everything=total == book.shares[int(i)]))
    return tuple(found)


def _sale(lots: LotBook, k: int, shares: Decimal, proceeds: Decimal, as_of: date, *, everything: bool) -> LotSale:
    lot = lots.lots[k]
    cost = lots.costs[k]
    gain = proceeds if cost is None else proceeds - to_cents(cost * shares)
    counted = lot if cost is None else replace(lot, cost_per_share=cost)
    term, why = term_of(lot.acquired_on, as_of, lots.rules), _reason(lots, k, gain, everything=everything)
    return LotSale(counted, shares, proceeds, gain, term, reason=why)


METHODS = {
    "fifo": "first bought, first sold",
    "lifo": "last bought, first sold",
    "highest_cost": "the dearest shares are sold first",
    "average": "every share counts at the average cost",
    "specified": "in the order that was specified",
}


def _reason(lots: LotBook, k: int, gain: Decimal, *, everything: bool) -> str:
    """Why this lot, in a sentence."""
    if everything:
        return "all of the position is sold"
    if lots.in_order:
        return METHODS[lots.rules.method]
    if lots.unknown[k]:
        return "its cost is unknown: what of the position costs less tax is sold too, or may not be sold"
    if gain < 0:
        return (
            "its loss counts against gains" if lots.rules.loss_value > 0 or lots.reach()[1][0] > 0 else "it is sold at a loss"
        )
    return "of the lots that may be sold its tax is the least"


def _with_wash_sales(
    sales: tuple[LotSale, ...], buys: Mapping[str, Decimal], record: TaxRecord, as_of: date, lots: LotBook
) -> tuple[LotSale, ...]:
    if not lots.rules.has_wash_rule or not sales:
        return sales
    taken = disallowed(sales, buys, record, as_of, lots.rules).of_sales
    return tuple(replace(sale, disallowed=one.amount) for sale, one in zip(sales, taken, strict=True))


def _by_term(sales: Sequence[LotSale]) -> tuple[Decimal, Decimal]:
    """(short, long) gains as they count."""
    totals = {"short": NOTHING, "long": NOTHING}
    for sale in sales:
        totals[sale.term] += (sale.gain or NOTHING) + sale.disallowed
    return totals["short"], totals["long"]


def _unrealized(lots: LotBook, book: Book, shares: Mapping[int, Decimal]) -> Decimal:
    known = [(k, n) for k, n in shares.items() if n > 0 and lots.costs[k] is not None]
    return sum((to_cents(n * (book.prices[int(lots.asset[k])] - (lots.costs[k] or NOTHING))) for k, n in known), NOTHING)
