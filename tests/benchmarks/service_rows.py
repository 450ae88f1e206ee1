"""What a service that answers in the same request takes: `POST /optimize` at an open-loop rate that keeps the cores busy.

    python tests/benchmarks/service_rows.py --assets 20 100 500 --seconds 20

Lanes: plain; with turnover and tracking error. Beliefs: by their id, and inline. Beside each the same question in process,
whose median the wire may exceed by 5 ms. Goals at 500 assets, 8 a second on two processes, beliefs by id: P99 100 ms plain,
150 ms with both limits; at 20 assets P50 6 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from open_loop import Load

LANES = ("plain", "turnover and tracking error")
BUSY = 0.7  # of all cores, by what the service's processes work on an answer
GENTLE = 0.25  # of one core, while it warms up
PROCESSES = 2
MOST_A_SECOND = 120.0
GOALS = {(500, LANES[0], "by id"): (8.0, None, 0.100), (500, LANES[1], "by id"): (8.0, None, 0.150)}


@dataclass(frozen=True)
class Row:
    """Seconds. in_process: the same question without the wire, median."""

    assets: int
    lane: str
    beliefs: str
    rate: float
    p50: float
    p99: float
    in_process: float
    not_answered: int

    def line(self) -> str:
        over = 1e3 * (self.p50 - self.in_process)
        figures = f"{self.rate:6.1f} a second   P50 {1e3 * self.p50:7.1f}   P99 {1e3 * self.p99:7.1f} ms"
        beside = f"in process {1e3 * self.in_process:7.1f} ms   over it {over:6.1f} ms   refused {self.not_answered}"
        return f"POST /optimize  {self.assets:>5} assets  {self.lane:<28}{self.beliefs:<8}{figures}   {beside}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assets", type=int, nargs="+", default=[20, 100, 500])
    parser.add_argument("--seconds", type=float, default=20.0, help="of requests, a row")
    parser.add_argument("--rate", type=float, help="requests a second; else what keeps the cores 70 %% busy")
    options = parser.parse_args()
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    for row in service_rows(options.assets, options.seconds, options.rate):
        print(row.line(), flush=True)
    return 0


def service_rows(assets: list[int], seconds: float, rate: float | None = None) -> Iterator[Row]:
    """A row an amount of assets, lane and way of sending beliefs."""
    with served() as (place, _):
        for n in assets:
            for lane in LANES:
                asked = question(n, lane)
                alone = in_process(asked)
                for beliefs in ("by id", "inline"):
                    goal = GOALS.get((n, lane, beliefs))
                    yield _row(place, asked, (n, lane, beliefs), rate or (goal[0] if goal else None), seconds, alone)


def _row(
    place: tuple[str, int], asked: dict[str, Any], what: tuple[int, str, str], rate: float | None, seconds: float, alone: float
) -> Row:
    from open_loop import run

    n, lane, beliefs = what
    bodies = [json.dumps(body).encode() for body in variants(asked, place if beliefs == "by id" else None)]
    warm = asyncio.run(run(place, "/api/v1/optimize", bodies, GENTLE / alone, 3 * len(bodies)))
    rate = rate or min(BUSY * PROCESSES / work_of(warm), MOST_A_SECOND)
    load = asyncio.run(run(place, "/api/v1/optimize", bodies, rate, max(int(rate * seconds), 20)))
    failed = len(load.answers) - load.count(200)
    return Row(n, lane, beliefs, rate, load.quantile(0.5), load.quantile(0.99), alone, failed)


def work_of(load: Load) -> float:
    """Median seconds that a process works on one answer, as the service itself says."""
    told = [match for answer in load.answers if (match := re.search(r"work;dur=([\d.]+)", answer.timing))]
    return float(sorted(float(match[1]) for match in told)[len(told) // 2]) / 1e3


def question(n: int, lane: str) -> dict[str, Any]:
    """S1's body with its beliefs inline."""
    from markets import RISK_FREE, jobs, market, position_cap

    m = market(n)
    binding = lane == LANES[1]
    # What `jobs` asks of the same market: the book itself is allowed, or there might be no answer within the turnover.
    asked_of = jobs(m)[-1]
    strategies = [
        {"id": f"A{i:04d}", "sector": f"S{m.sector[i]}"}
        | ({"current_weight": float(m.w_prev[i]), "benchmark_weight": float(m.benchmark[i])} if binding else {})
        for i in range(n)
    ]
    # Of few names the benchmark itself is above the cap, and out of reach of its tracking error.
    few = max(float(m.benchmark.max()), float(m.w_prev.max())) if binding and n < 50 else 0.0
    constraints = {"max_weight": max(0.05, position_cap(n), few), "sector_limits": 0.4}
    constraints |= {"turnover_limit": asked_of.turnover, "max_tracking_error": asked_of.te} if binding else {}
    return {
        "portfolio_id": "bench",
        "objective": "MAX_SHARPE",
        "method": "MEAN_VARIANCE",
        "strategies": strategies,
        "constraints": constraints,
        "risk_parameters": {"risk_free_rate": RISK_FREE, "covariance": m.Sigma.tolist()},
        "expected_returns": m.mu.tolist(),
    }


def variants(asked: dict[str, Any], place: tuple[str, int] | None, count: int = 8) -> list[dict[str, Any]]:
    """Questions that differ in their expected returns a little: each is worked out, none is found on record.

    place: where beliefs are sent, to be named by their id; None leaves them inline.
    """
    import numpy as np

    rng = np.random.default_rng(7)
    mu = np.array(asked["expected_returns"])
    risk = dict(asked["risk_parameters"])
    if place is not None:
        risk["beliefs"] = _sent(place, {"ids": [s["id"] for s in asked["strategies"]], "covariance": risk.pop("covariance")})
    found = []
    for _ in range(count):
        body = {name: value for name, value in asked.items() if name != "expected_returns"} | {"risk_parameters": risk}
        own = (mu + rng.normal(0.0, 0.002, len(mu))).tolist()
        body["strategies"] = [{**s, "expected_return": r} for s, r in zip(asked["strategies"], own, strict=True)]
        found.append(body)
    return found


def _sent(place: tuple[str, int], beliefs: dict[str, Any]) -> str:
    body = json.dumps(beliefs).encode()
    address = f"http://{place[0]}:{place[1]}/api/v1/beliefs"
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as reply:
        return str(json.load(reply)["beliefs_id"])


def in_process(asked: dict[str, Any]) -> float:
    """Median seconds of the same question where it is already read."""
    from open_loop import steady

    from portopt.dialects.strategy import read_request
    from portopt.questions.weights import optimize

    request = read_request(variants(asked, None, 1)[0])
    optimize(request)
    return steady(lambda: optimize(request) and None, 2.0)


@contextmanager
def served() -> Iterator[tuple[tuple[str, int], str]]:
    """A service of its own on loopback, with two processes; ((host, port) of REST, target of gRPC)."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "PORTOPT_HOME": home, "PORTOPT_PROCESSES": str(PROCESSES)}
        command = [sys.executable, "-m", "portopt.doors.cli", "serve", "--http", "0", "--grpc", "0", "--json"]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            told = json.loads(process.stdout.readline() if process.stdout else "")
            parts = urlsplit(told["http"])
            yield (str(parts.hostname), int(parts.port or 80)), str(told["grpc"])
        finally:
            process.terminate()
            process.wait(30)


if __name__ == "__main__":
    sys.exit(main())
