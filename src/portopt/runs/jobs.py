"""Work that is answered later: leased by one runner at a time, made a run, ended once; and what a sweep makes good.

A runner that dies says nothing: its lease ends, and the next one takes the job up, on the pricing pack that the job began
with. A runner that only was slow finds that its lease is another's: what both work out is the same run, which the store
completes once, and a refusal of the slow one is not taken any more.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import uuid
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from portopt.domain.approval import ApprovalWanted
from portopt.domain.errors import Conflict, InvalidValue, OutsideError, PortoptError
from portopt.domain.job import OF_A_BOOK, Job
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import RunRecord, RunStatus
from portopt.runs import lifecycle
from portopt.runs.watch import thinning

if TYPE_CHECKING:
    from portopt.runtime import Runtime

log = logging.getLogger(__name__)
DAY = 86_400.0  # seconds
RENEWALS = 3  # in the time of one lease


@cache
def owner() -> str:
    """Who this process is to the others: its machine, its number, and a word that no process before it had."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def trigger_of(job_id: str) -> str:
    """Under which the pricing pack is remembered that the job began with."""
    return f"job:{job_id}"


def next_job(runtime: Runtime) -> Job | None:
    """The oldest job that nobody works on, leased to this process; None where there is none."""
    settings = runtime.settings
    return runtime.jobs.claim(owner(), settings.lease_seconds, most_attempts=settings.job_attempts)


@contextlib.contextmanager
def leased(job_id: str, runtime: Runtime, kinds: Collection[str] = OF_A_BOOK) -> Iterator[Job | None]:
    """The job, leased to this process until the block is left; None where another has it, or it is at its end.

    Raises UnknownThing, and InvalidValue for a job that is none of these kinds.
    """
    settings = runtime.settings
    kind = runtime.jobs.get(job_id).kind
    if kind not in kinds:
        raise InvalidValue("job", job_id, f"is a {kind}, which another flow carries out", fix=f"start the flow {kind}")
    job = runtime.jobs.claim(owner(), settings.lease_seconds, most_attempts=settings.job_attempts, job_id=job_id)
    if job is None:
        yield None
        return
    with _renewed(job_id, runtime):
        yield job


@contextlib.contextmanager
def _renewed(job_id: str, runtime: Runtime) -> Iterator[None]:
    over = threading.Event()

    def renew() -> None:
        seconds = runtime.settings.lease_seconds
        while not over.wait(seconds / RENEWALS):
            try:
                if not runtime.jobs.renew(job_id, owner(), seconds):
                    log.warning("the lease of %s was lost to another", job_id)
                    return
            except PortoptError as error:  # the next renewal may go through
                log.warning("the lease of %s was not renewed: %s", job_id, error.detail)

    thread = threading.Thread(target=renew, daemon=True, name=f"lease of {job_id}")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def give_back(job_id: str, runtime: Runtime, pause: float = 0.0, by: str | None = None) -> bool:
    """Not ended, and not worked on any more: free for anybody after the pause. by: who had it; None is this process.

    False where it is at its end, or another's.
    """
    return runtime.jobs.renew(job_id, by or owner(), pause)


def request_of(job: Job) -> RebalanceRequest:
    """What is asked, whole."""
    from portopt.dialects.requests import rebalance_request_from_data

    return rebalance_request_from_data(job.request)


def begin(job: Job | None, request: RebalanceRequest, snapshot: MarketSnapshot, runtime: Runtime) -> RunRecord:
    """The run on record, as `lifecycle.begin` puts it there; the job is this run from now on, and ends as it does.

    Raises Conflict where the job is another's by now, or was ended.
    """
    run = lifecycle.begin(request, snapshot, runtime)
    if job is not None and not runtime.jobs.became(job.job_id, run.run_id, owner=owner()):
        raise Conflict(f"{job.job_id} is not to be done here any more", field="job", value=job.job_id)
    return run


def finish(
    job: Job | None,
    run: RunRecord,
    document: Mapping[str, Any],
    runtime: Runtime,
    *,
    since: int,
    timings: Mapping[str, float],
    await_approval: bool,
    hours: float | None = None,
) -> RunRecord:
    """Everything of the run in one transaction, the job's end with it, as `lifecycle.finish` does it.

    hours: how long a person may take, where no job says so.
    Raises Conflict where the job is another's by now, or was ended: who cancelled it is not overruled.
    """
    of_job = None if job is None else (job.job_id, owner())
    wanted = ApprovalWanted(hours if job is None else job.approval_hours) if await_approval else None
    return lifecycle.finish(
        run, document, runtime, since=since, timings=timings, await_approval=await_approval, wanted=wanted, of_job=of_job
    )


def refuse(job: Job | None, run: RunRecord | None, error: PortoptError, runtime: Runtime) -> None:
    """Why there is no answer is kept: with the run where there is one, and of the job it is the end.

    What the outside world did wrong may go well the next time: the job is tried again, once its lease is over, and a run is
    left as it is. So it is where the job is another's by now, or was ended.
    """
    settings = runtime.settings
    if job is not None and isinstance(error, OutsideError) and job.attempts < settings.job_attempts:
        return
    if job is not None and not runtime.jobs.renew(job.job_id, owner(), settings.lease_seconds):
        return
    if run is not None:
        lifecycle.refuse(run, error, runtime)
    if job is not None:
        status = RunStatus.INFEASIBLE if error.code == "infeasible" else RunStatus.FAILED
        runtime.jobs.fail(job.job_id, error.problem(), status, owner=owner())


def sweep(runtime: Runtime) -> dict[str, Any]:
    """What was left behind is made good, by whoever comes: nothing here needs to be done at its time, or by one alone.

    Jobs whose runner went silent are free again or, after too many attempts, failed; proposals that nobody approved in time are
    cancelled; idempotency keys, figures, rows of the time series, pieces of abandoned runs are forgotten, each after its days.
    """
    settings = runtime.settings
    swept = runtime.jobs.sweep(settings.job_attempts)
    series = runtime.series.tend(settings.series_days, settings.series_open_days)
    return {
        "freed": list(swept.freed),
        "failed": list(swept.failed),
        "expired": [run_id for run_id in runtime.runs.late() if runtime.runs.expire(run_id)],
        "keys_forgotten": runtime.keys.forget_old(settings.idempotency_days),
        "chunks_compressed": series.compressed,
        "series_forgotten": series.forgotten,
        "figures_forgotten": thinning.forget(runtime),
        "pieces_forgotten": _forget_pieces(runtime),
    }


def _forget_pieces(runtime: Runtime) -> list[str]:
    """Runs whose pieces were left, and that neither a job nor anybody at work has taken up for the days that were set."""
    seconds = runtime.settings.pieces_days * DAY
    left = [run_id for run_id in runtime.pieces.idle(seconds) if not runtime.jobs.is_open(run_id)]
    return [run_id for run_id in left if runtime.pieces.forget_idle(run_id, seconds)]
