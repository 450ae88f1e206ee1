"""From which session to which a backtest goes, and from when on its policy may decide."""

from __future__ import annotations

from datetime import date

import numpy as np

from portopt.domain.backtest import BacktestRequest
from portopt.domain.errors import DataError, InvalidValue
from portopt.simulation.history import History, day_of


def span(request: BacktestRequest, history: History, start: date | None = None, end: date | None = None) -> tuple[int, int]:
    """The rows of the first and of the last session. start, end: None is the request's, and there what the history allows.

    Raises InvalidValue for dates that leave nothing, DataError for a history that is shorter than the policy's window.
    """
    start, end = start or request.start, end or request.end
    first_day, last_day = day_of(history.dates[0]), day_of(history.dates[-1])
    if start is not None and end is not None and start > end:
        raise InvalidValue("start", start.isoformat(), f"is after the end, {end}", fix="exchange the two")
    if start is not None and start > last_day:
        raise InvalidValue("start", start.isoformat(), f"is after the last price, {last_day}", fix=f"start by {last_day}")
    if end is not None and end < first_day:
        raise InvalidValue("end", end.isoformat(), f"is before the first price, {first_day}", fix=f"end from {first_day} on")
    needed = enough_rows(request)
    last = len(history) - 1 if end is None else int(np.searchsorted(history.dates, np.datetime64(end, "D"), "right")) - 1
    first = min(needed, last) if start is None else history.row_of(start)
    if last <= max(first, needed):
        raise _too_short(history, first, last, needed)
    return first, last


def enough_rows(request: BacktestRequest) -> int:
    """The row on which the policy has as many returns as it needs."""
    return request.policy.estimation.min_observations


def _too_short(history: History, first: int, last: int, needed: int) -> DataError:
    days = (day_of(history.dates[max(0, min(row, len(history) - 1))]) for row in (0, last))
    begins, ends = days
    return DataError(
        f"the policy needs {needed} returns before its first decision, and a session after it: "
        f"the prices from {begins} to {ends} are {last + 1} sessions",
        field="prices",
        measured={"sessions": last + 1, "returns_needed": needed, "first": begins.isoformat(), "last": ends.isoformat()},
        fixes=["bring a longer history or a later end", "or lower the policy's estimation.min_observations"],
    )
