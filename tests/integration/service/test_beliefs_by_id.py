"""A request names beliefs that were uploaded: the same answer as with the matrices in it, and nothing of them stored again."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest
from integration.service.serving import Served

from portopt.dialects.strategy import read_request
from portopt.runs.apart import request_from_store
from portopt.runtime import Runtime

N = 80
IDS = [f"A{i:02d}" for i in range(N)]


def beliefs(seed: int, **changes: Any) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    exposures = rng.standard_normal((N, 3))
    omega, specific = np.diag([0.02, 0.01, 0.005]), rng.uniform(0.01, 0.04, N)
    found = {
        "ids": IDS,
        "expected_returns": rng.uniform(0.02, 0.12, N).tolist(),
        "covariance": (exposures @ omega @ exposures.T + np.diag(specific)).tolist(),
        "F": exposures.tolist(),
        "Omega": omega.tolist(),
        "D": specific.tolist(),
    }
    return {name: value for name, value in {**found, **changes}.items() if value is not None}


def asked(ids: list[str], portfolio_id: str, **risk: Any) -> dict[str, Any]:
    return {
        "portfolio_id": portfolio_id,
        "strategies": [{"id": asset_id} for asset_id in ids],
        "objective": "MAX_SHARPE",
        "method": "MEAN_VARIANCE",
        "constraints": {"max_weight": 0.1},
        "risk_parameters": risk,
    }


def inline(ids: list[str], portfolio_id: str, given: dict[str, Any]) -> dict[str, Any]:
    at = [IDS.index(asset_id) for asset_id in ids]
    document = asked(ids, portfolio_id, covariance=np.array(given["covariance"])[np.ix_(at, at)].tolist())
    for strategy, i in zip(document["strategies"], at, strict=True):
        strategy["expected_return"] = given["expected_returns"][i]
    return document


@pytest.mark.parametrize("parts", [("covariance",), ("F", "Omega", "D")], ids=["dense", "factors"])
@pytest.mark.parametrize("ids", [IDS, IDS[40:5:-1]], ids=["all", "some in another order"])
def test_beliefs_by_id_give_the_answer_of_the_same_beliefs_in_the_request(
    service: Served, parts: tuple[str, ...], ids: list[str]
) -> None:
    whole = beliefs(1)
    sent = {name: value for name, value in whole.items() if name in ("ids", "expected_returns", *parts)}
    named = service.client.post("/beliefs", json=sent)
    assert named.status_code == 201, named.text
    beliefs_id = named.json()["beliefs_id"]
    expected = service.client.post("/optimize", json=inline(ids, "P-inline", whole)).json()
    for _ in range(2):  # opened, and remembered
        answer = service.client.post("/optimize", json=asked(ids, "P-named", beliefs=beliefs_id))
        assert answer.status_code == 200, answer.text
        assert answer.json()["optimal_weights"] == pytest.approx(expected["optimal_weights"], abs=1e-7)


def test_what_was_stored_is_the_request_again_and_holds_no_matrix(service: Served) -> None:
    whole = beliefs(2, F=None, Omega=None, D=None)
    document = inline(IDS, "P-stored", whole)
    assert service.client.post("/optimize", json=document).status_code == 200
    runtime = service.runtime()
    run = runtime.runs.runs(portfolio_id="P-stored", limit=1)[0]
    stored = runtime.runs.get(run.run_id).request
    assert stored["covariance"] is None
    assert stored["beliefs"].startswith("bel-")
    assert len(json.dumps(stored)) < 20_000
    again = request_from_store(stored, runtime.beliefs)
    assert again.identity() == read_request(document).identity()
    runtime.runs.close()


def test_beliefs_that_were_sent_are_named_by_what_is_stored(service: Served) -> None:
    beliefs_id = service.client.post("/beliefs", json=beliefs(3, F=None, Omega=None, D=None)).json()["beliefs_id"]
    assert service.client.post("/optimize", json=asked(IDS[:50], "P-by-id", beliefs=beliefs_id)).status_code == 200
    runtime: Runtime = service.runtime()
    run = runtime.runs.runs(portfolio_id="P-by-id", limit=1)[0]
    assert runtime.runs.get(run.run_id).request["beliefs"] == beliefs_id
    runtime.runs.close()


def test_the_other_questions_name_beliefs_too(sqlite_service: Served) -> None:
    client = sqlite_service.client
    beliefs_id = client.post("/beliefs", json=beliefs(5, F=None, Omega=None, D=None)).json()["beliefs_id"]
    answer = client.post("/risk", json=asked(IDS[:20], "P-risk", beliefs=beliefs_id))
    assert answer.status_code == 200, answer.text
    assert set(answer.json()["optimal_weights"]) <= set(IDS[:20])


@pytest.mark.parametrize(
    ("change", "field", "status"),
    [
        ({"beliefs": "bel-" + "0" * 40}, None, 404),
        ({"beliefs": "../../etc/passwd"}, None, 404),
        ({"beliefs": 7}, "risk_parameters.beliefs", 422),
        ({"covariance": [[0.04]]}, "risk_parameters.covariance", 422),
        ({"periods_per_year": 12}, None, 200),
    ],
)
def test_what_cannot_be_meant_is_refused(service: Served, change: dict[str, Any], field: str | None, status: int) -> None:
    beliefs_id = service.client.post("/beliefs", json=beliefs(4, F=None, Omega=None, D=None)).json()["beliefs_id"]
    answer = service.client.post("/optimize", json=asked(IDS, "P-refused", **{"beliefs": beliefs_id, **change}))
    assert answer.status_code == status, answer.text
    if field is not None:
        assert answer.json()["asked"]["field"] == field
    if status == 200:
        unknown = copy.deepcopy(asked([*IDS, "NEW"], "P-refused", beliefs=beliefs_id))
        assert "NEW" in service.client.post("/optimize", json=unknown).json()["detail"]
