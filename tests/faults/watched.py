"""A made story of the watch: books that drift, come back and go blind, by the minute; the same for whoever looks."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from portopt.domain.errors import Conflict
from portopt.domain.watch import Figure, Silence, labels
from portopt.monitoring.rules.rule import Rule
from portopt.monitoring.rules.standard import rules_of
from portopt.runs.watch.evaluating import judge
from portopt.runs.watch.telling import tell
from portopt.runtime import Runtime

BEGIN, MINUTE = datetime(2026, 11, 20, 12, 0, tzinfo=UTC), timedelta(minutes=1)
BOOKS = ("P1", "P2", "P3", "P4", "P5")
SHOCKS_EVERY, SHOCK = 18, {4: 0.01, 5: 0.01, 6: 0.08, 7: 0.08, 8: 0.08, 9: 0.01}
RULES = """
groups:
  - name: made
    stale: 3m
    rules:
      - alert: drifts
        expr: book_drift > 0.05
        clears: book_drift < 0.04
        for: 1m
        group_from: 2
        severity: warn
        annotations: {summary: "{portfolio} is {value} off its targets.", runbook: drift-over-band}
        cases:
          - name: out of its band
            every: 1m
            series: {book_drift: 0.01x2 0.06x5 0.01x3}
            expect: {1m: quiet, 4m: firing, 8m: resolved}
          - {name: inside, every: 1m, series: {book_drift: 0.01x10}, expect: {5m: quiet}}
      - alert: short_of_cash
        expr: book_cash < 0.0
        severity: page
        annotations: {summary: "{portfolio} has less than nothing.", runbook: cash-below-floor}
        cases:
          - {name: overdrawn, every: 1m, series: {book_cash: 0.01x2 -0.01x5}, expect: {1m: quiet, 4m: firing}}
          - {name: in funds, every: 1m, series: {book_cash: 0.01x10}, expect: {5m: quiet}}
"""


def rules(folder: Path) -> tuple[Rule, ...]:
    path = folder / "made-rules.yaml"
    if not path.exists():
        path.write_text(RULES)
    return rules_of(path)


@cache
def drifts(book: str, many: int) -> tuple[float | None, ...]:
    """By the minute; None where it was not measured. Stretches of a few minutes in, out, and unknown, and shocks to all."""
    chance, found = random.Random(book), []
    while len(found) < many:
        value = chance.choice((0.01, 0.02, 0.06, 0.08, 0.045, None))
        found += [value] * chance.randint(2, 6)
    return tuple(SHOCK.get(minute % SHOCKS_EVERY, value) for minute, value in enumerate(found))


def figures_at(minute: int) -> list[Figure]:
    at, found = BEGIN + minute * MINUTE, []
    for book in BOOKS:
        value = drifts(book, 2000)[minute]
        if value is not None:
            of = labels(portfolio=book)
            found += [Figure("book_drift", of, at, value), Figure("book_cash", of, at, 0.02 if value < 0.07 else -0.01)]
    return found


def silence_at(minute: int) -> Silence | None:
    """Every forty minutes somebody silences a book for six."""
    if minute % 40 != 20:
        return None
    starts, book = BEGIN + minute * MINUTE, BOOKS[minute // 40 % len(BOOKS)]
    return Silence(f"silence-{minute}", labels(portfolio=book), starts, starts + 6 * MINUTE, "anna", "planned")


def next_minute(runtime: Runtime) -> int:
    last = runtime.alerts.standing().evaluated_at
    return 0 if last is None else round((last - BEGIN) / MINUTE) + 1


def live(runtime: Runtime, folder: Path, until: int, most: int) -> None:
    """Look at the minutes that nobody looked at yet, at most so many, as a watch does that was started anew."""
    tell(runtime)
    for _ in range(most):
        minute = next_minute(runtime)
        if minute >= until:
            break
        silence = silence_at(minute)
        if silence is not None:
            runtime.alerts.silence(silence)
        runtime.figures.put(figures_at(minute))
        try:
            judge(runtime, rules(folder), BEGIN + minute * MINUTE)
        except Conflict:
            continue
        tell(runtime)
