"""Before anything: is there something to do today, and what exactly is asked."""

from __future__ import annotations

from datetime import UTC, datetime

from prefect import task
from prefect.cache_policies import NO_CACHE

from portopt.adapters.jobs.orchestration import outside_only
from portopt.adapters.providers.exchange_calendar import is_trading_day
from portopt.domain.request import RebalanceRequest
from portopt.doors.form import RebalanceForm, resolve
from portopt.runs import record
from portopt.runtime import runtime


@task(cache_policy=NO_CACHE)
def ask_calendar(form: RebalanceForm) -> bool:
    """Whether to work: the exchange has a session on the day asked for, or nobody asked for that."""
    return not form.only_on_trading_days or is_trading_day(runtime().settings.calendar, form.as_of, datetime.now(UTC))


@task(cache_policy=NO_CACHE, retries=3, retry_delay_seconds=[2, 5, 15], retry_condition_fn=outside_only)
def resolve_form(form: RebalanceForm) -> RebalanceRequest:
    """Read the files and the policy that the form names; what cannot be replayed is refused here."""
    return record.accepted(resolve(form, runtime()))
