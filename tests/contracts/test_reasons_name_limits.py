"""Whichever limit ends a trade, the reason of that trade names it: every limit of the catalog, on a market where it binds.

What pulls hardest against a trade is found here from the pulls themselves, which test_explanations holds against derivatives
taken numerically; the sentence must then name the limit in the limit's own words.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
from catalog_market import LIMITS_THAT_BIND, market

from portopt.analysis import explain
from portopt.audit import certify
from portopt.construction import construct
from portopt.domain.explanation import TradeReason
from portopt.domain.problem import Limit, Problem
from portopt.domain.universe import CASH, Universe
from portopt.optimization import assemble, optimize
from portopt.terms.catalog import LIMITS

OBJECTIVES: dict[str, dict[str, Any]] = {
    "utility": {"kind": "utility", "risk_aversion": 4.0},
    "least volatility": {"kind": "min_risk"},
}
COST, MERIT = "trading cost", ("expected return", "risk", "budget")
FELT, MOVED, NOTHING = 0.01, 1e-6, 1e-9
# What makes a portfolio a portfolio ends trades in words of its own.
STRUCTURAL = {"budget": "the same money elsewhere", "long_only": "at the margin it would lose", "frozen": "it cannot be traded"}
TIGHTER = {"esg_exclusion": {"esg_exclusion": 7.2}}  # the catalog's example bars nobody here


@dataclass(frozen=True)
class Told:
    """One asset's reason beside what it is about."""

    problem: Problem
    w: np.ndarray
    reason: TradeReason

    @property
    def i(self) -> int:
        return self.problem.universe.positions[self.reason.asset_id]

    @property
    def moved(self) -> float:
        return float(self.w[self.i] - self.problem.w_prev[self.i])

    @property
    def merit(self) -> float:
        return sum(self.reason.pulls.get(name, 0.0) for name in MERIT)

    def strongest(self, sign: float) -> tuple[str, float]:
        """Who pulls hardest that way, the trading cost or a limit that may be given up."""
        kinds = [COST, *(limit.kind for limit in self.problem.limits if not limit.structural)]
        return max(((kind, sign * self.reason.pulls.get(kind, 0.0)) for kind in kinds), key=lambda pair: pair[1])

    def names(self, limit: Limit) -> bool:
        """Whether the sentence has the limit's own words."""
        asset, held, said = self.problem.universe.assets[self.i], float(self.w[self.i]), self.reason.sentence
        reading = limit.read(self.w, self.problem)
        words = [limit.stops.removeprefix("the "), limit.uses and f"the {limit.uses} ", limit.bars(asset, held)]
        words += [limit.presses(asset, reading, up=up) for up in (True, False)]
        words += [limit.of_cash(held, up=up) for up in (True, False)] if asset.id == CASH else []
        return any(word and word in said for word in words)


@cache
def told(kind: str, objective: str, *, wished: bool = False) -> tuple[Told, ...]:
    limits = TIGHTER.get(kind, LIMITS_THAT_BIND[kind])
    if wished:
        limits = {**limits, kind: {"value": limits[kind], "soft": True}}
    p = construct(market(OBJECTIVES[objective], limits))
    if kind == "frozen":
        assets = tuple(dataclasses.replace(a, tradable=a.id != "XOM") for a in p.universe.assets)
        p = p.replaced(moments=dataclasses.replace(p.moments, universe=Universe(assets)))
    form = assemble(p)
    validated = certify(p, form, optimize(p, form=form))
    return tuple(Told(p, validated.weights, reason) for reason in explain(p, form, validated, ()).reasons)


def every(kind: str) -> list[Told]:
    return [one for objective in OBJECTIVES for one in told(kind, objective)]


def traded(kind: str) -> list[Told]:
    """The assets but cash that may be traded."""
    return [one for one in every(kind) if one.reason.asset_id != CASH and one.problem.universe.assets[one.i].tradable]


@pytest.mark.parametrize("kind", LIMITS)
def test_every_limit_of_the_catalog_is_named_in_the_reason_of_a_trade_that_it_decides(kind):
    if kind in STRUCTURAL:
        assert any(STRUCTURAL[kind] in one.reason.sentence for one in every(kind))
        return
    decided = [one for one in every(kind) if abs(one.reason.pulls.get(kind, 0.0)) > FELT]
    assert any(one.names(one.problem.limit(kind)) for one in decided)


@pytest.mark.parametrize("kind", LIMITS)
def test_what_pulls_hardest_against_a_trade_is_named(kind):
    for one in traded(kind):
        if abs(one.moved) <= MOVED or abs(one.w[one.i]) < NOTHING:
            continue
        against, strength = one.strongest(-np.sign(one.moved))
        capped = one.moved < 0.0 and "position cap" in one.reason.sentence
        barred = any(limit.bars(one.problem.universe.assets[one.i], one.w[one.i]) for limit in one.problem.limits)
        if strength <= FELT or capped or barred:
            continue
        if against == COST:
            assert "trading cost" in one.reason.sentence or "position" in one.reason.sentence
        else:
            assert one.names(one.problem.limit(against)), one.reason.sentence


@pytest.mark.parametrize("kind", LIMITS)
def test_a_kept_position_names_the_limit_that_keeps_it(kind):
    for one in traded(kind):
        if abs(one.moved) > MOVED or abs(one.w[one.i]) < NOTHING:
            continue
        (below, down), (above, up) = one.strongest(-1.0), one.strongest(1.0)
        name, strength = (below, down) if down > up else (above, up)
        if strength > FELT and name != COST:
            assert one.names(one.problem.limit(name)), one.reason.sentence


@pytest.mark.parametrize("kind", LIMITS)
def test_sold_is_said_only_where_the_asset_is_worth_less_or_a_limit_is_named(kind):
    for one in traded(kind):
        if one.reason.sentence.startswith(("Sold", "Trimmed")):
            assert one.merit < FELT or any(one.names(limit) for limit in one.problem.limits), one.reason.sentence


def test_what_is_excluded_is_sold_for_that_and_not_for_what_it_earns():
    for one in traded("exclusions"):
        if one.reason.asset_id in LIMITS_THAT_BIND["exclusions"]["exclusions"]:
            assert one.reason.sentence == "Sold entirely: it is excluded and may not be held"


def test_what_does_not_reach_a_score_is_sold_for_its_score():
    said = {one.reason.asset_id: one.reason.sentence for one in told("min_quality", "utility")}
    assert said["XOM"] == "Sold entirely: quality 4.5 is below the floor of 6.0"
    by_esg = {one.reason.asset_id: one for one in told("esg_exclusion", "least volatility")}
    assert by_esg["XOM"].reason.sentence == "Sold entirely: ESG score 4.5 is below the floor of 7.2"
    limit = by_esg["XOM"].problem.limit("esg_exclusion")
    unscored = dataclasses.replace(by_esg["XOM"].problem.universe.assets[1], esg_score=None)
    assert limit.bars(unscored, 0.0) == "it has no ESG score, which is not a pass: the floor is 7.2"


@pytest.mark.parametrize("kind", ["max_turnover", "sector_limits", "max_tracking_error", "concentration", "exclusions"])
def test_a_wish_speaks_as_the_limit_that_is_wished_for(kind):
    wished = {one.reason.asset_id: one for one in told(kind, "utility", wished=True)}
    for one in told(kind, "utility"):
        limit, wish = one.problem.limit(kind), wished[one.reason.asset_id].problem.limit(kind)
        assert wish.soft
        assert (wish.noun, wish.stops, wish.precedence, wish.uses) == (limit.noun, limit.stops, limit.precedence, limit.uses)
        assert one.names(limit) == wished[one.reason.asset_id].names(wish)


def test_no_two_limits_stop_a_trade_under_one_name():
    stops = [entry.parse(entry.example).stops for entry in LIMITS.values()]
    assert len(set(stops)) == len(stops)
    assert all(entry.parse(entry.example).noun for entry in LIMITS.values())
