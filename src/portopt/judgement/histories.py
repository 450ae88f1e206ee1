"""From a history of equity to returns, checked once: what every figure starts from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt

from portopt.domain.arrays import Vector
from portopt.domain.errors import DataError

Dates = npt.NDArray[np.datetime64]


def days_of(dates: Dates | Sequence[date]) -> Dates:
    """(T,) dates as datetime64[D]. Raises DataError where two of them are not in order."""
    days = np.asarray(dates, dtype="datetime64[D]")
    late = np.flatnonzero(np.diff(days) <= np.timedelta64(0, "D"))
    if len(late):
        first, second = days[late[0]], days[late[0] + 1]
        raise DataError(f"dates must increase: {first} is followed by {second}", field="dates", value=str(second))
    return days


def returns_of(equity: npt.ArrayLike, dates: Dates | Sequence[date], flows: npt.ArrayLike | None = None) -> Vector:
    """(T - 1,) simple returns of (T,) equity, time-weighted: money that came in or went out is no gain and no loss.

        r_t = (equity_t - flow_t) / equity_{t-1} - 1

    Args:
        equity: (T,) money at each close, positive. dates: (T,).
        flows: (T,) money that came in (+) or went out (-) before each close; none where left out.
    Raises:
        DataError: an equity that is missing or not positive, named by its date.
    """
    value, days = np.asarray(equity, dtype=np.float64), days_of(dates)
    if value.shape != days.shape:
        raise DataError(f"{len(value)} values of equity stand beside {len(days)} dates", field="equity")
    if len(bad := np.flatnonzero(~(np.isfinite(value) & (value > 0.0)))):
        at = bad[0]
        why = "a return needs equity above zero on every day"
        raise DataError(f"equity on {days[at]} is {value[at]:g}: {why}", field="equity", value=float(value[at]))
    paid = np.zeros_like(value) if flows is None else np.asarray(flows, dtype=np.float64)
    return (value[1:] - paid[1:]) / value[:-1] - 1.0


def grown(returns: Vector) -> Vector:
    """(T + 1,) what one unit of money becomes under returns (T,): the index they compound to, one at its start."""
    return np.concatenate([[1.0], np.cumprod(1.0 + returns)])


def day(when: np.datetime64) -> date:
    """One datetime64[D] as a date."""
    return when.astype("datetime64[D]").astype(object)  # type: ignore[no-any-return]
