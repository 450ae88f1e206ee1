"""What a backtest, a walk-forward and a comparison have in common: from what is asked to a run on record, piece by piece."""

from __future__ import annotations

from time import monotonic
from typing import Any

from prefect.futures import as_completed
from prefect.task_runners import TaskRunner

from portopt.adapters.jobs import runners
from portopt.adapters.jobs.orchestration import refused, skipped
from portopt.domain.errors import PortoptError
from portopt.domain.job import Job
from portopt.domain.run import RunRecord
from portopt.doors.history_form import HistoryForm
from portopt.settings import Settings
from tasks import records, through_time


def task_runner() -> TaskRunner[Any]:
    """What carries out the pieces, by this process's settings."""
    settings = Settings()
    return runners.task_runner(settings.task_runner, settings.task_workers, settings.dask_address)


async def answer(form: HistoryForm) -> Any:
    """What the form asks; or the job that it names, unless that is at its end or somebody else's by now."""
    if form.job is None:
        return await work_out(form, None)
    try:
        with through_time.leased(form.job) as job:
            return await work_out(form, job) if job is not None else skipped(f"{form.job} is not to be done by this run.")
    except PortoptError as error:
        return refused(error)


async def work_out(form: HistoryForm, job: Job | None) -> Any:
    """From what is asked to its end. job: what asks, where it is no form."""
    run = None
    try:
        question = through_time.resolve_form(form, job)
        snapshot = through_time.fetch(question, job)
        run = through_time.begin(job, question, snapshot)
        if run.document is None:
            run = await in_pieces(job, run)
    except PortoptError as error:
        records.record_refusal(job, run, error, return_state=True)  # where it cannot be kept, it is a refusal all the same
        records.publish_problem(error)
        return refused(error)
    through_time.publish(run)
    return run.run_id


async def in_pieces(job: Job | None, run: RunRecord) -> RunRecord:
    """Round after round, what is missing of each; finished pieces are found and not worked out again."""
    began, done = monotonic(), 0
    rounds = through_time.missing(run.run_id)
    of = sum(map(len, rounds)) + 1
    for pieces in rounds:
        for future in as_completed([through_time.work.submit(run.run_id, piece) for piece in pieces]):
            piece, done = future.result(), done + 1
            through_time.tell(job, done, of, piece, (monotonic() - began) / done * (of - done))
    return through_time.conclude(job, run, monotonic() - began)
