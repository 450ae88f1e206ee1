"""S2 over the wire: worked out by a worker and waited for, or at once; the frontier; equal words and equal keys are one job."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from integration.service.books import OPTIMIZATION, REBALANCE, SMALL, book, done, imported, problem
from integration.service.serving import Served
from integration.service.working import worker_of
from sqlalchemy import Table, select

from portopt.adapters.store import models

# As S2 prints them.
SUBMITTED = ["optimization_id", "portfolio_id", "status", "created_at", "estimated_completion_time"]
ANSWER = [
    *(
        "optimization_id",
        "portfolio_id",
        "status",
        "created_at",
        "completed_at",
        "optimization_type",
        "objective",
        "risk_measure",
    ),
    *("metrics", "current_allocation", "target_allocation", "trades", "efficient_frontier"),
]
METRICS = ["expected_return", "expected_volatility", "sharpe_ratio", "max_drawdown", "turnover", "information_ratio"]
TRADE = ["instrument_id", "action", "quantity", "estimated_value", "weight_change"]
PLAN = ["portfolio_id", "rebalance_id", "created_at", "current_allocation", "target_allocation", "trades", "metrics"]
FRONTIER = [
    *("portfolio_id", "risk_measure", "efficient_frontier", "current_portfolio", "optimal_portfolio", "min_risk_portfolio"),
    "max_return_portfolio",
]
BOOK = book()
TWELVE = book(12)


@pytest.fixture(scope="module")
def working(service: Served, prefect_server: str) -> Iterator[Served]:
    with worker_of(service, prefect_server):
        yield service


def submitted(service: Served, portfolio_id: str, pack: str | None, **more: Any) -> dict[str, Any]:
    named = {} if pack is None else {"pricing_pack_id": pack}
    return dict(done(service.client.post("/optimizations", json={"portfolio_id": portfolio_id, **SMALL, **named, **more}), 202))


def ended(service: Served, optimization_id: str, seconds: float = 120) -> dict[str, Any]:
    """Asked with `Prefer: wait` until it is at its end."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        answer = service.client.get(f"/optimizations/{optimization_id}", headers={"Prefer": "wait=20"})
        told = dict(done(answer, 200))
        if told["status"] not in ("pending", "processing"):
            assert "retry-after" not in answer.headers
            return told
        assert int(answer.headers["retry-after"]) >= 1
    pytest.fail(f"{optimization_id} did not end: {told}")


def test_both_printed_bodies_end_completed_on_forty_names(working: Served) -> None:
    client = working.client
    pack = imported(client, "printed", BOOK)
    answer = client.post("/optimizations", json={"portfolio_id": "printed", **OPTIMIZATION, "pricing_pack_id": pack})
    begun = done(answer, 202)
    assert list(begun) == SUBMITTED
    assert answer.headers["location"] == f"/api/v1/optimizations/{begun['optimization_id']}"
    assert int(answer.headers["retry-after"]) >= 1
    told = ended(working, begun["optimization_id"])
    assert told["status"] == "completed", told["problem"]
    assert [name for name in told if name in ANSWER] == ANSWER
    assert [told[name] for name in ("optimization_type", "objective", "risk_measure")] == [
        OPTIMIZATION[name] for name in ("optimization_type", "objective", "risk_measure")
    ]
    assert list(told["metrics"]) == METRICS
    assert told["metrics"]["turnover"] <= 0.20 + 1e-9
    assert told["metrics"]["expected_volatility"] <= 0.15 + 1e-9
    assert told["estimated_completion_time"] is None
    assert told["portopt"]["risk_free_rate"] == 0.0
    assert told["portopt"]["pricing_pack_id"] == pack
    assert any("tax" in note for note in told["portopt"]["notes"])
    assert list(told["trades"][0]) == TRADE
    assert max(weight for name, weight in told["target_allocation"].items() if name != "CASH") <= 0.05 + 1e-9
    assert min(weight for name, weight in told["target_allocation"].items() if name != "CASH") >= 0.01 - 1e-9
    assert sum(told["target_allocation"].values()) == pytest.approx(1.0, abs=1e-3)
    assert [list(point) for point in told["efficient_frontier"]] == [["return", "risk", "sharpe"]] * len(
        told["efficient_frontier"]
    )
    assert len(told["efficient_frontier"]) >= 10

    plan = done(client.post("/portfolios/printed/rebalance", json={**REBALANCE, "pricing_pack_id": pack}), 200)
    assert [name for name in plan if name in PLAN] == PLAN
    assert 0 < len(plan["trades"]) <= 10
    assert plan["metrics"]["turnover"] <= 0.15 + 1e-9
    assert plan["metrics"]["tax_implications"] is None
    assert list(plan["metrics"]) == ["turnover", "expected_improvement", "transaction_costs", "tax_implications"]
    assert [trade["priority"] for trade in plan["trades"]] == list(range(1, len(plan["trades"]) + 1))
    sides = [trade["action"] for trade in plan["trades"]]
    assert sides == sorted(sides, reverse=True)  # sells first
    later = client.post(
        "/portfolios/printed/rebalance", json={**REBALANCE, "pricing_pack_id": pack}, headers={"Prefer": "respond-async"}
    )
    assert later.headers["preference-applied"] == "respond-async"
    again = ended(working, done(later, 202)["rebalance_id"])
    assert again["status"] == "completed"
    assert again["trades"] == plan["trades"]
    newest = done(client.get("/optimization/printed/latest"))
    assert newest["optimal_weights"] == again["target_allocation"]
    assert newest["optimization_metadata"]["constraints_satisfied"] is True


def test_what_was_worked_out_later_has_its_rows_in_the_tables_that_are_printed(working: Served) -> None:
    pack = imported(working.client, "rows", TWELVE)
    told = ended(working, submitted(working, "rows", pack)["optimization_id"])
    kept = {"optimization_results": row_of(working, models.optimization_results, told["optimization_id"])}
    kept["portfolio_optimizations"] = row_of(working, models.portfolio_optimizations, told["optimization_id"])
    for row in kept.values():
        assert row["metrics"] == told["metrics"]
        assert row["current_allocation"] == told["current_allocation"]
        assert row["target_allocation"] == told["target_allocation"]
    assert kept["optimization_results"]["efficient_frontier"] == told["efficient_frontier"]
    assert row_of(working, models.optimization_requests, told["optimization_id"], "id")["constraints"] == SMALL["constraints"]


def row_of(service: Served, table: Table, value: str, column: str = "optimization_id") -> Mapping[str, Any]:
    with service.runtime().runs.database.reading() as connection:
        return dict(connection.execute(select(table).where(table.c[column] == value)).mappings().one())


def test_equal_words_on_named_data_are_one_job_for_ever_and_on_the_newest_until_they_end(working: Served) -> None:
    pack = imported(working.client, "equal", TWELVE)
    first = submitted(working, "equal", pack)["optimization_id"]
    assert submitted(working, "equal", pack)["optimization_id"] == first
    told = ended(working, first)
    assert submitted(working, "equal", pack)["optimization_id"] == first
    assert ended(working, first) == told
    assert submitted(working, "equal", pack, as_of="2024-06-28")["optimization_id"] != first
    done(working.client.put("/portfolios/equal/holdings", json={"N00": 100, "CASH": 10000}))
    assert submitted(working, "equal", pack)["optimization_id"] != first


def test_what_cannot_be_done_ends_with_its_problem_in_the_words_that_asked(working: Served) -> None:
    pack = imported(working.client, "refused", TWELVE)
    impossible = {**OPTIMIZATION["constraints"], "max_position_size": 0.01, "min_position_size": 0.005}
    told = ended(working, submitted(working, "refused", pack, constraints=impossible)["optimization_id"])
    assert told["status"] == "infeasible"
    assert told["problem"]["code"] == "infeasible"
    assert "max_position_size" in str(told["problem"])
    assert "max_weight" not in str(told["problem"])
    assert told["trades"] == []
    assert told["metrics"] is None


def test_jobs_are_listed_counted_and_cancelled(each_service: Served) -> None:
    pack = imported(each_service.client, "listed", TWELVE)
    dates = ("2024-01-31", "2024-02-29", "2024-03-28")
    ids = [submitted(each_service, "listed", pack, as_of=day, preferences={})["optimization_id"] for day in dates]
    listed = done(each_service.client.get("/optimizations", params={"portfolio_id": "listed", "limit": 2}))
    rest = done(each_service.client.get("/optimizations", params={"portfolio_id": "listed", "cursor": listed["next_cursor"]}))
    assert [line["id"] for line in (*listed["optimizations"], *rest["optimizations"])] == ids[::-1]
    cancelled = each_service.client.post(f"/optimizations/{ids[0]}/cancel")
    if cancelled.status_code == 200:  # a worker of another test may have been quicker
        assert cancelled.json()["status"] == "cancelled"
    again = problem(each_service.client.post(f"/optimizations/{ids[0]}/cancel"), 409, "conflict")
    assert "nothing to cancel" in again["detail"]


@pytest.mark.parametrize(
    ("body", "field", "status"),
    [
        ({}, "portfolio_id", 422),
        ({"portfolio_id": "words", "objective": "maximise_sharpe"}, "objective", 422),
        ({"portfolio_id": "words", "constraints": {"max_position_size": 5}}, "constraints.max_position_size", 422),
        ({"portfolio_id": "words", "constraints": {"max_weights": {"other": 0.1}}}, "constraints.max_weights.other", 422),
        ({"portfolio_id": "words", "pricing_pack_id": "pack-00000000000000000000"}, "pricing_pack_id", 422),
        ({"portfolio_id": "words", "provider": "files:/etc/passwd"}, "provider", 422),
        ({"portfolio_id": "words", "policy": "nobodys"}, "policy", 422),
        ({"portfolio_id": "words", "as_of": "28.06.2024"}, "as_of", 422),
        ({"portfolio_id": "words", "approval_hours": -1}, "approval_hours", 422),
        ({"portfolio_id": ["words"]}, "portfolio_id", 422),
    ],
)
def test_words_that_cannot_take_effect_are_refused_by_their_place(
    sqlite_service: Served, body: Any, field: str, status: int
) -> None:
    imported(sqlite_service.client, "words", TWELVE)
    told = problem(sqlite_service.client.post("/optimizations", json=body), status)
    assert told["asked"]["field"] == field


def test_the_frontier_obeys_its_own_limits_and_says_what_it_was_asked(sqlite_service: Served) -> None:
    service = sqlite_service
    pack = imported(service.client, "frontier", BOOK)
    place = "/portfolios/frontier/efficient-frontier"
    drawn = service.client.get(place, params={"pricing_pack_id": pack, "points": 8})
    told = done(drawn)
    assert [name for name in told if name in FRONTIER] == FRONTIER
    assert len(told["efficient_frontier"]) == 8
    assert {"return", "risk", "sharpe", "weights"} <= set(told["efficient_frontier"][0])
    best = told["optimal_portfolio"]["sharpe"]
    assert best >= max(point["sharpe"] for point in told["efficient_frontier"]) - 1e-9
    body = {"points": 8, "constraints": {"max_position_size": 0.04}, "pricing_pack_id": pack}
    tighter = done(service.client.post(place, json=body))
    widest = max(w for point in tighter["efficient_frontier"] for name, w in point["weights"].items() if name != "CASH")
    assert widest <= 0.04 + 1e-9
    assert tighter["optimal_portfolio"]["sharpe"] < best
    none = problem(service.client.post(place, json={**body, "constraints": {"max_position_size": 0.01}}), 422, "infeasible")
    assert "max_position_size" in none["detail"]
    assert "max_weight" not in str(none)
    measured = done(
        service.client.get(place, params={"pricing_pack_id": pack, "points": 3, "risk_measure": "cvar", "confidence": 0.9})
    )
    assert measured["measure_options"] == {"confidence": 0.9}
    refused = problem(service.client.get(place, params={"pricing_pack_id": pack, "risk_measure": "var"}), 422)
    assert "cvar" in str(refused["fixes"])
    problem(service.client.get(place, params={"ponts": 3}), 422, "unknown_field")
    problem(service.client.get(place, params={"points": 0}), 422, "invalid_value")
    kept = drawn.headers["content-location"].removeprefix("/api/v1")
    assert done(service.client.get(kept))["efficient_frontier"] == told["efficient_frontier"]


def test_a_key_does_its_work_once_and_gives_the_first_reply_again(each_service: Served) -> None:
    pack = imported(each_service.client, "keyed", BOOK)
    body = {**REBALANCE, "pricing_pack_id": pack}
    key = {"Idempotency-Key": "keyed-1"}
    place = "/portfolios/keyed/rebalance"
    first = each_service.client.post(place, json=body, headers=key)
    done(first, 200)
    assert "idempotency-replayed" not in first.headers
    again = each_service.client.post(place, json=body, headers=key)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.content == first.content
    problem(each_service.client.post(place, json={**body, "target_type": "benchmark"}, headers=key), 422, "key_reused")
    problem(
        each_service.client.post(place, json={**body, "as_of": "2024-06-28"}, headers=key),
        422,
        "key_reused",
    )
    refused = {"Idempotency-Key": "keyed-2"}
    problem(each_service.client.post(place, json={"target_type": "best"}, headers=refused), 422)
    done(each_service.client.post(place, json=body, headers=refused), 200)


def test_a_hundred_at_once_with_one_key_over_two_processes_work_once(each_service: Served) -> None:
    pack = imported(each_service.client, "hundred", BOOK)
    request = {
        "json": {"portfolio_id": "hundred", **SMALL, "pricing_pack_id": pack},
        "headers": {"Idempotency-Key": "hundred"},
    }

    def ask(_: int) -> tuple[int, bytes]:
        while (answer := each_service.client.post("/optimizations", **request)).status_code == 429:
            time.sleep(float(answer.headers["retry-after"]))
        return answer.status_code, answer.content

    def ask_to_rebalance(_: int) -> tuple[int, bytes]:
        body = {**REBALANCE, "pricing_pack_id": pack}
        post = {"json": body, "headers": {"Idempotency-Key": "hundred-2"}}
        while (answer := each_service.client.post("/portfolios/hundred/rebalance", **post)).status_code == 429:
            time.sleep(float(answer.headers["retry-after"]))
        return answer.status_code, answer.content

    with ThreadPoolExecutor(20) as threads:
        answers = set(threads.map(ask, range(100)))
        plans = set(threads.map(ask_to_rebalance, range(100)))
    assert [status for status, _ in answers] == [202]
    assert [status for status, _ in plans] == [200]
    found = done(each_service.client.get("/lookup", params={"idempotency_key": "hundred"}))
    assert len(found["optimizations"]) == 1
    assert found["reply"]["body"]["optimization_id"] == found["optimizations"][0]["id"]
    assert len(done(each_service.client.get("/optimizations", params={"portfolio_id": "hundred"}))["optimizations"]) == 1
    runs = done(each_service.client.get("/runs", params={"portfolio_id": "hundred", "kind": "rebalance"}))["runs"]
    assert len(runs) <= 2  # the rebalance at once, and what a worker may have made of the job
