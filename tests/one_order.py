"""What one order costs by the fees of a problem: an asset of given price and volume, and cash."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from portopt.domain.holdings import to_cents
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Cost, Problem
from portopt.domain.universe import CASH, Asset, Universe
from portopt.terms.catalog import parse_objective
from portopt.trading.costs import fees_of

DAYS = 252


def order_cost(
    shares: Decimal,
    price: Decimal,
    costs: Sequence[Cost],
    *,
    average_daily_value: float | None = None,
    daily_volatility: float = 0.01,
) -> tuple[Decimal, Decimal]:
    """(commission, impact) in money."""
    variances = np.array([DAYS * daily_volatility**2, 0.0])
    problem = Problem(
        Moments(Universe((Asset("A"), Asset(CASH))), np.zeros(2), Covariance(Sigma=np.diag(variances)), DAYS),
        parse_objective({"kind": "min_risk"}),
        (),
        tuple(costs),
        w_prev=np.array([0.5, 0.5]),
        portfolio_value=1e6,
        average_daily_value=None if average_daily_value is None else np.array([average_daily_value, np.inf]),
    )
    return fees_of(problem).of(to_cents(abs(shares) * price), 0)
