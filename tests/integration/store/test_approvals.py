"""What people decide about a proposal, over the wire: each decision once, with its reason, and on what is the newest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from integration.store.deciding import MISSED, RELAXED, Desk
from sqlalchemy import text

from portopt.domain.approval import REASONS
from portopt.domain.run import RunStatus
from portopt.runs import decisions
from portopt.runs.approvals import waits
from portopt.runtime import Runtime
from portopt.settings import Settings


@pytest.fixture
def desk(store, url, tmp_path: Path, finished) -> Desk:
    return Desk(Runtime(Settings(home=tmp_path, database_url=url)), finished)


def ahead(**span: float) -> str:
    return (datetime.now(UTC) + timedelta(**span)).isoformat()


def test_a_proposal_that_waits_says_what_it_waits_for_and_is_approved_once(desk: Desk):
    desk.proposes()
    _, told = desk.asks("bert", "list_approvals")
    (line,) = told["approvals"]
    assert (line["proposed_by"], line["value_to_trade"], line["total_cost"]) == (["anna"], "22460.00", "38.69")
    approval = line["approval"]
    assert (approval["state"], approval["needs_reason"], approval["held_until"]) == ("awaiting", False, None)
    late = datetime.fromisoformat(approval["expires_at"]) - datetime.fromisoformat(approval["asked_at"])
    assert late == timedelta(hours=24)
    said = {"note": "as discussed", "holdings_version": line["holdings_version"]}
    for _ in range(2):
        status, decided = desk.decides("bert", "approve", **said)
        assert (status, decided["status"], decided["approval"]["state"]) == (200, "completed", "approved")
    assert decided["approval"]["decided"]["note"] == "as discussed"
    assert desk.kinds() == [("proposed", "anna"), ("approved", "bert"), ("released", "bert")]
    assert desk.waiting() == []
    assert desk.decides("carl", "reject")[0] == 409


def test_who_wants_it_changed_says_what_and_it_is_not_approved_any_more(desk: Desk):
    desk.proposes()
    assert desk.decides("bert", "request_changes")[0] == 422
    for _ in range(2):
        status, told = desk.decides("bert", "request_changes", note="less of XOM")
        assert (status, told["status"], told["approval"]["state"]) == (200, "cancelled", "changes_requested")
    status, refused = desk.decides("carl", "approve")
    assert (status, refused["code"]) == (409, "changes_requested")
    assert refused["measured"] == {"requested_by": "bert", "note": "less of XOM"}
    assert desk.kinds() == [("proposed", "anna"), ("changes_requested", "bert")]
    _, listed = desk.asks("bert", "list_runs", asked={"approval": "changes_requested"})
    assert [run["run_id"] for run in listed["runs"]] == ["reb-1"]
    error = decisions.not_released(desk.runtime.runs.get("reb-1"), desk.runtime)
    assert error is not None
    assert "less of XOM" in error.detail


def test_what_is_held_is_not_approved_does_not_expire_and_is_free_again_by_itself(desk: Desk):
    before = desk.proposes(hours=1.0).approval
    until = ahead(hours=5)
    for _ in range(2):
        status, told = desk.decides("bert", "hold", until=until, note="earnings first")
        assert (status, told["approval"]["state"]) == (200, "held")
    approval = desk.runtime.runs.get("reb-1").approval
    assert approval.expires_at - before.expires_at == pytest.approx(timedelta(hours=5), abs=timedelta(seconds=5))
    assert approval.state_at(datetime.fromisoformat(until)) == "awaiting"
    assert desk.runtime.runs.late(datetime.fromisoformat(until)) == []
    assert (desk.waiting(state="held"), desk.waiting(state="awaiting")) == (["reb-1"], [])
    status, refused = desk.decides("carl", "approve")
    assert (status, refused["code"], refused["measured"]["held_by"]) == (409, "held", "bert")
    words, _ = waits("reb-1", desk.runtime)
    assert words.startswith("held until ")
    for _ in range(2):
        assert desk.decides("bert", "release_hold")[0] == 200
    assert desk.runtime.runs.get("reb-1").approval.expires_at == pytest.approx(before.expires_at, abs=timedelta(seconds=5))
    assert desk.decides("carl", "approve")[0] == 200
    assert [kind for kind, _ in desk.kinds()] == ["proposed", "held", "hold_released", "approved", "released"]


def test_a_hold_lasts_until_an_instant_that_is_ahead(desk: Desk):
    desk.proposes()
    for said in ({}, {"until": "2020-01-01"}, {"until": "soon"}, {"until": "2199-01-01"}):
        status, refused = desk.decides("bert", "hold", **said)
        assert (status, refused["asked"]["field"]) == (422, "until"), said
    assert desk.decides("bert", "reject", until="2199-01-01")[0] == 422
    assert desk.kinds() == [("proposed", "anna")]


def test_where_a_limit_gave_way_or_a_trade_was_edited_it_takes_a_reason_and_a_note(desk: Desk):
    pinned = {"limits": {"pinned": {"XOM": {"shares": -100.0}}}}
    desk.proposes(policy=pinned, relaxations=[RELAXED], limits=[MISSED])
    status, refused = desk.decides("bert", "approve")
    assert (status, refused["asked"]["field"]) == (422, "reason")
    assert [(one["what"], one["name"]) for one in refused["measured"]["departures"]] == [
        ("limit", "max_turnover"), ("limit", "max_tracking_error"), ("trade", "XOM"),
    ]  # fmt: skip
    assert refused["measured"]["reasons"] == REASONS
    for part in ("max_turnover gave way", "max_tracking_error falls short by", "the trade in XOM was edited"):
        assert part in refused["detail"]
    assert desk.decides("bert", "approve", reason="liquidity")[1]["asked"]["field"] == "note"
    assert desk.decides("bert", "approve", reason="a whim", note="so")[0] == 422
    assert desk.runtime.runs.status("reb-1") is RunStatus.AWAITING_APPROVAL
    assert desk.decides("bert", "approve", reason="liquidity", note="XOM is thin today")[0] == 200
    _, told = desk.asks("bert", "list_decisions", "reb-1")
    assert told["entries"][1]["body"] == {"note": "XOM is thin today", "reason": "liquidity", "run_id": "reb-1"}


def test_nobody_approves_what_is_late_and_the_refusal_says_since_when(desk: Desk):
    desk.proposes(hours=1e-6)
    status, refused = desk.decides("bert", "approve")
    assert (status, refused["code"]) == (409, "expired")
    assert datetime.fromisoformat(refused["measured"]["expired_at"]) <= datetime.now(UTC)
    assert desk.kinds() == [("proposed", "anna"), ("expired", "portopt")]
    assert desk.asks("bert", "get_run", "reb-1")[1]["approval"]["state"] == "expired"


def test_a_policy_gives_people_at_most_its_hours(desk: Desk):
    asked = desk.proposes(hours=24.0, policy={"approval": {"hours": 2}}).approval
    assert asked.expires_at - asked.asked_at == timedelta(hours=2)


def test_what_a_newer_proposal_replaced_is_not_approved_and_the_newer_one_is_named(desk: Desk):
    desk.proposes()
    desk.proposes("reb-2")
    status, refused = desk.decides("bert", "approve")
    assert (status, refused["code"], refused["measured"]["newer_proposal"]) == (409, "superseded", "reb-2")
    assert (desk.waiting(), desk.decides("bert", "approve", "reb-2")[0]) == (["reb-2"], 200)


def test_what_newer_holdings_replaced_is_not_approved_by_any_face_and_says_what_changed(desk: Desk):
    desk.proposes()
    assert desk.decides("bert", "approve", holdings_version=2)[1]["code"] == "superseded"
    desk.holds(150)
    status, refused = desk.decides("bert", "approve")
    assert (status, refused["measured"]["changed"]) == (409, {"XOM": ["200", "150"]})
    with pytest.raises(type(decisions.superseded(desk.runtime.runs.get("reb-1"), desk.runtime))):
        decisions.approve("reb-1", desk.runtime)  # the command line, and the flow
    assert waits("reb-1", desk.runtime) is None  # whoever waits for it goes on
    assert desk.runtime.runs.outbox().waiting == 0


def test_two_others_approve_where_the_policy_wants_two(desk: Desk):
    desk.proposes(policy={"approval": {"approvers": 2}})
    assert desk.decides("anna", "approve")[0] == 403
    for _ in range(2):
        told = desk.decides("bert", "approve")[1]
        assert (told["status"], told["approval"]["approved_by"]) == ("awaiting_approval", ["bert"])
    assert desk.waiting("bert", mine="true") == desk.waiting("anna", mine="true") == []
    assert desk.waiting("carl", mine="true") == ["reb-1"]
    assert desk.decides("carl", "approve")[1]["status"] == "completed"
    assert [kind for kind, _ in desk.kinds()] == ["proposed", "approved", "approved", "released"]


def test_pages_of_what_waits_and_of_one_portfolio_alone(desk: Desk):
    for i in range(3):
        desk.proposes(f"reb-{i}", portfolio=f"P{i}")
    _, first = desk.asks("bert", "list_approvals", asked={"limit": "2"})
    _, rest = desk.asks("bert", "list_approvals", asked={"limit": "2", "cursor": first["next_cursor"]})
    assert [line["run_id"] for line in (*first["approvals"], *rest["approvals"])] == ["reb-2", "reb-1", "reb-0"]
    assert rest["next_cursor"] is None


def test_one_changed_byte_in_the_history_of_a_proposal_is_located(desk: Desk, store):
    desk.proposes()
    desk.decides("bert", "hold", until=ahead(hours=1), note="not yet")
    desk.decides("bert", "release_hold")
    desk.decides("bert", "approve")
    _, told = desk.asks("bert", "list_decisions", "reb-1")
    assert (told["intact"], told["broken"]) == (True, None)
    number = next(entry["number"] for entry in told["entries"] if entry["kind"] == "held")
    with store.database.writing() as connection:
        table = "command.ledger" if store.database.dialect == "postgresql" else "ledger"
        off = "ALTER TABLE {t} DISABLE TRIGGER USER" if table != "ledger" else "DROP TRIGGER ledger_no_update"
        connection.execute(text(off.format(t=table)))
        changed = f"UPDATE {table} SET body = replace(body, 'not yet', 'not yes') WHERE number = :n"
        connection.execute(text(changed), {"n": number})
    _, told = desk.asks("bert", "list_decisions", "reb-1")
    assert (told["intact"], told["broken"]["number"]) == (False, number)
