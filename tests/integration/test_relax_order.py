"""Limits that give way, and fixes that are typed in again, end in whole shares on the sample book."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from portopt import pipeline
from portopt.domain.request import RebalanceRequest
from portopt.domain.solution import SolveStatus
from portopt.doors.form import RebalanceForm, resolve
from portopt.formulation import exact_prices, formulate
from portopt.runtime import Runtime
from portopt.settings import Settings
from portopt.trading import can_trade, dearest_lot

TOO_TIGHT = {"max_turnover": 0.10, "max_tracking_error": 0.01, "max_weight": 0.05}


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    home: Path = tmp_path_factory.mktemp("home")
    return Runtime(Settings(home=home))


def asked(runtime: Runtime, limits: dict[str, float], relax_order: tuple[str, ...] = (), **order: Any) -> RebalanceRequest:
    request = resolve(RebalanceForm(**order), runtime, limits=limits)
    return dataclasses.replace(request, policy=dataclasses.replace(request.policy, relax_order=relax_order))


def answered(request: RebalanceRequest, snapshot: Any) -> pipeline.Solved:
    problem = formulate(request, snapshot, pipeline.estimate(request, snapshot))
    rules = request.policy.trading
    rounds = partial(can_trade, holdings=request.holdings, prices=exact_prices(snapshot), rules=rules)
    return pipeline.optimize(problem, request.policy.relax_order, room=dearest_lot(problem, rules), rounds=rounds)


@pytest.mark.parametrize("kind", TOO_TIGHT)
def test_a_limit_that_gives_way_leaves_a_whole_share_plan_and_is_recorded(runtime, kind):
    request = asked(runtime, {kind: TOO_TIGHT[kind]}, (kind,))
    snapshot = pipeline.fetch_pack(request, runtime.market("sample"))
    answer = answered(request, snapshot)
    validated = pipeline.certify(answer)
    plan = pipeline.trade(request, snapshot, answer, validated)
    assert plan.trades
    assert all(trade.shares == int(trade.shares) for trade in plan.trades)
    assert max(reading.worst() for reading in plan.readings) <= 1e-9
    document = pipeline.document_of(
        pipeline.conclude(request, snapshot, answer, validated, plan, run_id="reb-1", frontier=False)
    )
    (gave,) = answer.gave_way
    assert gave.relaxation.limit == kind
    assert kind in str(document["relaxations"])


@pytest.mark.parametrize("kind", TOO_TIGHT)
def test_a_printed_fix_typed_in_again_gives_a_plan(runtime, kind):
    refused = asked(runtime, {kind: TOO_TIGHT[kind]})
    snapshot = pipeline.fetch_pack(refused, runtime.market("sample"))
    diagnosis = answered(refused, snapshot).diagnosis
    assert diagnosis is not None
    (opened,) = [fix.relaxations[0] for fix in diagnosis.fixes if [r.limit for r in fix.relaxations] == [kind]]
    typed = round(TOO_TIGHT[kind] + opened.by, 6)
    assert f"{100 * typed:.2f} %" in opened.after  # two decimals say all of it
    request = asked(runtime, {kind: typed})
    answer = answered(request, snapshot)
    assert answer.solution.status is SolveStatus.OPTIMAL
    assert pipeline.trade(request, snapshot, answer, pipeline.certify(answer)).trades


def test_fixes_of_a_policy_with_many_conflicts_are_fixes_in_whole_shares(runtime):
    request = asked(runtime, {}, policy="conservative_income")
    rules = dataclasses.replace(request.policy.trading, mip_relative_gap=0.02)  # that there is a book, not the best one
    request = dataclasses.replace(request, policy=dataclasses.replace(request.policy, trading=rules))
    snapshot = pipeline.fetch_pack(request, runtime.market("sample"))
    answer = answered(request, snapshot)
    assert answer.diagnosis is not None
    fix = answer.diagnosis.fixes[0]
    opened = answer.problem
    for relaxation in fix.relaxations:
        opened = opened.with_limit(opened.limit(relaxation.limit).relaxed(relaxation.by))
    again = pipeline.optimize(opened)
    assert pipeline.trade(request, snapshot, again, pipeline.certify(again)).trades


def test_without_room_the_openings_are_the_smallest_there_are(runtime):
    request = asked(runtime, {"max_turnover": 0.10}, ("max_turnover",))
    snapshot = pipeline.fetch_pack(request, runtime.market("sample"))
    problem = formulate(request, snapshot, pipeline.estimate(request, snapshot))
    (smallest,) = pipeline.optimize(problem, ("max_turnover",)).gave_way
    (roomy,) = answered(request, snapshot).gave_way
    lot = dearest_lot(problem, request.policy.trading)
    assert lot == pytest.approx(float(problem.prices.max() / problem.portfolio_value), rel=1e-12)
    assert smallest.relaxation.by + lot <= roomy.relaxation.by <= smallest.relaxation.by + lot + 1e-4
