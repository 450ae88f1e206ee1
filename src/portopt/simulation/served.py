"""Whether the quick path serves a request, before any price is seen: why not, in words."""

from __future__ import annotations

from datetime import date

import numpy as np

from portopt.domain.backtest import BacktestRequest
from portopt.domain.errors import PortoptError
from portopt.domain.holdings import Holdings
from portopt.domain.market import MarketSnapshot
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.request import RebalanceRequest
from portopt.domain.universe import CASH
from portopt.estimation.rolling import why_not
from portopt.formulation import formulate, universe_of
from portopt.optimization.daily.template import NotDaily, template_of
from portopt.terms.shared.dynamic import is_dynamic

JUDGED = ("gap", "stale", "extreme_move")


def serves(request: BacktestRequest) -> str:
    """Why it does not; empty where it does."""
    policy = request.policy
    if request.rounding == "search":
        return "lots are to be searched for"
    if policy.tax:
        return "gains are taxed"
    strict = [kind for kind in JUDGED if getattr(policy.data, kind) != "accept"]
    if strict:
        return f"the data policy judges every {' and '.join(strict)}".replace("_", " ")
    if is_dynamic(policy.limits):
        return "a limit follows the market"
    estimates = why_not(policy.estimation)
    if estimates is not None:
        return estimates
    try:
        template_of(_posed(request))
    except NotDaily as reason:
        return str(reason)
    except PortoptError:
        return ""  # what is wrong with it the first day says, in the words of the live path
    return ""


def _posed(request: BacktestRequest) -> Problem:
    """The policy's problem on a market made up for it, to be read and not to be solved."""
    ids = tuple(sorted({a.id for a in request.universe.assets} | set(request.benchmark or {}) - {CASH}))
    prices, volumes = np.full((2, len(ids)), 10.0), np.full((2, len(ids)), 1e6)
    dates = np.array(["2000-01-03", "2000-01-04"], dtype="datetime64[D]")
    snapshot = MarketSnapshot("", date(2000, 1, 4), ids, dates, prices, volumes, "", "unknown")
    holdings = Holdings("backtest", {}, request.capital)
    asked = RebalanceRequest(holdings, request.policy, request.universe, benchmark=request.benchmark)
    universe = universe_of(asked, snapshot)
    sigma = np.where(universe.is_cash, 0.0, 0.2 + 0.02 * np.cos(np.arange(len(universe))))
    Sigma = 0.3 * np.outer(sigma, sigma) + np.diag(0.7 * sigma * sigma)
    scenarios = 0.01 * np.sin(np.outer(np.arange(1.0, 61.0), np.arange(1.0, len(universe) + 1.0)))
    moments = Moments(universe, 0.02 + 0.2 * sigma, Covariance(Sigma=Sigma), scenarios=scenarios)
    return formulate(asked, snapshot, moments)
