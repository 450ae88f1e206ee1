"""The product in a notebook: frames, dicts or files in; values with a rich display out.

    displays   what an answer shows of itself       weights      questions about weights alone
    asking     what such a question is made of      rebalancing  what to trade
    backtesting   what a policy would have done    walking       whether that would have held, and policies side by side
    verifying     whether an answer holds, from its document alone

>>> import portopt
>>> portopt.optimize({"A": [0.01, 0.02, -0.01], "B": [0.00, 0.01, 0.02]}, "min_risk").weights  # doctest: +SKIP
"""

from portopt.doors.notebook.asking import ask
from portopt.doors.notebook.backtesting import Backtest, backtest
from portopt.doors.notebook.displays import Allocation, Findings, Proposal
from portopt.doors.notebook.rebalancing import rebalance
from portopt.doors.notebook.verifying import verify
from portopt.doors.notebook.walking import Comparison, Walk, compare, walk_forward
from portopt.doors.notebook.weights import frontier, optimize, pareto, periods, sensitivity

__all__ = [
    "Allocation",
    "Backtest",
    "Comparison",
    "Findings",
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
