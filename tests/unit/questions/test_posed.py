"""Both kinds of request are posed the same way, and what a question finds is a value."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import small_book

from portopt import formulation, pipeline
from portopt.dialects.portfolio_answers import write_frontier
from portopt.domain.errors import MissingInput
from portopt.domain.found import RestsOn
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import EstimationChoice, OptimizationRequest, RebalanceRequest
from portopt.domain.universe import Universe
from portopt.questions import posed
from portopt.questions.factors import factors
from portopt.questions.forecasts import forecasts
from portopt.questions.frontier import frontier
from portopt.runtime import Runtime
from portopt.settings import Settings

WEIGHTS = OptimizationRequest(
    "w", Universe.of(["A", "B"]), {"kind": "min_risk"}, {}, expected_returns=np.array([0.05, 0.07]),
    covariance=np.diag([0.04, 0.09]),
)  # fmt: skip


@pytest.fixture
def snapshot() -> MarketSnapshot:
    return pipeline.fetch_pack(small_book.request(), small_book.market())


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """An installation whose prices are the small book's."""
    runtime = Runtime(Settings(home=tmp_path / "home"))
    monkeypatch.setattr(runtime, "market", lambda _: small_book.market())
    return runtime


def aiming_at(kind: str) -> RebalanceRequest:
    asked = small_book.request()
    return dataclasses.replace(asked, policy=dataclasses.replace(asked.policy, objective={"kind": kind}))


def test_a_choice_of_weights_is_posed_on_its_own_beliefs_and_rests_on_nothing():
    problem = formulation.pose(WEIGHTS)
    assert problem.universe.ids == ("A", "B")
    assert np.array_equal(problem.moments.mu, [0.05, 0.07])
    assert posed.prices_of(WEIGHTS, None) is None
    assert posed.rests_on(None, None) is None


def test_a_rebalance_is_posed_on_prices_as_the_pipeline_formulates_it(snapshot):
    asked = small_book.request()
    by_steps = formulation.formulate(asked, snapshot, pipeline.estimate(asked, snapshot))
    problem = formulation.pose(asked, snapshot)
    assert problem.identity() == by_steps.identity()
    assert problem.notes == by_steps.notes
    assert problem.portfolio_value == by_steps.portfolio_value


def test_what_is_constructed_is_constructed_when_it_is_posed_and_not_before(snapshot):
    asked = aiming_at("hierarchical")
    assert formulation.as_asked(asked, snapshot).target is None
    assert formulation.pose(asked, snapshot).target is not None


def test_a_rebalance_without_prices_or_without_an_installation_says_what_it_lacks():
    with pytest.raises(MissingInput, match="posed on prices"):
        formulation.pose(small_book.request())
    for question in (frontier, factors, lambda asked: forecasts(asked, ["sample"])):
        with pytest.raises(MissingInput, match="needs a runtime to fetch prices"):
            question(small_book.request())


def test_beliefs_are_chosen_alike_in_both_kinds():
    choice = EstimationChoice(covariance="oas")
    for request in (WEIGHTS, small_book.request()):
        assert posed.with_estimation(request, choice).estimation == choice


def test_a_rebalance_looks_back_over_the_whole_history_and_a_choice_of_weights_over_what_it_brings(installed):
    asked = small_book.request()
    short = posed.with_estimation(asked, dataclasses.replace(asked.policy.estimation, lookback=60))
    moments, choice, snapshot = posed.history_of(short, installed)
    assert moments.scenarios is not None
    assert len(moments.scenarios) == small_book.DAYS - 1
    assert (choice.lookback, choice.views, choice.factors) == (None, {}, {})
    assert snapshot is not None
    assert len(snapshot.dates) == small_book.DAYS
    assert posed.history_of(WEIGHTS, None)[0].scenarios is None


def test_a_frontier_leaves_the_objective_aside_and_says_which_prices_it_rests_on(installed):
    """The plane has return and risk and nothing else: what the policy wants of it moves no point."""
    found = [frontier(aiming_at(kind), installed, points=5) for kind in ("min_risk", "max_sharpe", "hierarchical")]
    pack = pipeline.fetch_pack(small_book.request(), small_book.market())
    assert {one.rests_on for one in found} == {RestsOn(pack.pricing_pack_id, pack.as_of)}
    first, *others = map(write_frontier, found)
    assert [other == first for other in others] == [True, True]
    assert first["pricing_pack_id"] == pack.pricing_pack_id
    assert not installed.settings.home_path.exists()


def test_where_answers_are_kept_the_prices_they_rest_on_are_too(installed):
    small_book.rebalance(installed)
    (before,) = installed.packs.ids()
    found = factors(small_book.request(), runtime=installed)
    assert found.portfolio == "current"
    assert found.rests_on is not None
    assert list(installed.packs.ids()) == [before] == [found.rests_on.pricing_pack_id]
