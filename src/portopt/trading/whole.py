"""Whole shares for a certified choice of weights, or the limit that forbids them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from portopt.domain.errors import SearchEnded
from portopt.domain.holdings import CENT
from portopt.domain.request import TradingRules
from portopt.trading.crumbs import without_crumbs
from portopt.trading.errors import NotRoundable
from portopt.trading.exactness import HOLDS, LEAST_TRADE
from portopt.trading.first_book import first_book
from portopt.trading.probe import least_cash_after_costs, proves_none
from portopt.trading.rounding import Rounded, Rounding, best_book
from portopt.trading.to_round import LARGE, MOST_SHARE_ROWS, ToRound


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
    return [*own, _cheapest_lot(asked)] if np.isfinite(cap) else own


def _rounded(asked: ToRound) -> Rounded | None:
    """The best book found, its crumbs swept."""
    found = best_book(asked)
    if found is None:
        return None
    return Rounded.of(asked, without_crumbs(asked, found.book), found.bound, found.rounds, found.failure)


def _cheapest_lot(asked: ToRound) -> float:
    """The price of the cheapest lot less a cent: cash below it cannot buy anything."""
    book = asked.book
    prices = [book.prices[i] * asked.rules.lot_size for i in book.movable]
    return float((min(prices, default=book.value) - CENT) / book.value)


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
    for kind in (*(k for k in form.limits if k in limits), LEAST_TRADE):
        free = form.without(lambda name, kind=kind: name == kind)  # type: ignore[misc]
        eased = replace(rules, min_trade_value=0.0) if kind == LEAST_TRADE else rules
        if not proves_none(replace(asked, form=free, rules=eased)):
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


def _not_found(asked: ToRound) -> SearchEnded:
    problem, form, book, rules = asked.problem, asked.form, asked.book, asked.rules
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
        suggestions=[*fractions, *effort, *thresholds, *(rows if len(form.row_lower) > MOST_SHARE_ROWS else [])],
    )


def _lots_in_words(rules: TradingRules) -> str:
    if rules.fractional:
        return f"trades of at least {rules.min_trade_value:g}" if rules.min_trade_value > 0 else "shares of six decimals"
    return "whole shares" if rules.lot_size == 1 else f"whole lots of {rules.lot_size} shares"
