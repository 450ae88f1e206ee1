"""vectorbt: when a signal is filled, and whether the order of columns matters, by its defaults."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from portopt.simulation.honest import made
from portopt.simulation.honest.outcome import Outcome, judged

FEES = 0.0015
LIST = (10.0, 25.0, 40.0, 80.0, 125.0)


def signal_and_fill() -> Outcome:
    import pandas as pd
    import vectorbt

    close = pd.Series([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        orders = vectorbt.Portfolio.from_signals(close, close > 2.5, close < 0.0, init_cash=100.0).orders.records
    row, price = int(orders["idx"].iloc[0]), float(orders["price"].iloc[0])
    return judged(row > 2, f"a signal of row 2 is filled on row {row} at {price:g}, the close that gave it")


def whatever_the_columns() -> Outcome:
    found = [_cash_after_a_rotation(names) for names in ("ABCDE", "EDCBA")]
    said = f"cash after a rotation: {found[0]:.0%} of the book with columns A to E, {found[1]:.0%} with E to A"
    return judged(max(found) < 0.01, said)


def _cash_after_a_rotation(names: Sequence[str]) -> float:
    """Half in A and B, then half in D and E; the share of the book that is left in cash."""
    import pandas as pd
    import vectorbt

    close = pd.DataFrame(np.tile(LIST, (6, 1)), columns=list(made.IDS[:5]))
    size = pd.DataFrame(np.nan, index=close.index, columns=close.columns)
    size.iloc[1], size.iloc[3] = [0.5, 0.5, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.5, 0.5]
    asked: dict[str, Any] = {
        "size_type": "targetpercent",
        "fees": FEES,
        "init_cash": 1e5,
        "cash_sharing": True,
        "group_by": True,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = vectorbt.Portfolio.from_orders(close[list(names)], size=size[list(names)], **asked)
        return float(run.cash().iloc[-1] / run.value().iloc[-1])


QUESTIONS: Mapping[int, Callable[[], Outcome]] = {1: signal_and_fill, 15: whatever_the_columns}
