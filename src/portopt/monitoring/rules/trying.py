"""The cases of a rule, tried: a minute between two evaluations, as a deployment does, from the first value on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from portopt.domain.watch import AlertState, Figure, Labels, Standing
from portopt.monitoring.evaluate import evaluate, reaches, stood_after
from portopt.monitoring.rules.durations import written
from portopt.monitoring.rules.rule import Case, Expected, Rule

STEP = timedelta(minutes=1)
START = datetime(2024, 1, 2, tzinfo=UTC)
SUBJECT = "case"


@dataclass(frozen=True, slots=True)
class Tried:
    """A case and what became of it. wrong: a sentence for each time at which it was not as expected."""

    rule: str
    case: str
    expected: int
    wrong: tuple[str, ...]


def try_rule(rule: Rule) -> tuple[Tried, ...]:
    return tuple(try_case(rule, case) for case in rule.cases)


def try_case(rule: Rule, case: Case) -> Tried:
    found = states(rule, case)
    wrong = [
        f"{written(at)} after the start it is {found[at]}, expected was {state}"
        for at, state in case.expects.items()
        if found[at] is not state
    ]
    if case.is_quiet:
        loud = [at for at, state in found.items() if state not in (Expected.QUIET, Expected.PENDING)]
        wrong += [f"it is to be quiet all the time; {written(at)} after the start it is {found[at]}" for at in loud[:1]]
    return Tried(rule.name, case.name, len(case.expects), tuple(dict.fromkeys(wrong)))


def states(rule: Rule, case: Case) -> dict[timedelta, Expected]:
    """The state of the subject at every minute, to the last that is expected of; where it is to be quiet, to the last value."""
    figures = case_figures(case, subject(rule))
    back = max(max(one.newest, one.every or STEP) for one in reaches([rule]).values())
    standing, fired = Standing(0, None), False
    found: dict[timedelta, Expected] = {}
    first = last = 0
    for minute in range(max(max(case.expects), case.length if case.is_quiet else STEP) // STEP + 1):
        now = START + minute * STEP
        while last < len(figures) and figures[last].at <= now:
            last += 1
        while first < last and figures[first].at <= now - back:
            first += 1
        standing = stood_after(standing, evaluate([rule], standing, figures[first:last], now), now)
        state = standing.alerts[0].state if standing.alerts else None
        fired = fired or state is AlertState.FIRING
        found[minute * STEP] = Expected(state.value) if state else Expected.RESOLVED if fired else Expected.QUIET
    return found


def subject(rule: Rule) -> Labels:
    """Whoever a case is about."""
    return tuple((name, SUBJECT) for name in rule.of)


def case_figures(case: Case, of: Labels) -> Sequence[Figure]:
    """In the order of time."""
    figures: list[Figure] = []
    for name in dict.fromkeys([*case.values, *case.limits]):
        values, limits = case.values.get(name, ()), case.limits.get(name, ())
        for place in range(max(len(values), len(limits))):
            value = values[place] if place < len(values) else None
            limit = limits[place] if place < len(limits) else None
            if value is not None or limit is not None:
                figures.append(Figure(name, of, START + place * case.every, value, limit))
    return sorted(figures, key=lambda one: one.at)
