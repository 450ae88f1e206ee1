"""Rules over figures, from what stood to what stands now, and what is to be told. START HERE for alerts.

    figures -> columns of one value a subject -> does the rule hold there, is it good there, or is it not known
            -> episodes: pending, firing, unknown, resolved -> what is owed to those who listen, less what is silent

Pure: the same standing, figures and instant give the same alerts and notices, ids and order included, so that a process which
dies before its result is saved has done nothing, and whoever comes next does the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from portopt.domain.watch import Alert, AlertState, Figure, Notice, Silence, Standing
from portopt.monitoring.rules.rule import Rule

LATE_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What an evaluation changed. alerts: by rule and subject; one that ends before it ever fired is resolved without
    `fired_at`. notices: in the order in which they are to be told. silences: those that are now summarized.
    """

    alerts: tuple[Alert, ...]
    notices: tuple[Notice, ...]
    silences: tuple[Silence, ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """How far back an evaluation reads a figure: its newest value within `newest`, and every value within `every`."""

    newest: timedelta
    every: timedelta | None = None


def reaches(rules: Sequence[Rule]) -> Mapping[str, Reach]:
    """What evaluate() has to be given, by the name of the figure: `FigureStore.latest` and `.series` say the rest."""
    raise NotImplementedError


def evaluate(
    rules: Sequence[Rule],
    standing: Standing,
    figures: Sequence[Figure],
    now: datetime,
    *,
    late_after: timedelta = LATE_AFTER,
) -> Evaluated:
    """What the figures make of what stood.

    Args:
        rules: in force; an open alert of a rule that is not among them ends, and says so.
        standing: what the last evaluation left.
        figures: any order, repeats allowed; what is measured after `now` is not looked at. See reaches().
        now: the instant of the evaluation, with a zone.
        late_after: so long without an evaluation is told of, once.
    """
    raise NotImplementedError


def stood_after(standing: Standing, evaluated: Evaluated, now: datetime) -> Standing:
    """What a store holds once the evaluation is saved."""
    silences = {one.silence_id: one for one in (*standing.silences, *evaluated.silences)}
    kept = tuple(one for one in silences.values() if not one.summarized)
    waiting = {one.silence_id for one in kept}
    alerts = {one.alert_id: one for one in (*standing.alerts, *evaluated.alerts)}
    alive = tuple(one for one in alerts.values() if one.state is not AlertState.RESOLVED or one.silence in waiting)
    return replace(standing, version=standing.version + 1, evaluated_at=now, alerts=alive, silences=kept)
