"""R12: many times more questions than can be answered. Refused early with Retry-After, or answered within their bound."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from faults.promises.installation import resident
from faults.promises.kept import Kept
from integration.service.strategies import asked
from started import processes_of, started
from support import REPOSITORY

sys.path.append(str(REPOSITORY / "tests" / "benchmarks"))
from open_loop import Answer, Load, run

TIMES = 10  # the capacity
ASSETS = 40
ANSWER_SECONDS = 10.0  # the bound that the service is given
SLACK = 5.0  # seconds on top of that, for a machine whose cores are the client's too
GROWTH = 0.25  # by which the memory of all processes may grow from the first third to the last
HEALTH_SECONDS = 10.0


@dataclass
class Watch:
    """What is looked at meanwhile, twice a second."""

    home: Path
    url: str
    memory: list[int] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    retry_after: list[str] = field(default_factory=list)
    health: list[float] = field(default_factory=list)

    def look(self, ended: threading.Event, body: bytes) -> None:
        with httpx.Client(base_url=self.url, timeout=HEALTH_SECONDS) as client:
            while not ended.wait(0.5):
                self.memory.append(sum(resident(pid) for pid in processes_of(self.home)))
                began = time.monotonic()
                try:
                    if client.get("/healthz").status_code != 200:
                        self.silent.append("healthz does not say 200")
                    self.health.append(time.monotonic() - began)
                    answer = client.post("/api/v1/optimize", content=body, headers={"Content-Type": "application/json"})
                except httpx.TransportError as error:
                    self.silent.append(repr(error))
                    continue
                if answer.status_code == 429:
                    self.retry_after.append(answer.headers.get("retry-after", ""))


def more_than_can_be_answered(home: Path, *, seconds: float) -> Kept:
    kept, ended = Kept("R12 ten times the capacity"), threading.Event()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # the client's own: it opens a connection for each that waits
    bodies = [json.dumps(asked(n=ASSETS, risk_free_rate=0.01 + 1e-5 * k)).encode() for k in range(40)]
    settings = {"PORTOPT_PROCESSES": "2", "PORTOPT_ANSWER_SECONDS": str(ANSWER_SECONDS), "PORTOPT_WAIT_SECONDS": "2"}
    with started(home, "serve", "--http", "0", "--grpc", "0", **settings) as api:
        url = str(api.ready()["http"])
        place = (str(urlsplit(url).hostname), int(urlsplit(url).port or 0))
        capacity = _capacity(url, bodies)
        watch = Watch(home, url)
        watching = threading.Thread(target=watch.look, args=(ended, bodies[0]))
        watching.start()
        rate = TIMES * capacity
        try:
            load = asyncio.run(run(place, "/api/v1/optimize", bodies, rate, max(int(rate * seconds), 20)))
        finally:
            ended.set()
            watching.join()
    _judge(kept, load, watch)
    kept.measured["asked a second"] = f"{rate:.0f}"
    return kept


def _capacity(url: str, bodies: list[bytes]) -> float:
    """Answers a second, one asked after the other on each of two connections: what the two processes give."""
    with httpx.Client(base_url=url, timeout=60.0) as client:
        for body in bodies[:4]:
            client.post("/api/v1/optimize", content=body, headers={"Content-Type": "application/json"}).raise_for_status()
        began = time.monotonic()
        for body in bodies[:10]:
            client.post("/api/v1/optimize", content=body, headers={"Content-Type": "application/json"}).raise_for_status()
        return 2 * 10 / (time.monotonic() - began)


def _inside(answer: Answer) -> float:
    """Seconds by the service's own watch, from the request to its answer: the rest is the client's and the wire's."""
    told = dict(part.split(";dur=") for part in answer.timing.split(", ") if ";dur=" in part)
    return sum(float(told.get(stage, 0.0)) for stage in ("queue", "work")) / 1e3


def _judge(kept: Kept, load: Load, watch: Watch) -> None:
    statuses = {status: load.count(status) for status in sorted({answer.status for answer in load.answers})}
    kept.tried = len(load.answers)
    kept.require(set(statuses) <= {200, 429, 504}, f"answered {statuses}; 0 is a connection that broke")
    kept.require(statuses.get(200, 0) > 0, "nothing was answered")
    kept.require(statuses.get(429, 0) > 0, "nothing was refused: this was no overload")
    # 504 is the problem that an accepted question ends as, where its time was not enough: at its bound, and not later.
    slowest = max((answer.seconds for answer in load.answers if answer.status in (200, 504)), default=0.0)
    kept.require(slowest <= ANSWER_SECONDS + SLACK, f"an accepted request took {slowest:.1f} s")
    kept.require(not watch.silent, f"{len(watch.silent)} times there was no sign of life: {watch.silent[:2]}")
    kept.require(bool(watch.retry_after), "the watcher was never refused: no Retry-After was seen")
    kept.require(all(text.isdigit() and int(text) >= 1 for text in watch.retry_after), f"Retry-After {watch.retry_after[:3]}")
    third = max(len(watch.memory) // 3, 1)
    first, last = max(watch.memory[:third], default=1), max(watch.memory[-third:], default=1)
    kept.require(last <= (1 + GROWTH) * first, f"memory grew from {first >> 20} to {last >> 20} MiB")
    told = {200: "answered", 429: "refused", 504: "ended at their bound"}
    kept.measured |= {what: statuses.get(status, 0) for status, what in told.items()}
    kept.measured["slowest"] = f"{slowest:.1f} s"
    kept.measured["of it inside the service"] = f"{max(map(_inside, load.answers), default=0.0):.1f} s"
    kept.measured["memory"] = f"{first >> 20} to {last >> 20} MiB"
    kept.measured["slowest healthz"] = f"{max(watch.health, default=0.0):.2f} s"
