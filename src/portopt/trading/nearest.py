"""The orders nearest to weights: whole lots, or shares of six decimals."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from portopt.domain.arrays import Vector
from portopt.domain.request import TradingRules
from portopt.trading.book import Book
from portopt.trading.costs import NOTHING, exact

PLACES = Decimal("0.000001")
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
        shares = fractions(book, i, wanted) if rules.fractional else _lots(book, i, wanted, rules.lot_size, box)
        closes = shares != 0 and shares == -book.shares[i]
        orders[i] = shares if closes or abs(shares) * book.prices[i] >= least else NOTHING
    return orders


def fractions(book: Book, i: int, wanted: Decimal) -> Decimal:
    """Six decimals; a remainder worth less than a cent is sold with the rest, an order worth less is none."""
    held, price = book.shares[i], book.prices[i]
    shares = wanted.quantize(PLACES, rounding=ROUND_HALF_EVEN)
    if held != 0 and abs(held + shares) * price < DUST:
        return -held
    return NOTHING if abs(shares) * price < DUST else shares


def _lots(book: Book, i: int, wanted: Decimal, lot_size: int, box: tuple[Vector, Vector]) -> Decimal:
    """The nearest of: whole lots from what is held, and nothing left at all, odd lot included."""
    held = book.shares[i]
    target = held + wanted
    shares = lot_size * (wanted / lot_size).to_integral_value(rounding=ROUND_HALF_EVEN)
    weight = float((held + shares) * book.prices[i] / book.value)
    if weight > box[1][i]:
        shares -= lot_size
    elif weight < box[0][i]:
        shares += lot_size
    return -held if abs(target) < abs(held + shares - target) else shares
