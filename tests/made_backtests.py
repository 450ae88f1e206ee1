"""Documents of backtests made from a seeded market by plain loops, for the page, the files and the displays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields
from datetime import date, timedelta
from typing import Any

import numpy as np

from portopt.domain.canonical import plain
from portopt.judgement.figures import figures
from portopt.judgement.rolling import rolling

NAMES = ("net", "gross", "benchmark", "do_nothing", "equal_weight")
COST_BPS = 12.0
CAPITAL = 1_000_000.0
WINDOW = 252


def made_backtest(
    assets: int = 8, sessions: int = 800, every: int = 21, *, prices: np.ndarray | None = None, **changes: Any
) -> dict[str, Any]:
    """A backtest of inverse-volatility weights, as its document. prices: (sessions, assets); None for a seeded market.

    changes: members put in place of those made.
    """
    prices = made_prices(assets, sessions) if prices is None else prices
    dates = made_dates(len(prices))
    ids = [f"S{i:02d}" for i in range(prices.shape[1])]
    days, rebalances, trades = _run(prices, dates, ids, every)
    document = {
        "kind": "backtest",
        "document_version": "1",
        "run_id": "bt-20200102-0123456789abcdef0123",
        "request": _request(every),
        "data": {
            "pricing_pack_id": "pack-" + "3f" * 10,
            "source": "a made market, seeded",
            "adjustment": "adjusted",
            "first": dates[0],
            "last": dates[-1],
            "sessions": len(dates),
            "assets": len(ids),
            "point_in_time": False,
            "findings": [
                {"kind": "gap", "asset_id": "S03", "date": "2020-07-06", "detail": "no price for 3 days",
                 "treatment": "accepted"},
                {"kind": "stale", "asset_id": "S05", "date": "2020-09-01", "detail": "the same close 11 days in a row",
                 "treatment": "accepted"},
                {"kind": "unadjusted_split", "asset_id": "S07", "date": "2020-08-31", "detail": "fell 66.7 % in a day",
                 "treatment": "quarantined"},
            ],
            "notes": ["2 rows without a price were left out"],
        },
        "execution": {"delay": 1, "fractional": False, "commission_bps": 2.0, "spread_bps": 10.0, "impact": 0.1},
        "summary": {name: _figures(days[name], dates, days["benchmark"]) for name in NAMES},
        "days": days,
        "monthly": _monthly(days, dates),
        "rolling": _rolling(days),
        "rebalances": rebalances,
        "trades": trades,
        "happenings": [
            {"date": dates[90], "kind": "dividend", "asset_id": "S01", "shares": 1200, "amount": 432.0,
             "sentence": "S01 paid $0.36 a share on 1,200 shares"},
            {"date": dates[400], "kind": "split", "asset_id": "S02", "shares": 800, "amount": 0.0,
             "sentence": "S02 split 3 for 1: 400 shares became 1,200"},
        ],
        "unfilled": [{"date": dates[45], "asset_id": "S04", "order_id": "o-3-4", "reason": "no price on the day of the fill"}],
        "costs": _costs(trades, days, len(dates)),
        "assets": [{"asset_id": i, "profit": round(40_000 * math.sin(k + 1), 2), "trades": len(rebalances)}
                   for k, i in enumerate(ids)],
        "attribution": None,
        "proof": {"holds": True, "seed": 1, "decisions": len(rebalances), "changed": [],
                  "how": "everything after each decision replaced by noise"},
        "warnings": [],
        "failed": [{"date": r["date"], "problem": r["problem"]} for r in rebalances if r["problem"]],
    }  # fmt: skip
    return dict(plain({**document, **changes}))


def made_prices(assets: int, sessions: int) -> np.ndarray:
    """(sessions, assets) of one factor, with a crash in the middle."""
    rng = np.random.default_rng(20200102)
    market = rng.normal(0.0005, 0.009, (sessions, 1))
    crash = sessions // 2
    market[crash : crash + 22] -= 0.018
    returns = market * rng.uniform(0.6, 1.4, assets) + rng.normal(0.0001, 0.011, (sessions, assets))
    return np.round(rng.uniform(20, 300, assets) * np.cumprod(1 + np.clip(returns, -0.5, 0.5), axis=0), 4)


def made_dates(count: int) -> list[str]:
    """Weekdays from the second of January 2020 on."""
    day, out = date(2020, 1, 2), []
    while len(out) < count:
        if day.weekday() < 5:
            out.append(day.isoformat())
        day += timedelta(days=1)
    return out


def _run(prices: np.ndarray, dates: list[str], ids: list[str], every: int) -> tuple[dict[str, Any], list[Any], list[Any]]:
    n, spread = prices.shape[1], COST_BPS / 1e4
    units, cash, gross = np.zeros(n), CAPITAL, CAPITAL
    equity, rebalances, trades, cash_weight, earned = [], [], [], [], []
    for t, p in enumerate(prices):
        value = cash + float(units @ p)
        gross *= 1.0 if t == 0 else (value / equity[-1])
        if t >= 60 and t % every == 0 and t + 1 < len(prices):
            row, made, units, cash = _rebalanced(prices[: t + 1], dates, ids, units, cash, spread)
            rebalances.append(row)
            trades += made
            gross *= 1.0 + float(row["cost"] or 0.0) / value
            value = cash + float(units @ p)
        equity.append(value)
        earned.append(gross)
        cash_weight.append(cash / value)
    peak = np.maximum.accumulate(equity)
    relative = prices / prices[0]
    days = {
        "date": dates,
        "net": [round(v, 2) for v in equity],
        "gross": [round(v, 2) for v in earned],
        "benchmark": (CAPITAL * relative[:, : max(n // 2, 1)].mean(axis=1)).round(2).tolist(),
        "do_nothing": (CAPITAL * relative[:, :2].mean(axis=1)).round(2).tolist(),
        "equal_weight": (CAPITAL * relative.mean(axis=1)).round(2).tolist(),
        "cash_weight": cash_weight,
        "drawdown": (np.array(equity) / peak - 1.0).tolist(),
    }
    return days, rebalances, trades


def _rebalanced(
    known: np.ndarray, dates: list[str], ids: list[str], units: np.ndarray, cash: float, spread: float
) -> tuple[dict[str, Any], list[dict[str, Any]], np.ndarray, float]:
    t, p = len(known) - 1, known[-1]
    row: dict[str, Any] = {"date": dates[t], "filled_on": dates[t + 1], "trigger": "monthly", "certificate": "audit"}
    if t % 5 == 3:
        problem = {"code": "infeasible", "title": "No portfolio keeps these limits", "detail": "max_turnover 5 % is too little"}
        none = {"weights": None, "target": None, "turnover": 0.0, "cost": 0.0, "orders": 0, "gap": None, "binding": []}
        return {**row, **none, "status": "failed", "problem": problem, "certificate": ""}, [], units, cash
    returns = np.diff(np.log(known[-61:]), axis=0)
    pull = 1.0 / np.maximum(returns.std(axis=0), 1e-4)
    target = np.minimum(0.97 * pull / pull.sum(), 0.25)
    value = cash + float(units @ p)
    wanted = np.floor(target * value / p)
    moved = wanted - units
    worth = np.abs(moved) * p
    cost = spread * float(worth.sum())
    side = {1: "buy", -1: "sell"}
    made = [
        {"order_id": f"o-{t}-{i}", "decided_on": dates[t], "date": dates[t + 1], "asset_id": ids[i],
         "side": side[int(np.sign(moved[i]))], "shares": float(abs(moved[i])), "price": float(p[i]),
         "value": round(float(worth[i]), 2), "commission": round(0.2 * spread * worth[i], 2),
         "spread": round(0.5 * spread * worth[i], 2), "impact": round(0.3 * spread * worth[i], 2), "profit": None}
        for i in np.flatnonzero(moved)
    ]  # fmt: skip
    left = cash - float(moved @ p) - cost
    held = wanted * p / (value - cost)
    binding = [
        {"limit": f"max_weight {ids[i]}", "price": 0.002 + 0.01 * float(target[i])} for i in np.argsort(-target)[: 1 + t % 3]
    ]
    weights = {**dict(zip(ids, held.tolist(), strict=True)), "CASH": 1.0 - float(held.sum())}
    aim = {**dict(zip(ids, target.tolist(), strict=True)), "CASH": 1.0 - float(target.sum())}
    row |= {
        "status": "decided",
        "weights": weights,
        "target": aim,
        "turnover": float(worth.sum()) / value / 2,
        "cost": round(cost, 2),
    }
    row |= {"orders": len(made), "gap": 1.2e-5, "binding": binding, "problem": None}
    return row, made, wanted, left


def _figures(equity: Sequence[float], dates: list[str], benchmark: Sequence[float]) -> dict[str, Any]:
    found = figures(equity, [date.fromisoformat(day) for day in dates], risk_free=0.01, benchmark=benchmark)
    return dict(plain(found))


def _monthly(days: dict[str, Any], dates: list[str]) -> list[dict[str, Any]]:
    last: dict[str, int] = {day[:7]: t for t, day in enumerate(dates)}
    rows, before = [], 0
    for month, t in last.items():
        row: dict[str, Any] = {"year": int(month[:4]), "month": int(month[5:])}
        for name in ("net", "benchmark"):
            row[name] = days[name][t] / days[name][before] - 1.0
        rows.append(row)
        before = t
    return rows


def _rolling(days: dict[str, Any]) -> dict[str, Any]:
    value = np.array(days["net"])
    returns = value[1:] / value[:-1] - 1.0
    if len(returns) < WINDOW:
        return {}
    found = rolling(returns, WINDOW, benchmark=np.diff(days["benchmark"]) / np.array(days["benchmark"][:-1]))
    return {each.name: plain(getattr(found, each.name)) for each in fields(found)}


def _costs(trades: list[dict[str, Any]], days: dict[str, Any], sessions: int) -> dict[str, Any]:
    parts = {name: round(sum(t[name] for t in trades), 2) for name in ("commission", "spread", "impact")}
    total = round(sum(parts.values()), 2)
    mean = float(np.mean(days["net"]))
    return {**parts, "borrow": 0.0, "total": total, "bps_a_year": 1e4 * total / mean / (sessions / 252.0)}


def _request(every: int) -> dict[str, Any]:
    return {
        "policy": {"id": "calm", "name": "Calm growth", "objective": {"kind": "inverse_volatility"},
                   "limits": {"max_weight": 0.25, "max_turnover": 0.5}},
        "capital": "1000000.00",
        "currency": "USD",
        "rebalance": [{"every": every}],
        "rounding": "nearest",
        "seed": 1,
    }  # fmt: skip
