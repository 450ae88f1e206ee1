"""Around proposals of random books: every choice is its own optimization, and an edit costs the difference."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import made_desk
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from portopt import pipeline
from portopt.domain.errors import InfeasibleRequest
from portopt.optimization.ratio.best_ratio import NoExcessReturn
from portopt.questions.alternatives import alternatives
from portopt.questions.edit import edit
from portopt.questions.what_if import what_if
from portopt.runtime import Runtime
from portopt.settings import Settings

OBJECTIVES: tuple[dict[str, Any], ...] = (
    {"kind": "utility", "risk_aversion": 5.0},
    {"kind": "max_sharpe"},
    {"kind": "min_risk"},
    {"kind": "min_tracking_error", "risk_aversion": 8.0},
    {"kind": "max_return"},
)
COSTS: tuple[dict[str, Any], ...] = (
    {},
    {"linear_impact": {"bps": 15.0}},
    {"linear_impact": {"bps": 5.0}, "spread": {"bps": 4.0}},
)
RUNTIME = Runtime(Settings(home=Path(tempfile.mkdtemp(prefix="portopt-choices-")) / "home"))


@st.composite
def desks(draw: st.DrawFn) -> made_desk.Desk:
    limits: dict[str, Any] = {"long_only": True, "max_weight": draw(st.sampled_from([0.2, 0.3, 0.5]))}
    limits["max_turnover"] = draw(st.sampled_from([0.05, 0.2, 0.4]))
    if draw(st.booleans()):
        limits["sector_limits"] = draw(st.sampled_from([0.4, 0.55]))
    if draw(st.booleans()):
        limits["max_tracking_error"] = draw(st.sampled_from([0.03, 0.08]))
    if draw(st.booleans()):
        limits["cash"] = {"max": draw(st.sampled_from([0.03, 0.06]))}
    return made_desk.desk(
        draw(st.integers(0, 100_000)), draw(st.integers(5, 16)), objective=draw(st.sampled_from(OBJECTIVES)), limits=limits,
        costs=draw(st.sampled_from(COSTS)), days=120,
    )  # fmt: skip


def certified(desk: made_desk.Desk, request: Any) -> np.ndarray:
    return pipeline.certify(pipeline.optimize(desk.problem(request))).weights


@settings(max_examples=40, deadline=None)
@given(desk=desks())
def test_every_choice_is_its_own_optimization_and_doing_nothing_trades_nothing(desk: made_desk.Desk) -> None:
    found = alternatives(desk.request, RUNTIME, market=desk.market)
    first, *others = found.choices
    book = desk.problem().previous()
    assert first.name == "do_nothing"
    assert np.array_equal(first.measured.weights, book)
    assert first.measured.turnover == 0.0
    for choice in others:
        assert choice.request is not None
        assert np.abs(choice.measured.weights - certified(desk, choice.request)).max() <= 1e-9, choice.name
        missed = {one.limit: one.by for one in first.measured.broken} if choice.name == "buy_only" else {}
        assert all(one.by <= missed.get(one.limit, 0.0) + 1e-9 for one in choice.measured.broken)
        worth = choice.measured.worth
        assert (worth is not None) is (found.named("policy") is not None)
        assert worth is None or choice.measured.broken or worth.gives_up >= -1e-9
    for one in found.not_offered:
        assert one.reason


@settings(max_examples=40, deadline=None)
@given(desk=desks(), data=st.data())
def test_an_edit_costs_the_difference_of_two_values_of_the_objective(desk: made_desk.Desk, data: st.DataObject) -> None:
    held = sorted(desk.request.holdings.shares)
    name = data.draw(st.sampled_from(held))
    shares = data.draw(st.integers(-int(desk.request.holdings.shares[name]), 60))
    policy = desk.request.policy
    pinned = dataclasses.replace(policy, limits={**policy.limits, "pinned": {name: {"shares": shares}}})
    try:
        found = edit(desk.request, {name: {"shares": shares}}, RUNTIME, market=desk.market)
    except InfeasibleRequest as refused:
        named = {limit for conflict in refused.measured["conflicts"] for limit in conflict["limits"]}
        with pytest.raises(InfeasibleRequest):
            certified(desk, dataclasses.replace(desk.request, policy=pinned))
        assert named
        return
    except NoExcessReturn:
        assume(False)
        return
    stands, edited = certified(desk, None), certified(desk, dataclasses.replace(desk.request, policy=pinned))
    p = desk.problem()
    values = [p.objective.value(w, p) for w in (stands, edited)]
    if p.objective.unit == "half variance" and p.objective.gamma is None:
        values = [float(np.sqrt(2.0 * v)) for v in values]
    sign = 1.0 if p.objective.sense == "maximize" else -1.0
    assert found.price.gives_up == pytest.approx(sign * (values[0] - values[1]), abs=1e-8)
    i = p.universe.positions[name]
    assert p.prices is not None
    assert p.portfolio_value is not None
    meant = p.previous()[i] + shares * p.prices[i] / p.portfolio_value
    assert found.edited.weights[i] == pytest.approx(meant, abs=0.0101 / p.portfolio_value)


@settings(max_examples=60, deadline=None)
@given(desk=desks(), by=st.sampled_from([-0.02, -0.002, 0.002, 0.02]), path=st.sampled_from(["max_turnover", "max_weight"]))
def test_a_preview_that_says_it_holds_is_the_answer_to_a_millionth(desk: made_desk.Desk, by: float, path: str) -> None:
    moved = {f"limits.{path}": desk.request.policy.limits[path] + by}
    try:
        found = what_if(desk.request, moved, RUNTIME, market=desk.market)
    except (InfeasibleRequest, NoExcessReturn):
        assume(False)
        return
    if found.preview is None:
        assert found.left_out
    elif found.preview.reach >= 1.0:
        assert np.abs(found.preview.weights - found.after.weights).max() <= 1e-6
