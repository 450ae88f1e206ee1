"""skfolio's accounting on the same weights: the same annual return to a basis point, drifting and put right every day."""

from __future__ import annotations

import numpy as np
import pytest
from made_histories import drawn_prices, fixed, history, own

from portopt.questions.backtest import backtest

WEIGHTS = {"A": 0.4, "B": 0.3, "C": 0.2, "D": 0.1}
BASIS_POINT = 1e-4


@pytest.fixture(scope="module")
def portfolio():  # type: ignore[no-untyped-def]
    return pytest.importorskip("skfolio").Portfolio


@pytest.mark.parametrize("drifting", [False, True])
def test_a_year_differs_by_less_than_a_basis_point(portfolio, drifting: bool) -> None:  # type: ignore[no-untyped-def]
    prices = drawn_prices(506, 4)
    h = history(prices)
    run = backtest(own(h, fixed(WEIGHTS), fractional=True, delay=0, rebalance=["drift 99%" if drifting else "daily"])).run
    X = prices[run.first + 1 :] / prices[run.first : -1] - 1.0
    if drifting:
        theirs = _drifting(portfolio, X)
    else:
        theirs = np.asarray(portfolio(X=X, weights=np.array(list(WEIGHTS.values()))).returns)
    ours = np.diff(run.equity) / run.equity[:-1]
    years = len(X) / 252
    annual = [np.prod(1 + r) ** (1 / years) - 1 for r in (ours, theirs)]
    assert abs(annual[0] - annual[1]) < BASIS_POINT
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def _drifting(portfolio, X):  # type: ignore[no-untyped-def]
    """skfolio holds weights; those that have drifted are what each day's close left, which it is given day by day."""
    w, returns = np.array(list(WEIGHTS.values())), []
    for x in X:
        day = portfolio(X=x[None, :], weights=w)
        returns.append(float(np.asarray(day.returns)[0]))
        w = w * (1 + x) / (1 + returns[-1])
    return np.array(returns)
