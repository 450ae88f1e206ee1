"""Whole shares for a certified choice of weights, or the limit that forbids them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from portopt.domain.errors import SearchEnded
from portopt.domain.holdings import CENT
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.domain.request import TradingRules
from portopt.optimization.extended import opened_above
from portopt.trading.book import Book
from portopt.trading.crumbs import without_crumbs
from portopt.trading.errors import NotRoundable
from portopt.trading.exactness import HOLDS, LEAST_TRADE
from portopt.trading.first_book import Certified, FirstBook, first_book
from portopt.trading.probe import dearest_weight, least_cash_after_costs, proves_none
from portopt.trading.rounding import Rounded, Rounding
from portopt.trading.share_program import CASH_CAPS, share_program

LARGE = 100  # assets; up to there a search among lots is quick enough to be worth what it finds
MOST_ROWS = 20_000


def round_to_lots(
    problem: Problem, form: StandardForm, book: Book, rules: TradingRules, certified: Certified
) -> tuple[Rounded, str]:
    """The best whole-share book found, and a note on what could only be kept to a rounding remainder ("" when nothing).

    A cap on cash (`cash.max`, `fully_invested`) is kept exactly where some book keeps it; otherwise the cash left after
    costs stays within the least remainder that whole lots allow. Raises NotRoundable where it is proved that no book keeps
    the limits, SearchEnded where none was found.
    """
    few = problem.n <= LARGE and len(form.row_lower) <= MOST_ROWS
    _, cap = opened_above(form, book.cash_position, CASH_CAPS)
    for residual in cash_residuals(form, book, rules):
        rounded = _rounded(problem, form, book, rules, certified, residual, few=few)
        if rounded is not None:
            return rounded, _note(book, rounded, cap)
    least = _least_cash(problem, form, book, rules) if few and np.isfinite(cap) else None
    if least is not None:
        rounded = _rounded(problem, form, book, rules, certified, least, few=few)
        if rounded is not None:
            return rounded, _note(book, rounded, cap)
    raise refusal(problem, form, book, rules, few=few)


def has_lots(problem: Problem, form: StandardForm, book: Book, rules: TradingRules, near: Certified) -> bool:
    """Whether whole lots near an optimum keep every limit: the first book found will do, and none far off is looked for."""
    for residual in cash_residuals(form, book, rules):
        if first_book(problem, form, book, rules, near, residual, weighed=False) is not None:
            return True
        few = problem.n <= LARGE and len(form.row_lower) <= MOST_ROWS
        if few and _search(problem, form, book, rules, near, residual, None).any_book():
            return True
    return False


def cash_residuals(form: StandardForm, book: Book, rules: TradingRules) -> list[float | None]:
    """How far cash may pass its cap, in the order of asking: not at all; by less than the cheapest lot, which buys nothing."""
    _, cap = opened_above(form, book.cash_position, CASH_CAPS)
    own: list[float | None] = [None] if cap > 0.0 else []
    return [*own, _cheapest_lot(book, rules)] if np.isfinite(cap) else own


def _rounded(
    problem: Problem,
    form: StandardForm,
    book: Book,
    rules: TradingRules,
    certified: Certified,
    residual: float | None,
    *,
    few: bool,
) -> Rounded | None:
    """A first book; where its gap is open and the book is not large, the best that the search for lots finds."""
    first = first_book(problem, form, book, rules, certified, residual, weighed=not few)
    rounded = None if first is None else Rounded.of(problem, rules, first, certified.bound)
    if few and (rounded is None or not rounded.proved):
        rounded = _search(problem, form, book, rules, certified, residual, first).run()
    if rounded is None:
        return None
    return without_crumbs(problem, book, rules, rounded, certified.x[: problem.n], residual)


def _search(
    problem: Problem,
    form: StandardForm,
    book: Book,
    rules: TradingRules,
    certified: Certified,
    residual: float | None,
    first: FirstBook | None,
) -> Rounding:
    program = share_program(problem, form, book, rules, cash_residual=residual)
    return Rounding(problem, book, rules, program, certified, residual, first)


def _cheapest_lot(book: Book, rules: TradingRules) -> float:
    """The price of the cheapest lot less a cent: cash below it cannot buy anything."""
    prices = [book.prices[i] * rules.lot_size for i in book.movable]
    return float((min(prices, default=book.value) - CENT) / book.value)


def _least_cash(problem: Problem, form: StandardForm, book: Book, rules: TradingRules) -> float | None:
    """The least cash, over its cap and after costs, that any whole-share book of the linear limits can do with."""
    found = least_cash_after_costs(problem, form, book, rules)
    if found is None:
        return None
    _, cap = opened_above(form, book.cash_position, CASH_CAPS)
    over = found - cap
    return None if over > dearest_weight(book, rules) else over + 1e-7


def _note(book: Book, rounded: Rounded, cap: float) -> str:
    cash, costs = rounded.settled.cash_after, rounded.settled.costs
    if float((cash + costs) / book.value) <= cap + HOLDS:
        return ""
    return (
        f"cash was to be at most {100.0 * cap:.2f} %: whole lots leave {cash} {book.currency} after costs of {costs} "
        f"{book.currency} were paid, and no book of whole lots leaves less than the price of a lot"
    )


def refusal(problem: Problem, form: StandardForm, book: Book, rules: TradingRules, *, few: bool) -> NotRoundable | SearchEnded:
    """What to say without a book: the limits that forbid it where that is proved, otherwise that none was found."""
    if not few or not proves_none(problem, form, book, rules):
        return _not_found(problem, form, book, rules)
    limits = {limit.kind: limit for limit in problem.limits if not limit.structural}
    culprits = []
    for kind in (*(k for k in form.limits if k in limits), LEAST_TRADE):
        free = form.without(lambda name, kind=kind: name == kind)  # type: ignore[misc]
        eased = replace(rules, min_trade_value=0.0) if kind == LEAST_TRADE else rules
        if not proves_none(problem, free, book, eased):
            culprits.append(kind)
    described = {k: limits[k].describe() if k in limits else f"{rules.min_trade_value} at least per trade" for k in culprits}
    return NotRoundable(
        culprits,
        f"no book of {_lots_in_words(rules)} worth {book.value} {book.currency} satisfies every limit, though fractional "
        "weights do",
        measured={
            "limits": described,
            "portfolio_value": str(book.value),
            "lot_size": rules.lot_size,
            "suggestions": ["set trading.fractional to true", *(f"open {k} by about the weight of a lot" for k in culprits)],
        },
    )


def _not_found(problem: Problem, form: StandardForm, book: Book, rules: TradingRules) -> SearchEnded:
    fractions = [] if rules.fractional else ["set trading.fractional to true"]
    effort = ["raise trading.search_effort"] if problem.n <= LARGE else []
    thresholds = ["lower trading.min_trade_value"] if rules.min_trade_value > 0 else []
    rows = ["use mad in place of gini_mean_difference", "set estimation.lookback to 150 periods"]
    return SearchEnded(
        f"weights satisfy every limit, and no book of {_lots_in_words(rules)} worth {book.value} {book.currency} was found "
        "that does",
        measured={
            "assets": problem.n,
            "rows": len(form.row_lower),
            "portfolio_value": str(book.value),
            "search_effort": rules.search_effort,
        },
        suggestions=[*fractions, *effort, *thresholds, *(rows if len(form.row_lower) > MOST_ROWS else [])],
    )


def _lots_in_words(rules: TradingRules) -> str:
    if rules.fractional:
        return f"trades of at least {rules.min_trade_value:g}" if rules.min_trade_value > 0 else "shares of six decimals"
    return "whole shares" if rules.lot_size == 1 else f"whole lots of {rules.lot_size} shares"
