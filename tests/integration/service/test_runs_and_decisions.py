"""What was done is found again, explained, replayed, bundled and compared; a person decides, and the record says who."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from integration.service.books import REBALANCE, book, done, imported, problem
from integration.service.serving import Served
from integration.service.test_optimizations import ended, submitted
from integration.service.working import worker_of
from support import environment

BOOK = book()


@pytest.fixture(scope="module")
def working(service: Served, prefect_server: str) -> Iterator[Served]:
    with worker_of(service, prefect_server):
        yield service


def replayed(bundle: bytes, folder: Path) -> dict[str, Any]:
    """`portopt replay --bundle` on an installation that has never seen the run."""
    file = folder / "bundle.zip"
    file.write_bytes(bundle)
    env = environment(folder / "elsewhere")
    command = [sys.executable, "-m", "portopt.doors.cli", "replay", "--bundle", str(file), "--json"]
    finished = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
    return dict(json.loads(finished.stdout))


def test_a_run_is_found_read_explained_replayed_and_bundled(service: Served, tmp_path: Path) -> None:
    client = service.client
    pack = imported(client, "runs", BOOK)
    plan = done(client.post("/portfolios/runs/rebalance", json={**REBALANCE, "pricing_pack_id": pack}))
    other = done(client.post("/portfolios/runs/rebalance", json={"pricing_pack_id": pack, "as_of": "2024-06-28"}))
    run = plan["rebalance_id"]
    line = done(client.get(f"/runs/{run}"))
    assert (line["kind"], line["status"], line["pricing_pack_id"]) == ("rebalance", "completed", pack)
    document = client.get(f"/runs/{run}/document")
    assert document.json()["run_id"] == run
    page = client.get(f"/runs/{run}/report")
    assert page.headers["content-type"].startswith("text/html")
    assert run in page.text
    assert done(client.get(f"/runs/{run}/explain"))["trades"]
    assert done(client.post(f"/runs/{run}/replay"))["same"] is True
    apart = done(client.get(f"/runs/{run}/difference/{other['rebalance_id']}"))
    assert apart["data"]["dates_removed"]
    weights = client.post(f"/runs/{run}/questions/weights")
    targets = {row["asset_id"]: row["target_weight"] for row in document.json()["proposal"]}
    assert done(weights)["optimal_weights"] == pytest.approx(targets, abs=1e-12)
    assert done(weights)["pricing_pack_id"] == pack
    risk = done(client.post(f"/runs/{run}/questions/risk", json={"risk_measure": "cvar", "confidence": 0.9}))
    assert risk["optimal_weights"] == done(weights)["optimal_weights"]
    for question in ("frontier", "sensitivity", "views", "factors", "forecasts"):
        answer = client.post(f"/runs/{run}/questions/{question}", json={"window": 60} if question == "forecasts" else {})
        assert done(answer)["pricing_pack_id"] == pack
        assert done(client.get(answer.headers["Content-Location"].removeprefix("/api/v1")))
    in_order = {"order": ["risk", "return"], "tolerances": {"risk": 0.01}}
    assert done(client.post(f"/runs/{run}/questions/lexicographic", json=in_order))["order"] == ["risk", "return"]
    assert problem(client.post(f"/runs/{run}/questions/luck"), 422)["asked"]["field"] == "question"
    assert problem(client.post(f"/runs/{run}/questions/views", json={"points": 4}), 422)["asked"]["field"] == "points"
    problem(client.post("/runs/reb-20221228-0123456789abcdef0123/questions/risk"), 404)
    listed = done(client.get("/runs", params={"portfolio_id": "runs", "kind": "rebalance", "limit": 1}))
    rest = done(client.get("/runs", params={"portfolio_id": "runs", "kind": "rebalance", "cursor": listed["next_cursor"]}))
    assert [one["run_id"] for one in (*listed["runs"], *rest["runs"])] == [other["rebalance_id"], run]
    asked_at = listed["runs"][0]["created_at"]
    before = done(client.get("/runs", params={"portfolio_id": "runs", "kind": "rebalance", "until": asked_at}))
    since = done(client.get("/runs", params={"portfolio_id": "runs", "kind": "rebalance", "since": "2020-01-01"}))
    assert run in [one["run_id"] for one in before["runs"]]
    assert [one["policy"] for one in since["runs"]] == [line["policy"]] * 2
    assert problem(client.get("/runs", params={"since": "yesterday"}), 422)["asked"]["field"] == "since"
    on_pack = done(client.get("/lookup", params={"pricing_pack_id": pack}))
    assert [one["run_id"] for one in on_pack["runs"] if one["run_id"].startswith("reb-") and one["portfolio_id"] == "runs"] == [
        run
    ]

    bundle = client.get(f"/runs/{run}/bundle")
    assert bundle.headers["content-type"] == "application/zip"
    assert bundle.content == client.get(f"/runs/{run}/bundle").content
    with zipfile.ZipFile(io.BytesIO(bundle.content)) as archive:
        assert sorted(archive.namelist()) == [
            *("document.json", "pack/manifest.json", "pack/prices.parquet", "request.json", "run.json", "settings.json"),
            "versions.json",
        ]
        settings = json.loads(archive.read("settings.json"))
    assert settings["home"] == "set"
    assert str(service.home) not in json.dumps(settings)
    told = replayed(bundle.content, tmp_path)
    assert told["same"] is True, told
    assert told["digest"] == line["document_digest"]


def test_a_bundle_that_was_changed_is_not_the_same_and_one_that_is_none_is_refused(service: Served, tmp_path: Path) -> None:
    pack = imported(service.client, "changed", BOOK)
    run = done(service.client.post("/portfolios/changed/rebalance", json={"pricing_pack_id": pack}))["rebalance_id"]
    content = service.client.get(f"/runs/{run}/bundle").content
    parts = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}

    def with_part(name: str, part: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as changed:
            for named, what in {**parts, name: part}.items():
                changed.writestr(named, what)
        return out.getvalue()

    document = json.loads(parts["document.json"])
    document["headline"]["turnover"] = 0.5
    told = replayed(with_part("document.json", json.dumps(document).encode()), tmp_path)
    assert told["same"] is False
    assert told["differences"][0]["path"] == "headline.turnover"
    damaged = replayed(with_part("pack/prices.parquet", parts["pack/prices.parquet"][:-1]), tmp_path)
    assert (damaged["code"], damaged["asked"]["field"]) == ("bad_data", "pricing_pack_id")
    assert replayed(b"no archive", tmp_path)["code"] == "file_not_readable"


def test_a_person_approves_once_and_the_event_is_released(working: Served) -> None:
    client = working.client
    pack = imported(client, "approved", BOOK)
    job = submitted(working, "approved", pack, approval_hours=2)["optimization_id"]
    told = ended(working, job)
    assert (told["status"], told["portopt"]["approval"]) == ("completed", "awaiting")
    run = told["portopt"]["run_id"]
    body = {"decision": "approve", "note": "as discussed", "holdings_version": told["portopt"]["holdings_version"]}
    decided = done(client.post(f"/runs/{run}/approval", json=body))
    assert (decided["status"], decided["decided_by"]) == ("completed", "local")
    assert ended(working, job)["portopt"]["approval"] == "approved"
    kinds = [entry["kind"] for entry in done(client.get("/portfolios/approved/ledger"))["entries"]]
    assert kinds == ["holdings", "proposed", "approved", "released"]
    assert done(client.get("/portfolios/approved/ledger/verification")) == {
        "portfolio_id": "approved", "intact": True, "broken": None,
    }  # fmt: skip
    done(client.post(f"/runs/{job}/approval", json=body))  # by the job's id, and again: it changes nothing
    assert len(done(client.get("/portfolios/approved/ledger"))["entries"]) == 4
    problem(client.post(f"/runs/{run}/approval", json={"decision": "reject"}), 409, "conflict")


def test_a_person_says_no_and_nothing_is_released(working: Served) -> None:
    pack = imported(working.client, "rejected", BOOK)
    job = submitted(working, "rejected", pack, approval_hours=2)["optimization_id"]
    run = ended(working, job)["portopt"]["run_id"]
    done(working.client.post(f"/runs/{run}/approval", json={"decision": "reject", "note": "too much in S1"}))
    told = ended(working, job)
    assert (told["status"], told["portopt"]["approval"]) == ("completed", "rejected")
    assert "too much in S1" in told["problem"]["detail"]
    kinds = [entry["kind"] for entry in done(working.client.get("/portfolios/rejected/ledger"))["entries"]]
    assert kinds == ["holdings", "proposed", "rejected"]
    problem(working.client.post(f"/runs/{run}/approval", json={"decision": "approve"}), 409, "conflict")


def test_a_proposal_on_holdings_that_changed_is_not_released_and_says_what_changed(working: Served) -> None:
    pack = imported(working.client, "stale", BOOK)
    job = submitted(working, "stale", pack, approval_hours=2)["optimization_id"]
    told = ended(working, job)
    seen = told["portopt"]["holdings_version"]
    run = told["portopt"]["run_id"]
    early = problem(
        working.client.post(f"/runs/{run}/approval", json={"decision": "approve", "holdings_version": seen + 1}), 409
    )
    assert early["code"] == "superseded"
    changed = {**BOOK.held, "N00": BOOK.held["N00"] + 5}
    done(working.client.put("/portfolios/stale/holdings", json=changed))
    refused = problem(working.client.post(f"/runs/{run}/approval", json={"decision": "approve"}), 409, "superseded")
    assert refused["measured"]["holdings_version"] == seen + 1
    assert refused["measured"]["changed"] == {"N00": [f"{BOOK.held['N00']}", f"{BOOK.held['N00'] + 5}"]}
    assert ended(working, job)["status"] == "superseded"


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 422), ({"decision": "maybe"}, 422), ({"decision": "approve", "holdings_version": "1"}, 422), ({"desicion": 1}, 422)],
)
def test_a_decision_that_is_none_is_refused(sqlite_service: Served, body: Any, status: int) -> None:
    pack = imported(sqlite_service.client, "undecided", BOOK)
    run = done(sqlite_service.client.post("/portfolios/undecided/rebalance", json={"pricing_pack_id": pack}))["rebalance_id"]
    problem(sqlite_service.client.post(f"/runs/{run}/approval", json=body), status)


def test_what_is_not_there_is_told_alike(sqlite_service: Served) -> None:
    client = sqlite_service.client
    places = ("", "/document", "/report", "/explain", "/bundle")
    told = [problem(client.get(f"/runs/reb-nobody{place}"), 404, "not_found") for place in places]
    told += [
        problem(client.post(f"/runs/reb-nobody{place}", json={"decision": "approve"}), 404)
        for place in ("/approval", "/replay")
    ]
    assert {one["detail"] for one in told} == {"there is no run 'reb-nobody'"}
    problem(client.get("/optimizations/opt-nobody"), 404, "not_found")
    problem(client.post("/optimizations/opt-nobody/cancel"), 404, "not_found")
    problem(client.get("/beliefs/bel-nobody"), 404, "not_found")
    for place in ("/runs", "/optimizations"):
        assert problem(client.get(place, params={"cursor": "reb-nobody"}), 422)["asked"]["field"] == "cursor"
    problem(client.get("/lookup"), 422, "missing_input")
    problem(client.get("/lookup", params={"idempotency_key": "a", "request_hash": "b"}), 422, "invalid_value")


QUESTIONS: dict[str, dict[str, str]] = {
    "frontier": {"points": "4"},
    "risk": {"risk_measure": "cvar", "confidence": "0.9"},
    "factors": {},
    "views": {},
    "sensitivity": {},
    "pareto": {"axes": "return,risk", "points": "5"},
    "lexicographic": {"order": "risk,return", "tolerances": "risk=0.01"},
    "forecasts": {"covariances": "sample,ledoit_wolf", "window": "60", "step": "20"},
}


def own_beliefs(portfolio_id: str) -> dict[str, Any]:
    returns = 0.01 * np.random.default_rng(3).standard_normal((160, 4)) + 0.0005
    return {
        "portfolio_id": portfolio_id,
        "strategies": [
            {"id": name, "returns": returns[:, i].tolist(), "current_weight": 0.25} for i, name in enumerate("abcd")
        ],
        "objective": "MAX_SHARPE",
        "method": "MEAN_VARIANCE",
        "constraints": {"max_weight": 0.6},
    }


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_about_own_beliefs_answers_and_leaves_its_rows(service: Served, name: str) -> None:
    body = own_beliefs("questions")
    if name == "views":
        body |= {"method": "BLACK_LITTERMAN"}
        body["risk_parameters"] = {"views": [{"assets": {"a": 1}, "return": 0.1, "confidence": 0.5}]}
    answer = service.client.post(f"/{name}", params=QUESTIONS[name], json=body)
    told = done(answer)
    kept = answer.headers["content-location"].removeprefix("/api/v1")
    assert json.loads(json.dumps(done(service.client.get(kept)))) == told
    run = done(service.client.get(kept.removesuffix("/document")))
    assert run["kind"] == name
    problem(service.client.post(f"/{name}", params={"nonsense": "1"}, json=body), 422, "unknown_field")
    problem(service.client.post(f"/{name}", params=QUESTIONS[name], json={**body, "objektive": 1}), 422)


def test_a_plan_over_periods_is_asked_over_the_wire(service: Served) -> None:
    problem(service.client.post("/periods", json=own_beliefs("periods")), 422, "invalid_value")
    objective = {"kind": "multi_period", "risk_aversion": 4, "periods": 3, "years": 0.25}
    told = done(service.client.post("/periods", json=own_beliefs("periods") | {"objective": objective, "method": None}))
    assert [row["period"] for row in told["periods"]] == [1, 2, 3]


def test_the_questions_about_a_kept_portfolio_answer_on_named_prices(service: Served) -> None:
    pack = imported(service.client, "asked", BOOK)
    place, on = "/portfolios/asked", {"pricing_pack_id": pack}
    exposed = done(service.client.get(f"{place}/factor-exposures", params=on))
    assert exposed["portfolio_id"] == "asked"
    assert exposed["as_of"].endswith("T00:00:00Z")
    assert {"factor", "exposure", "benchmark_exposure", "active_exposure"} <= set(exposed["exposures"][0])
    assert [line["factor"] for line in exposed["attribution"]][-1] == "specific"
    named = done(service.client.post(f"{place}/factor-exposures", json={**on, "factors": exposed["factors"][:1]}))
    assert named["factors"] == exposed["factors"][:1]
    problem(service.client.post(f"{place}/factor-exposures", json={**on, "factors": ["Mars"]}), 422, "unknown_field")
    compared = done(
        service.client.get(f"{place}/forecasts", params={**on, "covariances": "sample,ledoit_wolf", "means": "historical_mean"})
    )
    assert [line["name"] for line in compared["covariance"]] == ["sample", "ledoit_wolf"]
