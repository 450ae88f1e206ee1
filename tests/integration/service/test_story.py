"""A desk's morning over the wire: import, policy, both proposals, poll, read, approve, the event, all of it found again."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from integration.service.books import OPTIMIZATION, POLICY, REBALANCE, body_of, book, done
from integration.service.serving import Served
from integration.service.test_optimizations import ended
from integration.service.test_runs_and_decisions import replayed
from integration.service.working import worker_of

PORTFOLIO = "port-123456"  # as S2 prints it


@pytest.fixture(scope="module")
def working(service: Served, prefect_server: str) -> Iterator[Served]:
    with worker_of(service, prefect_server):
        yield service


def test_a_book_is_imported_and_both_printed_bodies_are_proposals_for_it(working: Served) -> None:
    client, desk = working.client, book(24, seed=6)
    # Holdings as a file of the desk's, prices as the desk has them, a policy of its own.
    done(client.put("/policies/desk", json=POLICY))
    done(client.put(f"/portfolios/{PORTFOLIO}", json={"name": "The desk's book", "policy": "desk"}), 201)
    held = done(client.put(f"/portfolios/{PORTFOLIO}/holdings", **body_of(desk.csv, "text/csv")))
    assert held["version"] == 1
    pack = done(client.post("/packs", **body_of(desk.prices.write_csv().encode(), "text/csv")), 201)["pricing_pack_id"]

    body = {"portfolio_id": PORTFOLIO, **OPTIMIZATION, "pricing_pack_id": pack, "approval_hours": 4}
    headers = {"Idempotency-Key": "morning", "X-Correlation-Id": "desk-7"}
    asked = client.post("/optimizations", json=body, headers=headers)
    job = done(asked, 202)["optimization_id"]
    again = client.post("/optimizations", json=body, headers=headers)
    assert (again.content, again.headers["idempotency-replayed"]) == (asked.content, "true")
    told = ended(working, job)

    assert (told["status"], told["portopt"]["approval"]) == ("completed", "awaiting")
    assert told["trades"]
    assert told["portopt"]["certificate"] == "certified"
    run = told["portopt"]["run_id"]
    assert events(working, run) == []  # nothing leaves before a person has said yes
    plan = done(client.post(f"/portfolios/{PORTFOLIO}/rebalance", json={**REBALANCE, "pricing_pack_id": pack}))
    assert 0 < len(plan["trades"]) <= 10
    # What is proposed last is what counts: the proposal that waited is superseded by it.
    assert ended(working, job)["status"] == "superseded"


def test_what_was_approved_is_told_once_and_found_by_every_name(working: Served, tmp_path: Path) -> None:
    client, desk = working.client, book(24, seed=2)
    done(client.put("/policies/desk", json=POLICY))
    done(client.put("/portfolios/told", json={"policy": "desk"}))
    done(client.put("/portfolios/told/holdings", **body_of(desk.csv, "text/csv")))
    pack = done(client.post("/packs", **body_of(desk.prices.write_csv().encode(), "text/csv")))["pricing_pack_id"]
    body = {"portfolio_id": "told", **OPTIMIZATION, "pricing_pack_id": pack, "approval_hours": 4}
    headers = {"Idempotency-Key": "told-1", "X-Correlation-Id": "desk-8"}
    job = done(client.post("/optimizations", json=body, headers=headers), 202)["optimization_id"]
    told = ended(working, job)
    run = told["portopt"]["run_id"]
    decision = {"decision": "approve", "holdings_version": told["portopt"]["holdings_version"]}
    done(client.post(f"/runs/{run}/approval", json=decision))
    (event,) = events(working, run)
    assert event["portfolio_optimized"]["portfolio_id"] == "told"
    weights = {name: weight for name, weight in event["portfolio_optimized"]["optimal_weights"].items() if weight}
    assert weights == told["target_allocation"]

    hashed = told["portopt"]["request_hash"]
    names = {"idempotency_key": "told-1", "correlation_id": "desk-8", "request_hash": hashed, "pricing_pack_id": pack}
    for name, value in names.items():
        assert job in [one["id"] for one in done(client.get("/lookup", params={name: value}))["optimizations"]], name
    bundle = client.get(f"/runs/{run}/bundle").content
    assert replayed(bundle, tmp_path)["same"] is True
    ledger = done(client.get("/portfolios/told/ledger"))["entries"]
    assert [entry["kind"] for entry in ledger] == ["holdings", "proposed", "approved", "released"]
    assert [entry["subject"] for entry in ledger][2] == "local"


def events(service: Served, run_id: str) -> list[dict[str, Any]]:
    """S1's events of a run, as the local log has them."""
    log = service.home / "events.jsonl"
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    event_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"portopt:{run_id}:portfolio_optimized"))
    return [told["data"] for told in map(json.loads, lines) if told["id"] == event_id]
