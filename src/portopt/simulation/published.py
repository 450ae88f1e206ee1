"""Portfolios whose returns are published (by industry, by size and value) as a history that a policy is walked over.

DeMiguel, Garlappi and Uppal (2009) judge rules on such tables: each month weights from the last M returns, held for a month.
"""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.backtest import Backtested
from portopt.domain.errors import DataError
from portopt.domain.factor_returns import FactorReturns
from portopt.domain.market import MarketSnapshot
from portopt.market import pack_id
from portopt.simulation.history import History, day_of

BEGIN = 100.0  # of every index


def published_history(found: FactorReturns, risk_free: Vector | None = None) -> History:
    """The K portfolios as assets: the first row is the period before their first return.

    risk_free: (T,) what bills returned in the same periods; the history is then one of excess returns, on which money earns
    nothing. None where the returns are in excess of it already, or total returns are wanted.

    Raises DataError for returns without dates, or of -100 % and less: no price comes after that.
    """
    if found.dates is None:
        raise DataError(f"{found.source}: a history needs the dates of its returns", field="prices")
    X = found.values if risk_free is None else found.values - risk_free[:, None]
    if (X <= -1.0).any():
        raise DataError(f"{found.source}: a portfolio lost everything; no price comes after that", field="prices")
    prices: Matrix = BEGIN * np.cumprod(np.vstack([np.ones(X.shape[1]), 1.0 + X]), axis=0).astype(np.float64)
    step = np.timedelta64(1, "D") if len(found.dates) < 2 else found.dates[1] - found.dates[0]
    dates = np.concatenate([[found.dates[0] - step], found.dates]).astype("datetime64[D]")
    ids = tuple(found.names)
    pack = pack_id(ids, dates, prices, None, "adjusted")
    return History.of(MarketSnapshot(pack, day_of(dates[-1]), ids, dates, prices, None, found.source, "adjusted"))


def held_to_the_next(run: Backtested, history: History) -> Vector:
    """(D,) what the weights of each decision earned until the next row of the history, as they were decided, without costs.

    Where nothing was decided, the weights before. Raises DataError where no decision went through.
    """
    X, target, out = history.prices[1:] / history.prices[:-1] - 1.0, None, []
    for one in run.decisions:
        target = target if one.target is None else one.target[:-1]
        if target is not None and one.day < len(X):
            out.append(float(target @ X[one.day]))
    if not out:
        raise DataError("no decision went through: there is nothing to judge", field="prices")
    return np.array(out)
