"""A policy that wants four eyes: who proposed does not approve, by whichever door; somebody else does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from integration.service.books import POLICY, body_of, book, done
from integration.service.doors import ALL, Doors
from integration.service.rpc_client import Client, Generated, Refused
from integration.service.serving import Served

from portopt import pipeline
from portopt.dialects.submissions import read_submission
from portopt.domain.access import Principal, asked_by
from portopt.doors.wire.standing import request_of
from portopt.runs import lifecycle
from portopt.runs.market import keep_pack, read_pack
from portopt.runs.record import accepted, begun
from portopt.runtime import Runtime

MINE = frozenset({"P-1"})
BOTH = frozenset({"propose", "approve", "read"})


@pytest.fixture
def doors(serving: Callable[..., Served]) -> Doors:
    found = Doors.__new__(Doors)
    found.served = serving(access="keys", processes=1)
    found.keys, found.clients = found.served.runtime().keys, {}
    return found


def test_who_proposed_does_not_approve_and_somebody_else_does(doors: Doors, generated: Generated) -> None:
    admin = doors.client("clerk", Principal("clerk", ALL.scopes, None))
    anna, bert, carl = (doors.client(name, Principal(name, BOTH, MINE)) for name in ("anna", "bert", "carl"))
    pack, policy = prepared(admin)
    assert policy["approval"] == {"four_eyes": True}
    body: dict[str, Any] = {"portfolio_id": "P-1", "pricing_pack_id": pack}
    at_once = anna.post("/portfolios/P-1/rebalance", json={"target_type": "optimal", "pricing_pack_id": pack})
    elsewhere = anna.post("/optimizations", json={**body, "policy": "quality_focused"})
    for unasked in (anna.post("/optimizations", json=body), at_once, elsewhere):
        assert (unasked.status_code, unasked.json()["asked"]["field"]) == (422, "approval_hours")
    job = done(bert.post("/optimizations", json={**body, "approval_hours": 2}), 202)["optimization_id"]
    run_id = proposed(doors.served.runtime(), body, "anna", job)
    assert anna.get(f"/runs/{run_id}").json()["status"] == "awaiting_approval"
    refused = anna.post(f"/runs/{run_id}/approval", json={"decision": "approve"})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert refused.json()["measured"] == {"proposed_by": ["anna", "bert"]}
    rpc = Client(generated, str(doors.served.where["grpc"]))
    message = rpc.request("Decide", {"run_id": run_id, "decision": "approve"})
    with pytest.raises(Refused) as caught:
        rpc.ask("Decide", message, authorization=bert.headers["Authorization"])
    assert (caught.value.code, caught.value.problem["code"]) == ("PERMISSION_DENIED", "not_allowed")
    assert anna.get(f"/runs/{run_id}").json()["status"] == "awaiting_approval"
    rpc.ask("Decide", message, authorization=carl.headers["Authorization"])
    assert anna.get(f"/runs/{run_id}").json()["status"] == "completed"


def proposed(runtime: Runtime, body: dict[str, Any], who: str, job: str) -> str:
    """A proposal that `who` asked for, worked out here; it is what the job, somebody else's, became too."""
    portfolio = runtime.portfolios.get("P-1")
    request = accepted(request_of(portfolio, read_submission(body, "optimization"), runtime))
    snapshot = read_pack(request, runtime)
    run = begun(request, snapshot, datetime.now(UTC))
    document, _ = pipeline.work(request, snapshot, run_id=run.run_id, frontier=False)
    keep_pack(snapshot, runtime)
    with asked_by(who):
        lifecycle.finish(run, document, runtime, since=portfolio.version, timings={}, await_approval=True)
    runtime.jobs.became(job, run.run_id)
    return run.run_id


def test_the_word_is_the_policys_and_nobody_elses(doors: Doors) -> None:
    admin = doors.client("clerk", Principal("clerk", ALL.scopes, None))
    _, policy = prepared(admin)
    assert (policy["policy_id"], policy["id"]) == ("eyes", "eyes")
    assert done(admin.put("/policies/eyes", json=policy)) == policy  # what is read can be written
    for wrong, field in (({"four_eyes": "yes"}, "approval.four_eyes"), ({"eyes": True}, "approval.eyes")):
        told = admin.put("/policies/other", json={**POLICY, "approval": wrong})
        assert (told.status_code, told.json()["asked"]["field"]) == (422, field)
    lines = done(admin.get("/policies"))["policies"]
    assert all(line["id"] == line["policy_id"] for line in lines)


def prepared(admin: Any) -> tuple[str, dict[str, Any]]:
    """(pricing pack, policy)."""
    found = book(8)
    limits = {"long_only": True, "max_weight": 0.5}
    policy = done(admin.put("/policies/eyes", json={**POLICY, "limits": limits, "approval": {"four_eyes": True}}))
    done(admin.put("/portfolios/P-1", json={"policy": "eyes"}))
    done(admin.put("/portfolios/P-1/holdings", **body_of(found.csv, "text/csv")))
    return done(admin.post("/packs", **body_of(found.prices.write_csv().encode(), "text/csv")))["pricing_pack_id"], policy
