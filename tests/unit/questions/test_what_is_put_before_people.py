"""An edit, a what-if and a choice that people are to approve: who made it, and why it needs a reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import small_book

from portopt.domain.access import asked_by
from portopt.domain.approval import ApprovalWanted, Said
from portopt.domain.errors import MissingInput, NotAllowed
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import RunStatus
from portopt.questions.alternatives import select
from portopt.questions.edit import propose_edit
from portopt.questions.what_if import propose_what_if
from portopt.runs import decisions
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

WANTED = ApprovalWanted(hours=3.0)
WHY = Said("liquidity", "thin today")


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    return open_runtime(Settings(home=tmp_path))


def careful() -> RebalanceRequest:
    request = small_book.request()
    return replace(request, policy=replace(request.policy, approval={"four_eyes": True}))


def test_an_edit_waits_names_its_trades_and_its_editor_is_one_who_made_it(runtime: Runtime) -> None:
    with asked_by("anna"):
        run = propose_edit(careful(), {"A": "+10"}, runtime, market=small_book.market(), wanted=WANTED)
    assert run.status is RunStatus.AWAITING_APPROVAL
    approval = runtime.runs.get(run.run_id).approval
    assert approval is not None
    assert [(one.what, one.name) for one in approval.departures] == [("trade", "A")]
    assert approval.expires_at == approval.asked_at + timedelta(hours=3)
    with pytest.raises(NotAllowed):
        decisions.approve(run.run_id, runtime, by="anna", said=WHY)
    with asked_by("carl"):  # the same edit again: it is the same proposal, and he made it too
        again = propose_edit(careful(), {"A": "+10"}, runtime, market=small_book.market(), wanted=WANTED)
    assert again.run_id == run.run_id
    with pytest.raises(NotAllowed):
        decisions.approve(run.run_id, runtime, by="carl", said=WHY)
    with pytest.raises(MissingInput, match="the trade in A was edited"):
        decisions.approve(run.run_id, runtime, by="bert")
    assert decisions.approve(run.run_id, runtime, by="bert", said=WHY).status is RunStatus.COMPLETED


def test_a_what_if_tells_what_moved_which_its_request_does_not(runtime: Runtime) -> None:
    run = propose_what_if(small_book.request(), {"limits.max_weight": 0.7}, runtime, market=small_book.market(), wanted=WANTED)
    approval = runtime.runs.get(run.run_id).approval
    assert approval is not None
    assert [one.said for one in approval.departures] == ["limits.max_weight is 0.7, and 0.6 in the policy"]
    with pytest.raises(MissingInput):
        decisions.approve(run.run_id, runtime)
    assert decisions.approve(run.run_id, runtime, said=WHY).status is RunStatus.COMPLETED


def test_a_proposal_as_the_policy_makes_it_needs_none_until_somebody_makes_it_by_a_what_if(runtime: Runtime) -> None:
    request, market = small_book.request(), small_book.market()
    wider = replace(request, policy=replace(request.policy, limits={**request.policy.limits, "max_weight": 0.7}))
    needs = []
    for moved, asked in ((0.7, wider), (0.7, request)):  # of the first nothing moves
        select(wider, "policy", runtime, market=market, wanted=WANTED)
        run = propose_what_if(asked, {"limits.max_weight": moved}, runtime, market=market, wanted=WANTED)
        needs.append((run.run_id, run.approval.needs_reason if run.approval is not None else None))
    assert needs == [(run.run_id, False), (run.run_id, True)]
