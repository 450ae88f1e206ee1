"""Trades that somebody decides: kept exactly, the rest solved again around them, and the price of that exact."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import made_desk
import numpy as np
import pytest

from portopt import pipeline
from portopt.domain.errors import InfeasibleRequest, InvalidValue, MissingInput, PortoptError
from portopt.domain.request import RebalanceRequest
from portopt.questions.edit import edit, propose_edit
from portopt.questions.rebalance import rebalance
from portopt.runs.history import replay
from portopt.runtime import Runtime
from portopt.settings import Settings

CENT = 0.01
OBJECTIVES = ({"kind": "utility", "risk_aversion": 5.0}, {"kind": "max_sharpe"}, {"kind": "min_risk"})


@pytest.fixture
def installed(tmp_path: Path) -> Runtime:
    return Runtime(Settings(home=tmp_path / "home"))


def pinned(desk: made_desk.Desk, **trades: object) -> RebalanceRequest:
    policy = desk.request.policy
    return dataclasses.replace(desk.request, policy=dataclasses.replace(policy, limits={**policy.limits, "pinned": trades}))


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda o: o["kind"])
@pytest.mark.parametrize("seed", [2, 3, 4, 5])
def test_the_price_is_the_difference_of_two_objective_values(seed, objective, installed):
    """Both values from problems that are posed and solved on their own, by the objective's own voice."""
    desk = made_desk.desk(seed, n=10, objective=objective)
    held = next(iter(desk.request.holdings.shares))
    found = edit(desk.request, {held: "+30"}, installed, market=desk.market)
    without, with_it = desk.problem(), desk.problem(pinned(desk, **{held: {"shares": 30}}))
    stands, edited = (pipeline.certify(pipeline.optimize(p)).weights for p in (without, with_it))
    values = [without.objective.value(w, without) for w in (stands, edited)]
    if objective["kind"] == "min_risk":
        values = [-np.sqrt(2 * v) for v in values]  # half a variance is told as the volatility
    assert found.price.gives_up == pytest.approx(values[0] - values[1], abs=1e-8)
    assert found.price.gives_up >= -1e-10
    assert np.abs(found.edited.weights - edited).max() <= 1e-9


def test_the_certain_equivalent_of_a_utility_is_its_value_and_of_a_ratio_it_is_by_its_own_risk_aversion(installed):
    for objective in OBJECTIVES[:2]:
        desk = made_desk.desk(2, n=10, objective=objective)
        held = next(iter(desk.request.holdings.shares))
        found = edit(desk.request, {held: "none"}, installed, market=desk.market)
        p = desk.problem()
        best, now = found.stands.weights, found.edited.weights
        costs = [sum(cost.convex_value(w, p) for cost in p.costs) for w in (best, now)]
        mean = [p.moments.mu @ w - c for w, c in zip((best, now), costs, strict=True)]
        variance = [w @ p.moments.Sigma @ w for w in (best, now)]
        gamma = 5.0 if objective["kind"] == "utility" else (mean[0] - p.risk_free_rate) / variance[0]
        lost = (mean[0] - 0.5 * gamma * variance[0]) - (mean[1] - 0.5 * gamma * variance[1])
        assert found.price.gives_up_return == pytest.approx(lost, abs=1e-12)


@pytest.mark.parametrize(
    ("said", "target"),
    [
        ("+25", lambda now, price, value: now + 25 * price / value),
        ("-25", lambda now, price, value: now - 25 * price / value),
        ("none", lambda now, price, value: now),
        ("$5,000", lambda now, price, value: now + 5000 / value),
        ("-$5,000", lambda now, price, value: now - 5000 / value),
        ("7%", lambda now, price, value: 0.07),
        ("0%", lambda now, price, value: 0.0),
    ],
)
def test_each_spelling_is_the_trade_that_it_says(said, target, installed):
    desk = made_desk.desk(2, n=10, fractional=True)
    p = desk.problem()
    held = next(iter(desk.request.holdings.shares))
    i = p.universe.positions[held]
    found = edit(desk.request, {held: said}, installed, market=desk.market)
    assert p.prices is not None
    assert p.portfolio_value is not None
    meant = target(p.previous()[i], p.prices[i], p.portfolio_value)
    assert found.edited.weights[i] == pytest.approx(meant, abs=1.01 * CENT / p.portfolio_value)


def test_money_and_percentages_become_the_nearest_whole_shares_and_the_edit_says_so(installed):
    desk = made_desk.desk(2, n=10)
    held = next(iter(desk.request.holdings.shares))
    found = edit(desk.request, {held: "7%"}, installed, market=desk.market)
    p = desk.problem()
    i = p.universe.positions[held]
    assert p.prices is not None
    assert p.portfolio_value is not None
    assert abs(found.edited.weights[i] - 0.07) <= 0.5 * p.prices[i] / p.portfolio_value + 1e-7
    assert any(held in note and "whole shares" in note for note in found.notes)
    assert any("continuous" in note for note in found.notes)


@pytest.mark.parametrize("seed", range(4))
def test_the_proposal_trades_exactly_what_was_decided_in_whole_shares_and_replays(seed, installed):
    desk = made_desk.desk(20 + seed, n=8)
    first, second, *_ = desk.request.holdings.shares
    shares = int(desk.request.holdings.shares[first]) // 4
    run = propose_edit(desk.request, {first: f"-{shares}", second: "none"}, installed, market=desk.market)
    document = run.document or {}
    traded = {t["asset_id"]: (t["side"], t["shares"]) for t in document["trades"]}
    assert traded[first] == ("sell", float(shares))
    assert second not in traded
    assert any(limit["limit"] == "pinned" and limit["holds"] for limit in document["limits"])
    assert replay(run.run_id, installed)["same"]
    assert run.run_id == edit(desk.request, {first: f"-{shares}", second: "none"}, installed, market=desk.market).run_id


def test_an_edit_of_an_edit_keeps_what_was_decided_until_it_is_freed(installed):
    desk = made_desk.desk(2, n=10)
    first, second, *_ = desk.request.holdings.shares
    run = propose_edit(desk.request, {first: "none"}, installed, market=desk.market)
    again = edit(run.run_id, {second: "-5"}, installed)
    assert dict(again.pins) == {first: "no trade", second: "sell 5 shares"}
    freed = edit(run.run_id, {first: "free", second: "-5"}, installed)
    assert dict(freed.pins) == {second: "sell 5 shares"}
    plain = rebalance(desk.request, installed, market=desk.market)
    assert edit(plain.run_id, {second: "-5"}, installed).run_id == freed.run_id


def test_what_leaves_no_room_is_diagnosed_with_the_pins_by_name(installed):
    desk = made_desk.desk(2, n=10)
    held = next(iter(desk.request.holdings.shares))
    with pytest.raises(InfeasibleRequest) as refused:
        edit(desk.request, {held: "45%"}, installed, market=desk.market)
    conflicts = [set(c["limits"]) for c in refused.value.measured["conflicts"]]
    assert conflicts
    assert all("pinned" in limits for limits in conflicts)
    assert any("max_weight" in limits for limits in conflicts)
    assert any("pinned" in fix for fix in refused.value.fixes)


@pytest.mark.parametrize(
    ("trades", "kind", "word"),
    [
        ({}, MissingInput, "at least one"),
        ({"A000": "100"}, InvalidValue, "+100"),
        ({"A000": 0.03}, InvalidValue, "shares, money or a weight"),
        ({"A000": "+1e3"}, InvalidValue, "no trade"),
        ({"A000": {"shares": 1, "value": 2}}, InvalidValue, "no one trade"),
        ({"NOBODY": "+1"}, InvalidValue, "no asset 'NOBODY'"),
        ({"CASH": "2%"}, InvalidValue, "cash"),
    ],
    ids=str,
)
def test_what_says_no_trade_is_refused_in_its_own_words(trades, kind, word, installed):
    desk = made_desk.desk(2)
    with pytest.raises(kind) as refused:
        edit(desk.request, trades, installed, market=desk.market)
    error: PortoptError = refused.value
    assert word in " ".join([error.detail, *error.fixes])
    assert not installed.has_store


def test_a_limit_that_gives_way_for_the_edit_is_told(installed):
    desk = made_desk.desk(2, n=10)
    policy = dataclasses.replace(desk.request.policy, relax_order=("max_turnover",))
    desk = dataclasses.replace(desk, request=dataclasses.replace(desk.request, policy=policy))
    p = desk.problem()
    held = max(desk.request.holdings.shares, key=lambda a: p.previous()[p.universe.positions[a]])
    other = next(a for a in desk.request.holdings.shares if a != held)
    found = edit(desk.request, {held: "0%", other: "29%"}, installed, market=desk.market)
    told = [note for note in found.notes if "max_turnover gave way" in note]
    assert told
    assert told[0].startswith("here ")
    assert found.edited.turnover > made_desk.LIMITS["max_turnover"]
