"""Reasons where whole shares go another way than the optimum: what the book itself allowed, limit by limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from portopt.analysis.situation import MOVED, NOTHING
from portopt.domain.arrays import Vector
from portopt.domain.explanation import Explanation, TradeReason
from portopt.domain.plan import PlanLine, RebalancePlan
from portopt.domain.problem import Problem
from portopt.domain.request import TradingRules
from portopt.domain.steps import step_in, step_of
from portopt.domain.universe import CASH

BROKEN = 1e-9  # of a limit's own unit; a smaller violation is arithmetic


def settled(explanation: Explanation, plan: RebalancePlan, problem: Problem, rules: TradingRules | None = None) -> Explanation:
    """The same reasons where the orders go the optimum's way; where whole shares go another, that is said instead.

    rules: of trading, which say what an order is at least.
    """
    orders = {trade.asset_id: trade.side for trade in plan.trades}
    lines = {line.asset_id: line for line in plan.lines}
    after = problem.universe.vector({a: line.weight_after for a, line in lines.items()})
    book = _Book(problem, after, TradingRules() if rules is None else rules)

    def said(reason: TradeReason) -> TradeReason:
        line, side = lines.get(reason.asset_id), orders.get(reason.asset_id)
        if line is None or line.asset_id == CASH:
            return reason
        move = line.target_weight - line.weight_before
        if side is None and abs(move) > MOVED:
            return replace(reason, sentence=_kept(book, reason, line, move))
        if side is not None and (move if side == "buy" else -move) <= MOVED:
            return replace(reason, sentence=_evened(book, reason, line, side))
        if side == "sell" and book.only_raises and line.weight_after < line.target_weight - book.lot(line.asset_id):
            return replace(reason, sentence=_raised(line, move))
        return reason

    return replace(explanation, reasons=tuple(said(reason) for reason in explanation.reasons))


@dataclass(frozen=True, slots=True, eq=False)
class _Book:
    """The book after its orders, w (n,)."""

    problem: Problem
    w: Vector
    rules: TradingRules

    @property
    def only_raises(self) -> bool:
        """Whether money has to be raised for an objective that seeks no trade for its own sake."""
        at, p = self.problem.universe.cash_position, self.problem
        return bool(p.objective.left_alone) and at is not None and float(p.previous()[at]) < -NOTHING

    def stops(self, asset_id: str, by: float, pulls: Mapping[str, float]) -> str:
        """What one more order of that size, a signed fraction, would break: a limit by its name, "cash", or ""; of several
        limits the one that pulls hardest at the asset."""
        there, at = self.moved(asset_id, by), self.problem.universe.cash_position
        hard = [limit for limit in self.problem.limits if not (limit.soft or limit.structural)]
        p = self.problem
        broken = [limit for limit in hard if limit.read(there, p).worst() > limit.read(self.w, p).worst() + BROKEN]
        if broken:
            return max(broken, key=lambda limit: abs(pulls.get(limit.kind, 0.0))).stops
        return "cash" if at is not None and there[at] < min(0.0, float(self.w[at])) - BROKEN else ""

    def moved(self, asset_id: str, by: float) -> Vector:
        """(n,) after one more order of that size, paid from cash."""
        there, at = self.w.copy(), self.problem.universe.cash_position
        there[self.problem.universe.positions[asset_id]] += by
        if at is not None:
            there[at] -= by
        return there

    def costs_more_than_it_adds(self, asset_id: str, by: float) -> bool:
        """Whether the flat fee of an order is more than the order adds to the objective, where both have one unit."""
        p = self.problem
        fee = sum(float(cost.tariff(p).per_trade) for cost in p.costs)
        if fee <= 0.0 or not (p.objective.charges_costs and p.portfolio_value):
            return False
        better = 1.0 if p.objective.sense == "maximize" else -1.0
        adds = better * (p.objective.value(self.moved(asset_id, by), p) - p.objective.value(self.w, p))
        paid = fee / p.portfolio_value / p.holding_period_years
        return adds < (paid / max(p.objective.volatility(self.w, p), NOTHING) if p.objective.unit == "ratio" else paid)

    def lot(self, asset_id: str) -> float:
        """The weight of the least that may be traded of it, as far as lots go."""
        p, i = self.problem, self.problem.universe.positions[asset_id]
        step = step_of(p.universe.assets[i], self.rules)
        if step.fine or p.prices is None or not p.portfolio_value:
            return 0.0
        return float(p.prices[i]) * float(step.size) / p.portfolio_value

    def order(self, asset_id: str, move: float) -> float:
        """The least order in that direction: the move itself, or one lot where that is more."""
        return max(abs(move), self.lot(asset_id)) * (1.0 if move > 0.0 else -1.0)

    def too_small(self, line: PlanLine, move: float) -> str:
        """Why an order of that size is none: less than a lot, or than the least order; "" where it could be made."""
        step = step_in(self.problem.universe, line.asset_id, self.rules)
        if abs(move) < self.lot(line.asset_id) and step.own:
            return f"less than a step of {step.size:,f}"
        if abs(move) < self.lot(line.asset_id):
            return "less than one share" if self.rules.lot_size == 1 else f"less than a lot of {self.rules.lot_size} shares"
        value = abs(move) * (self.problem.portfolio_value or 0.0)
        sells_all = move < 0.0 and abs(line.target_weight) < NOTHING
        least = self.rules.min_trade_value
        return "" if sells_all or value >= least else f"less than the least order, {least:.2f}"


def _kept(book: _Book, reason: TradeReason, line: PlanLine, move: float) -> str:
    stops = book.stops(line.asset_id, book.order(line.asset_id, move), reason.pulls)
    wanted = f"the {_small(100 * abs(move))} % that it should move"
    if stops == "cash":
        return f"Kept: no cash is left for {wanted}"
    if stops:
        return f"Kept: {stops} leaves no room for {wanted}"
    small = book.too_small(line, move)
    if small:
        return f"Kept: {wanted} is {small}"
    if book.costs_more_than_it_adds(line.asset_id, move):
        return f"Kept: {wanted} is worth less than the fee of an order"
    return f"Kept: {wanted} is made up for by whole shares of the others"


def _evened(book: _Book, reason: TradeReason, line: PlanLine, side: str) -> str:
    verb = "Bought" if side == "buy" else "Sold"
    stops = book.stops(line.asset_id, line.weight_before - line.weight_after, reason.pulls)
    if stops == "cash":
        return f"{verb}: it raises the cash that whole shares of the others need"
    if stops:
        return f"{verb}: without it {stops} would not hold in whole shares"
    return f"{verb}: it evens out what whole shares of the others leave over"


def _raised(line: PlanLine, move: float) -> str:
    """More of it goes than the optimum sells: what decides among whole shares is how little is traded."""
    alone = f"in parts of shares {_small(-100 * move)} % of it would go, and others with it"
    return f"Sold: whole shares of it raise the money with the least trading; {alone}"


def _small(percent: float) -> str:
    """Two decimals, and of less than a tenth two digits."""
    return f"{percent:.2f}" if percent >= 0.1 else f"{float(f'{percent:.2g}'):.4g}"
