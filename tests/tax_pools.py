"""Shares that are not told apart: Canada's adjusted cost base and the United Kingdom's section 104 holding, from their prose.

Canada: guide T4037, identical properties: the average cost counts, purchase by purchase; half of a gain is income.
    Superficial loss, section 54 of the Act; where not all is bought again, least of (sold, bought, left) / sold of the
    loss is denied (2005-0150811E5, IT-456R paragraph 12) and goes into the cost of what was bought (53(1)(f)).
United Kingdom: helpsheet HS284: sales meet purchases of the same day, then of the thirty days after, the earlier first,
    then the pool at its average.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tax_ledger import ZERO, Buy, Sell

WINDOW = 30
INCLUSION = Fraction(1, 2)


@dataclass(frozen=True)
class PoolSale:
    day: date
    shares: Fraction
    proceeds: Fraction
    cost: Fraction
    denied: Fraction = ZERO

    @property
    def counted(self) -> Fraction:
        return self.proceeds - self.cost + self.denied


@dataclass(frozen=True)
class Pool:
    """What is left: shares, and what they cost together."""

    sales: tuple[PoolSale, ...]
    shares: Fraction
    cost: Fraction

    @property
    def average(self) -> Fraction:
        return self.cost / self.shares

    @property
    def counted(self) -> Fraction:
        return sum((sale.counted for sale in self.sales), ZERO)


def canada(events: Sequence[Buy | Sell]) -> Pool:
    """Events of one security in their order."""
    shares, cost, waiting = ZERO, ZERO, ZERO  # waiting: denied losses that the next purchase takes over
    sales: list[PoolSale] = []
    for event in events:
        if isinstance(event, Buy):
            shares, cost, waiting = shares + event.shares, cost + event.shares * event.price + waiting, ZERO
            continue
        of_cost = cost * event.shares / shares
        shares, cost = shares - event.shares, cost - of_cost
        loss = max(of_cost - event.shares * event.price, ZERO)
        denied = loss * min(event.shares, bought_near(events, event), left_after(events, event)) / event.shares
        sales.append(PoolSale(event.day, event.shares, event.shares * event.price, of_cost, denied))
        if any(isinstance(e, Buy) and 0 <= (e.day - event.day).days <= WINDOW for e in events[events.index(event) :]):
            waiting += denied
        else:
            cost += denied
    return Pool(tuple(sales), shares, cost)


def bought_near(events: Sequence[Buy | Sell], sale: Sell) -> Fraction:
    return sum((e.shares for e in events if isinstance(e, Buy) and abs((e.day - sale.day).days) <= WINDOW), ZERO)


def left_after(events: Sequence[Buy | Sell], sale: Sell) -> Fraction:
    """What is held at the end of the window."""
    until = [e for e in events if (e.day - sale.day).days <= WINDOW]
    return sum((e.shares if isinstance(e, Buy) else -e.shares for e in until), ZERO)


def taxable_in_canada(gain: Fraction) -> Fraction:
    """Of a net gain; a net loss is carried."""
    return INCLUSION * max(gain, ZERO)


def united_kingdom(events: Sequence[Buy | Sell]) -> Pool:
    """Events of one security in their order. price: of purchases with their costs, of sales without them."""
    left = {i: e.shares for i, e in enumerate(events)}  # not yet matched
    matched: dict[int, Fraction] = {}
    for reach in ((0, 0), (1, WINDOW)):
        for i, sale in enumerate(events):
            if isinstance(sale, Sell):
                matched[i] = matched.get(i, ZERO) + _matched(events, i, sale, left, reach)
    shares, cost = ZERO, ZERO
    sales: list[PoolSale] = []
    for i, event in enumerate(events):
        if isinstance(event, Buy):
            shares, cost = shares + left[i], cost + left[i] * event.price
            continue
        of_pool = cost * left[i] / shares if left[i] else ZERO
        shares, cost = shares - left[i], cost - of_pool
        sales.append(PoolSale(event.day, event.shares, event.shares * event.price, matched[i] + of_pool))
    return Pool(tuple(sales), shares, cost)


def _matched(events: Sequence[Buy | Sell], i: int, sale: Sell, left: dict[int, Fraction], reach: tuple[int, int]) -> Fraction:
    """The cost of the purchases within reach that this sale meets; both lose their shares."""
    cost = ZERO
    for j, buy in enumerate(events):
        if isinstance(buy, Buy) and reach[0] <= (buy.day - sale.day).days <= reach[1]:
            shares = min(left[i], left[j])
            left[i], left[j] = left[i] - shares, left[j] - shares
            cost += shares * buy.price
    return cost
