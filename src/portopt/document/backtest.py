"""A backtest as data: every figure, canonical, and no clock in it. The same question on the same prices is the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from portopt.dialects.backtests import backtest_to_data
from portopt.document.backtest_taxes import taxes_of
from portopt.document.by_period import drawdown_of, monthly, moving, yearly
from portopt.document.failures import failures_of
from portopt.domain.arrays import Vector
from portopt.domain.backtest import BORROW_FEE, FRACTION, Backtested, Decision, Fill, Happening
from portopt.domain.backtest_found import BacktestData, BacktestFound, Sweep
from portopt.domain.canonical import plain
from portopt.domain.universe import CASH
from portopt.judgement.figures import figures

VERSION = "1"


def backtest_document(found: BacktestFound, run_id: str) -> dict[str, Any]:
    """The document as REST, the report and `--json` have it. Money in the currency's unit, weights and returns as fractions."""
    run, days, flows = found.run, days_of(found), _flows(found)
    failed = [_failed(d, run) for d in run.decisions if d.problem]
    return {
        "kind": "backtest",
        "document_version": VERSION,
        "run_id": run_id,
        "request": request_of(found),
        "question": question_of(found),
        "data": data_of(found.data, len(run.dates)),
        "execution": {**plain(found.request.execution), "printed": _printed(found)},
        "summary": summaries(days, found, flows),
        "days": days,
        "monthly": monthly(days, flows),
        "yearly": yearly(days, flows),
        "rolling": moving(days, found.request.policy.risk_free_rate, flows),
        "rebalances": [_rebalance(d, run, costs) for d, costs in _with_costs(run)],
        "trades": [_trade(f, run, fractional=found.request.execution.fractional) for f in run.fills],
        "happenings": [_happening(h, run, fractional=found.request.execution.fractional) for h in run.happenings],
        "unfilled": [_unfilled(order_id, why, run) for order_id, why in run.unfilled],
        "costs": costs_of(run),
        "assets": _assets(found),
        "attribution": plain(found.attribution),
        "sweep": None if found.sweep is None else sweep_of(found.sweep),
        "proof": None if found.proof is None else plain(found.proof),
        "warnings": list(run.warnings),
        "failed": failed,
        "failures": failures_of(failed),
        **taxes_of(found.taxes, Decimal(int(run.equity[-1])) / 100),
    }


def request_of(found: BacktestFound) -> dict[str, Any]:
    """What was asked, without the lists that stand elsewhere in full."""
    asked = plain(found.request)
    asked.pop("execution")
    asked["universe"] = [a["id"] for a in asked["universe"]["assets"]]
    for name in ("actions", "members"):
        asked[name] = len(asked[name])
    return dict(asked)


def question_of(found: BacktestFound) -> dict[str, Any] | None:
    """The whole question, so that whoever has the prices can do the proof again; None where there is none to do.

    Actions and memberships are counted: they are files of their own.
    """
    asked = found.request
    if found.proof is None or not found.proof.of_policy:
        return None
    rest = replace(asked, actions=(), members=())
    counts = {"actions": len(asked.actions), "members": len(asked.members)}
    return {"request": backtest_to_data(rest), "path": found.path, **counts}


def data_of(data: BacktestData, sessions: int) -> dict[str, Any]:
    kept = ("kind", "asset_id", "date", "detail", "treatment")
    findings = [{name: row[name] for name in kept} for row in plain(data.findings)]
    return {**plain(data), "sessions": sessions, "findings": findings}


def days_of(found: BacktestFound) -> dict[str, Any]:
    """Equity in money at each close, by whose it is; drawdown and cash as fractions."""
    run = found.run
    net = run.equity / 100.0
    return {
        "date": [str(day) for day in run.dates.astype("datetime64[D]")],
        "net": net.tolist(),
        "gross": _money(run.gross),
        "benchmark": None if found.benchmark is None else _money(found.benchmark),
        "do_nothing": _money(found.do_nothing),
        "equal_weight": _money(found.equal_weight),
        "cash_weight": np.divide(run.cash, run.equity, out=np.ones(len(net)), where=run.equity > 0).tolist(),
        "drawdown": drawdown_of(net, _flows(found)),
    }


def summaries(days: Mapping[str, Any], found: BacktestFound, flows: Vector) -> dict[str, Any]:
    """The same figures of each of them; None where there is no such history, or it lost everything."""
    named = ("net", "gross", "benchmark", "do_nothing", "equal_weight")
    return {name: _figures(days, name, found.request.policy.risk_free_rate, flows) for name in named}


def _figures(days: Mapping[str, Any], name: str, risk_free: float, flows: Vector) -> dict[str, Any] | None:
    equity, benchmark = days[name], days["benchmark"]
    if equity is None or min(equity) <= 0.0:
        return None
    dates = [date.fromisoformat(day) for day in days["date"]]
    against = None if benchmark is None or flows.any() else benchmark
    return dict(plain(figures(equity, dates, risk_free=risk_free, benchmark=against, flows=flows if flows.any() else None)))


def costs_of(run: Backtested) -> dict[str, Any]:
    """Money by kind; a year of it in basis points of the average equity."""
    parts = {name: sum(getattr(f, name) for f in run.fills) / 100.0 for name in ("commission", "spread", "impact")}
    parts["borrow"] = -sum(h.cents for h in run.happenings if h.kind == BORROW_FEE) / 100.0
    total = round(sum(parts.values()), 2)
    years, average = max(len(run.dates) - 1, 1) / 252.0, float(run.equity.mean()) / 100.0
    return {**parts, "total": total, "bps_a_year": 1e4 * total / average / years if average > 0.0 else None}


def sweep_of(sweep: Sweep) -> dict[str, Any]:
    """annual_return: a row for each delay, a column for each cost."""
    return dict(plain(sweep))


def _rebalance(d: Decision, run: Backtested, costs: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "date": run.date_of(d.day).isoformat(),
        "filled_on": None if d.filled_on is None else run.date_of(d.filled_on).isoformat(),
        "trigger": d.trigger,
        "status": d.status,
        "weights": _by_id(d.weights, run.ids),
        "target": _by_id(d.target, run.ids),
        "turnover": d.turnover,
        **costs,
        "gap": d.gap,
        "binding": [{"limit": limit, "price": price} for limit, price in d.binding],
        "problem": None if d.problem is None else plain(d.problem),
        "certificate": d.certificate,
        "notes": list(d.notes),
    }


def _failed(d: Decision, run: Backtested) -> dict[str, Any]:
    return {"date": run.date_of(d.day).isoformat(), "problem": plain(d.problem), "notes": list(d.notes)}


def _with_costs(run: Backtested) -> list[tuple[Decision, dict[str, Any]]]:
    """Each decision with what its orders cost and how many of them were filled, wholly or in part."""
    cents: dict[int, int] = {}
    orders: dict[int, set[str]] = {}
    for f in run.fills:
        cents[f.decided] = cents.get(f.decided, 0) + f.cost
        orders.setdefault(f.decided, set()).add(f.order_id)
    return [(d, {"cost": cents.get(d.day, 0) / 100.0, "orders": len(orders.get(d.day, ()))}) for d in run.decisions]


def _by_id(weights: Vector | None, ids: Sequence[str]) -> dict[str, float] | None:
    """Weights (n + 1,) by asset, those of nothing left out; cash always."""
    if weights is None:
        return None
    held = {ids[i]: float(weights[i]) for i in np.flatnonzero(weights[:-1]).tolist()}
    return {**held, CASH: float(weights[-1])}


def _trade(f: Fill, run: Backtested, *, fractional: bool) -> dict[str, Any]:
    return {
        "order_id": f.order_id,
        "decided_on": run.date_of(f.decided).isoformat(),
        "date": run.date_of(f.day).isoformat(),
        "asset_id": run.ids[f.asset],
        "side": "buy" if f.units > 0 else "sell",
        "shares": _shares(abs(f.units), fractional),
        "price": float(f.price),
        **{name: getattr(f, name) / 100.0 for name in ("value", "commission", "spread", "impact", "profit")},
    }


def _happening(h: Happening, run: Backtested, *, fractional: bool) -> dict[str, Any]:
    return {
        "date": run.date_of(h.day).isoformat(),
        "kind": h.kind,
        "asset_id": None if h.asset is None else run.ids[h.asset],
        "shares": _shares(h.units, fractional),
        "amount": h.cents / 100.0,
        "sentence": h.sentence,
    }


def _unfilled(order_id: str, why: str, run: Backtested) -> dict[str, Any]:
    decided, asset = (int(part) for part in order_id.split("-"))
    return {"date": run.date_of(decided).isoformat(), "asset_id": run.ids[asset], "order_id": order_id, "reason": why}


def _assets(found: BacktestFound) -> list[dict[str, Any]]:
    """What each asset earned, after the costs of its trades; the profits and the interest add up to the change of equity."""
    run, p = found.run, found.profits
    trades = np.zeros(len(run.ids), dtype=np.int64)
    np.add.at(trades, [f.asset for f in run.fills], 1)
    touched = np.flatnonzero((trades > 0) | (p.by_asset != 0)).tolist()
    return [
        {"asset_id": run.ids[i], "profit": int(p.by_asset[i]) / 100.0, "dividends": int(p.dividends[i]) / 100.0,
         "costs": int(p.costs[i]) / 100.0, "trades": int(trades[i])}
        for i in touched
    ]  # fmt: skip


def _printed(found: BacktestFound) -> list[str]:
    """How orders become fills, in sentences, for whoever reads nothing else."""
    e = found.request.execution
    if e.delay == 0:
        said = ["Orders are filled at the very close that the decision saw (delay 0): nobody can trade like that"]
    else:
        said = [f"Decided at a close, filled at the close {e.delay} session{'s' if e.delay > 1 else ''} later"]
    said.append("Fractions of shares are held" if e.fractional else "Whole shares alone are held")
    said += [f"At most {e.participation:.0%} of a day's volume is filled"] if e.participation is not None else []
    return [*said, *found.notes]


def _flows(found: BacktestFound) -> Vector:
    """(T,) money in or out on each day."""
    flows = np.zeros(len(found.run.dates))
    for h in found.run.happenings:
        if h.kind == "cash_flow":
            flows[h.day - found.run.first] += h.cents / 100.0
    return flows


def _shares(units: int, fractional: bool) -> float | int:
    return float(Decimal(units) / FRACTION) if fractional else units


def _money(cents: Vector) -> list[float]:
    return [float(amount) for amount in np.round(np.asarray(cents, dtype=np.float64) / 100.0, 2)]
