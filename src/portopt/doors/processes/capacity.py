"""How many questions a service on this machine answers, and how fast: one that is started for it, on loopback.

Two lanes a size. cold: one by one, each on beliefs that the service has not seen. loaded: an open loop on beliefs by id that
keeps a share of the processes busy. Bounded in requests and in seconds; what is asked is drawn by a seed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from portopt.domain.errors import OutsideError
from portopt.doors.processes.load import Client, as_they_fall_due, one_by_one

BAR_SECONDS = 5.0  # of the slowest of a hundred
BUSY = 0.5  # of the processes, under load
COLD, FEWEST, MOST = 8, 20, 5_000  # requests
FACTORS, VARIANTS, SECTORS, SEED = 10, 8, 10, 1
LOADED = "loaded"
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Row:
    """Seconds. rate: requests a second that were due, None one by one. refused: 429, before they wait; failed: any other."""

    assets: int
    lane: str
    requests: int
    rate: float | None
    p50: float
    p95: float
    p99: float
    refused: int
    failed: int

    @property
    def is_met(self) -> bool:
        """Whether the bar is met, by answers alone: a row in which something failed meets nothing."""
        return self.failed == 0 and self.p99 < BAR_SECONDS


def capacity(sizes: Sequence[int], seconds: float, processes: int) -> Iterator[Row]:
    """Two rows a size, as they come. seconds: of load, a row. Raises OutsideError where no service comes up."""
    with served(processes) as client:
        for n in sizes:
            rng = np.random.default_rng([SEED, n])
            cold = [_question(n, client.believe(_beliefs(n, rng)), rng) for _ in range(COLD)]
            found = one_by_one(client, cold)
            yield _row(n, "cold", None, found)
            shared = client.believe(_beliefs(n, rng))
            warm = one_by_one(client, bodies := [_question(n, shared, rng) for _ in range(VARIANTS)])
            usual = float(np.median([took for _, took in warm]))
            rate = BUSY * processes / usual
            count = int(min(max(rate * seconds, FEWEST), MOST))
            yield _row(n, LOADED, rate, as_they_fall_due(client, bodies, rate, count, SEED))


def _row(n: int, lane: str, rate: float | None, answers: Sequence[tuple[int, float]]) -> Row:
    good = [took for status, took in answers if status == 200]
    at = np.percentile(good, (50, 95, 99), method="inverted_cdf").tolist() if good else [float("nan")] * 3
    refused = sum(status == 429 for status, _ in answers)
    p50, p95, p99 = (float(value) for value in at)
    return Row(n, lane, len(answers), rate, p50, p95, p99, refused, len(answers) - len(good) - refused)


def _beliefs(n: int, rng: np.random.Generator) -> dict[str, Any]:
    """A market factor and nine others, specific volatilities around a quarter."""
    F = np.column_stack([rng.normal(1.0, 0.2, n), rng.normal(0.0, 0.3, (n, FACTORS - 1))])
    Omega = np.diag(np.concatenate([[0.03], np.full(FACTORS - 1, 0.004)]))
    D = rng.uniform(0.03, 0.09, n)
    return {"ids": _ids(n), "F": F.tolist(), "Omega": Omega.tolist(), "D": D.tolist()}


def _ids(n: int) -> list[str]:
    return [f"A{i:05d}" for i in range(n)]


def _question(n: int, beliefs: str, rng: np.random.Generator) -> bytes:
    """The most return for its risk, capped, by sectors, within a turnover of a book of its own."""
    book = rng.dirichlet(np.ones(n))
    strategies = [
        {"id": name, "sector": f"S{i % SECTORS}", "expected_return": mu, "current_weight": w}
        for i, (name, mu, w) in enumerate(zip(_ids(n), rng.normal(0.08, 0.03, n).tolist(), book.tolist(), strict=True))
    ]
    # The book itself is allowed: whatever is drawn has an answer within the turnover.
    cap = max(0.05, 4.0 / n, float(book.max()))
    sectors = max(0.4, float(np.bincount(np.arange(n) % SECTORS, book).max()))
    body = {
        "portfolio_id": "capacity", "objective": "MAX_SHARPE", "method": "MEAN_VARIANCE", "strategies": strategies,
        "constraints": {"max_weight": cap, "sector_limits": sectors, "turnover_limit": 0.2},
        "risk_parameters": {"risk_free_rate": 0.02, "beliefs": beliefs},
    }  # fmt: skip
    return json.dumps(body).encode()


@contextmanager
def served(processes: int) -> Iterator[Client]:
    """A service of its own, ended with the block. Raises OutsideError where it says nothing of itself."""
    with tempfile.TemporaryDirectory(prefix="portopt-capacity-") as home:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTOPT_")}
        ours = {"PORTOPT_HOME": home, "PORTOPT_PROCESSES": str(processes), **dict.fromkeys(ONE_THREAD, "1")}
        command = [sys.executable, "-m", "portopt.doors.cli", "serve", "--http", "0", "--grpc", "0", "--json"]
        told_to = {"env": {**kept, **ours}, "cwd": home, "stdout": subprocess.PIPE, "text": True}
        process: subprocess.Popen[str] = subprocess.Popen(command, **told_to)  # type: ignore[call-overload]  # noqa: S603 - ours
        try:
            told = process.stdout.readline() if process.stdout else ""
            if not told:
                raise OutsideError(f"the service did not start (exit code {process.wait(30)})", field="capacity")
            where = urlsplit(json.loads(told)["http"])
            yield Client(str(where.hostname), int(where.port or 80))
        finally:
            process.terminate()
            process.wait(60)
            if process.stdout is not None:
                process.stdout.close()
