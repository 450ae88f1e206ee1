"""What a run is asked to answer for beside its decisions: money that was never there, and names that nobody prices."""

from __future__ import annotations

import numpy as np

from portopt.domain.backtest import Backtested, BacktestRequest
from portopt.domain.errors import InvalidValue
from portopt.domain.universe import CASH
from portopt.simulation.history import History, day_of

LISTED = 5


def require_money_taken_was_there(request: BacktestRequest, run: Backtested) -> None:
    """Raises InvalidValue for a withdrawal that is more than the book was worth: what follows would be no history of a book."""
    if not any(amount < 0 for _, amount in request.cash_flows):
        return
    taken = {day: amount for day, amount in request.cash_flows if amount < 0}
    for t in np.flatnonzero(run.equity < 0).tolist():
        day = day_of(run.dates[t])
        if day in taken:
            worth = run.equity[t] / 100.0 - float(taken[day])
            why = f"takes {-taken[day]:,.2f} out of a book that is worth {worth:,.2f} that day"
            raise InvalidValue("cash_flows", day.isoformat(), why, fix=f"take out less than {worth:,.2f}, or begin with more")


def said_beside(request: BacktestRequest, history: History) -> tuple[str, ...]:
    """A warning, in a sentence: who is named and has no price."""
    named = dict.fromkeys([*request.universe.ids, *(member.asset_id for member in request.members)])
    priced = {*history.ids, CASH}
    left = [asset for asset in named if asset not in priced]
    if not left:
        return ()
    more = f" and {len(left) - LISTED} more" if len(left) > LISTED else ""
    verb = "has" if len(left) == 1 else "have"
    return (f"{', '.join(left[:LISTED])}{more} {verb} no price in {history.source}: never held",)
