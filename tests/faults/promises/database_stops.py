"""R3: PostgreSQL stopped at once, as a machine that goes, and started again, while rebalances are asked for and made."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

from faults.promises.installation import RECOVERED, Installation, installed
from faults.promises.kept import Kept, until
from faults.promises.service_killed import everything_ended_once

BETWEEN = 3.0  # seconds of work between two stops, at most


def database_is_stopped(
    home: Path, url: str, stop: Callable[[], None], start: Callable[[], None], *, times: int, seed: int = 1
) -> Kept:
    """url: a database on the server that `stop` and `start` are of."""
    kept, chance = Kept("R3 PostgreSQL is stopped under load"), random.Random(seed)
    stopping, names = threading.Event(), list[str]()
    with installed(home, url) as here:
        runtime = here.opened()
        desk = threading.Thread(target=_ask, args=(here, stopping, names, kept))
        desk.start()
        try:
            for _ in range(times):
                time.sleep(chance.uniform(0.5, BETWEEN))
                stop()
                time.sleep(chance.uniform(0.0, 1.0))
                start()
                kept.tried += 1
        finally:
            stopping.set()
            desk.join()
        ended = until(lambda: all(job.is_ended for job in runtime.jobs.list(None, limit=10_000)), RECOVERED)
        kept.require(ended, f"not every accepted rebalance ended within {RECOVERED:g} s of the last start")
        everything_ended_once(kept, here, runtime, names)
        runtime.runs.close()
    kept.measured["rebalances"] = len(names)
    return kept


def _ask(here: Installation, stopping: threading.Event, names: list[str], kept: Kept) -> None:
    """One after the other, each until it is accepted."""
    while not stopping.is_set():
        name = f"K{len(names)}"
        try:
            here.holds(name)
            here.rebalance(name)
        except AssertionError as error:
            kept.broken.append(str(error))
            return
        names.append(name)
