"""R1 on the whole service: kill -9 of one of its processes, at a moment by chance, while a rebalance is asked for and made."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from faults.promises.installation import PARTS, RECOVERED, Installation, installed
from faults.promises.kept import Kept, until
from sqlalchemy import func, select, true

from portopt.adapters.store import models
from portopt.adapters.store.service_tables import jobs
from portopt.domain.run import RunStatus
from portopt.runtime import Runtime

LONGEST_DELAY = 2.0  # seconds from the question to the kill: about what it takes from there to its event


def service_is_killed(home: Path, url: str | None, *, kills: int, seed: int = 1, seconds: float = 3600.0) -> Kept:
    """Each with a rebalance of its own; ends early when the time is over."""
    kept, chance = Kept("R1 a process of the service is killed"), random.Random(seed)
    took: list[float] = []
    parts: dict[str, int] = {}
    end = time.monotonic() + seconds
    with installed(home, url) as here:
        runtime = here.opened()
        while kept.tried < kills and time.monotonic() < end:
            part, delay = chance.choice(list(PARTS)), chance.uniform(0.0, LONGEST_DELAY)
            took.append(_one(kept, here, runtime, f"K{kept.tried}", part, delay, chance))
            parts[part] = parts.get(part, 0) + 1
        everything_ended_once(kept, here, runtime, [f"K{k}" for k in range(kept.tried)])
        runtime.runs.close()
    litter = [path.name for path in home.rglob("*") if path.name.endswith((".tmp", ".part", ".new"))]
    kept.require(not litter, f"left behind: {litter}")
    longest = max(took, default=0.0)
    kept.measured |= {"recovered in": f"{sorted(took)[len(took) // 2] if took else 0:.1f} s, longest {longest:.1f} s", **parts}
    return kept


def _one(kept: Kept, here: Installation, runtime: Runtime, name: str, part: str, delay: float, chance: random.Random) -> float:
    """Seconds from the kill until the rebalance was at its end."""
    what = f"{name}: {part} killed after {delay:.2f} s"
    kept.tried += 1
    here.holds(name)
    with ThreadPoolExecutor(1) as desk:
        asked = desk.submit(here.rebalance, name)
        time.sleep(delay)
        if not here.kill(part, chance):
            kept.measured["not there"] = int(str(kept.measured.get("not there", 0))) + 1
        began = time.monotonic()
        try:
            asked.result()
        except AssertionError as error:
            kept.broken.append(f"{what}: {error}")
            return RECOVERED
    ended = until(lambda: all(job.is_ended for job in runtime.jobs.list(None, portfolio_id=name)), RECOVERED)
    took = time.monotonic() - began
    kept.require(ended and took <= RECOVERED, f"{what}: not at its end after {took:.0f} s")
    statuses = [job.status for job in runtime.jobs.list(None, portfolio_id=name)]
    kept.require(statuses == [RunStatus.COMPLETED], f"{what}: ended as {statuses}")
    return took


def everything_ended_once(kept: Kept, here: Installation, runtime: Runtime, names: Collection[str]) -> None:
    """One job, result, plan and event of each; every event has left once; every ledger holds."""
    kept.require(until(lambda: runtime.runs.outbox().waiting == 0, RECOVERED), "events wait that nobody sends")
    log = here.home / "events.jsonl"
    sent = [json.loads(line)["subject"] for line in log.read_text().splitlines()] if log.exists() else []
    kept.require(len(sent) == len(set(sent)), f"sent more than once: {sorted({s for s in sent if sent.count(s) > 1})}")
    kept.require(set(sent) == set(names), f"never sent: {sorted(set(names) - set(sent))}")
    asked_for = select(jobs.c.job_id)
    for table, is_ours in (
        (jobs, jobs.c.portfolio_id.in_(names)),
        (models.run_results, true()),
        (models.rebalance_results, models.rebalance_results.c.rebalance_id.in_(asked_for)),
        (models.rebalance_plans, models.rebalance_plans.c.rebalance_id.in_(asked_for)),
    ):
        with runtime.runs.database.reading() as connection:
            count = int(connection.execute(select(func.count()).select_from(table).where(is_ours)).scalar_one())
        kept.require(count == len(names), f"{len(names)} rebalances left {count} rows in {table.name}")
    kept.require(not runtime.ledger.verify(), "a ledger does not hold")
