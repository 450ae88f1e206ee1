"""Orders of the catalog's market with and without one limit, and the reasons that are given for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from catalog_market import LIMITS_THAT_BIND, market

from portopt.analysis import explain, settled
from portopt.audit import certify
from portopt.construction import construct
from portopt.domain.explanation import TradeReason
from portopt.domain.holdings import Holdings
from portopt.domain.plan import RebalancePlan
from portopt.domain.problem import Problem
from portopt.domain.request import TradingRules
from portopt.domain.universe import CASH, Universe
from portopt.optimization import assemble, optimize
from portopt.trading import make_plan

MONEY = {"cash": {"min": 0.0, "max": 0.1}}
RULES = TradingRules(min_trade_value=0.0, search_effort=0.02)


@dataclass(frozen=True)
class Ordered:
    """One proposal: the problem, its whole-share plan, and the reason of every asset."""

    problem: Problem
    plan: RebalancePlan
    reasons: Mapping[str, TradeReason]

    def shares(self, asset: str) -> Decimal:
        return next(line.shares_after for line in self.plan.lines if line.asset_id == asset)

    def sentence(self, asset: str) -> str:
        return self.reasons[asset].sentence


def limits_with(kind: str, tighter: Mapping[str, Any]) -> dict[str, Any]:
    own = dict(tighter.get(kind, LIMITS_THAT_BIND[kind]))
    return own if {"cash", "fully_invested"} & own.keys() else {**own, **MONEY}


def ordered(problem: Problem) -> Ordered:
    """Through the optimum, whole shares and the reasons, as a rebalance does."""
    p = construct(problem)
    form = assemble(p)
    validated = certify(p, form, optimize(p, form=form))
    prices = {a: Decimal(str(x)) for a, x in zip(p.universe.ids, p.prices, strict=True) if a != CASH}
    value = Decimal(str(p.portfolio_value))
    weights = dict(zip(p.universe.ids, p.w_prev, strict=True))
    shares = {
        a: (value * Decimal(repr(float(w))) / prices[a]).quantize(Decimal("1e-6")) for a, w in weights.items() if a != CASH
    }
    held = Holdings("book", shares, value - sum(shares[a] * prices[a] for a in shares))
    plan = make_plan(p, validated, held, prices, RULES)
    told = settled(explain(p, form, validated, ()), plan, p, RULES)
    return Ordered(p, plan, {reason.asset_id: reason for reason in told.reasons})


def without(problem: Problem, kind: str) -> Problem:
    return problem.replaced(limits=tuple(limit for limit in problem.limits if limit.kind != kind))


def problem_with(kind: str, objective: Mapping[str, Any], tighter: Mapping[str, Any]) -> Problem:
    p = market(objective, limits_with(kind, tighter))
    if kind != "frozen":
        return p
    assets = tuple(replace(a, tradable=a.id != "XOM") for a in p.universe.assets)
    return p.replaced(moments=replace(p.moments, universe=Universe(assets)))
