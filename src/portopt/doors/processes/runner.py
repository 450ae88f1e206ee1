"""The process of a runner: takes up a job, calls its flow here, takes up the next.

    python -P -m portopt.doors.processes.runner [--once]

It says what it does, a line of JSON each: {"ready": OWNER}, {"took": JOB}, {"ended": JOB, "status": …}, and with --once, when
nothing waits, {"done": true}. Told to stop, by a word on its standard input, it finishes what it has, and ends: SIGTERM is the
workflow engine's as long as a flow runs, and breaks it off.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any

from portopt.domain.errors import PortoptError
from portopt.doors.processes.parts import end_with_starter
from portopt.runs import jobs
from portopt.runs.waves.chunk import chunk_left

if TYPE_CHECKING:
    from portopt.domain.job import Job
    from portopt.runtime import Runtime

STOP = "stop"
# By the kind of the job: its flow, and the name of the form that names the job.
FLOWS = {
    "optimization": ("rebalance", "order"), "rebalance": ("rebalance", "order"),
    "backtest": ("backtest", "form"), "walk_forward": ("walk_forward", "form"),
    "comparison": ("comparison", "form"),
}  # fmt: skip
AT_ONCE = 4  # items of a wave: a few seconds, which a job may wait
WAIT_SECONDS = 0.5  # between looks at what came in; where the database tells of it, the look is at once
AGAIN_SECONDS, LONGEST_SECONDS = 5.0, 300.0  # pauses after work that broke off, twice as long each time
log = logging.getLogger(__name__)
Say = Callable[[dict[str, Any]], None]


def main() -> None:
    stopping = threading.Event()
    end_with_starter(lambda word: stopping.set() if word == STOP else None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the starter's to understand
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # what libraries print is nothing that is said here
    run(stopping, lambda what: _write(out, what), once="--once" in sys.argv[1:])


def _write(out: IO[str], what: dict[str, Any]) -> None:
    out.write(json.dumps(what) + "\n")


def run(stopping: threading.Event, say: Say, *, once: bool) -> None:
    """Until it is told to stop, or with `once` until nothing waits."""
    from portopt.runtime import runtime

    warm_up()
    ours = runtime().opened(needed=False)
    say({"ready": jobs.owner()})
    while not stopping.is_set():
        try:
            found = work_once(ours, say)
        except PortoptError as error:  # the store does not answer: it may again
            log.warning("%s", error.detail)
            stopping.wait(WAIT_SECONDS)
            continue
        if once and not found:
            say({"done": True})
            return
        if not found:
            ours.jobs.wait(WAIT_SECONDS)


def warm_up() -> None:
    """Load what the flows load, so that the first job does not wait for it."""
    from portopt.adapters.jobs.flow_process import flow
    from portopt.doors.wire.warming import warm_up as load

    load()
    for name in sorted({name for name, _ in FLOWS.values()}):
        flow(name)


def work_once(runtime: Runtime, say: Say) -> bool:
    """Take up one job and carry it out, or a few items of a wave that is left to the workers; False where there is nothing."""
    job = jobs.next_job(runtime)
    if job is None:  # somebody waits for a job; a wave has the time that nobody else wants
        return chunk_left(runtime, f"wave:{jobs.owner()}", AT_ONCE) > 0
    say({"took": job.job_id})
    carry_out(job, runtime)
    say({"ended": job.job_id, "status": runtime.jobs.get(job.job_id).status.value})
    return True


def carry_out(job: Job, runtime: Runtime) -> None:
    """The job's flow, here. What broke off is free for another attempt after a pause, a longer one each time."""
    from portopt.adapters.jobs.flow_process import ended

    try:
        flow, form = FLOWS[job.kind]
        ended(flow, {form: {"job": job.job_id}})
    except Exception:
        log.exception("the work on %s broke off", job.job_id)
    pause = min(AGAIN_SECONDS * 2 ** max(job.attempts - 1, 0), LONGEST_SECONDS)
    jobs.give_back(job.job_id, runtime, pause)  # says no where it is at its end


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # threads of the workflow engine may wait for what nobody needs any more
