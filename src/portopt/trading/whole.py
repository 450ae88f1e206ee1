"""Whole shares for a certified choice of weights, or the limit that forbids them."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Vector
from portopt.domain.holdings import CENT
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.domain.request import TradingRules
from portopt.optimization.extended import opened_above
from portopt.optimization.solvers.branch_and_cut import Search, search
from portopt.trading.book import Book
from portopt.trading.errors import NotRoundable
from portopt.trading.exactness import HOLDS, LEAST_TRADE, scale_of
from portopt.trading.large import LARGE, nearest_lots
from portopt.trading.rounding import Rounded, Rounding
from portopt.trading.share_program import CASH_CAPS, ShareProgram, share_program

PROBE_SECONDS = 2.0
PROBE_NODES = 2_000
ANY_GAP = 1e3
MOST_ROWS = 20_000


def round_to_lots(problem: Problem, form: StandardForm, book: Book, rules: TradingRules, x: Vector) -> tuple[Rounded, str]:
    """The best whole-share book, and a note on what could only be kept to a rounding remainder ("" when nothing).

    A cap on cash (`cash.max`, `fully_invested`) is kept exactly where some book keeps it; otherwise the cash left after
    costs stays within the least remainder that whole lots allow. Raises NotRoundable for any other limit.
    """
    deadline = time.thread_time() + rules.time_limit_seconds
    reference = form.objective(x)
    if problem.n > LARGE:
        near = nearest_lots(problem, form, book, rules, x)
        if near is not None:
            gap = max((near[1] - reference) / scale_of(problem, near[1]), 0.0)
            return Rounded(*near, reference, gap, gap <= rules.mip_relative_gap, 0), ""
    else:
        _refuse_many_rows(form)
    _, cap = opened_above(form, book.cash_position, CASH_CAPS)
    residuals: list[float | None] = [None] if cap > 0.0 else []
    if np.isfinite(cap):
        residuals.append(_cheapest_lot(book, rules))
    for residual in residuals:
        program = share_program(problem, form, book, rules, cash_residual=residual)
        rounding = Rounding(problem, book, rules, program, x, reference, residual, deadline)
        rounded = rounding.run()
        if rounded is not None:
            return rounded, _note(book, rounded, cap)
    least = _least_cash(problem, form, book, rules) if np.isfinite(cap) else None
    if least is not None:
        program = share_program(problem, form, book, rules, cash_residual=least)
        rounding = Rounding(
            problem, book, rules, program, x, reference, least, max(deadline, time.thread_time() + PROBE_SECONDS)
        )
        rounded = rounding.run()
        if rounded is not None:
            return rounded, _note(book, rounded, cap)
    raise _refusal(problem, form, book, rules, rounding)


def has_lots(problem: Problem, form: StandardForm, book: Book, rules: TradingRules, x: Vector) -> bool:
    """Whether whole lots near the point x keep every limit: the first book found will do, and none far off is looked for."""
    if problem.n > LARGE and nearest_lots(problem, form, book, rules, x) is not None:
        return True
    easy = replace(rules, mip_relative_gap=ANY_GAP)
    residuals = (
        [None, _cheapest_lot(book, rules)] if np.isfinite(opened_above(form, book.cash_position, CASH_CAPS)[1]) else [None]
    )
    for residual in residuals:
        program = share_program(problem, form, book, easy, cash_residual=residual)
        deadline = time.thread_time() + PROBE_SECONDS
        if Rounding(problem, book, easy, program, x, form.objective(x), residual, deadline).any_book():
            return True
    return False


def _cheapest_lot(book: Book, rules: TradingRules) -> float:
    """The price of the cheapest lot less a cent: cash below it cannot buy anything."""
    prices = [book.prices[i] * rules.lot_size for i in book.movable]
    return float((min(prices, default=book.value) - CENT) / book.value)


def _least_cash(problem: Problem, form: StandardForm, book: Book, rules: TradingRules) -> float | None:
    """The least cash, over its cap and after costs, that any whole-share book of the linear limits can do with."""
    program = share_program(problem, form, book, rules, cash_residual=FAR)
    found = _probe(program, cash=True)
    if found is None:
        return None
    _, cap = opened_above(form, book.cash_position, CASH_CAPS)
    largest = max(float(book.prices[i] * rules.lot_size / book.value) for i in book.movable)
    over = found - cap
    return None if over > largest else over + 1e-7


FAR = 1e3


def _refuse_many_rows(form: StandardForm) -> None:
    """Raises NotRoundable for a program of which no node of the search is solved in time: a row for every pair of scenarios."""
    rows = len(form.row_lower)
    if rows <= MOST_ROWS:
        return
    raise NotRoundable(
        (),
        f"there is an answer in weights, but its program has {rows:,} rows; whole lots are searched for up to {MOST_ROWS:,}",
        measured={
            "rows": rows,
            "suggestions": ["use mad in place of gini_mean_difference", "set estimation.lookback to 150 periods"],
        },
    )


def _probe(program: ShareProgram, *, cash: bool = False) -> float | None:
    """Whether there is any whole-share book of these rows; the least cash after costs where asked, 0.0 else; None when none."""
    form = program.form
    cost = np.zeros(form.n_columns)
    if cash:
        row = form.A.shape[0] - 1
        at = slice(form.A.indptr[row], form.A.indptr[row + 1])
        cost[form.A.indices[at]] = form.A.data[at]
    lower, upper = form.box()
    asked = Search(cost, sp.csr_array(form.A), form.row_lower, form.row_upper, lower, upper, form.integer)
    found = search(asked, gap=1e-9, nodes=PROBE_NODES)
    if found.x is None:
        return None
    return float(cost @ found.x)


def _note(book: Book, rounded: Rounded, cap: float) -> str:
    cash, costs = rounded.settled.cash_after, rounded.settled.costs
    if float((cash + costs) / book.value) <= cap + HOLDS:
        return ""
    return (
        f"cash was to be at most {100.0 * cap:.2f} %: whole lots leave {cash} {book.currency} after costs of {costs} "
        f"{book.currency} were paid, and no book of whole lots leaves less than the price of a lot"
    )


def _refusal(problem: Problem, form: StandardForm, book: Book, rules: TradingRules, rounding: Rounding) -> NotRoundable:
    """Which limit, taken away, would let whole shares through; found by taking each away."""
    if not rounding.infeasible:
        return NotRoundable(
            (),
            f"none was found within {rules.time_limit_seconds:g} seconds",
            measured={
                "time_limit_seconds": rules.time_limit_seconds,
                "rounds": rounding.rounds,
                "suggestions": ["raise trading.time_limit_seconds", "set trading.fractional to true"],
            },
        )
    limits = {limit.kind: limit for limit in problem.limits if not limit.structural}
    culprits = []
    for kind in (*(k for k in form.limits if k in limits), LEAST_TRADE):
        free = form.without(lambda name, kind=kind: name == kind)  # type: ignore[misc]
        eased = replace(rules, min_trade_value=0.0) if kind == LEAST_TRADE else rules
        program = share_program(problem, free, book, eased)
        if _probe(program) is not None:
            culprits.append(kind)
    described = {k: limits[k].describe() if k in limits else f"{rules.min_trade_value} at least per trade" for k in culprits}
    lots = "shares" if rules.lot_size == 1 else f"lots of {rules.lot_size} shares"
    return NotRoundable(
        culprits,
        f"no book of whole {lots} worth {book.value} {book.currency} satisfies every limit, though fractional weights do",
        measured={
            "limits": described,
            "portfolio_value": str(book.value),
            "lot_size": rules.lot_size,
            "suggestions": ["set trading.fractional to true", *(f"open {k} by about the weight of a lot" for k in culprits)],
        },
    )
