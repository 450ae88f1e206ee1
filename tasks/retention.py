"""What is past its days goes: safe to run again, and to be killed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from portopt.adapters.jobs.orchestration import outside_only
from portopt.runs import retention
from portopt.runtime import runtime


@task(cache_policy=NO_CACHE, retries=4, retry_delay_seconds=exponential_backoff(2), retry_condition_fn=outside_only)
def forget(*, dry_run: bool) -> dict[str, Any]:
    """By the settings. dry_run: says what would go, and deletes nothing."""
    now = datetime.now(UTC)
    found = retention.look(runtime(), now) if dry_run else retention.carry_out(runtime(), now)
    return retention.document_of(found)
