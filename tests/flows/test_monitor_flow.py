"""The watch as a flow on a real server: as without one, its open alerts as an artifact, its notices as events."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from made_alerts import alert, notice_event
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from reporting import reporting
from support import wait_for

from portopt.runs.watch import telling
from portopt.runtime import Runtime


@pytest.fixture
def home(tmp_path: Path, prefect_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    """An installation whose flows report to the real server, and whose notices go to its log and to the server."""
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path))
    monkeypatch.setenv("PORTOPT_ALERT_CHANNELS", "log,automation")
    yield from reporting(prefect_server)


def run():
    from flows.monitor import monitor

    async def once():
        state = await monitor(return_state=True)
        return state, await state.aresult()

    return asyncio.run(once())


def test_a_run_of_the_flow_measures_evaluates_and_shows(home: Runtime, prefect_server: str) -> None:
    state, document = run()
    assert state.is_completed()
    assert document["evaluated"] is True
    assert document["figures"] > 0
    assert home.alerts.standing().version == document["version"] == 1
    found = home.figures.latest(home.alerts.now() - timedelta(hours=1))
    assert len(found) == document["figures"]

    async def artifacts():
        async with get_client() as client:
            mine = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[state.state_details.flow_run_id]))
            return await client.read_artifacts(artifact_filter=mine)

    (shown,) = asyncio.run(artifacts())
    assert shown.key == "alerts"
    assert "Nothing open" in shown.description


def test_notices_are_events_of_the_server_under_one_id_however_often_they_are_sent(home: Runtime, prefect_server: str) -> None:
    telling.test(home, "automation")
    event = notice_event(alert("P1", home.alerts.now()), "automation")
    for _ in range(2):
        home.channel("automation").deliver(event)
    wanted = {"filter": {"event": {"name": ["portopt.alert.firing"]}, "occurred": {"since": "2026-01-01T00:00:00Z"}}}

    def found() -> list[dict]:
        told = httpx.post(f"{prefect_server}/events/filter", json=wanted, timeout=30).raise_for_status().json()["events"]
        return [one for one in told if one["payload"]["notice_id"] == event.body["notice_id"]]

    wait_for(lambda: bool(found()), 60, "the server has no such event")
    (one,) = found()
    assert one["payload"] == event.body
    assert one["resource"]["prefect.resource.id"] == "portopt.alert.drift"
    assert one["resource"]["portopt.portfolio"] == "P1"
