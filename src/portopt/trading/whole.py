"""Whole shares for a certified choice of weights, or the limit that forbids them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from portopt.domain.errors import SearchEnded
from portopt.domain.holdings import CENT
from portopt.domain.request import TradingRules
from portopt.trading.book import Book
from portopt.trading.costs import NOTHING
from portopt.trading.crumbs import without_crumbs
from portopt.trading.errors import NotRoundable
from portopt.trading.exactness import HOLDS, LEAST_HELD, LEAST_TRADE
from portopt.trading.first_book import first_book
from portopt.trading.probe import least_cash_after_costs, proves_none
from portopt.trading.rounding import Rounded, Rounding, best_book
from portopt.trading.to_round import LARGE, MOST_SHARE_ROWS, ToRound

MOST_NAMED = 3


def round_to_lots(asked: ToRound) -> tuple[Rounded, str]:
    """The best whole-share book found, and a note on what could only be kept to a rounding remainder ("" when nothing).

    A cap on cash (`cash.max`, `fully_invested`) is kept exactly where some book keeps it; otherwise the cash left after
    costs stays within the least remainder that whole lots allow. Raises NotRoundable where it is proved that no book keeps
    the limits, SearchEnded where none was found.
    """
    for residual in cash_residuals(asked):
        rounded = _rounded(asked.leaving(residual))
        if rounded is not None:
            return rounded, _note(asked, rounded)
    least = _least_cash(asked) if asked.few and asked.has_cash_cap() else None
    if least is not None:
        rounded = _rounded(asked.leaving(least))
        if rounded is not None:
            return rounded, _note(asked, rounded)
    raise refusal(asked)


def has_lots(near: ToRound) -> bool:
    """Whether whole lots near an optimum keep every limit: the first book found will do, and none far off is looked for."""
    for residual in cash_residuals(near):
        asked = near.leaving(residual)
        if first_book(asked, weighed=False, once=True) is not None:
            return True
        if asked.few and Rounding(asked, asked.share_program()).any_book():
            return True
    return False


def cash_residuals(asked: ToRound) -> list[float | None]:
    """How far cash may pass its cap, in the order of asking: not at all; by less than the cheapest lot, which buys nothing."""
    cap = asked.most_cash
    own: list[float | None] = [None] if cap > 0.0 else []
    return [*own, *left_over(asked)] if np.isfinite(cap) else own


def _rounded(asked: ToRound) -> Rounded | None:
    """The best book found, its crumbs swept."""
    found = best_book(asked)
    if found is None:
        return None
    return Rounded.of(asked, without_crumbs(asked, found.book), found.bound, found.rounds, found.failure)


def left_over(asked: ToRound) -> list[float]:
    """What is left where something trades in fractions, and the price of the cheapest lot less a cent: cash below it buys
    nothing that is counted in lots."""
    book = asked.book
    fine = [book.prices[i] * book.steps[i].size for i in book.movable if book.steps[i].fine]
    lots = [book.prices[i] * book.steps[i].size for i in book.movable if not book.steps[i].fine]
    rest = [max(0.02 * len(book.movable), float(max(fine)), 0.05) / float(book.value)] if fine else []
    cheapest = [float((min(lots, default=book.value) - CENT) / book.value)] if lots or not fine else []
    return [*rest, *cheapest]


def _least_cash(asked: ToRound) -> float | None:
    """The least cash, over its cap and after costs, that any whole-share book of the linear limits can do with."""
    found = least_cash_after_costs(asked)
    if found is None:
        return None
    over = found - asked.most_cash
    return None if over > asked.dearest_weight else over + 1e-7


def _note(asked: ToRound, rounded: Rounded) -> str:
    book, cap = asked.book, asked.most_cash
    cash, costs = rounded.settled.cash_after, rounded.settled.costs
    if float((cash + costs) / book.value) <= cap + HOLDS:
        return ""
    return (
        f"cash was to be at most {100.0 * cap:.2f} %: whole lots leave {cash} {book.currency} after costs of {costs} "
        f"{book.currency} were paid, and no book of whole lots leaves less than the price of a lot"
    )


def refusal(asked: ToRound) -> NotRoundable | SearchEnded:
    """What to say without a book: the limits that forbid it where that is proved, otherwise that none was found."""
    if not asked.few or not proves_none(asked):
        return _not_found(asked)
    problem, form, book, rules = asked.problem, asked.form, asked.book, asked.rules
    limits = {limit.kind: limit for limit in problem.limits if not limit.structural}
    culprits = []
    denominated = any(step.least_held for step in book.steps)
    for kind in (*(k for k in form.limits if k in limits), LEAST_TRADE, *([LEAST_HELD] if denominated else [])):
        free = form.without(lambda name, kind=kind: name == kind)  # type: ignore[misc]
        if not proves_none(replace(_eased(asked, kind), form=free)):
            culprits.append(kind)
    by_trade = {LEAST_TRADE: f"{rules.min_trade_value} at least per trade", LEAST_HELD: _denominations(book)}
    described = {k: limits[k].describe() if k in limits else by_trade[k] for k in culprits}
    return NotRoundable(
        culprits,
        f"no book of {_lots_in_words(rules, book)} worth {book.value} {book.currency} satisfies every limit, though fractional "
        "weights do",
        measured={
            "limits": described,
            "portfolio_value": str(book.value),
            "lot_size": rules.lot_size,
            "suggestions": ["set trading.fractional to true", *(f"open {k} by about the weight of a lot" for k in culprits)],
        },
    )


def _not_found(asked: ToRound) -> SearchEnded:
    problem, form, book, rules = asked.problem, asked.form, asked.book, asked.rules
    fractions = [] if rules.fractional else ["set trading.fractional to true"]
    effort = ["raise trading.search_effort"] if problem.n <= LARGE else []
    thresholds = ["lower trading.min_trade_value"] if rules.min_trade_value > 0 else []
    rows = ["use mad in place of gini_mean_difference", "set estimation.lookback to 150 periods"]
    return SearchEnded(
        f"weights satisfy every limit, and no book of {_lots_in_words(rules, book)} worth {book.value} {book.currency} was "
        "found that does",
        measured={
            "assets": problem.n,
            "rows": len(form.row_lower),
            "portfolio_value": str(book.value),
            "search_effort": rules.search_effort,
        },
        suggestions=[*fractions, *effort, *thresholds, *(rows if len(form.row_lower) > MOST_SHARE_ROWS else [])],
    )


def _eased(asked: ToRound, kind: str) -> ToRound:
    """Without the least trade, or the least holdings, where that is what is asked about."""
    if kind == LEAST_TRADE:
        return replace(asked, rules=replace(asked.rules, min_trade_value=0.0))
    if kind == LEAST_HELD:
        steps = tuple(replace(step, least_held=NOTHING) for step in asked.book.steps)
        return replace(asked, book=replace(asked.book, steps=steps))
    return asked


def _lots_in_words(rules: TradingRules, book: Book) -> str:
    own = [book.steps[i].in_words(book.ids[i]) for i in book.movable if book.steps[i].own]
    named = [*own[:MOST_NAMED], f"{len(own) - MOST_NAMED} more of their own"] if len(own) > MOST_NAMED else own
    return ", ".join([_usual(rules), *named] if len(own) < len(book.movable) else named)


def _usual(rules: TradingRules) -> str:
    if rules.fractional:
        return f"trades of at least {rules.min_trade_value:g}" if rules.min_trade_value > 0 else "shares of six decimals"
    return "whole shares" if rules.lot_size == 1 else f"whole lots of {rules.lot_size} shares"


def _denominations(book: Book) -> str:
    held = [f"{book.steps[i].least_held:,f} of {book.ids[i]}" for i in book.movable if book.steps[i].least_held]
    return f"at least {', '.join(held[:MOST_NAMED])} where any is held"
