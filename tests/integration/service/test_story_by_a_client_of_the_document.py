"""A desk's morning by a client that knows nothing but the OpenAPI document: every call and every answer is what it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from integration.service.books import OPTIMIZATION, POLICY, REBALANCE, book
from integration.service.document_client import DocumentClient, Reply
from integration.service.serving import Served
from integration.service.strategies import asked
from integration.service.working import worker_of

PORTFOLIO = "port-123456"  # as S2 prints it


@pytest.fixture(scope="module")
def client(sqlite_service: Served) -> Iterator[DocumentClient]:
    found = DocumentClient(sqlite_service.url)
    yield found
    found.http.close()


def test_the_morning_of_a_desk(sqlite_service: Served, client: DocumentClient, prefect_server: str) -> None:
    desk = book(seed=4)
    client.call("put_policy", policy_id="desk", body=dict(POLICY))
    made = client.call("put_portfolio", portfolio_id=PORTFOLIO, body={"name": "The desk's book", "policy": "desk"})
    assert made.status == 201
    held = client.followed("put_portfolio", made, "holdings", body=desk.csv, content_type="text/csv")
    assert held.data["version"] == 1
    pack = client.call("create_pack", body=desk.prices.write_csv().encode(), content_type="text/csv").data["pricing_pack_id"]

    body = {"portfolio_id": PORTFOLIO, **OPTIMIZATION, "pricing_pack_id": pack, "approval_hours": 4}
    begun = client.call("create_optimization", body=body, idempotency_key="morning")
    assert begun.status == 202
    with worker_of(sqlite_service, prefect_server):
        told = ended(client, begun)
    assert (told["status"], told["portopt"]["approval"]) == ("completed", "awaiting"), told["problem"]
    assert {trade["action"] for trade in told["trades"]} == {"buy", "sell"}

    run = told["portopt"]["run_id"]
    assert client.call("explain_run", run_id=run).data["trades"][0]["why"]
    decision = {"decision": "approve", "holdings_version": told["portopt"]["holdings_version"]}
    client.call("decide", run_id=run, body=decision)
    assert [event["portfolio_id"] for event in events(sqlite_service)].count(PORTFOLIO) == 1
    assert client.followed("put_portfolio", made, "ledger").data["entries"]
    assert client.call("verify_ledger", portfolio_id=PORTFOLIO).data["intact"] is True

    frontier = client.call("get_efficient_frontier", portfolio_id=PORTFOLIO, points=4, pricing_pack_id=pack).data
    assert len(frontier["efficient_frontier"]) == 4
    plan = client.followed("put_portfolio", made, "rebalance", body={**REBALANCE, "pricing_pack_id": pack})
    assert 0 < len(plan.data["trades"]) <= 10
    found = client.call("lookup", idempotency_key="morning").data
    assert [one["id"] for one in found["optimizations"]] == [told["optimization_id"]]


def test_weights_at_once_in_a_batch_and_of_beliefs_by_id(client: DocumentClient) -> None:
    matrix = [[0.04, 0.0072], [0.0072, 0.0144]]
    kept = client.call("create_beliefs", body={"ids": ["a", "b"], "expected_returns": [0.09, 0.06], "covariance": matrix})
    of_beliefs = {
        "portfolio_id": "P-1",
        "strategies": [{"id": "a"}, {"id": "b"}],
        "objective": "MAX_SHARPE",
        "method": "MEAN_VARIANCE",
        "risk_parameters": {"beliefs": kept.data["beliefs_id"]},
    }
    alone = client.call("optimize", body=of_beliefs)
    assert alone.data["optimization_metadata"]["constraints_satisfied"] is True
    members = [of_beliefs, asked(), {**of_beliefs, "constraints": {"max_weight": 0.4}}]
    batch = client.call("optimize_batch", body=members).data
    assert batch[0]["optimal_weights"] == alone.data["optimal_weights"]
    assert batch[2]["code"] == "infeasible"
    latest = client.call("latest_optimization", portfolio_id="P-1").data
    assert latest["portfolio_id"] == "P-1"


def test_a_refusal_is_what_the_document_says(client: DocumentClient) -> None:
    missing = client.call("get_portfolio", portfolio_id="nobody")
    assert (missing.status, missing.data["code"]) == (404, "not_found")
    pair = client.call("optimize", body={**asked(), "method": "RISK_PARITY"})
    assert (pair.status, pair.data["asked"]["field"]) == (422, "objective")


def ended(client: DocumentClient, begun: Reply) -> dict[str, Any]:
    """The state of the optimization once it has ended; a worker works on it."""
    for _ in range(10):
        told = client.followed("create_optimization", begun, "get", prefer="wait=30")
        if "retry-after" not in told.headers:
            return dict(told.data)
    raise AssertionError(told.data)


def events(served: Served) -> list[dict[str, Any]]:
    lines = (served.home / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["data"]["portfolio_optimized"] for line in lines]
