"""Who proposed, who approved and who rejected stand in the record of decisions, by the keys that they came with."""

from __future__ import annotations

from collections.abc import Callable

from integration.service.books import POLICY, body_of, book, done
from integration.service.doors import ALL, Doors
from integration.service.serving import Served
from integration.service.working import worker_of
from support import wait_for

from portopt.domain.access import Principal


def test_a_proposal_is_made_by_one_and_approved_by_another(serving: Callable[..., Served], prefect_server: str) -> None:
    found = book(8)
    doors = Doors.__new__(Doors)
    doors.served = serving(access="keys", processes=1)
    doors.keys, doors.clients = doors.served.runtime().keys, {}
    admin, mine = doors.client("clerk", Principal("clerk", ALL.scopes, None)), frozenset({"P-1"})
    maker = doors.client("maker", Principal("maker", frozenset({"propose", "read"}), mine))
    checker = doors.client("checker", Principal("checker", frozenset({"approve", "read"}), mine))
    done(admin.put("/policies/eight", json={**POLICY, "limits": {"long_only": True, "max_weight": 0.5}}))
    done(admin.put("/portfolios/P-1", json={"policy": "eight"}))
    done(admin.put("/portfolios/P-1/holdings", **body_of(found.csv, "text/csv")))
    pack = done(admin.post("/packs", **body_of(found.prices.write_csv().encode(), "text/csv")))["pricing_pack_id"]
    with worker_of(doors.served, prefect_server):
        asked = {"portfolio_id": "P-1", "pricing_pack_id": pack, "approval_hours": 2}
        job = done(maker.post("/optimizations", json=asked), 202)["optimization_id"]
        wait_for(lambda: maker.get(f"/optimizations/{job}").json()["status"] == "completed", 120, "it did not end")
    assert maker.post(f"/runs/{job}/approval", json={"decision": "approve"}).status_code == 403
    decided = done(checker.post(f"/runs/{job}/approval", json={"decision": "approve"}))
    assert decided["decided_by"] == "checker"
    entries = done(checker.get("/portfolios/P-1/ledger"))["entries"]
    assert [(entry["kind"], entry["subject"]) for entry in entries] == [
        ("holdings", "clerk"), ("proposed", "maker"), ("approved", "checker"), ("released", "checker"),
    ]  # fmt: skip
    at_once = {"target_type": "optimal", "pricing_pack_id": pack, "constraints": {"max_turnover": 0.1}}
    done(maker.post("/portfolios/P-1/rebalance", json=at_once))
    entries = done(checker.get("/portfolios/P-1/ledger"))["entries"][4:]
    assert ("proposed", "maker") in [(entry["kind"], entry["subject"]) for entry in entries]
