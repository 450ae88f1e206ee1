"""Rules over figures, from what stood to what stands now, and what is to be told. START HERE for alerts.

    figures -> columns of one value a subject -> does the rule hold there, is it good there, or is it not known
            -> episodes: pending, firing, unknown, resolved -> what is owed to those who listen, less what is silent and what
               another alert explains -> told in groups

Pure: the same standing, figures and instant give the same alerts and notices, ids and order included, so that a process which
dies before its result is saved has done nothing, and whoever comes next does the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from portopt.domain.watch import Alert, AlertState, Figure, Labels, Notice, Silence, Standing, Told
from portopt.monitoring.evaluation.columns import Columns
from portopt.monitoring.evaluation.episodes import Turn, episodes
from portopt.monitoring.evaluation.grouping import grouped
from portopt.monitoring.evaluation.inhibition import explained_by
from portopt.monitoring.evaluation.judging import judge
from portopt.monitoring.evaluation.silences import ended, summary, under
from portopt.monitoring.evaluation.telling import late, notice, owed
from portopt.monitoring.evaluation.truths import AGE_LOOKS_BACK
from portopt.monitoring.rules.rule import Inhibition, Rule
from portopt.monitoring.rules.tree import Age, Window, leaves

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
    found: dict[str, Reach] = {}
    for rule in rules:
        for leaf in (*leaves(rule.holds), *leaves(rule.clears)):
            known = found.get(leaf.figure, Reach(rule.stale))
            newest = max(known.newest, rule.stale, AGE_LOOKS_BACK if isinstance(leaf, Age) else rule.stale)
            every = max(known.every or leaf.back, leaf.back) if isinstance(leaf, Window) else known.every
            found[leaf.figure] = Reach(newest, every)
    return found


def evaluate(
    rules: Sequence[Rule],
    standing: Standing,
    figures: Iterable[Figure],
    now: datetime,
    *,
    late_after: timedelta = LATE_AFTER,
    whole: bool = True,
) -> Evaluated:
    """What the figures make of what stood.

    Args:
        rules: in force; an open alert of a rule that is not among them ends, and says so.
        standing: what the last evaluation left.
        figures: any order, repeats allowed; what is measured after `now` is not looked at. See reaches().
        now: the instant of the evaluation, with a zone.
        late_after: so long without an evaluation is told of, once.
        whole: whether these are all the rules; where some cannot be read, alerts of others stay as they are.
    """
    turns = _turns(rules, standing, figures, now, whole=whole)
    silences = standing.silences
    silent = [_silenced(turn, silences, now) for turn in turns]
    over, summaries = [], []
    for silence in ended(silences, now):
        under_it = [one.now for one in turns if one.now.silence == silence.silence_id and one.now.fired_at is not None]
        summaries.append(summary(silence, under_it, now))
        over.append(replace(silence, summarized=True))
    summed = {one.silence_id for one in over}
    how = {rule.name: rule.inhibition for rule in rules}
    open_rules = {turn.now.rule for turn in silent if turn.now.is_open}
    told = [_told(_explained(one, how, open_rules, now), summed, now) for one in silent]
    notices = grouped([notice for _, notice in told if notice is not None], rules)
    changed = [alert for turn, (alert, _) in zip(silent, told, strict=True) if alert != turn.was]
    return Evaluated(tuple(changed), (*_late(standing, now, late_after), *summaries, *notices), tuple(over))


def _turns(rules: Sequence[Rule], standing: Standing, figures: Iterable[Figure], now: datetime, *,
           whole: bool) -> list[Turn]:  # fmt: skip
    """Every alert that stands or begins, in the order of the rules and subjects; last, those that nothing judges any longer."""
    columns = Columns(figures, {name for rule in rules for name in rule.figures}, now)
    alive = [alert for alert in standing.alerts if alert.state is not AlertState.RESOLVED]
    taken: set[str] = set()
    turns: list[Turn] = []
    for rule in rules:
        own = {_measured_of(alert, rule): alert for alert in alive if alert.rule == rule.name and _is_about(alert, rule)}
        taken |= {alert.alert_id for alert in own.values()}
        turns += episodes(judge(rule, columns), own, now)
    left = sorted((one for one in alive if one.alert_id not in taken), key=lambda one: (one.rule, one.subject, one.alert_id))
    turns += [Turn(one, _ruleless(one, now) if whole else one) for one in left]
    return turns + [Turn(one, one) for one in standing.alerts if one.state is AlertState.RESOLVED]


def _is_about(alert: Alert, rule: Rule) -> bool:
    """Whether the alert's subject is one of the rule's: its expression may have come to be about others."""
    return {name for name, _ in alert.of} >= set(rule.of)


def _measured_of(alert: Alert, rule: Rule) -> Labels:
    return tuple((name, value) for name, value in alert.of if name in rule.of)


def _ruleless(alert: Alert, now: datetime) -> Alert:
    summary = f"its rule is no longer in force; when it was last judged: {alert.summary}"
    return alert.changed(state=AlertState.RESOLVED, resolved_at=now, summary=summary)


def _silenced(turn: Turn, silences: Sequence[Silence], now: datetime) -> Turn:
    """With the silence it is under now. What ended under one stays there until the summary."""
    if not silences and turn.now.silence is None:
        return turn
    if turn.now.fired_at is None or (turn.was is not None and turn.was.state is AlertState.RESOLVED):
        return turn
    return replace(turn, now=under(turn.now, silences, now))


def _explained(turn: Turn, how: Mapping[str, Inhibition], open_rules: Collection[str], now: datetime) -> Turn:
    """With the rule that explains it now. What ended while it was explained keeps it: nobody was told of it."""
    alert = turn.now
    if alert.rule not in how or alert.silence is not None or alert.state is AlertState.RESOLVED:
        return turn
    found = explained_by(alert, owed(alert) if alert.fired_at is not None else None, how[alert.rule], open_rules, now)
    return turn if found == alert.inhibited_by else replace(turn, now=alert.changed(inhibited_by=found))


def _told(turn: Turn, summed: Collection[str], now: datetime) -> tuple[Alert, Notice | None]:
    """The alert with what is said of it, and that."""
    before, alert = turn.was, turn.now
    if before is not None and before.silence in summed and alert.state is AlertState.RESOLVED:
        return alert.changed(told=Told.RESOLVED, silence=before.silence), None  # the summary says it
    is_kept = alert.silence is not None or alert.fired_at is None
    due = None if is_kept or (alert.inhibited_by is not None and alert.is_open) else owed(alert)
    if due is None:
        return alert, None
    alert = alert.changed(told=due)
    return alert, notice(alert, due, before.blind_since if before else None, now)


def _late(standing: Standing, now: datetime, late_after: timedelta) -> tuple[Notice, ...]:
    since = standing.evaluated_at
    if since is None or now - since <= late_after:
        return ()
    return (late(since, now, sum(one.is_open for one in standing.alerts)),)


def stood_after(standing: Standing, evaluated: Evaluated, now: datetime) -> Standing:
    """What a store holds once the evaluation is saved."""
    silences = {one.silence_id: one for one in (*standing.silences, *evaluated.silences)}
    kept = tuple(one for one in silences.values() if not one.summarized)
    waiting = {one.silence_id for one in kept}
    alerts = {one.alert_id: one for one in (*standing.alerts, *evaluated.alerts)}
    alive = tuple(one for one in alerts.values() if one.state is not AlertState.RESOLVED or one.silence in waiting)
    return replace(standing, version=standing.version + 1, evaluated_at=now, alerts=alive, silences=kept)
