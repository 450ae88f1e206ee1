"""The product in a notebook: frames, dicts or files in; values with a rich display out.

    posing        what a question is asked of, in all its forms: asking of returns or beliefs, books of holdings and prices
    weights       the questions                   rebalancing   what to trade
    backtesting   what a policy would have done   walking       whether that would have held, and policies side by side
    names         what may be asked for
    displays      what an answer shows of itself  looks         how the answer to each question is seen
    refusals      errors as the command line tells them
    verifying     whether an answer holds, from its document alone

>>> import portopt
>>> portopt.optimize({"A": [0.01, 0.02, -0.01], "B": [0.00, 0.01, 0.02]}, "min_risk").weights  # doctest: +SKIP
"""

from portopt.doors.notebook.backtesting import Backtest, backtest
from portopt.doors.notebook.choosing import alternatives, edit, ready, what_if
from portopt.doors.notebook.displays import Allocation, Batch, Findings, Proposal, Weights
from portopt.doors.notebook.names import catalog
from portopt.doors.notebook.posing import ask
from portopt.doors.notebook.rebalancing import rebalance
from portopt.doors.notebook.refusals import shown_as_tables
from portopt.doors.notebook.verifying import verify
from portopt.doors.notebook.walking import Comparison, Walk, compare, walk_forward
from portopt.doors.notebook.weights import (
    batch,
    explain,
    factors,
    forecasts,
    frontier,
    lexicographic,
    optimize,
    pareto,
    periods,
    risk,
    sensitivity,
    views,
)

__all__ = [
    "Allocation",
    "Backtest",
    "Batch",
    "Comparison",
    "Findings",
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

shown_as_tables()
