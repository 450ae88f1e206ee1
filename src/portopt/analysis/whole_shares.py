"""Reasons where whole shares go another way than the optimum: what the book itself allowed, limit by limit."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from portopt.analysis.situation import MOVED
from portopt.domain.arrays import Vector
from portopt.domain.explanation import Explanation, TradeReason
from portopt.domain.plan import PlanLine, RebalancePlan
from portopt.domain.problem import Problem
from portopt.domain.universe import CASH

BROKEN = 1e-9  # of a limit's own unit; a smaller violation is arithmetic


def settled(explanation: Explanation, plan: RebalancePlan, problem: Problem) -> Explanation:
    """The same reasons where the orders go the optimum's way; where whole shares go another, that is said instead."""
    orders = {trade.asset_id: trade.side for trade in plan.trades}
    lines = {line.asset_id: line for line in plan.lines}
    book = _Book(problem, problem.universe.vector({a: line.weight_after for a, line in lines.items()}))

    def said(reason: TradeReason) -> TradeReason:
        line, side = lines.get(reason.asset_id), orders.get(reason.asset_id)
        if line is None or line.asset_id == CASH:
            return reason
        move = line.target_weight - line.weight_before
        if side is None and abs(move) > MOVED:
            return replace(reason, sentence=_kept(book, reason, line, move))
        if side is not None and (move if side == "buy" else -move) <= MOVED:
            return replace(reason, sentence=_evened(book, reason, line, side))
        return reason

    return replace(explanation, reasons=tuple(said(reason) for reason in explanation.reasons))


@dataclass(frozen=True, slots=True, eq=False)
class _Book:
    """The book after its orders, w (n,)."""

    problem: Problem
    w: Vector

    def stops(self, asset_id: str, by: float, pulls: Mapping[str, float], among: Collection[str]) -> str:
        """What one more order of that size, a signed fraction, would break: a limit among those kinds by its name, "cash", or
        ""; of several limits the one that pulls hardest at the asset."""
        there = self.w.copy()
        there[self.problem.universe.positions[asset_id]] += by
        at = self.problem.universe.cash_position
        if at is not None:
            there[at] -= by
        hard = [limit for limit in self.problem.limits if limit.kind in among and not (limit.soft or limit.structural)]
        p = self.problem
        broken = [limit for limit in hard if limit.read(there, p).worst() > limit.read(self.w, p).worst() + BROKEN]
        if broken:
            return max(broken, key=lambda limit: abs(pulls.get(limit.kind, 0.0))).stops
        return "cash" if at is not None and there[at] < min(0.0, float(self.w[at])) - BROKEN else ""

    def order(self, asset_id: str, move: float) -> float:
        """The least order in that direction: the move itself, or one share where that is more."""
        p, i = self.problem, self.problem.universe.positions[asset_id]
        share = 0.0 if p.prices is None or not p.portfolio_value else float(p.prices[i]) / p.portfolio_value
        return max(abs(move), share) * (1.0 if move > 0.0 else -1.0)


def _kept(book: _Book, reason: TradeReason, line: PlanLine, move: float) -> str:
    stops = book.stops(line.asset_id, book.order(line.asset_id, move), reason.pulls, reason.limits)
    wanted = f"the {100 * abs(move):.2f} % that it should move"
    if stops == "cash":
        return f"Kept: no cash is left for {wanted}"
    return f"Kept: {stops} leaves no room for {wanted}" if stops else f"Kept: {wanted} is not worth an order"


def _evened(book: _Book, reason: TradeReason, line: PlanLine, side: str) -> str:
    verb = "Bought" if side == "buy" else "Sold"
    every = [limit.kind for limit in book.problem.limits]
    stops = book.stops(line.asset_id, line.weight_before - line.weight_after, reason.pulls, every)
    if stops == "cash":
        return f"{verb}: it raises the cash that whole shares of the others need"
    if stops:
        return f"{verb}: without it {stops} would not hold in whole shares"
    return f"{verb}: it evens out what whole shares of the others leave over"
