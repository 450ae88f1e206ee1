"""The service itself: outbox, queue, broker, disk, and how its jobs ended."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from portopt.domain.errors import OutsideError
from portopt.domain.watch import Figure
from portopt.monitoring.measures import service
from portopt.runs.watch.evaluating import late_after

if TYPE_CHECKING:
    from portopt.runtime import Runtime

LOOKS_BACK = timedelta(days=366)  # for the measurement before this one
A_DAY = timedelta(days=1)


def deliveries(runtime: Runtime, now: datetime) -> list[Figure]:
    return service.outbox(runtime.runs.outbox(), now)


def gap(runtime: Runtime, now: datetime) -> list[Figure]:
    """The measurement before is told by the figure that every one has."""
    before = [one.at for one in runtime.figures.latest(now - LOOKS_BACK, names=("store_up",), until=now)]
    return service.gap(max(before, default=None), now, late_after(runtime.settings.watch_seconds))


def channels(runtime: Runtime, now: datetime) -> list[Figure]:
    """Of each that is configured."""
    found = []
    for channel in runtime.settings.channels:
        oldest = runtime.alerts.undelivered(channel).oldest
        delivered = None if oldest is None else runtime.alerts.delivered_since(channel, oldest - A_DAY)
        found.append(service.silent(channel, oldest, delivered, now))
    return found


def work_waiting(runtime: Runtime, now: datetime) -> list[Figure]:
    return service.queue(runtime.run_columns.queue(), now)


def answered_and_failed(runtime: Runtime, now: datetime) -> list[Figure]:
    days, objective = runtime.settings.budget_days, runtime.settings.availability_objective
    return service.availability(runtime.run_columns.jobs_ended(now - timedelta(days=days)), now, objective, days)


def disk(runtime: Runtime, now: datetime) -> list[Figure]:
    usage = shutil.disk_usage(runtime.home)
    return [service.disk(usage.free, usage.total, str(runtime.home), now)]


def broker(runtime: Runtime, now: datetime) -> list[Figure]:
    """Nothing where events go to a local log."""
    if runtime.settings.events != "pulsar":
        return []
    from portopt.runs.broker import admin

    try:
        admin(runtime).state(runtime.settings.pulsar_subscription)
    except OutsideError as error:
        return [service.is_up("broker_up", now, error.detail)]
    return [service.is_up("broker_up", now, None)]
