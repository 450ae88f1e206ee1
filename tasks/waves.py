"""A wave: few tasks, each of which takes up chunk after chunk. What is ended is in the store, and is found by whoever comes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from portopt.adapters.jobs import wave_artifacts
from portopt.adapters.jobs.orchestration import outside_only, trigger_id
from portopt.analysis import Attempts
from portopt.domain.wave import Wave
from portopt.doors.wave_form import WaveForm, recorded
from portopt.runs import events
from portopt.runs.waves import report, shares
from portopt.runtime import runtime

BACKOFF = exponential_backoff(2)


@task(cache_policy=NO_CACHE, retries=3, retry_delay_seconds=[2, 5, 15], retry_condition_fn=outside_only)
def record(form: WaveForm) -> Wave:
    """The wave on record, with its items."""
    return recorded(form, runtime(), datetime.now(UTC))


@task(cache_policy=NO_CACHE, retries=4, retry_delay_seconds=BACKOFF, retry_condition_fn=outside_only)
def open_shares(wave: Wave) -> shares.Shares:
    """What is left of it in parts, each a task; none where every item is at its end."""
    return shares.open_shares(wave.wave_id, runtime())


@task(
    cache_policy=NO_CACHE, retries=4, retry_delay_seconds=BACKOFF, retry_condition_fn=outside_only, persist_result=False,
    task_run_name="{share}",
)  # fmt: skip
def work(wave_id: str, share: str, size: int) -> int:
    """So many items, whichever are free, in whatever process; returns how many were taken up."""
    return shares.work(wave_id, f"{trigger_id()} {share}", size, runtime().settings)


@task(cache_policy=NO_CACHE, retries=4, retry_delay_seconds=BACKOFF, retry_condition_fn=outside_only)
def conclude(wave: Wave) -> dict[str, Any]:
    """Events delivered, and the deadline report."""
    events.deliver_if_possible(runtime())
    return report.document_of(report.report(wave.wave_id, runtime()))


@task(cache_policy=NO_CACHE)
def publish(document: dict[str, Any]) -> None:
    """The report among the artifacts; what cannot be shown is on record all the same."""
    Attempts().attempt("the artifacts of the wave", lambda: wave_artifacts.publish(document))
