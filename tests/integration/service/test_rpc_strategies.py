"""The same question over REST and gRPC: the same numbers, the same words, the same problem objects."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from integration.service.rpc_client import Client, Refused, struct, to_json
from integration.service.serving import Served
from integration.service.strategies import MEANING_NOTHING, MEANING_SOMETHING, asked

OWN = ("instance", "request_id")  # of each call


def but_for_nulls(value: Any) -> Any:
    """Null in JSON is a field that is not set."""
    if isinstance(value, dict):
        return {
            name: but_for_nulls(item) for name, item in value.items() if item is not None and name != "optimization_time_ms"
        }
    return [but_for_nulls(item) for item in value] if isinstance(value, list) else value


def message_of(client: Client, body: dict[str, Any]) -> Any:
    """What S1 takes under fields of its own; views, which are open, beside them."""
    risk = dict(body.get("risk_parameters", {}))
    beside = {name: risk.pop(name) for name in ("views",) if name in risk}
    message = client.request("Optimize", {**body, "risk_parameters": risk})
    if beside:
        message.risk_parameters.additional.update(beside)  # type: ignore[attr-defined]
    return message


@pytest.mark.parametrize(("objective", "method"), MEANING_SOMETHING)
def test_an_answer_has_the_same_numbers(sqlite_service: Served, sqlite_rpc: Client, objective: str, method: str) -> None:
    body = asked(objective, method)
    over_rest = sqlite_service.client.post("/optimize", json=body)
    assert over_rest.status_code == 200
    over_rpc = sqlite_rpc.ask("Optimize", message_of(sqlite_rpc, body))
    assert but_for_nulls(to_json(over_rpc)) == but_for_nulls(over_rest.json())


REFUSED = [
    *(asked(*pair) for pair in MEANING_NOTHING[:3]),
    {**asked(), "constraints": {"max_weight": 0.01}},
    {**asked(), "portfolio_id": "p" * 200},
    {"portfolio_id": "P", "objective": "MAX_SHARPE", "method": "MEAN_VARIANCE"},
    asked(periods_per_year=-1.0),
]


@pytest.mark.parametrize("body", REFUSED)
def test_a_refusal_has_the_same_fields(sqlite_service: Served, sqlite_rpc: Client, body: dict[str, Any]) -> None:
    over_rest = sqlite_service.client.post("/optimize", json=body)
    told = over_rest.json()
    with pytest.raises(Refused) as caught:
        sqlite_rpc.ask("Optimize", message_of(sqlite_rpc, body))
    problem = dict(caught.value.problem)
    assert set(problem) == set(told)
    assert {n: v for n, v in problem.items() if n not in OWN} == {n: v for n, v in told.items() if n not in OWN}
    assert caught.value.code == ("FAILED_PRECONDITION" if told["code"] == "infeasible" else "INVALID_ARGUMENT")
    assert caught.value.details["ErrorInfo"]["reason"] == told["code"].upper()
    assert caught.value.metadata["x-request-id"] == problem["request_id"]


def test_a_batch_has_the_same_members(sqlite_service: Served, sqlite_rpc: Client) -> None:
    bodies = [asked(), {**asked(), "constraints": {"max_weight": 0.01}}, asked("MAX_SHARPE", portfolio_id="P-2")]
    over_rest = sqlite_service.client.post("/optimize/batch", json=bodies).json()
    message = sqlite_rpc.messages.OptimizeBatchRequest(requests=[message_of(sqlite_rpc, body) for body in bodies])
    members = sqlite_rpc.ask("OptimizeBatch", message).members  # type: ignore[attr-defined]
    assert [member.WhichOneof("member") for member in members] == ["response", "problem", "response"]
    for member, told in zip(members, over_rest, strict=True):
        found = to_json(getattr(member, member.WhichOneof("member")))
        for name in OWN:
            found.pop(name, None)
            told.pop(name, None)
        assert but_for_nulls(found) == but_for_nulls(told)


def test_the_newest_answer_is_the_same(service: Served, rpc: Client) -> None:
    message = rpc.messages.LatestOptimizationRequest(portfolio_id="P-newest")
    with pytest.raises(Refused) as caught:
        rpc.ask("LatestOptimization", message)
    assert caught.value.code == "NOT_FOUND"
    rpc.ask("Optimize", message_of(rpc, asked(portfolio_id="P-newest")))
    over_rest = service.client.get("/optimization/P-newest/latest").json()
    assert but_for_nulls(to_json(rpc.ask("LatestOptimization", message))) == but_for_nulls(over_rest)


def test_what_is_missing_in_the_path_is_named(sqlite_rpc: Client) -> None:
    with pytest.raises(Refused) as caught:
        sqlite_rpc.ask("LatestOptimization", sqlite_rpc.messages.LatestOptimizationRequest())
    assert (caught.value.code, caught.value.problem["code"]) == ("INVALID_ARGUMENT", "missing_input")
    assert caught.value.details["BadRequest"]["fieldViolations"][0]["field"] == "portfolio_id"


def test_metadata_say_which_call_it_was_and_what_took_how_long(sqlite_rpc: Client) -> None:
    message = message_of(sqlite_rpc, asked())
    _, told = sqlite_rpc.ask_told("Optimize", message, x_correlation_id="c-1", idempotency_key="k-metadata")
    assert told["x-request-id"].startswith("req-")
    assert told["x-correlation-id"] == "c-1"
    assert {part.partition(";")[0] for part in told["server-timing"].split(", ")} >= {"queue", "solve", "store"}


@pytest.mark.parametrize(("name", "value"), [("x_correlation_id", "no id"), ("idempotency_key", "k" * 500)])
def test_metadata_that_are_none_are_refused_as_headers_are(
    sqlite_service: Served, sqlite_rpc: Client, name: str, value: str
) -> None:
    over_rest = sqlite_service.client.post("/optimize", json=asked(), headers={name.replace("_", "-"): value})
    with pytest.raises(Refused) as caught:
        sqlite_rpc.ask("Optimize", message_of(sqlite_rpc, asked()), **{name: value})
    assert caught.value.problem["asked"] == over_rest.json()["asked"]


def test_a_message_that_is_none_is_refused_and_not_a_fault(sqlite_rpc: Client) -> None:
    raw = sqlite_rpc.channel.unary_unary("/portfolio_optimization.v1.StrategyOptimizationService/Optimize")
    for broken in (b"\xff\xff\xff", b"\x0a\x02\xff\xfe"):  # no message; a text that is not UTF-8
        with pytest.raises(grpc.RpcError) as caught:
            raw(broken, timeout=20)
        assert Refused.of(caught.value).problem["code"] == "malformed_document"


def test_an_unknown_word_beside_the_fields_is_refused_as_over_rest(sqlite_service: Served, sqlite_rpc: Client) -> None:
    body = asked()
    message = message_of(sqlite_rpc, body)
    message.constraints.additional.CopyFrom(struct({"max_weigth": 0.4}))
    over_rest = sqlite_service.client.post(
        "/optimize", json={**body, "constraints": {**body["constraints"], "max_weigth": 0.4}}
    )
    with pytest.raises(Refused) as caught:
        sqlite_rpc.ask("Optimize", message)
    assert caught.value.problem["asked"] == over_rest.json()["asked"] == {"field": "constraints.max_weigth", "value": 0.4}
