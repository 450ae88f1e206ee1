"""The service itself: outbox, queue, broker, disk, and how its jobs ended."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from portopt.domain.errors import OutsideError
from portopt.domain.watch import Figure
from portopt.monitoring.measures import service

if TYPE_CHECKING:
    from portopt.runtime import Runtime


def deliveries(runtime: Runtime, now: datetime) -> list[Figure]:
    return service.outbox(runtime.runs.outbox(), now)


def work_waiting(runtime: Runtime, now: datetime) -> list[Figure]:
    return service.queue(runtime.run_columns.queue(), now)


def answered_and_failed(runtime: Runtime, now: datetime) -> list[Figure]:
    return service.availability(runtime.run_columns.jobs_ended(now - timedelta(days=service.BUDGET_DAYS)), now)


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
