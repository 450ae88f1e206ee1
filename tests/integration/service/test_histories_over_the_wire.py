"""Backtests over the wire: asked for, followed, read, listed, cancelled; over REST and gRPC the same."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from integration.service.books import book, done, imported, problem
from integration.service.rpc_client import Client, struct, to_json
from integration.service.serving import Served
from integration.service.working import worker_of

BOOK = book(12)
POLICY = {"objective": {"kind": "min_risk"}, "limits": {"long_only": True, "cash": {"max": 0.05}, "max_weight": 0.3}}
FROM_A_FILE = {"factors": {"method": "time_series", "source": "/etc/hostname"}}
ASKED = {
    "policy": POLICY,
    "rebalance": "quarterly",
    "execution": {"delay": 1, "spread_bps": 4},
    "start": "2024-06-03",
    "end": "2024-10-31",
}
NAMES = ["backtest_id", "portfolio_id", "status", "created_at", "completed_at", "percent", "run_id", "result", "problem"]


@pytest.fixture(scope="module")
def working(service: Served, prefect_server: str) -> Iterator[Served]:
    with worker_of(service, prefect_server):
        yield service


@pytest.fixture(scope="module")
def asked(working: Served) -> dict[str, Any]:
    """A body, of a portfolio of its own on a pack of its own."""
    pack = imported(working.client, "P-past", BOOK)
    return {"portfolio_id": "P-past", "pricing_pack_id": pack, **ASKED}


def ended(service: Served, backtest_id: str, seconds: float = 240) -> dict[str, Any]:
    """Asked with `Prefer: wait` until it is at its end."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        answer = service.client.get(f"/backtests/{backtest_id}", headers={"Prefer": "wait=20"})
        told = dict(done(answer, 200))
        if told["status"] not in ("pending", "processing"):
            assert "retry-after" not in answer.headers
            return told
        assert int(answer.headers["retry-after"]) >= 1
    pytest.fail(f"{backtest_id} did not end: {told}")


def test_a_backtest_is_asked_for_followed_and_read(working: Served, asked: dict[str, Any]) -> None:
    client = working.client
    answer = client.post("/backtests", json=asked, headers={"Idempotency-Key": "past-twice"})
    begun = done(answer, 202)
    assert answer.headers["location"] == f"/api/v1/backtests/{begun['backtest_id']}"
    assert int(answer.headers["retry-after"]) >= 1
    assert (begun["status"], begun["percent"], begun["result"]) == ("pending", 0.0, None)
    again = client.post("/backtests", json=asked, headers={"Idempotency-Key": "past-twice"})
    assert (done(again, 202), again.headers["idempotency-replayed"]) == (begun, "true")
    problem(
        client.post("/backtests", json=asked | {"capital": 5}, headers={"Idempotency-Key": "past-twice"}), 422, "key_reused"
    )

    with client.stream("GET", f"/backtests/{begun['backtest_id']}/events", timeout=240.0) as stream:
        lines = [line for line in stream.iter_lines() if line.startswith(("event:", "data:"))]
    assert lines[-2] == "event: outcome"
    assert json.loads(lines[-1].removeprefix("data: "))["status"] == "completed"

    told = ended(working, begun["backtest_id"])
    assert [name for name in told if name in NAMES] == NAMES
    assert (told["status"], told["percent"], told["problem"]) == ("completed", 100.0, None)
    assert told["pricing_pack_id"].startswith("pack-")  # what the question reads of the pack that it names
    document = done(client.get(f"/runs/{told['run_id']}/document"))
    assert document["run_id"] == told["run_id"]
    assert told["result"]["summary"] == document["summary"]
    assert told["result"]["counts"]["rebalances"] == len(document["rebalances"]) > 0
    assert document["request"]["capital"] == "1000000.00"
    assert document["execution"]["spread_bps"] == 4
    assert (document["days"]["date"][0], document["days"]["date"][-1]) == ("2024-06-03", "2024-10-31")

    place = f"/backtests/{begun['backtest_id']}"
    tag = client.get(place).headers["etag"]
    assert client.get(place, headers={"If-None-Match": tag}).status_code == 304
    page = client.get(f"{place}/report")
    assert page.headers["content-type"].startswith("text/html")
    assert "<h1" in page.text
    assert client.get(f"/runs/{told['run_id']}/report").text == page.text


def test_the_same_words_on_named_data_are_the_same_backtest_for_ever(working: Served, asked: dict[str, Any]) -> None:
    first = done(working.client.post("/backtests", json=asked), 202)["backtest_id"]
    assert ended(working, first)["status"] == "completed"
    assert done(working.client.post("/backtests", json=asked), 202)["backtest_id"] == first
    other = done(working.client.post("/backtests", json=asked | {"seed": 2, "capital": "500000"}), 202)
    assert other["backtest_id"] != first
    assert ended(working, other["backtest_id"])["status"] == "completed"


def test_backtests_are_listed_in_pages_the_newest_first(working: Served, asked: dict[str, Any]) -> None:
    named = [
        done(working.client.post("/backtests", json=asked | {"capital": str(10**6 + k)}), 202)["backtest_id"] for k in (1, 2)
    ]
    first = done(working.client.get("/backtests", params={"portfolio_id": "P-past", "limit": 1}))
    second = done(
        working.client.get("/backtests", params={"portfolio_id": "P-past", "limit": 1, "cursor": first["next_cursor"]})
    )
    assert [page["backtests"][0]["backtest_id"] for page in (first, second)] == named[::-1]
    optimizations = done(working.client.get("/optimizations", params={"portfolio_id": "P-past"}))["optimizations"]
    assert optimizations == []
    problem(working.client.get(f"/optimizations/{named[0]}"), 404, "not_found")
    for name in named:
        working.client.post(f"/backtests/{name}/cancel")


def test_what_is_cancelled_ends_as_that_and_stays(working: Served, asked: dict[str, Any]) -> None:
    body = {**asked, "start": "2024-02-01", "rebalance": "daily"}
    named = done(working.client.post("/backtests", json=body), 202)["backtest_id"]
    told = done(working.client.post(f"/backtests/{named}/cancel"))
    assert told["status"] == "cancelled"
    problem(working.client.post(f"/backtests/{named}/cancel"), 409, "conflict")
    time.sleep(1.0)
    assert ended(working, named)["status"] == "cancelled"
    assert "cancelled" in ended(working, named)["problem"]["detail"]
    problem(working.client.get(f"/backtests/{named}/report"), 422, "missing_input")


@pytest.mark.parametrize(
    ("changed", "status", "where"),
    [
        ({"rebalance": "whenever"}, 422, "rebalance"),
        ({"capital": "-5"}, 422, "capital"),
        ({"capital": 10.001}, 422, "capital"),
        ({"start": "2025-01-01", "end": "2024-01-01"}, 422, "start"),
        ({"execution": {"delay": -1}}, 422, "execution.delay"),
        ({"execution": {"dealy": 1}}, 422, "execution.dealy"),
        ({"pricing_pack_id": "pack-none"}, 422, "pricing_pack_id"),
        ({"policy": "nobody"}, 422, "policy"),
        ({"windows": {"train": 20}}, 422, "windows"),
        ({"actions": [{"asset_id": "N00", "kind": "merger", "ex_date": "2024-01-02"}]}, 422, "actions[0].kind"),
        ({"policies": [{"date": "2024-07-01", "policy": POLICY, "known_from": "2024-08-01"}]}, 422, "policies[0].date"),
        ({"cash_flows": [{"date": "2024-07-01", "amount": "10.001"}]}, 422, "cash_flows[0].amount"),
        ({"policy": POLICY | {"estimation": FROM_A_FILE}}, 422, "policy.estimation.factors.source"),
        ({"rounding": "down"}, 422, "rounding"),
        ({"rounding": "search", "execution": {"fractional": True}}, 422, "rounding"),
        ({"portfolio_id": "P-nobody"}, 404, None),
    ],
)
def test_what_is_wrong_is_refused_by_its_place_and_nothing_is_kept(
    service: Served, asked: dict[str, Any], changed: dict[str, Any], status: int, where: str | None
) -> None:
    before = done(service.client.get("/backtests"))
    told = problem(service.client.post("/backtests", json=asked | changed), status)
    assert where is None or told["asked"]["field"] == where
    assert done(service.client.get("/backtests")) == before


def test_a_history_that_is_too_short_ends_as_failed_with_its_reason(working: Served, asked: dict[str, Any]) -> None:
    body = {**asked, "end": "2023-01-31"}
    del body["start"]
    named = done(working.client.post("/backtests", json=body), 202)["backtest_id"]
    told = ended(working, named)
    assert (told["status"], told["result"]) == ("failed", None)
    assert "sessions" in told["problem"]["detail"]


def test_over_grpc_it_is_the_same(working: Served, rpc: Client, asked: dict[str, Any]) -> None:
    m = rpc.messages
    fields = {name: asked[name] for name in ("portfolio_id", "pricing_pack_id", "start", "end")}
    message = m.CreateBacktestRequest(
        **fields, rebalance=["quarterly"], additional=struct({"execution": ASKED["execution"], "policy": POLICY})
    )
    begun = rpc.ask("CreateBacktest", message)
    named = begun.backtest_id  # type: ignore[attr-defined]
    told = list(rpc.rpc("WatchBacktest")(m.GetBacktestRequest(backtest_id=named), timeout=240.0))
    assert told[-1].status == "completed"
    over_rest = done(working.client.get(f"/backtests/{named}"))
    answer = to_json(rpc.ask("GetBacktest", m.GetBacktestRequest(backtest_id=named)))
    assert answer["run_id"] == over_rest["run_id"]
    assert answer["result"]["summary"]["net"]["total_return"] == over_rest["result"]["summary"]["net"]["total_return"]
    page = rpc.ask("GetBacktestReport", m.GetBacktestReportRequest(backtest_id=named))
    assert page.content == working.client.get(f"/backtests/{named}/report").content  # type: ignore[attr-defined]
    listed = rpc.ask("ListBacktests", m.ListBacktestsRequest(portfolio_id="P-past"))
    assert named in listed.content.decode()  # type: ignore[attr-defined]


def compared(service: Served, body: dict[str, Any]) -> dict[str, Any]:
    told = done(service.client.post("/comparisons", json=body), 202)
    while told["status"] in ("pending", "processing"):
        told = done(service.client.get(f"/comparisons/{told['comparison_id']}", headers={"Prefer": "wait=20"}))
    return dict(told)


def test_policies_are_compared_and_read_with_their_page(working: Served, asked: dict[str, Any]) -> None:
    free = {"id": "free", "name": "free", "objective": {"kind": "min_risk"}, "limits": {"long_only": True}}
    body = {**{name: value for name, value in asked.items() if name != "policy"}, "strategies": [POLICY, free]}
    told = compared(working, body)
    assert (told["status"], told["percent"], told["problem"]) == ("completed", 100.0, None)
    names = [one["name"] for one in told["result"]["strategies"]]
    assert names == ["own 1", "free", "equal_weight", "min_variance", "do_nothing"]
    assert all("days" not in one for one in told["result"]["strategies"])
    document = done(working.client.get(f"/runs/{told['run_id']}/document"))
    assert document["kind"] == "comparison"
    assert {(pair["first"], pair["second"]) for pair in document["pairs"]} >= {("own 1", "free"), ("free", "equal_weight")}
    page = working.client.get(f"/comparisons/{told['comparison_id']}/report").text
    assert "own 1" in page
    listed = done(working.client.get("/comparisons", params={"portfolio_id": "P-past"}))["comparisons"]
    assert told["comparison_id"] in [line["comparison_id"] for line in listed]


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"strategies": ["eight", "eight"]}, "policy"),
        ({"strategies": [POLICY | {"id": "same", "name": "same"}] * 2}, "strategies"),
        ({"strategies": [POLICY, POLICY], "frontier": 3}, "frontier"),
        ({"strategies": [POLICY], "frontier": 1}, "frontier"),
        ({"strategies": [POLICY, POLICY | {"estimation": FROM_A_FILE}]}, "strategies[1].estimation.factors.source"),
        ({"policy": POLICY}, "policy"),
        ({"prove": True}, "prove"),
    ],
)
def test_what_cannot_be_compared_is_refused_and_nothing_is_kept(
    service: Served, asked: dict[str, Any], changed: dict[str, Any], where: str
) -> None:
    body = {name: value for name, value in asked.items() if name != "policy"}
    before = done(service.client.get("/comparisons"))
    told = problem(service.client.post("/comparisons", json=body | changed), 422)
    assert told["asked"]["field"] == where
    assert done(service.client.get("/comparisons")) == before
