"""The steps of the watch: each of them may run again and changes the world once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from portopt.adapters.jobs import alert_artifacts
from portopt.adapters.jobs.orchestration import outside_only
from portopt.analysis import Attempts
from portopt.domain.watch import AlertState
from portopt.runs.watch import telling, watching
from portopt.runs.watch.evaluating import Judged
from portopt.runs.watch.telling import Delivered
from portopt.runtime import runtime

BACKOFF = exponential_backoff(2)
OPEN = (AlertState.FIRING, AlertState.UNKNOWN)
MOST_SHOWN = 200


@task(cache_policy=NO_CACHE, retries=4, retry_delay_seconds=BACKOFF, retry_condition_fn=outside_only)
def instant() -> datetime:
    """The instant of this look, by the store's clock: however often a step runs again, it is of this one."""
    return runtime().alerts.now()


@task(cache_policy=NO_CACHE, retries=4, retry_delay_seconds=BACKOFF, retry_condition_fn=outside_only)
def measure(now: datetime) -> tuple[int, tuple[str, ...]]:
    """Figures into the store: of one name, subject and instant there is one."""
    return watching.take(runtime(), now)


@task(cache_policy=NO_CACHE, retries=4, retry_delay_seconds=BACKOFF, retry_condition_fn=outside_only)
def evaluate(now: datetime) -> Judged | None:
    """The rules over them; saved once for an instant, whoever comes again."""
    return watching.evaluate_now(runtime(), now)


@task(cache_policy=NO_CACHE, retries=4, retry_delay_seconds=BACKOFF, retry_condition_fn=outside_only)
def tell() -> tuple[Delivered, ...]:
    """What waits goes out, channel by channel; what a receiver does not take waits for the next time."""
    return telling.tell(runtime())


@task(cache_policy=NO_CACHE)
def publish(now: datetime) -> None:
    """The open alerts as an artifact; what cannot be shown is on record all the same."""
    found = runtime().alerts.list(None, states=OPEN, limit=MOST_SHOWN)
    Attempts().attempt("the artifact of the alerts", lambda: alert_artifacts.publish(found, now))


@task(cache_policy=NO_CACHE)
def told(
    now: datetime, figures: tuple[int, tuple[str, ...]], judged: Judged | None, delivered: tuple[Delivered, ...]
) -> dict[str, Any]:
    """What the run has to say."""
    return watching.Watched(now, *figures, judged, delivered).document()
