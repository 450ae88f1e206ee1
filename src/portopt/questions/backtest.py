"""What a policy would have done: its decisions day by day on an exact ledger, and what that is to be held against."""

from __future__ import annotations

from portopt.domain.backtest_found import BacktestFound
from portopt.questions.through_time.backtest import Backtest, concluded, posed
from portopt.simulation.simulate import Progress, walked


def backtest(asked: Backtest, *, progress: Progress | None = None, sweep: bool = True) -> BacktestFound:
    """The run, its comparators, the sweep of delays and costs, and the proof where it is asked for.

    Raises RequestError for what was asked wrongly, DataError for a history that is too short or unpriced.
    """
    s, held_against = posed(asked)
    run, end = walked(s, progress=progress)
    return concluded(asked, s, held_against, run, end, sweep=sweep, progress=progress)
