"""S1 over a real server: its fields, its pairs of objective and method, its batch and the newest answer of a portfolio."""

from __future__ import annotations

import pytest
from integration.service.serving import Served
from integration.service.strategies import MEANING_NOTHING, MEANING_SOMETHING, asked

from portopt.dialects.strategy_words import METHODS

RESPONSE = {
    *("portfolio_id", "optimal_weights", "expected_return", "expected_volatility", "sharpe_ratio"),
    "optimization_metadata",
}
METADATA = {
    *("convergence_status", "iterations", "optimization_time_ms", "objective_value"),
    "constraints_satisfied",
}
STAGES = {"queue", "data", "estimate", "solve", "audit", "store"}


def test_each_of_the_pairs_means_something_or_does_not() -> None:
    assert (len(MEANING_SOMETHING), len(MEANING_NOTHING)) == (13, 12)


@pytest.mark.parametrize(("objective", "method"), MEANING_SOMETHING)
def test_a_pair_that_means_something_is_answered_with_the_fields_of_the_specification(
    sqlite_service: Served, objective: str, method: str
) -> None:
    answer = sqlite_service.client.post("/optimize", json=asked(objective, method))
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert set(told) == RESPONSE | {"portopt"}
    assert set(told["optimization_metadata"]) == METADATA
    assert told["optimization_metadata"]["constraints_satisfied"] is True
    assert sum(told["optimal_weights"].values()) == pytest.approx(1.0, abs=1e-9)
    assert max(told["optimal_weights"].values()) <= 0.4 + 1e-9


@pytest.mark.parametrize(("objective", "method"), MEANING_NOTHING)
def test_a_pair_that_means_nothing_is_refused_and_told_what_is_allowed(
    sqlite_service: Served, objective: str, method: str
) -> None:
    answer = sqlite_service.client.post("/optimize", json=asked(objective, method))
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    told = answer.json()
    assert told["asked"] == {"field": "objective", "value": objective}
    assert any(word in told["detail"] for word in METHODS)
    assert told["fixes"]


def test_the_stages_of_the_work_are_told(service: Served) -> None:
    told = service.client.post("/optimize", json=asked()).headers["server-timing"]
    assert {part.partition(";")[0] for part in told.split(", ")} >= STAGES


def test_every_answer_leaves_its_rows_and_is_the_newest_of_its_portfolio(each_service: Served) -> None:
    for objective in ("MIN_VOLATILITY", "MAX_SHARPE"):
        answer = each_service.client.post("/optimize", json=asked(objective, portfolio_id="P-rows"))
        assert answer.status_code == 200
        newest = each_service.client.get("/optimization/P-rows/latest")
        assert newest.status_code == 200, newest.text
        wanted = {name: value for name, value in answer.json().items() if name in RESPONSE}
        wanted["optimization_metadata"].pop("optimization_time_ms")  # of the record, which rounds it
        found = newest.json()
        assert set(found) == RESPONSE
        assert set(found["optimization_metadata"]) == METADATA
        found["optimization_metadata"].pop("optimization_time_ms")
        assert found == wanted


def test_a_portfolio_without_an_answer_is_not_found(service: Served) -> None:
    answer = service.client.get("/optimization/nobody/latest")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_a_batch_answers_each_member_in_its_place(service: Served) -> None:
    members = [
        asked(portfolio_id="P-a"),
        asked("RISK_PARITY", "MEAN_VARIANCE"),
        {"portfolio_id": "P-c"},
        {**asked(portfolio_id="P-d"), "constraints": {"max_weight": 0.01}},
        asked("MAX_SHARPE", portfolio_id="P-e"),
    ]
    answer = service.client.post("/optimize/batch", json=members)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert [member.get("portfolio_id") for member in told] == ["P-a", None, None, None, "P-e"]
    assert [member.get("code") for member in told] == [None, "invalid_value", "missing_input", "infeasible", None]
    assert [member["asked"]["field"] for member in told[1:3]] == ["[1].objective", "[2].strategies"]
    assert [member["instance"] for member in told[1:4]] == [f"/api/v1/optimize/batch#/{k}" for k in (1, 2, 3)]
    alone = service.client.post("/optimize", json=members[4]).json()
    assert told[4]["optimal_weights"] == pytest.approx(alone["optimal_weights"], abs=1e-9)
    assert service.client.get("/optimization/P-e/latest").status_code == 200


@pytest.mark.parametrize("body", [[], {}, [{}] * 10_001, "text", None])
def test_a_batch_that_is_no_list_of_a_bounded_length_is_refused(sqlite_service: Served, body: object) -> None:
    answer = sqlite_service.client.post("/optimize/batch", json=body)
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["code"] in ("invalid_value", "malformed_document")
