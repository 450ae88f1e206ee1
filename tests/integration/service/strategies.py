"""Requests of S1 that tests send: twelve assets, three years of daily returns, every pair of objective and method."""

from __future__ import annotations

from typing import Any

import numpy as np

from portopt.dialects.strategy_words import MEANINGFUL, METHODS, OBJECTIVES

PAIRS = [(objective, method) for method in METHODS for objective in OBJECTIVES]
MEANING_SOMETHING = [(objective, method) for objective, method in PAIRS if objective in MEANINGFUL[method]]
MEANING_NOTHING = [pair for pair in PAIRS if pair not in MEANING_SOMETHING]


def asked(objective: str = "MIN_VOLATILITY", method: str = "MEAN_VARIANCE", *, portfolio_id: str = "P-1", n: int = 12,
          **risk: Any) -> dict[str, Any]:  # fmt: skip
    """A request that brings returns to estimate from."""
    rng = np.random.default_rng(7)
    returns = 0.0009 + 0.005 * rng.standard_normal((260, 1)) + 0.01 * rng.standard_normal((260, n))
    views = [{"assets": {"S00": 1.0}, "return": 0.08, "confidence": 0.5}]
    return {
        "portfolio_id": portfolio_id,
        "strategies": [
            {"id": f"S{i:02d}", "sector": f"sector {i % 3}", "returns": returns[:, i].round(6).tolist()} for i in range(n)
        ],
        "objective": objective,
        "method": method,
        "constraints": {"max_weight": 0.4},
        "risk_parameters": {
            "periods_per_year": 252,
            **({"views": views} if method == "BLACK_LITTERMAN" else {}),
            **risk,
        },
    }
