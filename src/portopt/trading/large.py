"""Whole lots for a large book: the nearest ones, under limits closed by what rounding missed them by.

With hundreds of assets a lot is a small part of the book, so the nearest lots miss the limits by little; the weights are
solved for again with every limit closed by as much, until the nearest lots keep all of them. The certified optimum bounds
every book, so the gap that is reported is proved, without a search for better lots.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.domain.program import INF, Group, StandardForm
from portopt.domain.request import TradingRules
from portopt.optimization import solve
from portopt.optimization.extended import tightened
from portopt.trading.book import Book, Settled
from portopt.trading.exactness import AFTER_COSTS, missed, worth

LARGE = 150  # assets; up to there the mixed-integer search is better and quick enough
TRIES = 10
CLOSED = 1.25  # times what was missed
NOTHING = Decimal(0)


def nearest_lots(
    problem: Problem, form: StandardForm, book: Book, rules: TradingRules, x: Vector
) -> tuple[Settled, float] | None:
    """The settled book and what it is worth, as minimized; None when no try keeps every limit.

    form: the problem's own; x: (N,) its certified optimum.
    """
    margins: dict[str, float] = {}
    reserve = 0.0
    for _ in range(TRIES):
        settled = book.settle(_orders(x[: problem.n], book, rules))
        faults = missed(problem, book, settled, rules, None)
        if not faults:
            return settled, worth(problem, book, settled)
        for limit, by in faults.items():
            if limit == AFTER_COSTS:
                reserve += CLOSED * by
            else:
                margins[limit] = margins.get(limit, 0.0) + CLOSED * by
        answer = solve(_with_reserve(tightened(form, margins), book.cash_position, reserve))
        if answer.x is None:
            return None
        x = answer.x
    return None


def _orders(w: Vector, book: Book, rules: TradingRules) -> list[Decimal]:
    """(n,) signed shares: the nearest whole lots, nothing under the least trade, all of what is to go."""
    orders = [NOTHING] * len(book.ids)
    least = Decimal(str(rules.min_trade_value))
    for i in book.movable:
        if w[i] == 0.0:
            orders[i] = -book.shares[i]
            continue
        wanted = (float(w[i]) - float(book.w_prev[i])) * float(book.value) / float(book.prices[i])
        shares = Decimal(rules.lot_size) * round(wanted / rules.lot_size)
        orders[i] = shares if abs(shares) * book.prices[i] >= least else NOTHING
    return orders


def _with_reserve(form: StandardForm, cash_position: int, reserve: float) -> StandardForm:
    """Cash kept for what trading costs."""
    if reserve <= 0.0:
        return form
    k = len(form.bound_columns)
    return replace(
        form,
        bound_columns=np.append(form.bound_columns, cash_position),
        bound_lower=np.append(form.bound_lower, reserve),
        bound_upper=np.append(form.bound_upper, INF),
        bound_relax=np.append(form.bound_relax, 0.0),
        bound_groups=(*form.bound_groups, Group(k, k + 1, "")),
    )
