"""Cash brought into its window by whole lots: a first book where there is little room for a remainder."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.holdings import to_cents
from portopt.domain.request import TradingRules
from portopt.domain.steps import Step
from portopt.trading.book import Book
from portopt.trading.costs import NOTHING, exact

STEPS, POURS = 400, 4


def spend(book: Book, rules: TradingRules, shares: list[Decimal], most: Decimal, box: tuple[Vector, Vector]) -> list[Decimal]:
    """Orders changed lot by lot until the cash left after costs is in its window, as near as lots allow.

    The window is from the least there is to be, nothing as a rule, to `most`. Only what is traded already is traded more or
    less, within the box (n,), (n,) of its weight and never below the least trade; the largest lot that fits goes first.
    """
    shares, lots = list(shares), [_lot(step, rules) for step in book.steps]
    counted = [i for i in book.movable if not (book.steps[i].own and book.steps[i].fine)]
    able = [i for i in counted if shares[i] != 0 and shares[i] % lots[i] == 0]
    cash = book.settle(shares).cash_after
    for _ in range(STEPS):
        over = cash - book.least_cash
        if over >= 0 and cash <= most:
            break
        way = 1 if over > 0 else -1
        payable = [i for i in able if way < 0 or book.prices[i] * lots[i] <= over]
        fits = [i for i in payable if _may_be(book, rules, i, shares[i] + way * lots[i], box)]
        if not fits:
            break
        best = fits[0]
        for i in fits[1:]:
            best = i if _nearer(book.prices[i] * lots[i], book.prices[best] * lots[best], way > 0, -over) else best
        after = shares[best] + way * lots[best]
        cash += _spent(book, best, shares[best]) - _spent(book, best, after)
        shares[best] = after
    return _poured(book, rules, shares, cash, most, box)


def _lot(step: Step, rules: TradingRules) -> Decimal:
    """What is bought more or less at a time; of shares of six decimals a lot of the policy's."""
    return step.size if step.own else Decimal(rules.lot_size)


def _poured(
    book: Book, rules: TradingRules, shares: list[Decimal], cash: Decimal, most: Decimal, box: tuple[Vector, Vector]
) -> list[Decimal]:
    """The rest put into, or taken out of, what trades in fractions of its own, the first that has room for it."""
    if book.least_cash <= cash <= most:
        return shares
    for i in book.movable:
        step = book.steps[i]
        if not (step.own and step.fine and shares[i] not in (0, -book.shares[i])):
            continue
        amount = (cash - book.least_cash) / book.prices[i]
        for _ in range(POURS):  # what it costs is taken off the next time
            wanted = shares[i] + (amount / step.size).to_integral_value(ROUND_FLOOR) * step.size
            left = cash + _spent(book, i, shares[i]) - _spent(book, i, wanted)
            if book.least_cash <= left <= most and _may_be(book, rules, i, wanted, box):
                return [wanted if j == i else n for j, n in enumerate(shares)]
            amount += (left - book.least_cash) / book.prices[i]
    return shares


def _spent(book: Book, i: int, shares: Decimal) -> Decimal:
    """What an order takes from cash, its costs included; negative for a sale."""
    if shares == 0:
        return NOTHING
    value = to_cents(abs(shares) * book.prices[i])
    return (value if shares > 0 else -value) + sum(book.fees.of(value, i), NOTHING)


def _may_be(book: Book, rules: TradingRules, i: int, shares: Decimal, box: tuple[Vector, Vector]) -> bool:
    """Whether an order of so many shares is one, and leaves a position that its box allows."""
    if shares == 0 or abs(shares) * book.prices[i] < exact(rules.min_trade_value) or book.leaves_too_little(i, shares):
        return False
    weight = float((book.shares[i] + shares) * book.prices[i] / book.value)
    return bool(box[0][i] <= weight <= box[1][i])


def _nearer(price: Decimal, than: Decimal, up: bool, deficit: Decimal) -> bool:
    """Whether a lot for `price` is the better step: the dearest that fits; to cover a deficit, the cheapest that covers it."""
    if up:
        return price > than
    covers, covered = price >= deficit, than >= deficit
    return price < than if covers and covered else covers > covered or (not covers and not covered and price > than)


def most_cash(book_value: Decimal, residual: float) -> Decimal:
    """The window's upper end in money."""
    return Decimal(str(np.floor(residual * float(book_value) * 100.0) / 100.0))
