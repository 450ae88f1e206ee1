"""What a desk asks around a proposal of a portfolio that the service keeps: chosen, edited, moved, ready."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from integration.service.books import POLICY, book, done, imported
from integration.service.serving import Served

BOOK = book()
FIRST, SECOND, *_ = BOOK.held
PLACE = "/portfolios/P-choices"


@pytest.fixture(scope="module")
def pack(sqlite_service: Served) -> str:
    return imported(sqlite_service.client, "P-choices", BOOK)


def asked(served: Served, path: str, body: dict[str, Any], status: int = 200) -> Any:
    answer = served.client.post(path, json=body)
    assert answer.status_code == status, answer.text[:800]
    return answer.json()


def test_a_choice_is_selected_and_is_then_a_run(sqlite_service: Served, pack: str) -> None:
    found = asked(sqlite_service, f"{PLACE}/alternatives", {"pricing_pack_id": pack})
    names = [card["name"] for card in found["alternatives"]]
    assert names[0] == "do_nothing"
    assert "least_trading" in names
    card = found["alternatives"][names.index("least_trading")]
    made = asked(sqlite_service, f"{PLACE}/alternatives", {"pricing_pack_id": pack, "select": "least_trading"})
    assert made["run_id"] == card["run_id"]
    run = done(sqlite_service.client.get(f"/runs/{made['run_id']}"))
    assert (run["kind"], run["portfolio_id"]) == ("rebalance", "P-choices")
    asked(sqlite_service, f"{PLACE}/alternatives", {"pricing_pack_id": pack, "select": "most_fun"}, 422)
    asked(sqlite_service, f"{PLACE}/alternatives", {"pricing_pack_id": pack, "select": "do_nothing"}, 422)


def test_an_edit_and_a_what_if_of_a_run_are_proposed_under_the_ids_they_told(sqlite_service: Served, pack: str) -> None:
    run = asked(sqlite_service, f"{PLACE}/alternatives", {"pricing_pack_id": pack, "select": "policy"})["run_id"]
    edited = asked(sqlite_service, f"/runs/{run}/edit", {"trades": {FIRST: "none", SECOND: "-1"}})
    assert edited["pinned"] == [{"asset_id": FIRST, "trade": "no trade"}, {"asset_id": SECOND, "trade": "sell 1 share"}]
    assert edited["price"]["gives_up"] >= -1e-9
    proposed = asked(sqlite_service, f"/runs/{run}/edit", {"trades": {FIRST: "none"}, "propose": True})
    document = done(sqlite_service.client.get(f"/runs/{proposed['run_id']}/document"))
    assert FIRST not in {trade["asset_id"] for trade in document["trades"]}
    moved = asked(sqlite_service, f"/runs/{run}/what-if", {"moved": {"limits.max_weight": 0.3}})
    assert moved["moved"][0]["after"] == 0.3
    made = asked(sqlite_service, f"/runs/{run}/what-if", {"moved": {"limits.max_weight": 0.3}, "propose": True})
    assert made["run_id"] == moved["run_id"]
    asked(sqlite_service, f"/runs/{run}/what-if", {"moved": {"approval.four_eyes": False}}, 422)
    asked(sqlite_service, f"/runs/{run}/edit", {"trades": {FIRST: "12"}}, 422)
    refused = asked(sqlite_service, f"/runs/{run}/edit", {"trades": {FIRST: "95%"}}, 422)
    assert refused["code"] == "infeasible"
    assert "pinned" in refused["detail"]


def test_a_portfolio_is_asked_of_itself_what_its_run_is_asked(sqlite_service: Served, pack: str) -> None:
    """The same words make the same book whether they came with the question or with the proposal."""
    limited = {"pricing_pack_id": pack, "cash_flow": {"amount": "5000.00"}, "constraints": {"keep": [FIRST]}}
    run = asked(sqlite_service, f"{PLACE}/alternatives", {**limited, "select": "policy"})["run_id"]
    for question, how in (("risk", {"risk_measure": "mad"}), ("pareto", {"axes": ["return", "risk"], "points": 4})):
        found = asked(sqlite_service, f"{PLACE}/{question}", {**limited, **how})
        assert found == asked(sqlite_service, f"/runs/{run}/questions/{question}", how)
        assert found["pricing_pack_id"] == pack
    moved = asked(sqlite_service, f"{PLACE}/sensitivity", limited)
    assert moved == asked(sqlite_service, f"/runs/{run}/questions/sensitivity", {})
    assert (
        moved["optimal_weights"] != asked(sqlite_service, f"{PLACE}/sensitivity", {"pricing_pack_id": pack})["optimal_weights"]
    )


def test_views_of_a_portfolio_are_of_no_trade(sqlite_service: Served, pack: str) -> None:
    view = {"risk_aversion": 2.5, "views": [{"assets": {FIRST: 1}, "return": 0.9, "confidence": 0.5}]}
    policy = {**POLICY, "id": "believing", "estimation": {"views": view}}
    done(sqlite_service.client.put("/policies/believing", json=policy))
    found = asked(sqlite_service, f"{PLACE}/views", {"pricing_pack_id": pack, "policy": "believing"})
    assert found["views"][0]["prior"] < found["views"][0]["posterior"] < 0.9
    refused = asked(sqlite_service, f"{PLACE}/views", {"pricing_pack_id": pack, "constraints": {"keep": [FIRST]}}, 422)
    assert (refused["code"], refused["asked"]["field"]) == ("unknown_field", "constraints")


def test_what_four_eyes_are_wanted_for_is_not_proposed_at_once(sqlite_service: Served, pack: str) -> None:
    done(sqlite_service.client.put("/policies/watched", json={**POLICY, "id": "watched", "approval": {"four_eyes": True}}))
    refused = asked(
        sqlite_service, f"{PLACE}/alternatives", {"pricing_pack_id": pack, "policy": "watched", "select": "least_risk"}, 422
    )
    assert "four eyes" in refused["detail"]


def test_ready_knows_the_portfolio(sqlite_service: Served, pack: str) -> None:
    last = BOOK.prices["date"].max()
    answer = done(sqlite_service.client.get(f"{PLACE}/ready", params={"pricing_pack_id": pack, "on": str(last)}))
    reasons = {reason["name"]: reason for reason in answer["reasons"]}
    assert {"calendar", "prices", "holdings", "proposals", "cash", "limits"} <= set(reasons)
    assert reasons["prices"]["figures"]["days"] == 0
    assert reasons["holdings"]["figures"]["version"] >= 1
    late = done(sqlite_service.client.get(f"{PLACE}/ready", params={"pricing_pack_id": pack, "on": str(last + timedelta(30))}))
    assert late["answer"] == "no"


def test_nobody_is_told_of_a_foreign_run(sqlite_service: Served) -> None:
    answer = sqlite_service.client.post("/runs/reb-20240101-00000000000000000000/edit", json={"trades": {FIRST: "none"}})
    assert answer.status_code == 404
