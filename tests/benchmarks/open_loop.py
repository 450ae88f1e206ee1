"""An open-loop generator: requests leave when they are due, whatever became of those before, as users' do.

A closed loop waits for an answer before it asks again, and so asks a slow server less: its percentiles are too good.
Source: Schroeder, Wierman and Harchol-Balter, "Open versus closed: a cautionary tale" (NSDI 2006).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Answer:
    """seconds: from when the request was due, not from when it left. timing: the server's own words, by stage."""

    status: int
    seconds: float
    timing: str = ""


@dataclass(frozen=True)
class Load:
    """What came of a run. rate: requests a second that were due."""

    rate: float
    answers: tuple[Answer, ...]

    def quantile(self, share: float) -> float:
        """Seconds, over the answers of status 200."""
        good = [answer.seconds for answer in self.answers if answer.status == 200]
        return float(np.quantile(good, share)) if good else float("nan")

    def count(self, status: int) -> int:
        return sum(answer.status == status for answer in self.answers)


async def run(place: tuple[str, int], path: str, bodies: Sequence[bytes], rate: float, count: int, seed: int = 1) -> Load:
    """`count` POSTs to `path`, bodies in turn, at exponential intervals of mean 1/rate seconds."""
    gaps = np.random.default_rng(seed).exponential(1.0 / rate, count)
    connections: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
    began = time.perf_counter() + 0.05
    due = began + np.cumsum(gaps) - gaps[0]

    async def one(k: int) -> Answer:
        await asyncio.sleep(max(due[k] - time.perf_counter(), 0.0))
        connection = connections.get_nowait() if not connections.empty() else await Connection.opened(place)
        try:
            status, timing = await connection.post(path, bodies[k % len(bodies)])
        except (OSError, asyncio.IncompleteReadError):
            return Answer(0, time.perf_counter() - due[k])
        connections.put_nowait(connection)
        return Answer(status, time.perf_counter() - due[k], timing)

    answers = await asyncio.gather(*(one(k) for k in range(count)))
    while not connections.empty():
        connections.get_nowait().close()
    return Load(rate, tuple(answers))


class Connection:
    """One HTTP/1.1 connection that is kept: as little of a client as there can be, so that the machine is the server's."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self._reader, self._writer, self._host = reader, writer, host

    @classmethod
    async def opened(cls, place: tuple[str, int]) -> Connection:
        return cls(*await asyncio.open_connection(*place), host=f"{place[0]}:{place[1]}")

    async def post(self, path: str, body: bytes) -> tuple[int, str]:
        """(status, Server-Timing)."""
        about = f"Host: {self._host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        self._writer.write(f"POST {path} HTTP/1.1\r\n{about}\r\n\r\n".encode() + body)
        await self._writer.drain()
        lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        await self._reader.readexactly(int(headers.get("content-length", "0")))
        return int(lines[0].split()[1]), headers.get("server-timing", "")

    def close(self) -> None:
        self._writer.close()


def steady(ask: Callable[[], None], seconds: float) -> float:
    """Median seconds of an answer in this process, asked one after the other for so long."""
    took = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(took) < 5:
        began = time.perf_counter()
        ask()
        took.append(time.perf_counter() - began)
    return float(np.median(took))
