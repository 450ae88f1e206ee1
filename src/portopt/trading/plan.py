"""Certified weights and holdings become orders: whole shares, money to the cent, in the order of execution."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import numpy as np

from portopt.analysis.figures import figures
from portopt.domain.arrays import Vector
from portopt.domain.certificate import ValidatedSolution
from portopt.domain.deadline import NEVER
from portopt.domain.errors import DataError, InvalidValue
from portopt.domain.holdings import Holdings
from portopt.domain.plan import PlanLine, RebalancePlan, Trade
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.domain.request import TradingRules
from portopt.domain.steps import step_of
from portopt.domain.tax import TaxRecord
from portopt.domain.universe import CASH, Asset
from portopt.optimization import assemble, solve
from portopt.trading.book import Book, Order, Settled, open_book
from portopt.trading.costs import NOTHING
from portopt.trading.exactness import readings
from portopt.trading.fractional import round_to_fractions
from portopt.trading.lots_sold import tax_plan
from portopt.trading.rounding import Rounded
from portopt.trading.searchable import Expandable, searchable
from portopt.trading.to_round import Certified, ToRound
from portopt.trading.whole import has_lots, round_to_lots

log = logging.getLogger(__name__)


def make_plan(
    problem: Problem,
    validated: ValidatedSolution,
    holdings: Holdings,
    prices: Mapping[str, Decimal],
    rules: TradingRules,
    reasons: Mapping[str, str] | None = None,
    *,
    floor_after_fees: bool = False,
) -> RebalancePlan:
    """Orders that keep every limit the weights kept, paid for from the book's own cash.

    Args:
        problem: as it was solved; its w_prev are the weights of `holdings` at `prices`.
        validated: the certified continuous optimum.
        prices: money per share of every asset but cash.
        rules: share granularity, least trade, effort.
        reasons: one sentence by asset id, for the trades.
        floor_after_fees: whether the least cash that the limits ask for is to be there when every fee is paid, to the cent;
            weights are before costs, and so is what limits say of them.
    Raises:
        DataError: an asset without a positive price, a universe without cash, holdings that are not the problem's.
        NotRoundable: weights satisfy the limits, and it is proved that whole shares cannot.
        SearchEnded: no book of whole shares was found.
        InvalidValue: a lot size below one or a negative threshold.

    The search is deterministic: it ends at its gap or at a number of nodes that depends on the program's size and on
    rules.search_effort alone. Where the gap stayed open, rounding is "mip_open" and mip_gap says how much.
    """
    _check(rules)
    book = open_book(problem, holdings, prices, rules, floor_after_fees=floor_after_fees)
    # What is certified is rounded whatever the time; the search for better lots alone ends at the deadline.
    until, problem = problem.until, searchable(problem.replaced(until=NEVER), validated.weights)
    form = assemble(problem)
    asked = ToRound(problem, form, book, rules, _certified(form, validated), until=until)
    rounded, note = round_to_fractions(asked) if rules.fractional else round_to_lots(asked)
    log.debug("whole shares: %s", _rounding(rules, rounded))
    notes = tuple(said for said in (note, _broken_off(rounded)) if said)
    taxes = tax_plan(problem, book, rounded.settled, holdings.tax or TaxRecord())
    return replace(_plan(problem, validated, book, rounded, _rounding(rules, rounded), notes, reasons or {}), taxes=taxes)


def can_trade(
    problem: Problem,
    holdings: Holdings,
    prices: Mapping[str, Decimal],
    rules: TradingRules,
    *,
    floor_after_fees: bool = False,
) -> bool:
    """Whether a plan for this problem is easily found, before anybody proposes the problem; True for fractional shares.

    Cheap: close to the continuous optimum only. Arguments and errors as for `make_plan`.
    """
    if rules.fractional and not problem.universe.units:
        return True
    form = assemble(problem)
    raw = solve(form)
    if raw.x is not None and isinstance(problem.objective, Expandable):
        problem = searchable(problem, raw.x[: problem.n])
        form = assemble(problem)
        raw = solve(form)
    if raw.x is None:
        return False
    book = open_book(problem, holdings, prices, rules, floor_after_fees=floor_after_fees)
    return has_lots(ToRound(problem, form, book, rules, Certified.of(form, raw, raw.x)))


def dearest_lot(problem: Problem, rules: TradingRules) -> float:
    """The weight of the dearest lot that may trade, a fraction of portfolio value; 0.0 for fractions or without prices."""
    if problem.prices is None or not problem.portfolio_value:
        return 0.0
    lots = np.array([_counted_lot(asset, rules) for asset in problem.universe.assets])
    return float((problem.prices * lots).max(initial=0.0)) / problem.portfolio_value


def _counted_lot(asset: Asset, rules: TradingRules) -> float:
    """Of what may trade and is counted in lots; else nothing."""
    step = step_of(asset, rules)
    return 0.0 if step.fine or not asset.tradable or asset.id == CASH else float(step.size)


def _check(rules: TradingRules) -> None:
    if rules.lot_size < 1:
        raise InvalidValue("trading.lot_size", rules.lot_size, "a lot is at least one share", fix="set trading.lot_size to 1")
    if not rules.min_trade_value >= 0:
        raise InvalidValue("trading.min_trade_value", rules.min_trade_value, "must not be negative", fix="set it to 0")


def _broken_off(rounded: Rounded) -> str:
    """A note where the search for better lots failed; what is proposed keeps every limit, its gap proved all the same."""
    if not rounded.failure or rounded.proved:
        return ""
    return (
        f"the search for better lots broke off ({rounded.failure}): the book proposed is proved to be within "
        f"{rounded.gap:.1e} of the best, relative to its objective"
    )


def _rounding(rules: TradingRules, rounded: Rounded) -> str:
    """How the shares were found, by name."""
    if rules.fractional:
        return "exact"
    if rounded.proved:
        return "mip"
    return "mip_open" if rounded.rounds else "nearest"


def _certified(form: StandardForm, validated: ValidatedSolution) -> Certified:
    """The optimum on all columns of the form."""
    raw = validated.solution.raw
    if raw is None or raw.x is None or len(raw.x) != form.n_columns:
        raw = solve(form)
    if raw.x is None:
        raise DataError("the certified weights do not belong to this problem", field="solution")
    return Certified.of(form, raw, raw.x)


def _plan(
    problem: Problem,
    validated: ValidatedSolution,
    book: Book,
    rounded: Rounded,
    rounding: str,
    notes: tuple[str, ...],
    reasons: Mapping[str, str],
) -> RebalancePlan:
    settled = rounded.settled
    orders = sorted(settled.orders, key=lambda order: (order.is_buy, -order.value, book.ids[order.i]))
    sign = 1.0 if problem.objective.sense == "maximize" else -1.0
    lost = sign * (problem.objective.value(validated.weights, problem) - problem.objective.value(settled.weights, problem))
    return RebalancePlan(
        portfolio_id=book.portfolio_id,
        currency=book.currency,
        value=book.value,
        cash_before=book.cash,
        cash_after=settled.cash_after,
        trades=tuple(_trade(book, settled, order, k + 1, reasons) for k, order in enumerate(orders)),
        lines=_lines(book, settled, validated.weights),
        buys_value=sum((o.value for o in orders if o.is_buy), NOTHING),
        sells_value=sum((o.value for o in orders if not o.is_buy), NOTHING),
        commission_total=sum((o.commission for o in orders), NOTHING),
        impact_total=sum((o.impact for o in orders), NOTHING),
        turnover=0.5 * float(abs(settled.weights - book.w_prev).sum()),
        before=figures(problem, book.w_prev),
        after=figures(problem, settled.weights),
        readings=readings(problem, settled),
        rounding=rounding,
        rounding_gap=lost,
        mip_gap=rounded.gap,
        cost_model=book.fees.model,
        notes=notes,
    )


def _trade(book: Book, settled: Settled, order: Order, priority: int, reasons: Mapping[str, str]) -> Trade:
    asset_id = book.ids[order.i]
    return Trade(
        asset_id=asset_id,
        side="buy" if order.is_buy else "sell",
        shares=abs(order.shares),
        price=book.prices[order.i],
        value=order.value,
        commission=order.commission,
        impact=order.impact,
        weight_before=float(book.w_prev[order.i]),
        weight_after=float(settled.weights[order.i]),
        priority=priority,
        reason=reasons.get(asset_id, ""),
    )


def _lines(book: Book, settled: Settled, target: Vector) -> tuple[PlanLine, ...]:
    """Every asset; cash is counted in money, one unit a share, after costs."""
    moved = {order.i: order.shares for order in settled.orders}
    lines = []
    for i, asset_id in enumerate(book.ids):
        cash = i == book.cash_position
        before = book.cash if cash else book.shares[i]
        after = settled.cash_after if cash else before + moved.get(i, NOTHING)
        weights = (float(book.w_prev[i]), float(target[i]), float(settled.weights[i]))
        lines.append(PlanLine(asset_id, before, after, book.prices[i], *weights))
    return tuple(lines)
