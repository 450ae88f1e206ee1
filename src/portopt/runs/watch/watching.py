"""The watch: everything measured, judged by the rules, told. START HERE.

    measure -> figures into the store -> evaluate, on what stood -> saved with its notices -> delivered, channel by channel

Each step changes the world once, however often it is begun: figures of one instant are one row each, an evaluation is saved on
the version that it saw, a notice has one id. A process that dies anywhere leaves nothing that the next one does not make good.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from portopt.domain.errors import PortoptError
from portopt.domain.watch import Figure, Told
from portopt.monitoring.rules.standard import rules_in_force, rules_to_watch
from portopt.runs.watch.evaluating import Judged, judge
from portopt.runs.watch.measuring import measure
from portopt.runs.watch.telling import Delivered, tell

if TYPE_CHECKING:
    from portopt.runtime import Runtime

log = logging.getLogger(__name__)
NOT_YET = 0.5  # of the time between two looks: where another process looked less long ago, this one leaves it at that


@dataclass(frozen=True, slots=True)
class Watched:
    """figures: how many were written. notes: of the measuring. judged: None where another evaluation was of this instant."""

    at: datetime
    figures: int
    notes: tuple[str, ...]
    judged: Judged | None
    delivered: tuple[Delivered, ...]

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        from portopt.dialects.alerts import notice_data
        from portopt.domain.canonical import plain

        found = self.judged
        return {
            "at": self.at.isoformat(),
            "figures": self.figures,
            "notes": list(self.notes),
            "evaluated": found is not None,
            "version": None if found is None else found.version,
            "changed": 0 if found is None else len(found.evaluated.alerts),
            "notices": [] if found is None else [notice_data(one) for one in found.evaluated.notices],
            "delivered": plain(list(self.delivered)),
        }


def watch(runtime: Runtime, now: datetime | None = None) -> Watched:
    """Once. now: the instant it is of; None is the store's clock."""
    now = now or runtime.alerts.now()
    written, notes = take(runtime, now)
    judged = evaluate_now(runtime, now)
    return Watched(now, written, notes, judged, tell(runtime))


def take(runtime: Runtime, now: datetime) -> tuple[int, tuple[str, ...]]:
    """Measure and keep: how many figures, and what should be known of how they were measured."""
    measured = measure(runtime, now)
    return runtime.figures.put([*measured.figures, *_of_the_rules(runtime, now)]), measured.notes


def _of_the_rules(runtime: Runtime, now: datetime) -> list[Figure]:
    """What is wrong with rules of one's own, where there are any."""
    own = runtime.settings.rules_path
    if own is None:
        return []
    faults = rules_to_watch(own).faults
    return [Figure("rules_refused", (), now, float(len(faults)), limit=0.0, detail={"faults": faults[:10]} if faults else {})]


def evaluate_now(runtime: Runtime, now: datetime) -> Judged | None:
    """Where rules of one's own are refused, by the shipped ones alone, and what stood of the others stands."""
    found = rules_to_watch(runtime.settings.rules_path)
    for fault in found.faults:
        log.warning("alert rules of one's own are not in force: %s", fault)
    return judge(runtime, found.rules, now, whole=found.refused is None)


def rule_names(runtime: Runtime) -> frozenset[str]:
    """Of the rules in force."""
    return frozenset(rule.name for rule in rules_in_force(runtime.settings.rules_path))


def is_due(runtime: Runtime, seconds: float) -> bool:
    """Whether nobody looked lately: of several workers one does."""
    last = runtime.alerts.standing().evaluated_at
    return last is None or runtime.alerts.now() - last >= timedelta(seconds=NOT_YET * seconds)


def follow(runtime: Runtime, stop: threading.Event, say: Callable[[Mapping[str, Any]], None]) -> int:
    """Again and again until told to stop; returns how often was looked. What fails is told, and tried again the next time.

    Where another process looked lately, what waits is delivered all the same: its receiver may be back.
    """
    seconds, looks = max(runtime.settings.watch_seconds, 1.0), 0
    while not stop.is_set():
        try:
            if is_due(runtime, seconds):
                say(told(watch(runtime)))
                looks += 1
            else:
                tell(runtime, stopped=stop.is_set)
        except PortoptError as error:
            log.warning("the watch: %s; looking again in %g s", error.detail, seconds)
        stop.wait(seconds)
    return looks


def told(watched: Watched) -> dict[str, Any]:
    """Of one look what a log needs: counts, and the words of what was told."""
    notices = () if watched.judged is None else watched.judged.evaluated.notices
    return {
        "watched": watched.at.isoformat(),
        "figures": watched.figures,
        "firing": sum(one.alerts for one in notices if one.told is Told.FIRING),
        "notices": [one.text for one in notices],
        "delivered": {one.channel: one.delivered for one in watched.delivered},
        "waits": {one.channel: one.why for one in watched.delivered if one.why},
    }
