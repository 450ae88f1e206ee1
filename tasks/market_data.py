"""Prices in."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from portopt.adapters.jobs.orchestration import outside_only, trigger_id
from portopt.domain.job import Job
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import RebalanceRequest
from portopt.runs import jobs, market
from portopt.runtime import runtime


@task(
    cache_policy=NO_CACHE,
    retries=4,
    retry_delay_seconds=exponential_backoff(5),
    retry_jitter_factor=0.5,
    retry_condition_fn=outside_only,
    timeout_seconds=600,
)
def fetch(request: RebalanceRequest, job: Job | None) -> MarketSnapshot:
    """Read the market as it stood at request.as_of; what is resumed, a run or a job, reopens the pack it began with."""
    return market.open_pack(request, runtime(), trigger_id() if job is None else jobs.trigger_of(job.job_id))
