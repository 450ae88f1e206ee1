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

from portopt.domain.errors import PortoptError
from portopt.runtime import Runtime

BETWEEN = 3.0  # seconds of work between two stops, at most
MOST_OPEN = 5  # rebalances at once: what is promised is the time from a fault to an end, and not that of a queue
LOOK_SECONDS = 0.2


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
        began = time.monotonic()
        ended = until(lambda: _open(runtime) == 0, RECOVERED)
        kept.measured["the last at its end after"] = f"{time.monotonic() - began:.0f} s"
        kept.require(ended, f"not every accepted rebalance ended within {RECOVERED:g} s of the last start")
        everything_ended_once(kept, here, runtime, names)
        runtime.runs.close()
    kept.measured["rebalances"] = len(names)
    return kept


def _ask(here: Installation, stopping: threading.Event, names: list[str], kept: Kept) -> None:
    """One after the other, each until it is accepted; at most so many that are not at their end."""
    runtime = here.opened()
    while not stopping.is_set():
        name = f"K{len(names)}"
        try:
            here.holds(name)
            here.rebalance(name)
        except AssertionError as error:
            kept.broken.append(str(error))
            break
        names.append(name)
        while not stopping.wait(LOOK_SECONDS) and _open(runtime) >= MOST_OPEN:
            pass


def _open(runtime: Runtime) -> int:
    """How many are not at their end; all that may be, while the database does not say."""
    try:
        return sum(not job.is_ended for job in runtime.jobs.list(None, limit=10_000))
    except PortoptError:
        return MOST_OPEN
