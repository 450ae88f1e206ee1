"""A night, from prices in a file to events in the log: python tests/benchmarks/night_rows.py --books 1000 --kills 3.

A row a night: books, assets and processes; seconds of wall clock, from the wave's beginning to its last event, and of CPU,
those of killed processes left out; items a second; an item's P50, P95, P99 and slowest; what was missed of its deadline; how
many processes were killed on the way, the wave's own and those that it started; whether each book has one run and one event.
Setting up the books is not counted. One BLAS thread a process.

Exit code 1 when something was missed, done twice or left out, or --strict and a bar is not met.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import made_nights as nights  # noqa: E402 - beside the tests

WALL, SLOWEST, DEADLINE = 120.0, 2.0, 1800.0  # seconds: the bars at 1,000 books, and what the wave is given here


@dataclass
class Row:
    """What one night took. wrong: what is not as it must be."""

    books: int
    assets: int
    processes: int
    wall: float = 0.0
    cpu: float = 0.0
    kills: int = 0
    report: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def misses(self) -> list[str]:
        """Of the bars, where the night is of a thousand."""
        slowest = (self.report.get("seconds") or {}).get("slowest", 0.0)
        over = [("wall", self.wall, WALL)] if self.books >= 1_000 else []
        over.append(("slowest item", slowest, SLOWEST))
        return [*self.wrong, *(f"{name} {at:.1f} s, bar {bar:g}" for name, at, bar in over if at > bar)]


HEADER = (
    f"{'the night':<12}{'books':>7}{'assets':>8}{'procs':>6}{'wall s':>8}{'CPU s':>8}{'per s':>7}"
    f"{'P50':>7}{'P95':>7}{'P99':>7}{'slowest':>9}{'kills':>6}  deadlines"
)


def line(row: Row) -> str:
    at = row.report.get("seconds") or dict.fromkeys(("p50", "p95", "p99", "slowest"), float("nan"))
    times = f"{at['p50']:>7.2f}{at['p95']:>7.2f}{at['p99']:>7.2f}{at['slowest']:>9.2f}"
    rate = row.report.get("ended", 0) / max(row.wall, 1e-9)
    said = (row.report.get("deadlines") or {}).get("said", "-")
    wrong = f"  WRONG: {'; '.join(row.wrong)}" if row.wrong else ""
    return (
        f"{'':<12}{row.books:>7}{row.assets:>8}{row.processes:>6}{row.wall:>8.1f}{row.cpu:>8.1f}{rate:>7.1f}"
        f"{times}{row.kills:>6}  {said}{wrong}"
    )


def night(books: int, assets: int, processes: int, kills: int, seed: int = 1) -> Row:
    """One night in a home of its own."""
    from portopt.questions.policies import policies
    from portopt.runs.waves.start import WaveWish, all_portfolios, start

    row = Row(books, assets, processes)
    with tempfile.TemporaryDirectory() as folder:
        market = nights.write_market(Path(folder), assets)
        runtime = nights.home(Path(folder), market, books)
        now = datetime.now(UTC)
        wish = WaveWish("a night of the benchmark", deadline=now + timedelta(seconds=DEADLINE))
        wave = start(all_portfolios(runtime), wish, {p.id: p for p in policies(runtime)}, runtime, now)
        began, before = time.perf_counter(), _cpu()
        told = carried_out(row, wave.wave_id, runtime, market, kills, random.Random(seed))
        row.wall, row.cpu, row.report = time.perf_counter() - began, _cpu() - before, json.loads(told or "{}")
        row.wrong = _wrong(row, runtime)
        runtime.runs.close()
    return row


def carried_out(row: Row, wave_id: str, runtime: Any, market: Any, kills: int, rng: random.Random) -> bytes:
    """Taken up again as often as it is killed; every second kill is of a process that it started."""
    at = sorted(rng.uniform(0.1, 0.9) * row.books for _ in range(kills))
    process = _resumed(wave_id, runtime, market, row.processes)
    for k, wanted in enumerate(at):
        while process.poll() is None and _ended(runtime, wave_id) < wanted:
            time.sleep(0.25)
        children = _children(process.pid) if process.poll() is None else []
        victim = children[0] if k % 2 and children else process.pid
        if process.poll() is None:
            os.kill(victim, signal.SIGKILL)
            row.kills += 1
        if victim == process.pid:
            process.wait()
            _after_a_reboot(children, wave_id, runtime)
            process = _resumed(wave_id, runtime, market, row.processes)
    return process.communicate()[0]


def _resumed(wave_id: str, runtime: Any, market: Any, processes: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "portopt.doors.cli", "wave", "resume", wave_id, "--processes", str(processes), "--json"]
    ours = {"HOME": str(runtime.settings.home), "MARKET": "files", "MARKET_PATH": str(market.path)}
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    environment = {**os.environ, **one_thread, **{f"PORTOPT_{name}": value for name, value in ours.items()}}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)


def _after_a_reboot(children: Sequence[int], wave_id: str, runtime: Any) -> None:
    """As where the machine went down: nothing of it lives, and its leases are over."""
    for child in children:
        try:
            os.kill(child, signal.SIGKILL)
        except ProcessLookupError:
            continue
    for owner in {item.owner for item in runtime.waves.items(wave_id) if item.owner}:
        runtime.waves.give_back(wave_id, owner)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _ended(runtime: Any, wave_id: str) -> int:
    return sum(count for state, count in runtime.waves.counts(wave_id).items() if state not in ("waiting", "working"))


def _wrong(row: Row, runtime: Any) -> list[str]:
    """Counted from what is on disk, not from what the wave says of itself."""
    wanted = {f"P{k:05d}": 1 for k in range(row.books)}
    runs = Counter(run.portfolio_id for run in runtime.runs.runs(limit=10 * row.books))
    log = runtime.settings.event_log_path
    events = Counter(json.loads(text)["subject"] for text in log.read_text().splitlines()) if log.exists() else Counter()
    missed = (row.report.get("deadlines") or {"missed": row.books})["missed"]
    return [
        *([f"{missed} deadlines missed"] if missed else []),
        *([f"{sum(runs.values())} runs"] if runs != wanted else []),
        *([f"{sum(events.values())} events"] if events != wanted else []),
        *(["a link of the ledger does not hold"] if list(runtime.ledger.verify()) else []),
    ]


def _cpu() -> float:
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--books", type=int, default=1_000)
    parser.add_argument("--assets", type=int, nargs="+", default=[100])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--strict", action="store_true", help="also fail where a bar is not met")
    asked = parser.parse_args()
    print(HEADER)
    failed = False
    for assets in asked.assets:
        row = night(asked.books, assets, asked.processes, asked.kills)
        print(line(row), flush=True)
        wrong = row.misses() if asked.strict else row.wrong
        failed = failed or bool(wrong)
        for said in wrong:
            print(f"  {said}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
