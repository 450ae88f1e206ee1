"""Small books with certified optima, to make plans of."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from portopt.audit import certify
from portopt.domain.certificate import ValidatedSolution
from portopt.domain.holdings import Holdings
from portopt.domain.moments import Covariance, Moments
from portopt.domain.plan import RebalancePlan
from portopt.domain.problem import Problem
from portopt.domain.request import TradingRules
from portopt.domain.universe import CASH, Asset, Universe
from portopt.optimization import assemble, optimize
from portopt.terms.catalog import parse_costs, parse_limits, parse_objective
from portopt.trading import make_plan

COSTS = {"commission": {"per_trade": "5.00", "bps": 0.0}, "linear_impact": {"bps": 15}}
UTILITY = {"kind": "utility", "risk_aversion": 4.0}


@dataclass(frozen=True)
class Case:
    problem: Problem
    holdings: Holdings
    prices: dict[str, Decimal]

    def certified(self) -> ValidatedSolution:
        form = assemble(self.problem)
        return certify(self.problem, form, optimize(self.problem, form=form))

    def plan(self, **rules: Any) -> RebalancePlan:
        return make_plan(self.problem, self.certified(), self.holdings, self.prices, TradingRules(**rules))


def build(
    prices: list[str],
    shares: list[str],
    cash: str,
    *,
    mu: list[float] | None = None,
    vols: list[float] | None = None,
    correlation: float = 0.3,
    objective: dict[str, Any] = UTILITY,
    limits: dict[str, Any] | None = None,
    costs: dict[str, Any] = COSTS,
    sectors: list[str] | None = None,
    benchmark: list[float] | None = None,
    tradable: list[bool] | None = None,
    **more: Any,
) -> Case:
    """A book of assets A, B, C, … and cash; correlations all equal."""
    n = len(prices)
    ids = [chr(ord("A") + i) for i in range(n)]
    tradable = tradable or [True] * n
    assets = [Asset(a, sector=sectors[i] if sectors else None, tradable=tradable[i]) for i, a in enumerate(ids)]
    universe = Universe((*assets, Asset(CASH)))
    by_id = {a: Decimal(p) for a, p in zip(ids, prices, strict=True)}
    holdings = Holdings("P1", {a: Decimal(s) for a, s in zip(ids, shares, strict=True) if Decimal(s)}, Decimal(cash))
    sigma = np.array([*(vols or np.linspace(0.15, 0.3, n)), 0.0])
    Sigma = np.outer(sigma, sigma) * (correlation + (1 - correlation) * np.eye(n + 1))
    expected = np.array([*(mu or np.linspace(0.06, 0.11, n)), 0.02])
    structural = {"budget": True, "long_only": True, **({} if all(tradable) else {"frozen": True})}
    problem = Problem(
        Moments(universe, expected, Covariance(Sigma=Sigma)),
        parse_objective(objective),
        parse_limits({**structural, **(limits or {})}),
        parse_costs(costs),
        w_prev=holdings.weights(universe, by_id),
        benchmark=None if benchmark is None else np.array(benchmark),
        risk_free_rate=0.02,
        portfolio_value=float(holdings.value(by_id)),
        prices=np.array([*(float(p) for p in prices), 1.0]),
        portfolio_id="P1",
        **more,
    )
    return Case(problem, holdings, by_id)


@pytest.fixture(scope="session")
def case():
    """The builder of small books."""
    return build


@pytest.fixture(scope="session")
def book_of_five(case):
    """Five stocks, a cap, sectors and a turnover limit that all press."""
    return case(
        ["41.17", "232.50", "112.30", "165.80", "78.44"],
        ["400", "100", "200", "10", "0"],
        "1500.00",
        limits={"max_weight": 0.35, "sector_limits": 0.6, "max_turnover": 0.4, "cash": {"max": 0.05}},
        sectors=["One", "Two", "One", "Two", "Three"],
    )
