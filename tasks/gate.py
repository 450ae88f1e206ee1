"""Before anything: is there something to do today, and what exactly is asked."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import UTC, datetime

from prefect import task
from prefect.cache_policies import NO_CACHE

from portopt.adapters.jobs.orchestration import outside_only
from portopt.adapters.providers.exchange_calendar import is_trading_day
from portopt.domain.job import Job
from portopt.domain.request import RebalanceRequest
from portopt.doors.form import RebalanceForm, resolve
from portopt.runs import jobs, record
from portopt.runtime import runtime


@task(cache_policy=NO_CACHE)
def ask_calendar(form: RebalanceForm) -> bool:
    """Whether to work: the exchange has a session on the day asked for, or nobody asked for that."""
    return not form.only_on_trading_days or is_trading_day(runtime().settings.calendar, form.as_of, datetime.now(UTC))


@task(cache_policy=NO_CACHE, retries=3, retry_delay_seconds=[2, 5, 15], retry_condition_fn=outside_only)
def resolve_form(form: RebalanceForm, job: Job | None) -> RebalanceRequest:
    """What the job asks; without one, the files and the policy that the form names. What cannot be replayed is refused here."""
    return record.accepted(resolve(form, runtime()) if job is None else jobs.request_of(job))


def leased(job_id: str) -> AbstractContextManager[Job | None]:
    """The job for as long as it is worked on; None where another has it, or it is at its end."""
    return jobs.leased(job_id, runtime())
