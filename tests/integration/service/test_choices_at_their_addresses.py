"""Answers around a proposal at their addresses: the same bytes, held against what is newest, saved, chosen."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import made_desk
import pytest
from jsonschema import Draft202012Validator

from portopt.adapters.providers.frames import FrameProvider
from portopt.document.drill_down import OBJECTIVE
from portopt.domain.access import SCOPES, Principal
from portopt.domain.run import RunRecord
from portopt.doors.rest.openapi import openapi_document
from portopt.doors.wire.answering import answer
from portopt.doors.wire.call import Call, Reply
from portopt.doors.wire.operations import OPERATIONS
from portopt.questions.rebalance import rebalance
from portopt.runs import choices
from portopt.runs.positions import held, proposed
from portopt.runs.standing import Newest, changed
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

DESK = made_desk.desk(2, n=8)
FIRST, SECOND, *_ = DESK.request.holdings.shares
ANNA = Principal("anna", frozenset(SCOPES), frozenset({"desk"}))
STRANGER = Principal("stranger", frozenset(SCOPES), frozenset({"other"}))


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    return open_runtime(Settings(home=tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def run(runtime: Runtime) -> RunRecord:
    """A proposal of the made desk."""
    return rebalance(DESK.request, runtime, market=DESK.market, frontier=False)


def call(runtime: Runtime, operation: str, body: Any = None, who: Principal = ANNA, **place: Any) -> Reply:
    asked: Mapping[str, str] = place.pop("asked", {})
    told = b"" if body is None else json.dumps(body).encode()
    return answer(Call(operation, place, asked, body=told, request_id="r", who=who), runtime)


def told(runtime: Runtime, operation: str, body: Any = None, status: int = 200, **more: Any) -> Any:
    reply = call(runtime, operation, body, **more)
    assert reply.status == status, reply.body[:800]
    return json.loads(reply.body)


@pytest.fixture(scope="module")
def asked(runtime: Runtime, run: RunRecord) -> dict[str, Any]:
    """One answer of each kind, as they were given."""
    around = {"run_id": run.run_id}
    return {
        "alternatives": told(runtime, "alternatives", around, portfolio_id="desk"),
        "edit": told(runtime, "edit", {"trades": {FIRST: "none", SECOND: "-5"}}, **around),
        "what_if": told(runtime, "what_if", {"moved": {"limits.max_turnover": 0.2}}, **around),
    }


def test_an_answer_is_the_same_bytes_at_its_address_and_asked_again(runtime, run, asked):
    reply = call(runtime, "edit", {"trades": {FIRST: "none", SECOND: "-5"}}, run_id=run.run_id)
    choice_id = asked["edit"]["choice_id"]
    assert reply.headers["Content-Location"] == f"/api/v1/choices/{choice_id}"
    assert call(runtime, "get_choice", choice_id=choice_id).body == reply.body
    assert {kind: found["about_run"] for kind, found in asked.items()} == dict.fromkeys(asked, run.run_id)


def test_choices_of_a_proposal_say_what_they_rest_on(runtime, run, asked):
    lines = told(runtime, "list_run_choices", run_id=run.run_id)["choices"]
    assert {line["choice_id"] for line in lines} == {found["choice_id"] for found in asked.values()}
    (edit,) = [line for line in lines if line["kind"] == "edit"]
    rests_on = {name: edit[name] for name in ("run_id", "pricing_pack_id", "policy", "holdings_version")}
    assert rests_on == {"run_id": run.run_id, "pricing_pack_id": run.pricing_pack_id, "policy": "desk", "holdings_version": 1}
    assert edit["says"] == f"{FIRST} no trade, {SECOND} sell 5 shares"
    pages, cursor = [], None
    for _ in range(3):
        page = told(runtime, "list_choices", portfolio_id="desk", asked={"limit": "1"} | ({"cursor": cursor} if cursor else {}))
        pages += [line["choice_id"] for line in page["choices"]]
        cursor = page["next_cursor"]
    every = told(runtime, "list_choices", portfolio_id="desk")["choices"]
    assert pages == [line["choice_id"] for line in every][:3]
    assert (
        told(runtime, "list_choices", status=422, portfolio_id="desk", asked={"cursor": run.run_id})["code"] == "invalid_value"
    )


def test_a_selection_is_on_the_run_its_page_its_reasons_and_in_the_ledger(runtime, asked):
    alternatives = asked["alternatives"]
    made = told(runtime, "propose_choice", {"alternative": "least_risk"}, choice_id=alternatives["choice_id"])
    card = next(card for card in alternatives["alternatives"] if card["name"] == "least_risk")
    assert made["run_id"] == card["run_id"]
    line = told(runtime, "get_run", run_id=made["run_id"])["chosen_from"]
    assert (line["kind"], line["alternative"], line["by"]) == ("alternatives", "least_risk", "anna")
    out_of = {one["name"]: one["volatility"] for one in line["out_of"]}
    assert out_of == {card["name"]: card["volatility"] for card in alternatives["alternatives"]}
    assert told(runtime, "explain_run", run_id=made["run_id"])["chosen_from"] == line
    page = call(runtime, "get_report", run_id=made["run_id"]).body.decode()
    assert line["sentence"] in re.sub("<[^>]+>", "", page).replace("\u00a0", " ")
    entries = told(runtime, "get_ledger", portfolio_id="desk")["entries"]
    (entry,) = [e for e in entries if e["kind"] == "selected" and e["body"]["run_id"] == made["run_id"]]
    assert (entry["subject"], entry["body"]["out_of"]) == ("anna", line["out_of"])
    again = told(runtime, "alternatives", {"run_id": alternatives["about_run"], "select": "least_risk"}, portfolio_id="desk")
    assert again["run_id"] == made["run_id"]
    assert len(told(runtime, "get_ledger", portfolio_id="desk")["entries"]) == len(entries)
    assert told(runtime, "verify_ledger", portfolio_id="desk")["intact"] is True


def test_how_a_run_was_chosen_is_no_part_of_it(runtime, run, asked):
    """The policy's own choice is the proposal that was there: its document does not change, and is replayed as it was."""
    before = call(runtime, "get_document", run_id=run.run_id).body
    made = told(runtime, "propose_choice", {"alternative": "policy"}, choice_id=asked["alternatives"]["choice_id"])
    assert made["run_id"] == run.run_id
    assert call(runtime, "get_document", run_id=run.run_id).body == before
    assert told(runtime, "replay_run", run_id=run.run_id)["same"] is True


@pytest.mark.parametrize(("kind", "has"), [("edit", "pinned"), ("what_if", "moved")])
def test_an_edit_and_a_what_if_are_proposed_from_their_addresses(kind, has, runtime, asked):
    found = asked[kind]
    made = told(runtime, "propose_choice", choice_id=found["choice_id"])
    assert made["run_id"] == found["run_id"]
    line = told(runtime, "get_run", run_id=made["run_id"])["chosen_from"]
    assert (line["choice_id"], line[has]) == (found["choice_id"], found[has])
    standing = told(runtime, "get_choice_standing", choice_id=found["choice_id"])
    assert [one["run_id"] for one in standing["selected"]] == [made["run_id"]]
    refused = told(runtime, "propose_choice", {"alternative": "policy"}, status=422, choice_id=found["choice_id"])
    assert "no list of alternatives" in refused["detail"]


def test_saved_renamed_withdrawn_and_saved_again(runtime, asked):
    choice_id = asked["alternatives"]["choice_id"]
    saved = told(runtime, "save_choice", {"name": "calm", "alternative": "least_risk"}, 201, choice_id=choice_id)
    card = next(card for card in asked["alternatives"]["alternatives"] if card["name"] == "least_risk")
    assert saved["figures"]["volatility"] == card["volatility"]
    assert (saved["run_id"], saved["saved_by"]) == (card["run_id"], "anna")
    refused = told(runtime, "save_choice", {"name": "calm", "alternative": "buy_only"}, 409, choice_id=choice_id)
    assert "another choice" in refused["detail"]
    assert told(runtime, "save_choice", {"name": "x"}, 422, choice_id=choice_id)["asked"]["field"] == "alternative"
    named = {"saved_id": saved["saved_id"]}
    assert told(runtime, "rename_saved_choice", {"name": "calmer", "note": "for June"}, **named)["note"] == "for June"
    assert told(runtime, "withdraw_saved_choice", {"note": "no"}, **named)["withdrawn_by"] == "anna"
    assert told(runtime, "list_saved_choices", portfolio_id="desk")["saved"] == []
    (kept,) = told(runtime, "list_saved_choices", portfolio_id="desk", asked={"withdrawn": "true"})["saved"]
    assert kept["name"] == "calmer"
    again = told(runtime, "save_choice", {"name": "calm", "alternative": "least_risk"}, 201, choice_id=choice_id)
    assert told(runtime, "get_saved_choice", **named) == again
    entries = told(runtime, "get_ledger", portfolio_id="desk")["entries"]
    assert [e["kind"] for e in entries if e["kind"] in ("saved", "renamed", "withdrawn")] == [
        "saved",
        "renamed",
        "withdrawn",
        "saved",
    ]


@pytest.mark.parametrize(
    ("operation", "place"),
    [
        ("get_choice", "choice_id"), ("get_choice_standing", "choice_id"), ("propose_choice", "choice_id"),
        ("save_choice", "choice_id"), ("get_saved_choice", "saved_id"), ("rename_saved_choice", "saved_id"),
        ("withdraw_saved_choice", "saved_id"),
    ],
)  # fmt: skip
def test_what_is_foreign_is_told_as_what_is_not_there(operation, place, runtime, asked):
    choice_id = asked["edit"]["choice_id"]
    saved = told(runtime, "save_choice", {"name": "kept"}, 201, choice_id=choice_id)
    there = {"choice_id": choice_id, "saved_id": saved["saved_id"]}[place]
    nowhere = there[:-4] + "0000"
    body = {} if operation in ("propose_choice", "withdraw_saved_choice") else {"name": "x"}
    found = [call(runtime, operation, body, STRANGER, **{place: name}) for name in (there, nowhere)]
    problems = [
        json.loads(reply.body.replace(name.encode(), b"IT")) for reply, name in zip(found, (there, nowhere), strict=True)
    ]
    assert problems[0] == problems[1]
    assert problems[0]["status"] == 404


def test_a_run_that_is_no_choice_has_no_place_among_them(runtime, run):
    assert call(runtime, "get_choice", choice_id=run.run_id).status == 404
    assert told(runtime, "alternatives", {"run_id": run.run_id, "policy": "desk"}, 422, portfolio_id="desk")["asked"]


def test_what_changed_since_is_named(tmp_path: Path):
    own = open_runtime(Settings(home=tmp_path))
    earlier = FrameProvider(DESK.prices.head(175))
    first = rebalance(DESK.request, own, market=earlier, frontier=False)
    found = told(own, "edit", {"trades": {FIRST: "none"}}, run_id=first.run_id)
    named = {"choice_id": found["choice_id"]}
    assert told(own, "get_choice_standing", **named)["stands"] is True
    later = dataclasses.replace(DESK.request.policy, method_version="v9")
    own.runs.save_policies([later])
    fewer = {**DESK.request.holdings.shares, FIRST: DESK.request.holdings.shares[FIRST] - 1}
    own.portfolios.declare(dataclasses.replace(DESK.request.holdings, shares=fewer), "bert")
    newer = dataclasses.replace(DESK.request, holdings=own.runs.holdings("desk"))
    rebalance(newer, own, market=DESK.market, frontier=False)
    line = told(own, "get_choice_standing", **named)
    assert line["stands"] is False
    assert [one["what"] for one in line["changed"]] == ["holdings", "proposal", "policy", "prices"]
    assert (line["changed"][0]["was"], line["changed"][0]["is"]) == (1, 2)
    assert FIRST in line["changed"][0]["detail"]
    assert [one.what for one in changed(own.runs.get(found["choice_id"]), Newest("desk", own))] == [
        c["what"] for c in line["changed"]
    ]
    assert [one.shares for one in held("desk", FIRST, own)] == [str(fewer[FIRST]), str(DESK.request.holdings.shares[FIRST])]
    assert [one.run_id for one in proposed(own.runs.runs(portfolio_id="desk", kind="rebalance")[0], FIRST, own)] == [
        first.run_id
    ]


def test_what_is_saved_is_there_after_a_restart(tmp_path: Path):
    first = open_runtime(Settings(home=tmp_path))
    made = rebalance(DESK.request, first, market=DESK.market, frontier=False)
    found = told(first, "edit", {"trades": {FIRST: "none"}}, run_id=made.run_id)
    saved = told(first, "save_choice", {"name": "kept"}, 201, choice_id=found["choice_id"])
    first.runs.close()
    again = open_runtime(Settings(home=tmp_path))
    assert told(again, "get_saved_choice", saved_id=saved["saved_id"]) == saved
    assert told(again, "get_choice", choice_id=found["choice_id"]) == found
    assert choices.require_choice(again.runs.get(found["choice_id"])).about_run == made.run_id


def test_one_trade_is_told_with_what_made_it_and_what_is_lost_without_it(runtime, run):
    order = run.document["trades"][0]
    asset = order["asset_id"]
    found = told(runtime, "get_trade", run_id=run.run_id, asset_id=asset)
    assert found["trade"] == order
    assert found["marginal"]["sum"] == pytest.approx(0.0, abs=1e-3)  # of basis points: at the optimum nothing is left to gain
    assert {term["name"] for term in found["marginal"]["terms"] if term["kind"] == "objective"} <= set(OBJECTIVE)
    pulled = {term["name"] for term in found["marginal"]["terms"] if term["kind"] == "limit"}
    assert {row["limit"] for row in found["limits"]} <= pulled
    edited = told(runtime, "edit", {"trades": {asset: "none"}}, run_id=run.run_id)
    assert found["refused"]["price"] == edited["price"]
    assert found["refused"]["price"]["gives_up"] >= -1e-9
    assert found["refused"]["trades"][0]["asset_id"] == edited["trades"][0]["asset_id"]
    assert found["history"]["holdings"][0]["shares"] == str(DESK.request.holdings.shares.get(asset, 0))
    assert found["views"] is None
    assert told(runtime, "get_trade", status=404, run_id=run.run_id, asset_id="XYZ")["asked"]["value"] == "XYZ"


def test_one_limit_is_told_with_its_price_its_range_and_what_moves_with_it(runtime, run):
    found = told(runtime, "get_limit", run_id=run.run_id, name="max_turnover")
    (whole,) = found["members"]
    moves = told(runtime, "get_derivatives", run_id=run.run_id)["moves"]
    slider = next(move for move in moves if move["path"] == "limits.max_turnover")
    assert whole["price"]["per_unit"] == pytest.approx(slider["price"]["per_unit"], rel=1e-6)
    assert (slider["high"] - slider["value"], slider["value"] - slider["low"]) == pytest.approx((whole["up"], whole["down"]))
    assert sum(one["weight_per_unit"] for one in whole["trades"]) == pytest.approx(0.0, abs=1e-9)
    idle = told(runtime, "get_limit", run_id=run.run_id, name="sector_limits", asked={"member": "Energy"})
    assert (idle["binds"], idle["members"], [row["member"] for row in idle["readings"]]) == (False, [], ["Energy"])
    assert "max_turnover" in told(runtime, "get_limit", status=404, run_id=run.run_id, name="max_fun")["fixes"][0]


@pytest.mark.parametrize(
    ("operation", "place"),
    [
        ("get_derivatives", {}), ("get_limit", {"name": "max_turnover"}), ("get_trade", {"asset_id": FIRST}),
        ("list_run_choices", {}), ("get_run", {}),
    ],
)  # fmt: skip
def test_an_answer_is_what_the_contract_says(operation, place, runtime, run, asked):
    document = openapi_document()
    path = document["paths"][OPERATIONS[operation].path]["get"]
    schema = path["responses"]["200"]["content"]["application/json"]["schema"]
    Draft202012Validator({**schema, "components": document["components"]}).validate(
        told(runtime, operation, run_id=run.run_id, **place)
    )


def test_what_is_saved_is_what_the_contract_says(runtime, asked):
    components = openapi_document()["components"]
    found = told(runtime, "save_choice", {"name": "by contract"}, 201, choice_id=asked["what_if"]["choice_id"])
    whole = {"$ref": "#/components/schemas/SavedChoice", "components": components}
    Draft202012Validator(whole).validate(found)
