"""`portopt up` with a desk that asks it: a small book for each rebalance, asked for again where nobody answered."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import small_book
from started import Started, alive, processes_of
from support import free_port

from portopt.runtime import Runtime
from portopt.settings import Settings

RECOVERED = 90.0  # seconds, the promise
POLICY = {
    "name": "Small",
    "objective": {"kind": "min_risk"},
    "limits": {"long_only": True, "max_weight": 0.6},
    "estimation": {"lookback": None},
    "data": {"stale": "accept"},
}
# By what stands in a process's command line.
PARTS = {
    "up": "portopt.doors.cli\0up",
    "api": "portopt.doors.processes.command\0serve",
    "process of the api": "from portopt.doors.wire.worker import serve",
    "worker": "portopt.doors.processes.command\0worker",
    "runner": "portopt.doors.processes.runner",
    "relay": "portopt.doors.processes.command\0relay",
    "workflow server": "prefect",
}


class Installation:
    """Everything of one home. running: as `started` has it."""

    def __init__(self, home: Path, url: str | None) -> None:
        self.home, self.url, self.port = home, url, free_port()
        self.settings = {"PORTOPT_PROCESSES": "1", "PORTOPT_GRPC_PORT": "0"} | ({"PORTOPT_DATABASE_URL": url} if url else {})
        self.running: Started | None = None
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}/api/v1", timeout=RECOVERED)
        self.pack = ""

    def start(self) -> None:
        """As whatever starts services on a machine would."""
        self.running = Started(self.home, "up", "--http", str(self.port), "--grpc", "0", **self.settings)
        self.running.ready()

    def prepare(self) -> None:
        """The prices and the policy."""
        prices = small_book.prices().write_csv().encode()
        self.pack = self.put("POST", "/packs", content=prices, headers={"Content-Type": "text/csv"})["pricing_pack_id"]
        self.put("PUT", "/policies/small", json=POLICY)

    def put(self, method: str, path: str, **said: Any) -> dict[str, Any]:
        """Asked again until somebody answers; a refusal is no answer that a fault may give. Raises AssertionError."""
        end = time.monotonic() + RECOVERED
        while True:
            try:
                answer = self.client.request(method, path, **said)
                if answer.status_code < 300:
                    return dict(answer.json())
                assert answer.status_code in (429, 502, 503, 504), f"{method} {path}: {answer.status_code} {answer.text[:300]}"
                why = answer.text[:300]
            except httpx.TransportError as error:
                why = repr(error)
            assert time.monotonic() < end, f"{method} {path} found nobody in {RECOVERED:g} s: {why}"
            time.sleep(0.25)

    def holds(self, portfolio_id: str) -> None:
        held = b"asset,shares\nA,100\nB,50\nCASH,5000\n"
        self.put("PUT", f"/portfolios/{portfolio_id}", json={"name": "small", "policy": "small"})
        self.put("PUT", f"/portfolios/{portfolio_id}/holdings", content=held, headers={"Content-Type": "text/csv"})

    def rebalance(self, portfolio_id: str) -> str:
        """The id of the job."""
        body = {"target_type": "optimal", "pricing_pack_id": self.pack}
        headers = {"Prefer": "respond-async", "Idempotency-Key": f"rebalance {portfolio_id}"}
        return next(iter(self.put("POST", f"/portfolios/{portfolio_id}/rebalance", json=body, headers=headers).values()))

    def opened(self) -> Runtime:
        return Runtime(Settings(home=self.home, **({"database_url": self.url} if self.url else {})))

    def kill(self, part: str, chance: random.Random) -> bool:
        """SIGKILL of one process of it; False where there is none at this moment."""
        found = [pid for pid in processes_of(self.home) if PARTS[part] in command_of(pid)]
        if not found:
            return False
        os.kill(chance.choice(found), signal.SIGKILL)
        if part == "up":
            assert self.running is not None
            self.running.process.wait()
            end = time.monotonic() + RECOVERED
            while processes_of(self.home) and time.monotonic() < end:
                time.sleep(0.1)
            self.start()
        return True

    def memory(self) -> int:
        """Resident bytes of all its processes."""
        return sum(resident(pid) for pid in processes_of(self.home))


@contextmanager
def installed(home: Path, url: str | None) -> Iterator[Installation]:
    here = Installation(home, url)
    try:
        here.start()
        here.prepare()
        yield here
    finally:
        if here.running is not None and here.running.process.poll() is None:
            here.running.end()
        for pid in processes_of(home):  # only where the promise is broken
            os.kill(pid, signal.SIGKILL)


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace") if alive(pid) else ""
    except OSError:
        return ""


def resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0
