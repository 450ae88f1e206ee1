"""A settled book held against the problem, in the problem's own words: what it is worth, and which limits it misses."""

from __future__ import annotations

from collections.abc import Mapping

from portopt.domain.certificate import Tolerances
from portopt.domain.holdings import to_cents
from portopt.domain.problem import Problem, Readings
from portopt.domain.request import TradingRules
from portopt.trading.book import Book, Settled
from portopt.trading.costs import exact
from portopt.trading.share_program import CASH_CAPS

HOLDS = Tolerances().feasibility
AFTER_COSTS = "cash_after_costs"
LEAST_TRADE = "min_trade_value"
LEAST_HELD = "min_denomination"

# Below this an objective is as good as zero, and a gap is measured against it instead: ten basis points of return, a
# Sharpe ratio of 0.01, the half variance of one percent of risk, weights that are 4.5 % away.
SMALLEST_SCALE = {"return": 1e-3, "ratio": 1e-2, "half variance": 5e-5, "squared distance": 1e-3}


def worth(problem: Problem, book: Book, settled: Settled) -> float:
    """What is minimized: the objective with all its costs, the flat fees too, turned so that less is better."""
    sign = -1.0 if problem.objective.sense == "maximize" else 1.0
    value = sign * problem.objective.value(settled.weights, problem)
    if not problem.objective.charges_costs:
        return value
    flat = float(book.fees.per_trade / book.value) * len(settled.orders) / problem.holding_period_years
    if problem.objective.unit == "ratio":
        sigma = problem.objective.volatility(settled.weights, problem)  # a robust ratio divides by the worst of its set
        return value + flat / sigma if sigma > 0.0 else value
    return value + flat


def smallest_scale(problem: Problem) -> float:
    """What the size of an objective at least counts as."""
    return SMALLEST_SCALE.get(problem.objective.unit, 1e-6)


def scale_of(problem: Problem, value: float) -> float:
    """What a relative gap is relative to."""
    return max(abs(value), smallest_scale(problem))


def relative_gap(problem: Problem, value: float, bound: float) -> float:
    """How far the value of a book is above what none can be below, over its size."""
    return (value - bound) / scale_of(problem, value)


def readings(problem: Problem, settled: Settled) -> tuple[Readings, ...]:
    """Every limit read off the book."""
    return tuple(limit.read(settled.weights, problem) for limit in problem.limits)


def missed(
    problem: Problem, book: Book, settled: Settled, rules: TradingRules, cash_residual: float | None
) -> Mapping[str, float]:
    """By limit, in its own unit, what the book misses it by; soft limits aside. Orders below the least trade under its name,
    those that leave less than may be held of an asset under theirs.

    cash_residual: how far the cash left after costs may pass its cap, a fraction of portfolio value; None is not at all.
    """
    out: dict[str, float] = {}
    if settled.cash_after < book.least_cash:
        out[AFTER_COSTS] = float((book.least_cash - settled.cash_after) / book.value)
    least = to_cents(exact(rules.min_trade_value))
    small = [order for order in settled.orders if order.value < least and order.shares != -book.shares[order.i]]
    if small:
        out[LEAST_TRADE] = max(float((least - order.value) / book.value) for order in small)
    too_little = [(order.i, book.leaves_too_little(order.i, order.shares)) for order in settled.orders]
    if any(by for _, by in too_little):
        out[LEAST_HELD] = max(float(by * book.prices[i] / book.value) for i, by in too_little)
    for limit, reading in zip(problem.limits, readings(problem, settled), strict=True):
        if limit.soft:
            continue
        by = reading.worst()
        if cash_residual is not None and limit.kind in CASH_CAPS:
            by = max(by - cash_residual - float(settled.costs / book.value), 0.0)
        if by > HOLDS:
            out[limit.kind] = by
    return out
