"""What to do and what it does to the book: headline, figures before and after, every asset, every trade."""

from __future__ import annotations

from typing import Any

import numpy as np

from portopt.analysis.errors import FigureError, FigureErrors
from portopt.document import units
from portopt.document.settlement import settled
from portopt.document.units import cents, price_text
from portopt.domain.arrays import Vector
from portopt.domain.outcome import RebalanceOutcome
from portopt.domain.plan import Figures, PlanLine, RebalancePlan, Trade
from portopt.domain.request import RebalanceRequest
from portopt.domain.universe import Asset, Universe

MOST_LINES = 3_200  # of a proposal: what is held, aimed at or ordered, and then as many candidates as there is room for
FIGURES = {
    "expected_return": ("Expected return", "return"),
    "volatility": ("Volatility", "volatility"),
    "sharpe_ratio": ("Sharpe ratio", "ratio"),
    "tracking_error": ("Tracking error", "tracking_error"),
    "information_ratio": ("Information ratio, ex ante", "ratio"),
    "max_drawdown_in_sample": ("Deepest drawdown, in-sample", "fraction"),
    "positions": ("Positions", "count"),
    "cash_weight": ("Cash", "fraction"),
}


def headline(plan: RebalancePlan) -> dict[str, Any]:
    """The figures a desk asks for first."""
    value, cost = float(plan.value), float(plan.total_cost)
    return {
        "portfolio_value": cents(plan.value),
        "trades": len(plan.trades),
        "buys": sum(trade.side == "buy" for trade in plan.trades),
        "sells": sum(trade.side == "sell" for trade in plan.trades),
        "turnover": plan.turnover,
        "buys_value": cents(plan.buys_value),
        "sells_value": cents(plan.sells_value),
        "gross_value": cents(plan.gross),
        "commission": cents(plan.commission_total),
        "impact": cents(plan.impact_total),
        "total_cost": cents(plan.total_cost),
        "cost_bps": 1e4 * cost / value,
        "cost_bps_of_gross": 1e4 * cost / float(plan.gross) if plan.gross else None,
        "cash_before": cents(plan.cash_before),
        "cash_after": cents(plan.cash_after),
        "cost_model": plan.cost_model,
    }


def money_moved(request: RebalanceRequest) -> dict[str, Any]:
    """What came in or left beside the trades; nothing where nothing did. Every figure of the book is after it."""
    flow, held = request.cash_flow, request.holdings
    if flow is None:
        return {}
    return {
        "cash_flow": {
            "kind": "withdrawal" if flow.is_withdrawal else "deposit",
            "amount": cents(flow.amount),
            "by": None if flow.by is None else flow.by.isoformat(),
            "rebalance": not flow.only_raises,
            "cash_held": cents(held.cash),
            "sentence": f"after {flow.in_words(held.currency)}",
        }
    }


def figures(before: Figures, after: Figures, errors: FigureErrors | None = None) -> list[dict[str, Any]]:
    """The book in figures, now and as proposed; `change` is after minus before.

    *_error: standard errors, null where there is none to tell; *_within: as many of them as it takes to be that close to the
    truth at the confidence that `errors` of the document names. is_clear: whether the change is more than luck may show, at
    that confidence; null where the change has no error.
    """
    rows = []
    for name, (label, unit) in FIGURES.items():
        old, new = getattr(before, name), getattr(after, name)
        change = None if old is None or new is None else new - old
        row = {"name": name, "label": label, "unit": unit, "before": old, "after": new, "change": change}
        rows.append({**row, **_error_of(name, change, errors)})
    return rows


def _error_of(name: str, change: float | None, errors: FigureErrors | None) -> dict[str, Any]:
    found = FigureError(None, None, None) if errors is None else errors.by_name.get(name, FigureError(None, None, None))
    told = {"before": found.before, "after": found.after, "change": found.change}
    out: dict[str, Any] = {f"{side}_error": error for side, error in told.items()}
    if errors is None:
        return {**out, **{f"{side}_within": None for side in told}, "is_clear": None}
    out |= {f"{side}_within": None if error is None else errors.quantile * error for side, error in told.items()}
    clear = None if change is None or found.change is None else abs(change) > errors.clear_beyond[name] * found.change
    return {**out, "is_clear": clear}


def errors_document(errors: FigureErrors | None) -> dict[str, Any] | None:
    """What the errors of the figures are, and how they were drawn; null where there is no history to draw from."""
    if errors is None:
        return None
    return {
        "confidence": errors.confidence,
        "standard_errors": errors.quantile,
        "clear_beyond": dict(errors.clear_beyond),
        "of": list(errors.of),
        "method": "stationary bootstrap",
        "periods": errors.periods,
        "block": errors.block,
        "draws": errors.draws,
        "seed": errors.seed,
    }


def proposal(outcome: RebalanceOutcome) -> list[dict[str, Any]]:
    """One line for every asset of the book or the target, the largest proposed weight first, cash last.

    Of thousands of candidates that stay out, those of the largest benchmark weight (see MOST_LINES).
    """
    universe = outcome.problem.universe
    trades = {trade.asset_id: trade for trade in outcome.plan.trades}
    reasons = {reason.asset_id: reason for reason in outcome.explanation.reasons}
    lines = sorted(_told(outcome), key=lambda line: (_is_cash(line, universe), -line.weight_after, line.asset_id))
    rows = []
    for line in lines:
        trade, reason = trades.get(line.asset_id), reasons.get(line.asset_id)
        why = trade.reason if trade and trade.reason else reason.sentence if reason else ""
        rows.append(
            {
                **_described(_asset(line.asset_id, universe)),
                "shares_before": float(line.shares_before),
                "shares_after": float(line.shares_after),
                "shares_change": float(line.shares_after - line.shares_before),
                "price": price_text(units.quoted(line.price, universe, line.asset_id)),
                **units.told(universe, line.asset_id),
                "weight_before": line.weight_before,
                "target_weight": line.target_weight,
                "weight_after": line.weight_after,
                "weight_change": line.weight_after - line.weight_before,
                "benchmark_weight": _benchmark(outcome, line.asset_id),
                **_order(trade),
                "why": why,
                "limits": list(reason.limits) if reason else [],
                "pulls": dict(reason.pulls) if reason else {},
            }
        )
    return rows


def _told(outcome: RebalanceOutcome) -> list[PlanLine]:
    lines = outcome.plan.lines
    if len(lines) <= MOST_LINES:
        return list(lines)
    ordered = {trade.asset_id for trade in outcome.plan.trades}
    concerned = [line for line in lines if line.asset_id in ordered or _weighs(line)]
    passed_by = [line for line in lines if not (line.asset_id in ordered or _weighs(line))]
    passed_by.sort(key=lambda line: (-(_benchmark(outcome, line.asset_id) or 0.0), line.asset_id))
    return concerned + passed_by[: max(MOST_LINES - len(concerned), 0)]


def _weighs(line: PlanLine) -> bool:
    return any((line.shares_before, line.shares_after, line.weight_before, line.target_weight, line.weight_after))


def trades(outcome: RebalanceOutcome) -> list[dict[str, Any]]:
    """The orders, in the order they should go: sells first, so that the money is there."""
    universe = outcome.problem.universe
    sentences = {reason.asset_id: reason.sentence for reason in outcome.explanation.reasons}
    return [
        {
            "priority": trade.priority,
            "asset_id": trade.asset_id,
            "name": _asset(trade.asset_id, universe).name,
            "sector": _asset(trade.asset_id, universe).sector,
            **_order(trade),
            "shares": float(trade.shares),
            "price": price_text(units.quoted(trade.price, universe, trade.asset_id)),
            **units.paid(trade, universe),
            **settled(trade, outcome),
            "weight_before": trade.weight_before,
            "weight_after": trade.weight_after,
            "why": trade.reason or sentences.get(trade.asset_id, ""),
        }
        for trade in sorted(outcome.plan.trades, key=lambda trade: (trade.priority, trade.asset_id))
    ]


def weights_of(plan: RebalancePlan, universe: Universe, name: str) -> Vector:
    """(n,) one column of the plan's lines in the universe's order; 0.0 for an asset without a line."""
    w = np.zeros(len(universe))
    for line in plan.lines:
        if line.asset_id in universe.positions:
            w[universe.positions[line.asset_id]] = getattr(line, name)
    return w


def _order(trade: Trade | None) -> dict[str, Any]:
    """The order's side and money; nulls for an asset that is kept."""
    if trade is None:
        return {"side": None, "value": None, "commission": None, "impact": None, "cost": None}
    return {
        "side": trade.side,
        "value": cents(trade.value),
        "commission": cents(trade.commission),
        "impact": cents(trade.impact),
        "cost": cents(trade.cost),
    }


def _asset(asset_id: str, universe: Universe) -> Asset:
    return universe.assets[universe.positions[asset_id]] if asset_id in universe.positions else Asset(asset_id)


def _described(asset: Asset) -> dict[str, Any]:
    return {
        "asset_id": asset.id,
        "name": asset.name,
        "sector": asset.sector,
        "asset_class": asset.asset_class,
        "quality_score": asset.quality_score,
        "esg_score": asset.esg_score,
        "tradable": asset.tradable,
    }


def _benchmark(outcome: RebalanceOutcome, asset_id: str) -> float | None:
    benchmark, positions = outcome.problem.benchmark, outcome.problem.universe.positions
    return None if benchmark is None or asset_id not in positions else float(benchmark[positions[asset_id]])


def _is_cash(line: PlanLine, universe: Universe) -> bool:
    return line.asset_id in universe.positions and universe.positions[line.asset_id] == universe.cash_position
