"""A market on which every limit of the catalog can bind and every objective has an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from portopt.domain.problem import Problem
from portopt.domain.request import EstimationChoice, OptimizationRequest
from portopt.doors import notebook
from portopt.formulation import as_asked
from portopt.terms.catalog import LIMITS

IDS = ("AAPL", "XOM", "JNJ", "MSFT", "BOND", "GOLD", "KO")
SECTORS = ("Technology", "Energy", "Health", "Technology", "Rates", "Metals", "Staples")
CLASSES = ("Equity", "Equity", "Equity", "Equity", "Bond", "Commodity", "Equity")
SCORES = (9.2, 4.5, 9.0, 7.0, 6.5, 8.0, 7.5)
BOOK = (0.20, 0.10, 0.15, 0.20, 0.15, 0.10, 0.10)
INDEX = (0.20, 0.15, 0.15, 0.15, 0.15, 0.10, 0.10)
DAYS = 160

# A value that this market can keep and that presses under some objective; the catalog's example where there is none here.
TIGHT: dict[str, Any] = {
    "max_weight": 0.22,
    "sector_limits": 0.25,
    "asset_class_limits": {"Equity": 0.6, "Bond": [0.1, 0.4]},
    "max_turnover": 0.1,
    "leverage_limit": 1.0,
    "max_tracking_error": 0.04,
    "max_volatility": 0.11,
    "max_risk": {"cvar": {"limit": 0.016, "confidence": 0.95}},
    "exposure_limits": {"beta": [None, 1.1], "duration": [1.6, None]},
    "active_exposure_limits": {"beta": 0.02},
    "factor_risk_limits": {"F1": 0.15, "F2": 0.04},
    "max_systematic_volatility": 0.15,
    "max_specific_volatility": 0.08,
    "min_return": 0.09,
    "axis_bounds": {"esg": 8.2},
    "min_esg": {"score": 8.2},
    "cash": {"min": 0.05, "max": 0.1},
    "custom": {"near the book": "norm2(w - w_prev) <= 0.1"},
    "exclusions": ["BOND", "JNJ", "AAPL"],
    "max_cost": 0.0001,
    "liquidity": {"participation": 0.05, "days": 0.5},
    "days_to_liquidate": {"participation": 0.1, "days": 0.7},
    "concentration": {"hhi": 0.16},
    "model_bands": {"weights": {"AAPL": {"target": 0.1, "band": 0.02}}, "others": "free"},
    "top_k": {"k": 3, "weight": 0.5},
    "round_lots": {"lot": 100},
    "min_position": 0.12,
    "ucits_5_10_40": {"single": 0.25, "large": 0.1, "total": 0.6},
}
# Whole lots never add up to everything; where nothing is bought, or nothing sold, money has to come from cash or go there.
BESIDE: dict[str, dict[str, Any]] = {
    "round_lots": {"cash": {"max": 0.1}},
    "buy_only": {"cash": {"max": 0.5}},
    "sell_only": {"cash": {"max": 0.5}},
}
LIMITS_THAT_BIND: dict[str, dict[str, Any]] = {
    kind: {kind: TIGHT.get(kind, entry.example), **BESIDE.get(kind, {})} for kind, entry in LIMITS.items()
}


def request(objective: Mapping[str, Any], limits: Mapping[str, Any]) -> OptimizationRequest:
    """Seven assets (and cash, where a limit speaks of it), held and benchmarked, with everything that limits may ask for."""
    rng = np.random.default_rng(3)
    common = rng.normal(0.0004, 0.008, (DAYS, 2))
    loads = rng.normal(0.7, 0.5, (len(IDS), 2))
    own = rng.normal(0.0002, 0.008, (DAYS, len(IDS))) + rng.normal(0.0, 0.0004, len(IDS))
    returns = dict(zip(IDS, (common @ loads.T + own).T, strict=True))
    book, index = dict(zip(IDS, BOOK, strict=True)), dict(zip(IDS, INDEX, strict=True))
    if {"cash", "fully_invested"} & set(limits):
        returns["CASH"] = np.full(DAYS, 0.01 / 252)
        book = {a: 0.95 * w for a, w in book.items()} | {"CASH": 0.05}
    described = zip(IDS, SECTORS, CLASSES, SCORES, strict=True)
    return notebook.ask(
        returns,
        objective,
        limits={"budget": True, "long_only": True, **limits},
        assets={
            a: {
                "sector": sector,
                "asset_class": kind,
                "quality_score": score,
                "esg_score": score,
                "attributes": {"beta": 0.8 + 0.1 * i, "duration": float(i)},
            }
            for i, (a, sector, kind, score) in enumerate(described)
        },
        current_weights=book,
        benchmark=index,
        risk_free_rate=0.02,
        portfolio_value=1e5,
        average_daily_value=dict.fromkeys(returns, 3e5),
        prices={a: 1.0 if a == "CASH" else 50.0 + 7.0 * i for i, a in enumerate(returns)},
        costs={"linear_impact": {"bps": 10}},
        estimation=EstimationChoice(lookback=None, min_observations=2, factors={"method": "statistical", "count": 2}),
    )


def market(objective: Mapping[str, Any], limits: Mapping[str, Any]) -> Problem:
    """The same as a problem, its objective not yet constructed."""
    return as_asked(request(objective, limits))
