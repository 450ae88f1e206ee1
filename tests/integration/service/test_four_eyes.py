"""A policy that wants four eyes: who proposed does not approve, by whichever door; somebody else does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from integration.service.books import POLICY, body_of, book, done
from integration.service.doors import ALL, Doors
from integration.service.rpc_client import Client, Generated, Refused
from integration.service.serving import Served
from integration.service.working import worker_of
from support import wait_for

from portopt.domain.access import Principal

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
    anna, bert = (doors.client(name, Principal(name, BOTH, MINE)) for name in ("anna", "bert"))
    pack, policy = prepared(admin)
    assert policy["approval"] == {"four_eyes": True}
    body: dict[str, Any] = {"portfolio_id": "P-1", "pricing_pack_id": pack}
    at_once = anna.post("/portfolios/P-1/rebalance", json={"target_type": "optimal", "pricing_pack_id": pack})
    for unasked in (anna.post("/optimizations", json=body), at_once):
        assert (unasked.status_code, unasked.json()["asked"]["field"]) == (422, "approval_hours")
    with worker_of(doors.served):
        job = done(anna.post("/optimizations", json={**body, "approval_hours": 2}), 202)["optimization_id"]
        wait_for(lambda: anna.get(f"/optimizations/{job}").json()["status"] == "completed", 120, "it did not end")
    refused = anna.post(f"/runs/{job}/approval", json={"decision": "approve"})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert refused.json()["measured"] == {"proposed_by": ["anna"]}
    rpc = Client(generated, str(doors.served.where["grpc"]))
    message = rpc.request("Decide", {"run_id": job, "decision": "approve"})
    with pytest.raises(Refused) as caught:
        rpc.ask("Decide", message, authorization=anna.headers["Authorization"])
    assert (caught.value.code, caught.value.problem["code"]) == ("PERMISSION_DENIED", "not_allowed")
    assert anna.get(f"/optimizations/{job}").json()["approval"] == "awaiting"
    rpc.ask("Decide", message, authorization=bert.headers["Authorization"])
    assert anna.get(f"/optimizations/{job}").json()["approval"] == "approved"


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
