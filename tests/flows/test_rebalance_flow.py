"""The flow in process: the same answer as the service, once, with named endings."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import Artifact

from portopt import pipeline
from portopt.domain.errors import InfeasibleRequest, RequestError
from portopt.domain.market import MarketSnapshot
from portopt.domain.moments import Moments
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import RunStatus
from portopt.doors.form import RebalanceForm, resolve
from portopt.questions.rebalance import rebalance as propose
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings


def run(order: RebalanceForm):
    from flows.rebalance import rebalance

    async def once():
        state = await rebalance(order, return_state=True)
        return state, (await state.aresult() if state.is_completed() and state.name != "Skipped" else None)

    return asyncio.run(once())


async def artifacts(flow_run: UUID) -> dict[str, Artifact]:
    mine = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[flow_run]))
    async with get_client() as client:
        return {str(a.key): a for a in await client.read_artifacts(artifact_filter=mine)}


def events(runtime: Runtime) -> list[dict]:
    log = runtime.settings.event_log_path
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def test_a_plan_from_the_flow_equals_the_plan_from_the_service(home: Runtime, tmp_path: Path) -> None:
    order = RebalanceForm()
    _, run_id = run(order)
    elsewhere = open_runtime(Settings(home=tmp_path / "elsewhere"))

    by_service = propose(resolve(order, elsewhere), elsewhere)

    by_flow = home.runs.get(run_id)
    assert by_flow.run_id == by_service.run_id
    assert by_flow.document == by_service.document
    assert by_flow.document_digest == by_service.document_digest


def test_the_same_order_twice_is_one_run_and_one_event_and_leaves_what_was_proposed_as_artifacts(home: Runtime) -> None:
    """The proposal, before and after, and a link."""
    order = RebalanceForm(frontier=False)
    state, first = run(order)
    _, second = run(order)

    assert first == second
    assert [r.run_id for r in home.runs.runs()] == [first]
    assert len(events(home)) == 1

    found = asyncio.run(artifacts(state.state_details.flow_run_id))
    assert {"proposal", "before-after", "report", "progress"} <= set(found)
    assert "Tracking error" in found["before-after"].data
    rows = json.loads(found["proposal"].data)
    assert {"Asset", "Now", "Proposed", "Shares", "Value", "Cost", "Why"} <= set(rows[0])


def test_newer_holdings_end_the_run_as_superseded_and_an_event_that_cannot_be_delivered_does_not_end_it(
    home: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, estimate = RebalanceForm(frontier=False), pipeline.estimate

    def meanwhile(request: RebalanceRequest, snapshot: MarketSnapshot) -> Moments:
        home.runs.save_holdings(dataclasses.replace(request.holdings, cash=request.holdings.cash + 1))
        return estimate(request, snapshot)

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "estimate", meanwhile)
        state, _ = run(order)
    assert (state.name, events(home)) == ("Superseded", [])
    assert "superseded and not released" in state.message
    assert [record.status for record in home.runs.runs()] == [RunStatus.SUPERSEDED]

    home.settings.event_log_path.write_text("somebody else's file\n")
    state, run_id = run(order)
    assert state.is_completed()
    assert home.runs.get(run_id).status is RunStatus.COMPLETED
    assert home.runs.outbox().waiting == 1


def test_on_a_closed_day_the_run_ends_as_skipped_and_does_nothing(home: Runtime) -> None:
    christmas = RebalanceForm(only_on_trading_days=True, as_of=date(2022, 12, 26))

    state, _ = run(christmas)

    assert state.name == "Skipped"
    assert state.is_completed()
    assert list(home.runs.runs()) == []


def test_limits_that_conflict_end_the_run_as_infeasible_with_its_problem_on_record_as_from_every_door(
    home: Runtime, tmp_path: Path
) -> None:
    order = RebalanceForm(max_turnover=0.001, frontier=False)
    state, _ = run(order)

    assert state.name == "Infeasible"
    (record,) = home.runs.runs()
    problem = home.runs.get(record.run_id).problem
    assert record.status is RunStatus.INFEASIBLE
    assert problem is not None
    assert any("max_turnover" in conflict["limits"] for conflict in problem["measured"]["conflicts"])
    assert problem["fixes"]
    assert events(home) == []

    elsewhere = open_runtime(Settings(home=tmp_path / "elsewhere"))
    with pytest.raises(InfeasibleRequest):
        propose(resolve(order, elsewhere), elsewhere)
    by_service = elsewhere.runs.get(record.run_id)
    assert (by_service.status, by_service.problem) == (record.status, problem)
    for kept in (home, elsewhere):
        assert kept.runs.holdings_version(record.portfolio_id) == 0
        assert record.pricing_pack_id in kept.packs.ids()


def test_a_refusal_that_cannot_be_kept_ends_the_run_as_the_refusal_it_is(
    home: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise RequestError("the database may not be written")

    monkeypatch.setattr(home.runs, "fail", full)
    state, _ = run(RebalanceForm(max_turnover=0.001, frontier=False))
    assert state.name == "Infeasible"


def test_a_file_that_is_not_there_ends_the_run_as_a_bad_request(home: Runtime) -> None:
    state, _ = run(RebalanceForm(holdings="nowhere.csv"))

    assert state.name == "BadRequest"
    assert "nowhere.csv" in state.message
    assert list(home.runs.runs()) == []


def test_the_form_reaches_another_goal_another_measure_and_whatever_a_policy_can_say(home: Runtime) -> None:
    changes = {"limits.max_positions": 14, "limits.max_turnover": 0.4, "limits.max_tracking_error": None}
    order = RebalanceForm(goal="min_risk", risk_measure="cvar", changes=json.dumps(changes), frontier=False)
    _, run_id = run(order)
    record = home.runs.get(run_id)
    document = record.document
    assert record.request["policy"]["objective"] == {"kind": "min_risk", "measure": "cvar"}
    held = [row for row in document["proposal"] if row["weight_after"] > 0 and row["asset_id"] != "CASH"]
    assert len(held) <= 14
    assert all(limit["holds"] for limit in document["limits"])
