"""portopt: holdings, prices and a policy in; a certified, executable rebalancing proposal out.

    import portopt
    portopt.rebalance({"AAPL": 100, "JNJ": 150, "CASH": 5_000}, prices, "conservative_income")
    portopt.backtest(prices, "conservative_income", rebalance="monthly")
    portopt.walk_forward(prices, "conservative_income", vary={"estimation.lookback": [126, 252]})
    portopt.optimize(returns, "max_sharpe", limits={"max_weight": 0.2})
    portopt.frontier(prices=prices, limits={"max_weight": 0.2})
    portopt.risk(holdings="holdings.csv", prices="prices.csv", policy="min_risk")

The names below load what they need when first used, so that importing portopt costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portopt.domain.postponed import at_first_use

if TYPE_CHECKING:
    from portopt.domain.errors import PortoptError
    from portopt.domain.request import EstimationChoice, Policy
    from portopt.doors.notebook import (
        Allocation,
        Backtest,
        Batch,
        Comparison,
        Findings,
        Proposal,
        Walk,
        Weights,
        alternatives,
        ask,
        backtest,
        batch,
        catalog,
        compare,
        edit,
        explain,
        factors,
        forecasts,
        frontier,
        lexicographic,
        optimize,
        pareto,
        periods,
        ready,
        rebalance,
        risk,
        sensitivity,
        verify,
        views,
        walk_forward,
        what_if,
    )

__version__ = "0.1.0"
__all__ = [
    "Allocation",
    "Backtest",
    "Batch",
    "Comparison",
    "EstimationChoice",
    "Findings",
    "Policy",
    "PortoptError",
    "Proposal",
    "Walk",
    "Weights",
    "alternatives",
    "ask",
    "backtest",
    "batch",
    "catalog",
    "compare",
    "edit",
    "explain",
    "factors",
    "forecasts",
    "frontier",
    "lexicographic",
    "optimize",
    "pareto",
    "periods",
    "ready",
    "rebalance",
    "risk",
    "sensitivity",
    "verify",
    "views",
    "walk_forward",
    "what_if",
]

__getattr__ = at_first_use(
    __name__,
    {
        "EstimationChoice": "portopt.domain.request",
        "Policy": "portopt.domain.request",
        "PortoptError": "portopt.domain.errors",
        "Allocation": "portopt.doors.notebook",
        "Backtest": "portopt.doors.notebook",
        "Batch": "portopt.doors.notebook",
        "Comparison": "portopt.doors.notebook",
        "Findings": "portopt.doors.notebook",
        "Proposal": "portopt.doors.notebook",
        "Walk": "portopt.doors.notebook",
        "Weights": "portopt.doors.notebook",
        "ask": "portopt.doors.notebook",
        "backtest": "portopt.doors.notebook",
        "batch": "portopt.doors.notebook",
        "catalog": "portopt.doors.notebook",
        "compare": "portopt.doors.notebook",
        "explain": "portopt.doors.notebook",
        "factors": "portopt.doors.notebook",
        "forecasts": "portopt.doors.notebook",
        "frontier": "portopt.doors.notebook",
        "lexicographic": "portopt.doors.notebook",
        "optimize": "portopt.doors.notebook",
        "pareto": "portopt.doors.notebook",
        "periods": "portopt.doors.notebook",
        **dict.fromkeys(("alternatives", "edit", "ready", "what_if"), "portopt.doors.notebook"),
        "rebalance": "portopt.doors.notebook",
        "risk": "portopt.doors.notebook",
        "sensitivity": "portopt.doors.notebook",
        "verify": "portopt.doors.notebook",
        "views": "portopt.doors.notebook",
        "walk_forward": "portopt.doors.notebook",
    },
)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
