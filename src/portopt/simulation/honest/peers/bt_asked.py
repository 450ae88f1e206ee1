"""A strategy of bt's own algos, carried out on a small market by its defaults."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from portopt.simulation.honest import made

FEES = 0.0015
CAPITAL = 1_000_000.0


def frame_of(prices: Any, ids: str = made.IDS, hour: int = 0) -> Any:
    import pandas as pd

    P = np.asarray(prices, dtype=np.float64)
    return pd.DataFrame(
        P, columns=list(ids[: P.shape[1]]), index=pd.DatetimeIndex(made.days(len(P))) + pd.Timedelta(hours=hour)
    )


def carried_out(algos: Sequence[Any], frame: Any, name: str = "asked", **asked: Any) -> Any:
    """The strategy, after it has run; positions in whole units unless `integer_positions` is False."""
    import bt

    usual = {"initial_capital": CAPITAL, "progress_bar": False}
    test = bt.Backtest(bt.Strategy(name, list(algos)), frame, **{**usual, **asked})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        bt.run(test)
    return test.strategy


def fees_of(quantity: float, price: float) -> float:
    return abs(quantity) * price * FEES


def once() -> list[Any]:
    """All that there is, in equal parts, bought once."""
    import bt

    return [bt.algos.RunOnce(), bt.algos.SelectAll(), bt.algos.WeighEqually(), bt.algos.Rebalance()]
