"""A night whose processes are killed at random moments: resumed, nothing is lost, nothing is done twice, the same bytes.

PORTOPT_KILLS=40 kills so often; make test asks for a few. PORTOPT_TEST_NIGHT=1000 makes it so many books.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import made_nights as nights
import warm
from support import environment

from portopt.domain.wave import ItemState
from portopt.questions.policies import policies
from portopt.questions.wave import carry_out
from portopt.runs.waves.start import WaveWish, all_portfolios, start
from portopt.runtime import Runtime

KILLS = int(os.environ.get("PORTOPT_KILLS", "3"))
BOOKS = int(os.environ.get("PORTOPT_TEST_NIGHT", "8"))
ASSETS, SEED = 12, 7


def recorded(runtime: Runtime) -> str:
    now = datetime.now(UTC)
    wish = WaveWish("the month ended", deadline=now + timedelta(hours=2))
    return start(all_portfolios(runtime), wish, {p.id: p for p in policies(runtime)}, runtime, now).wave_id


def resumed(wave_id: str, home: Path, market: nights.Market) -> warm.Child:
    command = [sys.executable, "-m", "portopt.doors.cli", "wave", "resume", wave_id, "--processes", "2", "--json"]
    told = environment(home) | {"PORTOPT_MARKET": "files", "PORTOPT_MARKET_PATH": str(market.path)}
    (home / "output").unlink(missing_ok=True)
    return warm.begin(command, home, env=told, cwd=home)


def ended(runtime: Runtime, wave_id: str) -> int:
    return sum(item.is_ended for item in runtime.waves.items(wave_id))


def child_of(process: warm.Child) -> int | None:
    """One of its own, where it has any yet."""
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return int(listed[0]) if listed else None


def until_items(process: warm.Child, runtime: Runtime, wave_id: str, wanted: int) -> None:
    while process.poll() is None and ended(runtime, wave_id) < wanted:
        time.sleep(0.005)


def kill(process: warm.Child, *, child: bool) -> bool:
    """The process itself, or one that it started; False where the wave was over before."""
    if process.poll() is not None:
        return False
    victim = child_of(process) if child else process.pid
    if victim is not None:
        os.kill(victim, signal.SIGKILL)
    if not child:
        process.wait()
    return victim is not None


def test_a_night_that_is_killed_again_and_again_misses_nothing_and_does_nothing_twice(tmp_path: Path) -> None:
    market, rng, kills = nights.write_market(tmp_path, ASSETS), random.Random(SEED), 0
    runtime = nights.home(tmp_path / "killed", market, BOOKS)
    wave_id, home = recorded(runtime), tmp_path / "killed" / "home"
    process = resumed(wave_id, home, market)
    for k in range(KILLS):
        if k > 0:  # the first kill comes while it starts, however fast the machine
            until_items(process, runtime, wave_id, ended(runtime, wave_id) + rng.randint(0, 3))
            time.sleep(rng.uniform(0.0, 0.1))
        kills += kill(process, child=bool(k % 2))
        if process.poll() is not None:
            lease_ends(runtime, wave_id)
            process = resumed(wave_id, home, market)
    assert process.wait(600) == 0, process.errors.read_text()
    assert kills > 0
    report = json.loads(process.output.read_text())
    assert report["states"]["proposed"] == BOOKS
    assert report["deadlines"] == {
        "given": BOOKS,
        "missed": 0,
        "said": f"missed 0 of {BOOKS:,}",
        "next": None,
        "late": [],
    }

    quiet = nights.home(tmp_path / "quiet", market, BOOKS)
    carry_out(recorded(quiet), quiet)
    assert documents(runtime) == documents(quiet)
    events = [json.loads(line) for line in (home / "events.jsonl").read_text().splitlines()]
    assert Counter(event["subject"] for event in events) == {f"P{k:05d}": 1 for k in range(BOOKS)}
    assert not list(runtime.ledger.verify())


def lease_ends(runtime: Runtime, wave_id: str) -> None:
    """As if its two minutes were over: the test does not wait for them."""
    owners = {item.owner for item in runtime.waves.items(wave_id, states=[ItemState.WORKING])}
    for owner in owners - {None}:
        runtime.waves.give_back(wave_id, str(owner))


def documents(runtime: Runtime) -> dict[str, str | None]:
    return {run.run_id: runtime.runs.get(run.run_id).document_digest for run in runtime.runs.runs(limit=10_000)}
