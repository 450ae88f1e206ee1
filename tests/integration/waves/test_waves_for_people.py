"""What people do around a wave: look ahead, decide with exceptions, see what it trades together."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import made_nights as nights
import pytest

from portopt.domain.access import SCOPES, Principal
from portopt.domain.approval import Said
from portopt.domain.cash_flow import CashFlow
from portopt.domain.deadline import Deadline
from portopt.domain.holdings import Holdings
from portopt.domain.portfolio import Portfolio
from portopt.domain.run import RunStatus
from portopt.domain.wave import ItemState, WaveTrade
from portopt.domain.wave_decision import WaveDecision
from portopt.doors.processes.runner import work_once
from portopt.doors.wire.answering import answer
from portopt.doors.wire.call import Call
from portopt.runs import decisions
from portopt.runs.waves.deciding import decide
from portopt.runs.waves.trades import added_up
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

ASSETS, BOOKS = 12, 5
NAMED = ["P00000", "P-bare", "P00001", "P00004"]
CHECKER = Principal("checker", frozenset(SCOPES), None)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> nights.Market:
    return nights.write_market(tmp_path_factory.mktemp("market"), ASSETS)


@pytest.fixture(scope="module")
def prepared(market: nights.Market, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home, and a wave that was carried out in it: four proposals wait, one of them for other eyes; one book has no price."""
    runtime = nights.home(tmp_path_factory.mktemp("prepared"), market, BOOKS)
    runtime.portfolios.declare(Holdings("P00004", {"NOBODY": Decimal(5)}, Decimal(1)), "test")
    runtime.runs.save_policies([replace(nights.policy(ASSETS, "careful"), approval={"four_eyes": True})])
    runtime.portfolios.save(replace(runtime.portfolios.get("P00001"), policy="careful"))
    body = {"cause": "the model changed", "kind": "policy_changed", "all": True, "await_approval": True}
    status, told = asked(runtime, "create_wave", body)
    assert status == 202, told
    while work_once(runtime, lambda said: None):
        pass
    runtime.runs.close()
    return runtime.settings.home_path, str(told["wave_id"])


@pytest.fixture
def wave(prepared: tuple[Path, str]) -> str:
    return prepared[1]


@pytest.fixture
def runtime(market: nights.Market, prepared: tuple[Path, str], tmp_path: Path) -> Runtime:
    """A copy of it for each test."""
    shutil.copytree(prepared[0], tmp_path / "home")
    return open_runtime(Settings(home=tmp_path / "home", market="files", market_path=market.path))


def asked(runtime: Runtime, operation: str, body: Any = None, wave: str = "", **more: Any) -> tuple[int, Any]:
    told = b"" if body is None else json.dumps(body).encode()
    place: Mapping[str, str] = {"wave_id": wave} if wave else {}
    reply = answer(Call(operation, place, body=told, request_id="r", **more), runtime)
    return reply.status, json.loads(reply.body)


def in_a_day() -> datetime:
    return datetime.now(UTC) + timedelta(days=1)


def events(runtime: Runtime) -> list[str]:
    log = runtime.settings.event_log_path
    return sorted(json.loads(line)["subject"] for line in log.read_text().splitlines()) if log.exists() else []


def test_a_wave_is_looked_at_before_it_begins(runtime: Runtime, wave: str) -> None:
    runtime.portfolios.save(Portfolio("P-bare", policy="night"))
    runtime.portfolios.save(replace(runtime.portfolios.get("P00001"), cash_flow=CashFlow(Decimal("-500.00"))))
    body = {
        "cause": "cash came",
        "kind": "cash",
        "portfolios": ["P00000", "P-bare", "P00001", "P00004"],
        "await_approval": True,
    }
    status, told = asked(runtime, "preview_wave", body)
    assert (status, told["portfolios"], told["ready"], told["not_ready"], told["kind"]) == (200, 4, 3, 1, "cash")
    waits, bare, money, failed = told["items"]
    assert [(r["name"], r["status"]) for r in waits["reasons"]] == [("proposals", "but")]
    assert (bare["ready"], [(r["name"], r["status"]) for r in bare["reasons"]]) == (False, [("holdings", "stop")])
    assert "withdrawal of 500.00 USD" in money["reasons"][-1]["detail"]
    assert ["NOBODY" in r["detail"] for r in failed["reasons"] if r["name"] == "last time"] == [True]
    assert [one.wave_id for one in runtime.waves.list()] == [wave]
    status, problem = asked(runtime, "preview_wave", {**body, "kind": "mood"})
    assert (status, problem["asked"]["field"]) == (422, "kind")


def test_proposals_are_approved_but_for_exceptions_and_each_is_released_once(
    runtime: Runtime, wave: str, market: nights.Market
) -> None:
    moved = nights.book(market, 3)
    runtime.portfolios.declare(replace(moved, cash=moved.cash + 1), "test")  # its proposal rests on other holdings now
    body = {"decision": "approve", "except": ["P00002"], "note": "as discussed"}
    status, told = asked(runtime, "decide_wave", body, wave, who=CHECKER)
    assert (status, told["decided"], told["already"], told["left"]) == (200, 2, 0, 3)
    left = {item["portfolio_id"]: item for item in told["items"] if not item["decided"]}
    assert left["P00002"]["why"] == "it was excepted"
    assert left["P00003"]["problem"]["code"] == "superseded"
    assert "NOBODY" in left["P00004"]["why"]
    assert sum(cause["items"] for cause in told["causes"]) == 3
    again = asked(runtime, "decide_wave", body, wave, who=CHECKER)[1]
    assert (again["decided"], again["already"], again["left"]) == (2, 2, 3)
    rest = asked(runtime, "decide_wave", {"decision": "approve"}, wave, who=CHECKER)[1]
    assert (rest["decided"], rest["already"]) == (3, 2)
    assert events(runtime) == ["P00000", "P00001", "P00002"]
    kinds = [entry.kind for entry in runtime.ledger.entries("P00000")]
    assert kinds.count("approved") == kinds.count("released") == 1
    assert list(runtime.ledger.verify()) == []
    report = asked(runtime, "get_wave", wave=wave)[1]
    assert report["proposals"] == {"completed": 3, "superseded": 1}
    assert (report["share"], report["proposed"], report["without_proposal"], report["kind"]) == (1.0, 4, 1, "policy_changed")


def test_what_a_decision_did_not_reach_is_decided_by_the_next(runtime: Runtime, wave: str) -> None:
    over, two = Deadline(at=0.0, allowed=1.0), WaveDecision("approve", "checker", only=("P00000", "P00001"))
    found = decide(wave, two, runtime, CHECKER.sees, over)
    assert ([left.item.portfolio_id for left in found.left], found.not_reached, found.decided) == (["P00000", "P00001"], 2, [])
    assert events(runtime) == []
    decisions.approve(str(runtime.waves.items(wave)[0].run_id), runtime, by="checker")  # as far as a killed one had come
    assert decide(wave, two, runtime, CHECKER.sees).already == 1
    assert events(runtime) == ["P00000", "P00001"]


def test_items_are_held_and_rejected_by_name(runtime: Runtime, wave: str) -> None:
    hold = {"decision": "hold", "portfolios": ["P00000"], "until": "2099-01-01T00:00:00Z"}
    status, problem = asked(runtime, "decide_wave", hold, wave)
    assert (status, problem["left"], problem["items"][0]["problem"]["code"]) == (200, 1, "invalid_value"), "longer than a year"
    decide(wave, WaveDecision("hold", "checker", until=in_a_day(), only=("P00000",)), runtime, CHECKER.sees)
    reject = {"decision": "reject", "portfolios": ["P00001"], "note": "no"}
    assert asked(runtime, "decide_wave", reject, wave)[1]["decided"] == 1
    told = asked(runtime, "decide_wave", {"decision": "approve", "except": ["P00003"]}, wave)[1]
    assert (told["decided"], told["left"]) == (1, 4)
    items = asked(runtime, "list_wave_items", asked={"state": "proposed"}, wave=wave)[1]["items"]
    assert [item["approval"]["state"] for item in items] == ["held", "rejected", "approved", "awaiting"]
    waits = "awaiting_approval"
    assert [item["status"] for item in items] == [waits, "cancelled", "completed", waits]


def test_who_asked_for_the_wave_does_not_approve_what_wants_four_eyes(runtime: Runtime, wave: str) -> None:
    told = asked(runtime, "decide_wave", {"decision": "approve"}, wave)[1]
    left = {item["portfolio_id"]: item["problem"]["code"] for item in told["items"] if not item["decided"]}
    assert left == {"P00001": "not_allowed", "P00004": "bad_data"}
    assert asked(runtime, "decide_wave", {"decision": "approve"}, wave, who=CHECKER)[1]["decided"] == 4


def test_nothing_is_decided_or_told_of_a_portfolio_that_is_not_seen(runtime: Runtime, wave: str) -> None:
    maker = Principal("local", frozenset(SCOPES), frozenset({"P00000"}))  # who asked for the wave, and sees less by now
    told = asked(runtime, "decide_wave", {"decision": "approve"}, wave, who=maker)[1]
    assert ([item["portfolio_id"] for item in told["items"]], told["decided"]) == (["P00000"], 1)
    assert asked(runtime, "list_wave_trades", wave=wave, who=maker)[1]["proposals"] == 1
    reader = Principal("reader", frozenset({"read"}), None)
    assert asked(runtime, "decide_wave", {"decision": "approve"}, wave, who=reader)[0] == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "decision"),
        ({"decision": "perhaps"}, "decision"),
        ({"decision": "approve", "except": ["P-else"]}, "except"),
        ({"decision": "approve", "except": ["P00000"], "portfolios": ["P00000"]}, "except"),
        ({"decision": "hold"}, "until"),
        ({"decision": "approve", "until": "2027-01-01"}, "until"),
        ({"decision": "approve", "reason": "mood"}, "reason"),
    ],
)
def test_a_decision_that_cannot_be_meant_is_refused(runtime: Runtime, wave: str, body: dict[str, Any], field: str) -> None:
    status, problem = asked(runtime, "decide_wave", body, wave)
    assert (status, problem["asked"]["field"]) == (422, field)


def test_trades_added_up_are_the_sum_of_the_documents(runtime: Runtime, wave: str) -> None:
    items = runtime.waves.items(wave, states=[ItemState.PROPOSED])
    documents = [runtime.runs.get(str(item.run_id)).document or {} for item in items]
    told = asked(runtime, "list_wave_trades", wave=wave)[1]
    (total,) = told["totals"]
    heads = [document["headline"] for document in documents]
    assert Decimal(total["bought"]) == sum(Decimal(head["buys_value"]) for head in heads)
    assert Decimal(total["sold"]) == sum(Decimal(head["sells_value"]) for head in heads)
    assert Decimal(total["cost"]) == sum(Decimal(head["total_cost"]) for head in heads)
    for asset in told["assets"]:
        lines = [t for document in documents for t in document["trades"] if t["asset_id"] == asset["asset_id"]]
        sides = {side: sum(int(t["shares"]) for t in lines if t["side"] == side) for side in ("buy", "sell")}
        assert (int(asset["bought"]["shares"]), int(asset["sold"]["shares"])) == (sides["buy"], sides["sell"])
        assert int(asset["crossing"]["shares"]) == min(sides.values())
        assert asset["portfolios"] == len(lines)
    assert (told["proposals"], told["left_out"]) == (BOOKS - 1, 0)
    asked(runtime, "decide_wave", {"decision": "reject", "portfolios": ["P00000"]}, wave)
    after = asked(runtime, "list_wave_trades", wave=wave)[1]
    assert (after["proposals"], after["left_out"]) == (BOOKS - 2, 1)
    assert Decimal(after["totals"][0]["cost"]) == Decimal(total["cost"]) - Decimal(heads[0]["total_cost"])


def test_what_crosses_is_valued_at_the_sellers_prices_with_the_cost_of_both() -> None:
    def trade(side: str, shares: int, value: str, cost: str) -> tuple[str, WaveTrade]:
        return "USD", WaveTrade("XOM", side, Decimal(shares), Decimal(value), Decimal(cost))

    one, *others = added_up(
        [trade("buy", 30, "300.00", "3.00"), trade("sell", 10, "101.00", "2.00"), trade("buy", 10, "100.00", "1.00")]
    )
    assert others == []
    assert (one.bought.shares, one.sold.shares, one.crossing) == (40, 10, 10)
    assert (one.crossing_value, one.crossing_cost) == (Decimal("101.00"), Decimal("3.00"))  # a quarter of 4.00, and 2.00
    assert (one.bought.portfolios, one.sold.portfolios) == (2, 1)


def test_a_decision_carries_what_was_said(runtime: Runtime, wave: str) -> None:
    said = Said("tax", "before the year ends")
    decide(wave, WaveDecision("approve", "checker", said, only=("P00000",)), runtime, CHECKER.sees)
    run = runtime.runs.get(str(runtime.waves.items(wave)[0].run_id))
    assert run.status is RunStatus.COMPLETED
    assert run.approval is not None
    assert run.approval.decided is not None
    decided = run.approval.decided
    assert (decided.by, decided.reason, decided.note) == ("checker", said.reason, said.note)
