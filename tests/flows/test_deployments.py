"""Deployments without the repository: the installed package registers its flows, and one for each portfolio."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from support import REPOSITORY, environment

from portopt.doors.cli import run as portopt

PORTFOLIOS = """portfolio_id,policy,holdings,approval_hours,cron,timezone
desk-1,aggressive_growth,store,4,30 17 * * 1-5,America/New_York
desk-2,,store,,,
"""
DEPLOY = """
import sys

import flows
import portopt
from portopt.doors.cli import run

code = run(["orchestration", "deploy", "--json"])
print(portopt.__file__, flows.__file__, sep="\\n", file=sys.stderr)
sys.exit(code)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content in a folder of its own, ahead of the checkout on the path."""
    place = tmp_path_factory.mktemp("installed")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(place), str(REPOSITORY)]
    done = subprocess.run(build, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    (wheel,) = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)
    return place


def deploy(installed: Path, home: Path, api: str) -> subprocess.CompletedProcess[str]:
    env = environment(home, api) | {"PYTHONPATH": str(installed)}
    return subprocess.run([sys.executable, "-c", DEPLOY], env=env, cwd=home, capture_output=True, text=True, timeout=300)


@pytest.fixture
def deploy_here(
    tmp_path: Path, pool: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, dict]]:
    """deploy_here(*words): the same command in this process, which has loaded what it needs."""
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path))

    def deploy_here(*words: str, api: str = pool) -> tuple[int, dict]:
        with temporary_settings({PREFECT_API_URL: api}):
            code = portopt(["orchestration", "deploy", *words, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return deploy_here


def became(answer: dict) -> dict[str, str]:
    return {one["deployment"]: one["is"] for one in answer["deployments"]}


@pytest.fixture(scope="module")
def pool(prefect_server: str) -> str:
    with httpx.Client(base_url=prefect_server, timeout=60) as http:
        http.post("/work_pools/", json={"name": "portopt", "type": "process"})  # 409 where it is there
    return prefect_server


def test_every_flow_is_registered_by_the_installed_package_from_its_own_files(
    installed: Path, tmp_path: Path, pool: str
) -> None:
    done = deploy(installed, tmp_path, pool)

    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.startswith(str(installed)) for line in done.stderr.splitlines()[-2:]] == [True, True], done.stderr
    answer = json.loads(done.stdout)
    assert {"rebalance/scheduled", "rebalance/on-demand", "backtest/on-demand", "monitor/monitor", "wave/night"} <= set(
        became(answer)
    )
    with httpx.Client(base_url=pool, timeout=60) as http:
        there = http.get("/deployments/name/rebalance/on-demand").raise_for_status().json()
    assert (there["entrypoint"], there["pull_steps"]) == ("flows.rebalance.rebalance", [])


def test_each_portfolio_has_a_deployment_made_once_changed_where_it_differs_and_taken_away(
    tmp_path: Path, pool: str, deploy_here: Callable[..., tuple[int, dict]]
) -> None:
    file = tmp_path / "portfolios.csv"
    file.write_text(PORTFOLIOS)
    both = ("rebalance/desk-1", "rebalance/desk-2")
    assert became(deploy_here("--portfolios", str(file), "--dry-run")[1]) == dict.fromkeys(both, "made")
    assert became(deploy_here("--portfolios", str(file))[1]) == dict.fromkeys(both, "made")
    assert became(deploy_here("--portfolios", str(file))[1]) == dict.fromkeys(both, "the same")

    with httpx.Client(base_url=pool, timeout=60) as http:
        there = http.get("/deployments/name/rebalance/desk-1").raise_for_status().json()
        assert there["parameters"]["order"] == {
            "portfolio_id": "desk-1", "policy": "aggressive_growth", "holdings": "store", "approval_hours": 4.0,
        }  # fmt: skip
        (schedule,) = there["schedules"]
        assert (schedule["schedule"]["cron"], schedule["schedule"]["timezone"]) == ("30 17 * * 1-5", "America/New_York")
        wrong = {"parameters": {"order": {"approval_hours": -3}}}
        refused = http.post(f"/deployments/{there['id']}/create_flow_run", json=wrong)
        assert refused.status_code == 409, "the form's schema is enforced"

    file.write_text(PORTFOLIOS.replace("store,4,30 17", "store,6,15 17").replace("desk-2,,store,,,\n", ""))
    told = became(deploy_here("--portfolios", str(file), "--remove-others")[1])
    assert told == {both[0]: "changed: approval_hours, schedule", both[1]: "removed"}
    assert became(deploy_here("--portfolios", str(file))[1]) == {both[0]: "the same"}


def test_a_server_that_is_not_there_is_told_with_its_fix(tmp_path: Path, deploy_here: Callable[..., tuple[int, dict]]) -> None:
    file = tmp_path / "portfolios.csv"
    file.write_text(PORTFOLIOS)
    code, problem = deploy_here("--portfolios", str(file), api="http://127.0.0.1:9/api")
    assert (code, problem["asked"]["field"]) == (5, "PREFECT_API_URL")
