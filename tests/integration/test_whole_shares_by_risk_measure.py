"""From the sample book to whole shares under objectives and limits of scenario risk."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from portopt import analysis, pipeline
from portopt.adapters.providers.sample import SampleProvider
from portopt.doors.form import RebalanceForm, resolve
from portopt.runtime import open_runtime
from portopt.settings import Settings


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory):
    """The sample's request and its prices."""
    home: Path = tmp_path_factory.mktemp("home")
    request = resolve(RebalanceForm(), open_runtime(Settings(home=home)))
    return request, pipeline.fetch_pack(request, SampleProvider())


def looking_back(request, days):
    """The same request on so many days of prices."""
    choice = dataclasses.replace(request.policy.estimation, lookback=days)
    return dataclasses.replace(request, policy=dataclasses.replace(request.policy, estimation=choice))


def believing(request, expected_returns):
    """The same request with other expected returns."""
    choice = dataclasses.replace(request.policy.estimation, expected_returns=expected_returns, expected_returns_options={})
    return dataclasses.replace(request, policy=dataclasses.replace(request.policy, estimation=choice))


def planned(book, objective, limits=None):
    """(the answer, its plan) of the sample book under that objective and those limits beside the policy's own."""
    request, snapshot = book
    policy = dataclasses.replace(request.policy, objective=objective, limits={**request.policy.limits, **(limits or {})})
    asked = dataclasses.replace(request, policy=policy)
    answer = pipeline.optimize_for(asked, snapshot, pipeline.estimate(asked, snapshot))
    return answer, pipeline.trade(asked, snapshot, answer, pipeline.certify(answer, snapshot))


# The entropic measure has a cone for each day: on three years it takes three times as long, and says the same.
@pytest.mark.parametrize(("measure", "days"), [("cvar", 756), ("semideviation", 756), ("max_drawdown", 756), ("evar", 250)])
def test_the_least_risk_in_whole_shares_keeps_every_limit_and_stays_close_to_the_optimum(measure, days, book):
    _, plan = planned((looking_back(book[0], days), book[1]), {"kind": "min_risk", "measure": measure})
    assert plan.rounding in ("mip", "mip_open")
    assert plan.mip_gap <= 2e-3
    assert plan.rounding_gap >= -1e-12
    for reading in plan.readings:
        assert reading.worst() <= 1e-9, reading.limit
    assert all(trade.shares == int(trade.shares) for trade in plan.trades)


def test_the_best_ratio_in_whole_shares_is_proved(book, tmp_path):
    request = resolve(RebalanceForm(policy="aggressive_growth"), open_runtime(Settings(home=tmp_path / "home")))
    request = believing(request, "historical_mean")
    _, plan = planned((request, book[1]), request.policy.objective)
    assert plan.rounding == "mip"
    assert plan.mip_gap <= request.policy.trading.mip_relative_gap
    assert plan.rounding_gap <= 4e-4  # of a ratio of 1.03


def test_a_limit_on_risk_holds_for_the_shares_that_are_bought(book):
    """On a quarter of a year and to a gap of two in a hundred: the limit holds and binds, however well it is searched."""
    request, snapshot = looking_back(book[0], 63), book[1]
    rules = dataclasses.replace(request.policy.trading, mip_relative_gap=0.02)
    request = dataclasses.replace(request, policy=dataclasses.replace(request.policy, trading=rules))
    limits = {"max_risk": {"cvar": {"limit": 0.02, "confidence": 0.95}, "mad": 0.0101}}
    _, plan = planned((request, snapshot), {"kind": "utility", "risk_aversion": 4.0}, limits)
    (reading,) = [reading for reading in plan.readings if reading.limit == "max_risk"]
    assert reading.members == ("cvar", "mad")
    assert reading.worst() <= 1e-9
    np.testing.assert_allclose(reading.measured, reading.upper, rtol=0.005)


def test_the_document_of_a_run_says_which_risk_was_minimized(book):
    request, snapshot = book
    objective = {"kind": "min_risk", "measure": "cvar", "confidence": 0.9}
    asked = dataclasses.replace(request, policy=dataclasses.replace(request.policy, objective=objective))
    document, _ = pipeline.work(asked, snapshot, run_id="reb-1", frontier=False)
    assert "CVaR 90 %, 1 period" in str(document)
    assert document["certificate"]["verdict"] == "certified"


@pytest.mark.parametrize("measure", ["cvar", "max_drawdown", "ulcer_index", "evar"])
def test_reasons_charge_the_measure_itself_and_what_pulls_on_an_asset_adds_up_to_nothing(measure, book):
    request, snapshot = book
    policy = dataclasses.replace(request.policy, objective={"kind": "min_risk", "measure": measure})
    asked = dataclasses.replace(request, policy=policy)
    answer = pipeline.optimize_for(asked, snapshot, pipeline.estimate(asked, snapshot))
    found = analysis.pulls(answer.problem, answer.form, answer.solution.raw)
    w, risk = answer.solution.weights, answer.problem.objective.risk
    # By Euler the pull of a homogeneous measure, weighed, is the measure: half a square is of degree two.
    whole = risk.value(w, answer.problem) ** (2 if measure == "ulcer_index" else 1)
    assert -found["risk"] @ w == pytest.approx(whole, rel=1e-9)
    assert "trading cost" not in found
    np.testing.assert_allclose(sum(found.values()), 0.0, atol=1e-9)


def test_a_risk_limit_that_binds_pulls_under_its_own_name(book):
    request, snapshot = believing(book[0], "historical_mean"), book[1]
    tight = {**request.policy.limits, "max_risk": {"semideviation": 0.0105}, "max_tracking_error": None}
    policy = dataclasses.replace(request.policy, objective={"kind": "utility", "risk_aversion": 2.0}, limits=tight)
    asked = dataclasses.replace(request, policy=policy)
    answer = pipeline.optimize_for(asked, snapshot, pipeline.estimate(asked, snapshot))
    found = analysis.pulls(answer.problem, answer.form, answer.solution.raw)
    assert np.abs(found["max_risk"]).max() > 0.01
    np.testing.assert_allclose(sum(found.values()), 0.0, atol=1e-9)
