"""Crumbs: a lot or two left of a position whose optimum is nothing. Sold with the rest, unless a limit or the cost forbids."""

from __future__ import annotations

from portopt.trading.exactness import worth
from portopt.trading.first_book import FirstBook
from portopt.trading.to_round import ToRound

MOST_LOTS = 2
NOTHING = 1e-12  # a weight


def without_crumbs(asked: ToRound, kept: FirstBook) -> FirstBook:
    """The book with every crumb sold that may be and does not make it worse."""
    book, target = asked.book, asked.certified.x
    for i in book.movable:
        left = book.shares[i] + kept.shares[i]
        if left == 0 or abs(left) > MOST_LOTS * book.steps[i].counted or abs(target[i]) > NOTHING:
            continue
        shares = kept.shares.copy()
        shares[i] = -book.shares[i]
        settled = book.settle(shares)
        value = worth(asked.problem, book, settled)
        if value <= kept.value and not asked.missed(settled):
            kept = FirstBook(shares, settled, value)
    return kept
