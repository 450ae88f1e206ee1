"""Work that is answered later is streamed until it has ended, and waited for as long as was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from integration.service.serving import Served

HELD = {"AAPL": 100, "MSFT": 50, "JNJ": 80, "XOM": 60, "KO": 200, "PG": 70, "CASH": 5000}


@pytest.fixture
def job_id(service: Served, request: pytest.FixtureRequest) -> str:
    """One that nobody works on: there is no runner here."""
    portfolio = f"P-{abs(hash(request.node.name)) % 10**8}"
    assert service.client.put(f"/portfolios/{portfolio}", json={"policy": "conservative_income"}).status_code in (200, 201)
    assert service.client.put(f"/portfolios/{portfolio}/holdings", json=HELD).status_code == 200
    answer = service.client.post("/optimizations", json={"portfolio_id": portfolio})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["optimization_id"])


def test_a_stream_tells_of_progress_and_ends_with_the_outcome(service: Served, job_id: str) -> None:
    told: list[dict[str, Any]] = []
    with _stream(service, job_id) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        for event in _events(answer):
            told.append(event)
            if len(told) == 1:
                assert service.client.post(f"/optimizations/{job_id}/cancel").status_code == 200
    assert [event["event"] for event in told] == ["progress", "outcome"]
    assert [event["data"]["status"] for event in told] == ["pending", "cancelled"]
    assert all(event["data"]["optimization_id"] == job_id for event in told)
    with _stream(service, job_id, told[-1]["id"]) as again:
        assert list(_events(again)) == []
    with _stream(service, job_id, told[0]["id"]) as later:
        assert [event["id"] for event in _events(later)] == [told[-1]["id"]]


def test_a_stream_of_what_is_not_there_is_refused(service: Served) -> None:
    for place in ("/optimizations/opt-nothing/events", "/runs/reb-nothing/events"):
        answer = service.client.get(place)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_stream_that_is_left_holds_nothing(service: Served, job_id: str) -> None:
    for _ in range(3):
        with _stream(service, job_id) as answer:
            next(_events(answer))
    assert service.client.get(f"/optimizations/{job_id}").status_code == 200


def test_what_has_not_ended_is_waited_for(service: Served, job_id: str) -> None:
    began = time.monotonic()
    pending = service.client.get(f"/optimizations/{job_id}", headers={"Prefer": "wait=1"})
    assert (pending.json()["status"], pending.headers["preference-applied"]) == ("pending", "wait=1")
    assert pending.headers["retry-after"].isdigit()
    assert time.monotonic() - began > 0.4
    later = threading.Timer(1.0, lambda: httpx.post(f"{service.url}/api/v1/optimizations/{job_id}/cancel"))
    later.start()
    began = time.monotonic()
    ended = service.client.get(f"/optimizations/{job_id}", headers={"Prefer": "wait=25"})
    later.join()
    assert ended.json()["status"] == "cancelled"
    assert time.monotonic() - began < 20
    assert "retry-after" not in ended.headers


def _stream(service: Served, job_id: str, last: str | None = None) -> Any:
    headers = {} if last is None else {"Last-Event-ID": last}
    return service.client.stream("GET", f"/optimizations/{job_id}/events", headers=headers)


def _events(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    event: dict[str, Any] = {}
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if not line and "data" in event:
            yield event
            event = {}
        elif name in ("id", "event", "data"):
            event[name] = json.loads(value) if name == "data" else value
