"""A desk's morning over gRPC, by a client generated from the contract: import, propose, follow, read, approve, the event."""

from __future__ import annotations

import json
from typing import Any

import pytest
from integration.service.books import OPTIMIZATION, POLICY, book
from integration.service.rpc_client import Client, Refused, struct, to_json
from integration.service.serving import Served
from integration.service.working import worker_of

PORTFOLIO = "P-morning"


def read(document: Any) -> Any:
    """The JSON of a document."""
    assert document.content_type == "application/json"
    return json.loads(document.content)


def test_a_book_is_imported_proposed_followed_approved_and_told(service: Served, rpc: Client, prefect_server: str) -> None:
    m, desk = rpc.messages, book(24, seed=3)

    def csv(content: bytes) -> Any:
        return m.Document(content=content, content_type="text/csv")

    # A policy of the desk's, holdings as a file of it, prices as it has them.
    rpc.ask("PutPolicy", m.PutPolicyRequest(policy_id="morning", document=m.Document(json=struct(POLICY))))
    said = m.Document(json=struct({"name": "The desk's book", "policy": "morning"}))
    rpc.ask("PutPortfolio", m.PutPortfolioRequest(portfolio_id=PORTFOLIO, document=said))
    held = read(rpc.ask("PutHoldings", m.PutHoldingsRequest(portfolio_id=PORTFOLIO, document=csv(desk.csv))))
    assert held["version"] == 1
    prices = csv(desk.prices.write_csv().encode())
    pack = read(rpc.ask("CreatePack", m.CreatePackRequest(document=prices)))["pricing_pack_id"]

    # S2's printed request in its own fields; what is ours beside them.
    asked = m.CreateOptimizationRequest(
        portfolio_id=PORTFOLIO,
        **{name: OPTIMIZATION[name] for name in ("optimization_type", "objective", "risk_measure")},
        constraints=m.OptimizationConstraints(**OPTIMIZATION["constraints"]),
        preferences=m.OptimizationPreferences(**OPTIMIZATION["preferences"]),
        additional=struct({"pricing_pack_id": pack, "approval_hours": 4}),
    )
    begun, told = rpc.ask_told("CreateOptimization", asked, idempotency_key="by-rpc", x_correlation_id="desk-rpc")
    assert begun.status == "pending"  # type: ignore[attr-defined]
    assert told["location"] == f"/api/v1/optimizations/{begun.optimization_id}"  # type: ignore[attr-defined]
    again, told = rpc.ask_told("CreateOptimization", asked, idempotency_key="by-rpc", x_correlation_id="desk-rpc")
    assert (again, told["idempotency-replayed"]) == (begun, "true")
    asked.constraints.max_turnover = 0.1
    with pytest.raises(Refused) as caught:
        rpc.ask("CreateOptimization", asked, idempotency_key="by-rpc")
    assert caught.value.problem["code"] == "key_reused"

    named = m.GetOptimizationRequest(optimization_id=begun.optimization_id)  # type: ignore[attr-defined]
    with worker_of(service, prefect_server):
        statuses = [answer.status for answer in rpc.rpc("WatchOptimization")(named, timeout=180)]
    assert statuses[-1] == "completed"
    assert statuses == sorted(statuses, key=["pending", "processing", "completed"].index)
    answer: Any = rpc.ask("GetOptimization", named)
    ours = to_json(answer)["portopt"]
    assert ours["approval"] == "awaiting"
    assert answer.HasField("completed_at")
    assert sum(answer.target_allocation.values()) == pytest.approx(1.0, abs=1e-6)
    assert answer.trades
    for trade in answer.trades:
        assert trade.action in ("buy", "sell")
        assert trade.quantity > 0
        assert (trade.weight_change > 0) is (trade.action == "buy")
    assert answer.metrics.turnover <= OPTIMIZATION["constraints"]["max_turnover"] + 1e-6
    assert not answer.metrics.HasField("information_ratio")  # there is no benchmark: absent, and not zero

    decision = m.DecideRequest(run_id=ours["run_id"], decision="approve", holdings_version=int(ours["holdings_version"]))
    assert read(rpc.ask("Decide", decision))["decision"] == "approve"
    assert to_json(rpc.ask("GetOptimization", named))["portopt"]["approval"] == "approved"
    weights = {name: weight for name, weight in event_of(service)["optimal_weights"].items() if weight}
    assert weights == dict(answer.target_allocation)
    entries = read(rpc.ask("GetLedger", m.GetLedgerRequest(portfolio_id=PORTFOLIO)))["entries"]
    assert [entry["kind"] for entry in entries] == ["holdings", "proposed", "approved", "released"]
    assert read(rpc.ask("VerifyLedger", m.VerifyLedgerRequest(portfolio_id=PORTFOLIO)))["intact"] is True
    found = read(rpc.ask("Lookup", m.LookupRequest(correlation_id="desk-rpc")))
    assert [one["id"] for one in found["optimizations"]] == [answer.optimization_id]


def event_of(service: Served) -> dict[str, Any]:
    """The one event of the portfolio that the local log has."""
    lines = (service.home / "events.jsonl").read_text(encoding="utf-8").splitlines()
    told = [json.loads(line)["data"]["portfolio_optimized"] for line in lines]
    (found,) = [event for event in told if event["portfolio_id"] == PORTFOLIO]
    return dict(found)
