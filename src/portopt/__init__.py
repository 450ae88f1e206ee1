"""portopt: holdings, prices and a policy in; a certified, executable rebalancing proposal out.

    import portopt
    portopt.rebalance({"AAPL": 100, "JNJ": 150, "CASH": 5_000}, prices, "conservative_income")
    portopt.backtest(prices, "conservative_income", rebalance="monthly")
    portopt.walk_forward(prices, "conservative_income", vary={"estimation.lookback": [126, 252]})
    portopt.optimize(returns, "max_sharpe", limits={"max_weight": 0.2})
    portopt.frontier(portopt.ask(returns, limits={"max_weight": 0.2}))

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
        Comparison,
        Findings,
        Proposal,
        Walk,
        ask,
        backtest,
        compare,
        frontier,
        optimize,
        pareto,
        periods,
        rebalance,
        sensitivity,
        verify,
        walk_forward,
    )

__version__ = "0.1.0"
__all__ = [
    "Allocation",
    "Backtest",
    "Comparison",
    "EstimationChoice",
    "Findings",
    "Policy",
    "PortoptError",
    "Proposal",
    "Walk",
    "ask",
    "backtest",
    "compare",
    "frontier",
    "optimize",
    "pareto",
    "periods",
    "rebalance",
    "sensitivity",
    "verify",
    "walk_forward",
]

__getattr__ = at_first_use(
    __name__,
    {
        "Allocation": "portopt.doors.notebook",
        "Backtest": "portopt.doors.notebook",
        "backtest": "portopt.doors.notebook",
        "Comparison": "portopt.doors.notebook",
        "Walk": "portopt.doors.notebook",
        "compare": "portopt.doors.notebook",
        "walk_forward": "portopt.doors.notebook",
        "EstimationChoice": "portopt.domain.request",
        "Policy": "portopt.domain.request",
        "PortoptError": "portopt.domain.errors",
        "Proposal": "portopt.doors.notebook",
        "Findings": "portopt.doors.notebook",
        "ask": "portopt.doors.notebook",
        "frontier": "portopt.doors.notebook",
        "optimize": "portopt.doors.notebook",
        "pareto": "portopt.doors.notebook",
        "periods": "portopt.doors.notebook",
        "sensitivity": "portopt.doors.notebook",
        "verify": "portopt.doors.notebook",
        "rebalance": "portopt.doors.notebook",
    },
)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
