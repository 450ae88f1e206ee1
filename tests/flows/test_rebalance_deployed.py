"""prefect.yaml as it stands, on a real server with a real worker: form, run, approval."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest
from submitted import opened, submitted
from support import REPOSITORY, environment, wait_for

from portopt.domain.run import RunRecord, RunStatus
from portopt.runs import decisions


class Deployed:
    """The server's API, and the home that the worker's runs use."""

    def __init__(self, api: str, home: Path) -> None:
        self.http, self.home = httpx.Client(base_url=api, timeout=30), home

    def deployment(self, name: str) -> dict:
        return self.http.get(f"/deployments/name/rebalance/{name}").raise_for_status().json()

    def start(self, name: str, order: dict) -> str:
        """Ask for a run; a server whose database is busy says so (503), and is asked again."""
        path, answers = f"/deployments/{self.deployment(name)['id']}/create_flow_run", []

        def taken() -> bool:
            answers.append(self.http.post(path, json={"parameters": {"order": order}}))
            return answers[-1].status_code != HTTPStatus.SERVICE_UNAVAILABLE

        wait_for(taken, 60, f"the server was too busy to take a run of {name}")
        return answers[-1].raise_for_status().json()["id"]

    def state(self, run: str) -> dict:
        return self.http.get(f"/flow_runs/{run}").raise_for_status().json()["state"]

    def name(self, run: str) -> str:
        return self.http.get(f"/flow_runs/{run}").raise_for_status().json()["name"]

    def log(self, run: str) -> list[str]:
        body = {"logs": {"flow_run_id": {"any_": [run]}}, "sort": "TIMESTAMP_ASC"}
        return [line["message"] for line in self.http.post("/logs/filter", json=body).raise_for_status().json()]

    def wait(self, run: str, *names: str) -> dict:
        """The state, once it bears one of the names or is final."""
        final = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")

        def arrived() -> bool:
            state = self.state(run)
            return state["name"] in names or state["type"] in final

        wait_for(arrived, 120, f"run {run} did not arrive at {' or '.join(names)}")
        return self.state(run)

    def resume(self, run: str, decision: str, note: str) -> None:
        """Answer the form of a paused run; a server under load may have to be asked again."""

        def accepted() -> bool:
            body = {"run_input": {"decision": decision, "note": note}}
            answer = self.http.post(f"/flow_runs/{run}/resume", json=body)
            return answer.is_success and answer.json().get("status") == "ACCEPT"

        wait_for(accepted, 30, f"the answer to {run} was not accepted")

    def newest_run(self) -> RunRecord:
        (newest,) = opened(self.home).runs.runs(limit=1)
        return newest

    def events(self) -> list[dict]:
        log = self.home / "events.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


@pytest.fixture(scope="module")
def deployed(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    home = tmp_path_factory.mktemp("deployed")
    env = environment(home, prefect_server)
    prefect = [sys.executable, "-m", "prefect", "--no-prompt"]
    httpx.post(f"{prefect_server}/work_pools/", json={"name": "portopt", "type": "process"}, timeout=60)  # 409: it is there
    command = [*prefect, "deploy", "--all"]
    done = subprocess.run(command, env=env, cwd=REPOSITORY, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    with (home / "worker.log").open("wb") as log:
        command = [*prefect, "worker", "start", "--pool", "portopt", "--type", "process"]
        worker = subprocess.Popen(command, env=env, cwd=home, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    yield Deployed(prefect_server, home)
    os.killpg(worker.pid, signal.SIGTERM)
    try:
        worker.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(worker.pid, signal.SIGKILL)


def test_the_run_form_has_ordered_described_fields_with_defaults(deployed: Deployed) -> None:
    schema = deployed.deployment("on-demand")["parameter_openapi_schema"]
    fields = schema["definitions"]["RebalanceForm"]["properties"]

    assert sorted(field["position"] for field in fields.values()) == list(range(1, len(fields) + 1))
    assert all(field["description"] and field["title"] for field in fields.values())
    assert {name for name, field in fields.items() if "default" not in field} == {
        "custom_policy", "as_of", "universe", "benchmark", "max_turnover", "max_tracking_error", "request", "changes", "job",
        "deposit", "withdraw", "by", "do_not_buy", "do_not_sell", "keep", "max_trades", "names", "lots",
        "confirm_shares", "split",
    }  # fmt: skip
    assert fields["policy"]["enum"] == ["quality_focused", "aggressive_growth", "conservative_income"]


def test_the_scheduled_deployment_runs_after_the_close_in_new_york(deployed: Deployed) -> None:
    (schedule,) = deployed.deployment("scheduled")["schedules"]

    assert schedule["schedule"]["cron"] == "30 17 * * 1-5"
    assert schedule["schedule"]["timezone"] == "America/New_York"


def test_a_field_nobody_knows_is_refused_before_a_run_exists(deployed: Deployed) -> None:
    path = f"/deployments/{deployed.deployment('on-demand')['id']}/create_flow_run"

    answer = deployed.http.post(path, json={"parameters": {"order": {"max_wieght": 0.1}}})

    assert answer.status_code in (409, 422)
    assert "max_wieght" in answer.text


def test_the_worker_carries_out_a_job_that_was_asked_for_once(deployed: Deployed) -> None:
    runtime = opened(deployed.home)
    job = submitted(runtime, deployed.home / "book")
    first, second = (deployed.start("on-demand", {"job": job.job_id}) for _ in range(2))

    assert {deployed.wait(run, "Completed", "Skipped")["name"] for run in (first, second)} <= {"Completed", "Skipped"}
    ended = runtime.jobs.get(job.job_id)
    assert (ended.status, ended.attempts) == (RunStatus.COMPLETED, 1)
    assert [event["subject"] for event in deployed.events()].count("P1") == 1


def test_the_worker_runs_the_deployment_and_its_event_leaves_once_and_only_when_approved(deployed: Deployed) -> None:
    before = len(deployed.events())
    run = deployed.start("on-demand", {"max_turnover": 0.18, "approval_hours": 1.0})
    paused = deployed.wait(run, "Paused")
    assert len(deployed.events()) == before
    document = opened(deployed.home).runs.get(deployed.newest_run().run_id).document
    run_id, runtime = deployed.newest_run().run_id, opened(deployed.home)
    value = f"{sum(Decimal(trade['value']) for trade in document['trades']):,.0f}"
    assert paused["message"] == f"awaiting approval of {value} USD"
    assert deployed.name(run) == f"sample under quality_focused, 2022-12-28: awaiting approval of {value} USD"

    decisions.hold(run_id, datetime.now(UTC) + timedelta(hours=2), runtime, by="desk")
    wait_for(lambda: deployed.state(run)["message"].startswith("held until "), 30, "the run does not say that it is held")
    held = deployed.state(run)["id"]
    deployed.resume(run, "approve", "as proposed")
    wait_for(lambda: deployed.state(run)["id"] != held and deployed.state(run)["name"] == "Paused", 60, "it does not wait on")
    decisions.release_hold(run_id, runtime, by="desk")
    wait_for(lambda: deployed.state(run)["message"] == paused["message"], 30, "the run does not say that it is free again")
    assert len(deployed.events()) == before

    deployed.resume(run, "approve", "as proposed")
    state = deployed.wait(run, "Completed")

    assert state["name"] == "Completed", state
    assert len(deployed.events()) == before + 1
    assert deployed.name(run) == "sample under quality_focused, 2022-12-28"
    wait_for(lambda: any("is on record" in line for line in deployed.log(run)), 60, "the log of the run did not arrive")
    told = "\n".join(deployed.log(run))
    for step in ("max_turnover", "pack-", "covariance of", "solved by", "certified: worst violation", "buys of", "on record"):
        assert step in told, (step, told)
