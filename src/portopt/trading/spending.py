"""Cash brought into its window by whole lots: a first book where there is little room for a remainder."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.holdings import to_cents
from portopt.domain.request import TradingRules
from portopt.trading.book import Book
from portopt.trading.costs import NOTHING, exact

STEPS = 400


def spend(book: Book, rules: TradingRules, shares: list[Decimal], most: Decimal, box: tuple[Vector, Vector]) -> list[Decimal]:
    """Orders changed lot by lot until the cash left after costs is in its window, as near as lots allow.

    The window is from the least there is to be, nothing as a rule, to `most`. Only what is traded already is traded more or
    less, within the box (n,), (n,) of its weight and never below the least trade; the largest lot that fits goes first.
    """
    shares, lot = list(shares), Decimal(rules.lot_size)
    able = [i for i in book.movable if shares[i] != 0 and shares[i] % lot == 0]
    cash = book.settle(shares).cash_after
    for _ in range(STEPS):
        over = cash - book.least_cash
        if over >= 0 and cash <= most:
            break
        step = lot if over > 0 else -lot
        payable = [i for i in able if step < 0 or book.prices[i] * lot <= over]
        fits = [i for i in payable if _may_be(book, rules, i, shares[i] + step, box)]
        if not fits:
            break
        best = fits[0]
        for i in fits[1:]:
            best = i if _nearer(book.prices[i], book.prices[best], step > 0, -over / lot) else best
        cash += _spent(book, best, shares[best]) - _spent(book, best, shares[best] + step)
        shares[best] += step
    return shares


def _spent(book: Book, i: int, shares: Decimal) -> Decimal:
    """What an order takes from cash, its costs included; negative for a sale."""
    if shares == 0:
        return NOTHING
    value = to_cents(abs(shares) * book.prices[i])
    return (value if shares > 0 else -value) + sum(book.fees.of(value, i), NOTHING)


def _may_be(book: Book, rules: TradingRules, i: int, shares: Decimal, box: tuple[Vector, Vector]) -> bool:
    """Whether an order of so many shares is one, and leaves a position that its box allows."""
    if shares == 0 or abs(shares) * book.prices[i] < exact(rules.min_trade_value):
        return False
    weight = float((book.shares[i] + shares) * book.prices[i] / book.value)
    return bool(box[0][i] <= weight <= box[1][i])


def _nearer(price: Decimal, than: Decimal, up: bool, deficit: Decimal) -> bool:
    """Whether a lot at `price` is the better step: the dearest that fits; to cover a deficit, the cheapest that covers it."""
    if up:
        return price > than
    covers, covered = price >= deficit, than >= deficit
    return price < than if covers and covered else covers > covered or (not covers and not covered and price > than)


def most_cash(book_value: Decimal, residual: float) -> Decimal:
    """The window's upper end in money."""
    return Decimal(str(np.floor(residual * float(book_value) * 100.0) / 100.0))
