"""Prices in the money of a day: raw closes of earlier days, turned into what they would be after what has happened since.

    P_t(s) = P(s) C(t) / C(s),    C(s) = product of the factors f of all actions whose ex date is not after s

A split of a for b has f = b / a, a dividend D the f = 1 - D / P, a spin-off of k shares the f = 1 - k P(into) / P, with P the
price before it. The newest price is the raw one, to the last digit: it is what an order is filled at.

Source: the CRSP adjustment factors (CRSP Data Descriptions Guide, "Factor to Adjust Prices").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from portopt.domain.action import Action
from portopt.domain.arrays import Matrix, Vector


@dataclass(frozen=True, slots=True)
class Step:
    """An action as a factor on all earlier prices of an asset. row: of its ex date, or the first session after it.

    price: f; shares: the same for counts of shares, which a dividend does not change. known_from: when it became known.
    """

    row: int
    asset: int
    price: float
    shares: float
    known_from: date


def steps_of(
    actions: Iterable[Action], ids: Sequence[str], dates: npt.NDArray[np.datetime64], prices: Matrix
) -> tuple[Step, ...]:
    """The actions on these assets within these dates, by row. Each factor rests on prices up to its own row alone.

    dates: (T,). prices: (T, n) raw closes, NaN where there is none.
    """
    at = {asset_id: i for i, asset_id in enumerate(ids)}
    found = []
    for action in actions:
        row = int(np.searchsorted(dates, np.datetime64(action.ex_date, "D")))
        if action.asset_id not in at or not 0 < row < len(dates) or action.kind == "delisting":
            continue
        j = at[action.asset_id]
        factor, shares = _factors(action, at, row, _last(prices[:row, j]), prices)
        if factor > 0.0 and factor != 1.0:
            found.append(Step(row, j, factor, shares, action.known_from or action.ex_date))
    return tuple(sorted(found, key=lambda step: (step.row, step.asset)))


def _factors(action: Action, at: dict[str, int], row: int, before: float, prices: Matrix) -> tuple[float, float]:
    """f for prices and for counts of shares; 1 where a price that it needs is not known."""
    if action.kind == "split" and action.ratio is not None:
        new, old = action.ratio
        return old / new, new / old
    if not before > 0.0:
        return 1.0, 1.0
    if action.kind == "dividend" and action.amount is not None:
        return 1.0 - float(action.amount) / before, 1.0
    if action.kind == "spin_off" and action.ratio is not None and action.into in at:
        worth = _last(prices[: row + 1, at[action.into]]) * action.ratio[0] / action.ratio[1]
        return (1.0 - worth / before, 1.0) if worth > 0.0 else (1.0, 1.0)
    return 1.0, 1.0


def _last(column: Vector) -> float:
    """The last price of a column (T,) that is one; NaN where there is none."""
    known = np.flatnonzero(column > 0.0)
    return float(column[known[-1]]) if len(known) else float("nan")


def cumulated(steps: Iterable[Step], shape: tuple[int, int], *, of_shares: bool = False) -> Matrix:
    """C (T, n) of these steps; of_shares: the same for counts of shares. shape: (T, n)."""
    C = np.ones(shape)
    for step in steps:
        C[step.row :, step.asset] *= step.shares if of_shares else step.price
    return C
