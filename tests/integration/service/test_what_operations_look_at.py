"""Health, readiness, metrics, and streams of events, on a server at work."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable

import httpx
import pytest
from integration.service.serving import Served
from integration.service.strategies import asked
from prometheus_client.parser import text_string_to_metric_families
from support import REPOSITORY, wait_for

from portopt.doors.wire import metrics


def test_a_server_lives_and_is_ready(service: Served) -> None:
    alive = httpx.get(f"{service.url}/healthz")
    assert (alive.status_code, alive.json()) == (200, {"status": "alive"})
    ready = httpx.get(f"{service.url}/readyz")
    told = ready.json()
    assert (ready.status_code, told["status"]) == (200, "ready")
    parts = told["parts"]
    assert set(parts) == {"database", "outbox", "packs", "broker", "processes", "versions"}
    assert parts["processes"]["ready"] == parts["processes"]["wanted"] == 2
    assert parts["database"]["dialect"] in ("sqlite", "postgresql")
    assert parts["database"]["revision"]
    assert parts["outbox"]["parked"] == 0
    assert parts["versions"]["numpy"]


def test_who_holds_no_key_learns_only_whether_it_is_ready(serving: Callable[..., Served]) -> None:
    told = httpx.get(f"{serving(access='keys', processes=1).url}/readyz").json()
    assert told["status"] == "ready"
    assert all(set(part) == {"ok"} for part in told["parts"].values())


def test_a_broker_that_is_not_there_holds_up_nothing(serving: Callable[..., Served]) -> None:
    served = serving(events="pulsar", pulsar_url="pulsar://127.0.0.1:9", processes=1)
    ready = httpx.get(f"{served.url}/readyz")
    assert ready.status_code == 200
    assert ready.json()["parts"]["broker"]["reachable"] is False
    assert served.client.post("/optimize", json=asked()).status_code == 200


def test_what_is_counted(service: Served) -> None:
    for _ in range(2):
        assert service.client.post("/optimize", json=asked(portfolio_id="P-counted")).status_code == 200
    assert service.client.post("/optimize", json={}).status_code == 422
    found = httpx.get(f"{service.url}/metrics")
    assert found.headers["content-type"].startswith("text/plain")
    samples = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(found.text)
        for sample in family.samples
    }
    assert samples["portopt_requests_total", ("operation", "optimize"), ("status", "200")] >= 2
    assert samples["portopt_requests_total", ("operation", "optimize"), ("status", "422")] >= 1
    assert samples["portopt_request_seconds_count", ("operation", "optimize")] >= 3
    assert samples["portopt_stage_seconds_count", ("operation", "optimize"), ("stage", "queue")] >= 3
    assert samples["portopt_processes",] == 2
    assert samples["portopt_store_up",] == 1
    assert samples["portopt_in_flight",] == 0


@pytest.fixture(scope="module")
def alone(serving: Callable[..., Served]) -> Served:
    """One with no worker beside it: where a worker looked, there are the figures of the watch besides."""
    return serving(processes=1)


def test_the_metrics_that_are_listed_are_those_there_are(alone: Served) -> None:
    alone.client.post("/optimize", json=asked())
    listed = set(re.findall(r"^(portopt_\w+)", metrics.__doc__ or "", re.MULTILINE))
    text = httpx.get(f"{alone.url}/metrics").text
    found = set(re.findall(r"^# TYPE (portopt_\w+) (?:counter|gauge|histogram)", text, re.MULTILINE))
    assert {name for name in found if not name.endswith("_created")} == listed
    told = (REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8")
    assert listed <= set(re.findall(r"`(portopt_\w+)`", told))


def test_a_process_that_is_killed_is_replaced_and_counted(alone: Served) -> None:
    children = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(alone.process.pid)], capture_output=True, text=True, check=True
    )
    os.kill(int(children.stdout.split()[0]), signal.SIGKILL)
    assert alone.client.post("/optimize", json=asked()).status_code == 200
    wait_for(lambda: "portopt_processes_replaced_total 1.0" in httpx.get(f"{alone.url}/metrics").text, 10, "not counted")
