"""Figures of long ago: whole days into the archive first, then one row a step in the store; at last they are forgotten.

Each day appears in the archive whole, and each step in the store is one transaction: a process that is killed has done some of
them, and the next one does the others.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from portopt.domain.thinning import FiguresKept, Thinned
from portopt.runs.watch.archiving import archive

if TYPE_CHECKING:
    from portopt.runtime import Runtime

HOUR = timedelta(hours=1)


def look(runtime: Runtime, now: datetime) -> FiguresKept:
    """What thin() would go through. Nothing is written."""
    if not runtime.has_store:
        return FiguresKept(0, 0)
    steps = [(one.step, one.until(now)) for one in runtime.settings.thinning]
    return FiguresKept(0, 0, tuple(Thinned(step, end, runtime.figure_thinning.rows(step, end)) for step, end in steps))


def thin(runtime: Runtime, now: datetime) -> FiguresKept:
    """Every whole day before today is archived, then what is old enough is thinned. Safe to repeat, and to be killed."""
    if not runtime.has_store:
        return FiguresKept(0, 0)
    done = archive(runtime, now, days=_days_back(runtime, now))
    steps = [(one.step, one.until(now)) for one in runtime.settings.thinning]
    thinned = tuple(Thinned(step, end, runtime.figure_thinning.thin(step, end)) for step, end in steps)
    return FiguresKept(done["days"], done["figures"], thinned)


def forget(runtime: Runtime, now: datetime | None = None) -> int:
    """What is past its days goes, once a whole hour of it is, and its days are in the archive; returns how many rows.

    A sweep comes often: where nothing is due it costs one look. now: for tests; else the store's clock.
    """
    now, oldest = now or runtime.alerts.now(), runtime.figure_thinning.oldest()
    last = now - timedelta(days=runtime.settings.figures_days)
    if oldest is None or oldest >= last - HOUR:
        return 0
    archive(runtime, now, days=_days_back(runtime, now), until=last)
    return runtime.figures.forget_before(last)


def _days_back(runtime: Runtime, now: datetime) -> int:
    """To the day of the oldest figure."""
    oldest = runtime.figure_thinning.oldest()
    return 0 if oldest is None else max((now.date() - oldest.date()).days, 0)
