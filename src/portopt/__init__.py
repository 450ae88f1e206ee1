"""portopt: holdings, prices and a policy in; a certified, executable rebalancing proposal out.

    import portopt
    portopt.rebalance({"AAPL": 100, "JNJ": 150, "CASH": 5_000}, prices, "conservative_income")
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
    from portopt.notebook import (
        Allocation,
        Findings,
        Proposal,
        ask,
        frontier,
        optimize,
        pareto,
        periods,
        rebalance,
        sensitivity,
    )

__version__ = "0.1.0"
__all__ = [
    "Allocation",
    "EstimationChoice",
    "Findings",
    "Policy",
    "PortoptError",
    "Proposal",
    "ask",
    "frontier",
    "optimize",
    "pareto",
    "periods",
    "rebalance",
    "sensitivity",
]

__getattr__ = at_first_use(
    __name__,
    {
        "Allocation": "portopt.notebook",
        "EstimationChoice": "portopt.domain.request",
        "Policy": "portopt.domain.request",
        "PortoptError": "portopt.domain.errors",
        "Proposal": "portopt.notebook",
        "Findings": "portopt.notebook",
        "ask": "portopt.notebook",
        "frontier": "portopt.notebook",
        "optimize": "portopt.notebook",
        "pareto": "portopt.notebook",
        "periods": "portopt.notebook",
        "sensitivity": "portopt.notebook",
        "rebalance": "portopt.notebook",
    },
)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
