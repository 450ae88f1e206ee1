"""The orders nearest to weights: whole lots, or shares of some decimals."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal

from portopt.domain.arrays import Vector
from portopt.domain.request import TradingRules
from portopt.domain.steps import Step
from portopt.trading.book import Book
from portopt.trading.costs import NOTHING, exact

DUST = Decimal("0.01")  # an order worth less than a cent is arithmetic, not an order


def nearest_orders(w: Vector, book: Book, rules: TradingRules, box: tuple[Vector, Vector]) -> list[Decimal]:
    """(n,) signed shares that bring each position nearest to w (n,): nothing under the least trade, all of what is to go.

    Counted from the shares held, never from weights of rounded money: what is to weigh nothing is sold to the last share.
    box: lower and upper weights; a lot that would pass one of them is left out.
    """
    least = exact(rules.min_trade_value)
    orders = [NOTHING] * len(book.ids)
    for i in book.movable:
        wanted = Decimal(repr(float(w[i]))) * book.value / book.prices[i] - book.shares[i]
        shares = fractions(book, i, wanted) if book.steps[i].fine else _lots(book, i, wanted, box)
        if book.steps[i].least_held:
            shares = _holding_enough(book, i, wanted, shares, box)
        closes = shares != 0 and shares == -book.shares[i]
        orders[i] = shares if closes or abs(shares) * book.prices[i] >= least else NOTHING
    return orders


def fractions(book: Book, i: int, wanted: Decimal) -> Decimal:
    """The decimals of its step; a remainder worth less than a cent is sold with the rest, an order worth less is none."""
    held, price = book.shares[i], book.prices[i]
    if not book.steps[i].fine:
        return wanted
    shares = wanted.quantize(book.steps[i].size, rounding=ROUND_HALF_EVEN)
    if held != 0 and abs(held + shares) * price < DUST:
        return -held
    return NOTHING if abs(shares) * price < DUST else shares


def _lots(book: Book, i: int, wanted: Decimal, box: tuple[Vector, Vector]) -> Decimal:
    """The nearest of: whole lots from what is held, and nothing left at all, odd lot included."""
    held, size = book.shares[i], book.steps[i].size
    target = held + wanted
    shares = size * (wanted / size).to_integral_value(rounding=ROUND_HALF_EVEN)
    weight = float((held + shares) * book.prices[i] / book.value)
    if weight > box[1][i]:
        shares -= size
    elif weight < box[0][i]:
        shares += size
    return -held if abs(target) < abs(held + shares - target) else shares


def _holding_enough(book: Book, i: int, wanted: Decimal, shares: Decimal, box: tuple[Vector, Vector]) -> Decimal:
    """The order where it leaves enough to be held; else the nearest of none, all of it, and one up to the least holding."""
    held, step = book.shares[i], book.steps[i]
    crosses = held * (held + shares) < 0
    if not crosses and not book.leaves_too_little(i, shares):
        return shares
    short = step.least_held - abs(held)
    up = (short / step.size).to_integral_value(rounding=ROUND_CEILING) * step.size
    up = -up if held < 0 or (held == 0 and wanted < 0) else up
    choices = [NOTHING, -held, *([up] if short > 0 else [_down_to_the_least(held, step)])]

    def outside(order: Decimal) -> float:
        weight = float((held + order) * book.prices[i] / book.value)
        return float(max(box[0][i] - weight, weight - box[1][i], 0.0))

    return min(choices, key=lambda order: (outside(order), abs(order - wanted)))


def _down_to_the_least(held: Decimal, step: Step) -> Decimal:
    """The largest sale (of what is short, buy) in whole steps that leaves the least holding."""
    most = (abs(held) - step.least_held) // step.size * step.size
    return -most if held > 0 else most
