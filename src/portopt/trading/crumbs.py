"""Crumbs: a lot or two left of a position whose optimum is nothing. Sold with the rest, unless a limit or the cost forbids."""

from __future__ import annotations

from dataclasses import replace

from portopt.trading.exactness import worth
from portopt.trading.rounding import Rounded
from portopt.trading.to_round import ToRound

MOST_LOTS = 2
NOTHING = 1e-12  # a weight


def without_crumbs(asked: ToRound, rounded: Rounded) -> Rounded:
    """The book with every crumb sold that may be and does not make it worse."""
    book, target = asked.book, asked.certified.x
    lot = 1 if asked.rules.fractional else asked.rules.lot_size
    shares = rounded.settled.shares(len(book.ids))
    for i in book.movable:
        left = book.shares[i] + shares[i]
        if left == 0 or abs(left) > MOST_LOTS * lot or abs(target[i]) > NOTHING:
            continue
        swept = shares.copy()
        swept[i] = -book.shares[i]
        settled = book.settle(swept)
        value = worth(asked.problem, book, settled)
        if value <= rounded.value and not asked.missed(settled):
            shares = swept
            rounded = replace(rounded, settled=settled, value=value)
    return rounded.measured(asked)
