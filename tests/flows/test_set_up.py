"""`portopt orchestration set-up` on a real workflow server: what it makes, once however often it is asked."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from support import free_port

from portopt.adapters.jobs.set_up import AT_ONCE, POOL, SILENT, automation
from portopt.doors.cli import run as portopt

SetUp = Callable[[str], tuple[int, dict]]


@pytest.fixture
def set_up(capsys: pytest.CaptureFixture[str]) -> SetUp:
    """set_up(api): the command in this process, which has loaded what it needs."""

    def set_up(api: str) -> tuple[int, dict]:
        with temporary_settings({PREFECT_API_URL: api}):
            code = portopt(["orchestration", "set-up", "--json"])
        return code, json.loads(capsys.readouterr().out)

    return set_up


def of_its_name(http: httpx.Client) -> list[dict]:
    found = http.post("/automations/filter", json={"automations": {"name": {"any_": [SILENT]}}})
    return found.raise_for_status().json()


def test_it_makes_the_pool_and_the_automation_once_and_mends_what_others_made_of_it(set_up: SetUp, prefect_server: str) -> None:
    with httpx.Client(base_url=prefect_server, timeout=60) as http:
        assert set_up(prefect_server)[0] == 0
        (made,) = of_its_name(http)
        assert made["trigger"]["within"] == 90
        assert "prefect.flow-run.heartbeat" in made["trigger"]["expect"]

        body = automation().model_copy(update={"enabled": False}).model_dump(mode="json")
        http.post("/automations/", json=body).raise_for_status()
        http.patch(f"/work_pools/{POOL}", json={"concurrency_limit": 77}).raise_for_status()
        code, said = set_up(prefect_server)
        assert SILENT in said, said
        assert (code, said[SILENT]) == (0, "was there; 1 more of its name were removed")
        (left,) = of_its_name(http)
        assert (left["id"], left["enabled"]) == (made["id"], True)
        assert http.get(f"/work_pools/{POOL}").json()["concurrency_limit"] == AT_ONCE


def test_a_server_that_is_not_there_is_an_upstream_failure_with_its_fix(set_up: SetUp) -> None:
    code, problem = set_up(f"http://127.0.0.1:{free_port()}/api")
    assert (code, problem["code"], problem["asked"]["field"]) == (5, "upstream_failed", "PREFECT_API_URL")
    assert "start the workflow server" in problem["fixes"][0]
