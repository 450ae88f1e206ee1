"""R9: processes whose clocks are days apart. Whose a job is, and the order of events, are the database's to say."""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest.mock import patch

from faults.promises.kept import Kept
from faults.promises.life import LEASE, Life, another, left_of, live, of_home, prepared
from faults.promises.moments import declared
from sqlalchemy import select

from portopt.adapters.store import models
from portopt.runtime import Runtime

SKEWS = (0, 86_400, -86_400, 3_600, -3_600, 0)  # seconds that a process's clock is off by, one process after the other


@contextmanager
def clock_off_by(seconds: int) -> Iterator[None]:
    """Every module of ours that asks this process's clock is told another time."""

    class Wrong(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:  # type: ignore[override]
            return datetime.datetime.now(tz) + datetime.timedelta(seconds=seconds)

    ours = [module for name, module in list(sys.modules.items()) if name.startswith("portopt.")]
    with ExitStack() as stack:
        for module in ours:
            if getattr(module, "datetime", None) is datetime.datetime:
                stack.enter_context(patch.object(module, "datetime", Wrong))
        yield


def clocks_are_wrong(home: Path, url: str | None) -> Kept:
    """A job after another, each by a process with another clock. With a server, nobody takes what is leased either.

    On SQLite the process's clock is the database's: there is one machine, and leases end when it says so.
    """
    kept, first = Kept("R9 the clock of a process is wrong"), prepared(home / "book")
    runtime, names = of_home(home, url), []
    for k, skew in enumerate(SKEWS):
        this = another(first, f"skewed-{k}")
        names.append(this.record.run_id)
        declared(runtime, this)
        kept.tried += 1
        if url is not None:
            _is_left_alone(kept, runtime, another(first, f"leased-{k}"), skew)
        with clock_off_by(skew):
            live(runtime, this, "first")
        left = left_of(runtime, this)
        kept.require(left.is_whole and left.events == 1, f"{skew} s off, it did not end once: {left}")
    _in_order(kept, runtime, home, names)
    runtime.runs.close()
    return kept


def _is_left_alone(kept: Kept, runtime: Runtime, this: Life, skew: int) -> None:
    declared(runtime, this)
    runtime.jobs.submit(this.job)
    kept.require(runtime.jobs.claim("holder", LEASE, job_id=this.job.job_id) is not None, "a free job was not taken up")
    with clock_off_by(skew):
        taken = runtime.jobs.claim("other", LEASE, job_id=this.job.job_id)
        kept.require(taken is None, f"with a clock {skew} s off, a job was taken that is leased")
        kept.require(not runtime.jobs.sweep(5).freed, f"with a clock {skew} s off, a lease was swept that is not over")
    kept.require(runtime.jobs.renew(this.job.job_id, "holder", LEASE), "the holder lost its lease")


def _in_order(kept: Kept, runtime: Runtime, home: Path, names: list[str]) -> None:
    """Sent in the order in which they were stored, whatever each process took the time for."""
    with runtime.runs.database.reading() as connection:
        stored = list(connection.execute(select(models.outbox.c.event_id).order_by(models.outbox.c.sequence)).scalars())
    sent = [json.loads(line)["id"] for line in (home / "events.jsonl").read_text().splitlines()]
    kept.require(len(stored) == len(names) and sent == stored, f"{len(names)} runs, sent {sent}, stored {stored}")
