"""Crumbs: a lot or two left of a position whose optimum is nothing. Sold with the rest, unless a limit or the cost forbids."""

from __future__ import annotations

from dataclasses import replace

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.domain.request import TradingRules
from portopt.trading.book import Book
from portopt.trading.exactness import missed, relative_gap, worth
from portopt.trading.rounding import Rounded

MOST_LOTS = 2
NOTHING = 1e-12  # a weight


def without_crumbs(
    problem: Problem, book: Book, rules: TradingRules, rounded: Rounded, target: Vector, cash_residual: float | None
) -> Rounded:
    """The book with every crumb sold that may be and does not make it worse. target: (n,) the certified optimum."""
    lot = 1 if rules.fractional else rules.lot_size
    shares = rounded.settled.shares(len(book.ids))
    for i in book.movable:
        left = book.shares[i] + shares[i]
        if left == 0 or abs(left) > MOST_LOTS * lot or abs(target[i]) > NOTHING:
            continue
        swept = shares.copy()
        swept[i] = -book.shares[i]
        settled = book.settle(swept)
        value = worth(problem, book, settled)
        if value <= rounded.value and not missed(problem, book, settled, rules, cash_residual):
            shares = swept
            rounded = replace(rounded, settled=settled, value=value)
    gap = max(relative_gap(problem, rounded.value, rounded.bound), 0.0)
    return replace(rounded, gap=gap, proved=gap <= rules.mip_relative_gap)
