"""Rules over what is kept: from what stood to what stands now, saved once, with what is to be told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from portopt.domain.errors import Conflict, OutsideError
from portopt.domain.watch import Figure
from portopt.monitoring.evaluate import Evaluated, evaluate, reaches
from portopt.monitoring.rules.rule import Rule

if TYPE_CHECKING:
    from portopt.runtime import Runtime

TRIES = 20  # against others that save, acknowledge or silence at the same moment
MOST_ROWS = 5_000_000  # of one figure within the windows of the rules
INSTANT = timedelta(microseconds=1)
# Seldom enough that the deployment's five minutes are not late, often enough that ten minutes of silence are.
LEAST_LATE = timedelta(minutes=7)
LATE_LOOKS = 3  # so many looks that did not take place


@dataclass(frozen=True, slots=True)
class Judged:
    """version: that it was saved as. evaluated: what changed, and what is told."""

    at: datetime
    version: int
    evaluated: Evaluated


def judge(runtime: Runtime, rules: Sequence[Rule], now: datetime, *, whole: bool = True) -> Judged | None:
    """The rules over the figures of the store as of `now`, saved; None where one of that instant, or a later one, was saved.

    Where another process was faster, or a person acknowledged or silenced meanwhile, it starts again on what holds then: what
    was not saved was not told. whole: whether these are all the rules. Raises OutsideError where that happens every time.
    """
    figures: list[Figure] | None = None
    channels, late = runtime.settings.channels, late_after(runtime.settings.watch_seconds)
    for _ in range(TRIES):
        standing = runtime.alerts.standing()
        if standing.evaluated_at is not None and standing.evaluated_at >= now:
            return None
        if figures is None:
            figures = list(figures_for(runtime, rules, now))
        found = evaluate(rules, standing, figures, now, late_after=late, whole=whole)
        try:
            version = runtime.alerts.save(
                found.alerts, found.notices, found.silences, on=standing.version, at=now, channels=channels
            )
        except Conflict:
            continue
        return Judged(now, version, found)
    raise OutsideError(f"alerts changed {TRIES} times while they were evaluated", field="alerts", fixes=["evaluate again"])


def figures_for(runtime: Runtime, rules: Sequence[Rule], now: datetime) -> Iterator[Figure]:
    """What the rules read: the newest of each figure, and of those that a window is over every one in it.

    Where the newest has no value, the newest that has one too: one failed measurement makes nobody blind before its figure is
    stale, nor does the next one make them see again.
    """
    until = now + INSTANT
    by_reach: dict[timedelta, list[str]] = {}
    for name, reach in reaches(rules).items():
        by_reach.setdefault(reach.newest, []).append(name)
        if reach.every is not None:
            yield from runtime.figures.series(name, now - reach.every, until, limit=MOST_ROWS)
    for newest, names in by_reach.items():
        found = runtime.figures.latest(now - newest, names=names, until=until)
        failed = sorted({one.name for one in found if one.value is None})
        yield from found
        if failed:
            yield from runtime.figures.latest(now - newest, names=failed, until=until, measured=True)


def late_after(watch_seconds: float) -> timedelta:
    """So long without an evaluation is told of.

    >>> late_after(60.0), late_after(600.0)
    (datetime.timedelta(seconds=420), datetime.timedelta(seconds=1800))
    """
    return max(LEAST_LATE, timedelta(seconds=LATE_LOOKS * watch_seconds))
