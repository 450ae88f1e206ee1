"""Figures through time in steps: of each step the furthest value, as a plain loop finds it, on both databases."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from portopt.adapters.store.figure_seeks import SqlFigureSeeks
from portopt.adapters.store.figure_steps import SqlFigureSteps
from portopt.adapters.store.figures import SqlFigures
from portopt.domain.access import restricted_to
from portopt.domain.watch import Figure, labels

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SECONDS = 600


@pytest.fixture
def steps(store) -> SqlFigureSteps:
    return SqlFigureSteps(store.database)


def walk(seed: int) -> list[Figure]:
    """Two hours of a figure that is bad when high and of one that is bad when low, with gaps; of two books and the service."""
    chance = random.Random(seed)

    def maybe(value: float) -> float | None:
        return chance.choice((None, value))

    return [
        Figure(name, of, NOW + timedelta(seconds=37 * k), maybe(chance.uniform(-1, 1)), maybe(0.5))
        for name in ("book_drift", "disk_free", "book_cash")
        for of in (labels(portfolio="P1"), labels(portfolio="P,2"), ())
        for k in range(190)
        if chance.random() < 0.6
    ]  # fmt: skip


def by_hand(given: list[Figure], names: set[str], among: set[str] | None, lowest: set[str]) -> list[tuple]:
    found: dict[tuple, list[Figure]] = {}
    for f in given:
        if f.name in names and (among is None or f.portfolio_id in among):
            found.setdefault((f.name, f.subject, int(f.at.timestamp()) // SECONDS), []).append(f)
    rows = []
    for (name, subject, _), members in found.items():
        values = [f.value for f in members if f.value is not None]
        limits = [f.limit for f in members if f.limit is not None]
        furthest = (min if name in lowest else max)(values) if values else None
        rows.append((name, subject, max(f.at for f in members), furthest, max(limits, default=None)))
    return sorted(rows, key=lambda row: row[:3])


def told(figures) -> list[tuple]:
    return sorted(((f.name, f.subject, f.at, f.value, f.limit) for f in figures), key=lambda row: row[:3])


@pytest.mark.parametrize("among", [None, {"P1"}, {"P1", "P,2"}, set()])
def test_each_step_has_its_furthest_value_as_a_plain_loop_finds_it(store, steps: SqlFigureSteps, among: set | None) -> None:
    given = walk(5)
    SqlFigures(store.database).put(given)
    names, lowest = {"book_drift", "disk_free"}, {"disk_free"}

    found = steps.steps(names, NOW, SECONDS, among=None if among is None else frozenset(among), lowest=lowest)

    assert told(found) == by_hand(given, names, among, lowest)
    assert [(f.name, f.subject, f.at) for f in found] == sorted((f.name, f.subject, f.at) for f in found) or among is not None


def test_what_is_before_and_behind_the_window_is_left_out(store, steps: SqlFigureSteps) -> None:
    given = walk(6)
    SqlFigures(store.database).put(given)
    since, until = NOW + timedelta(seconds=SECONDS), NOW + timedelta(seconds=3 * SECONDS)
    inside = [f for f in given if since <= f.at < until]
    assert told(steps.steps({"book_cash"}, since, SECONDS, until=until)) == by_hand(inside, {"book_cash"}, None, set())


def test_who_is_restricted_to_some_books_sees_no_step_of_another_one_where_rows_are_kept_apart(store, steps) -> None:
    SqlFigures(store.database).put(walk(7))
    with restricted_to(frozenset({"P1"})):
        found = steps.steps({"book_drift"}, NOW, SECONDS, among=frozenset({"P1"}))
    assert {f.portfolio_id for f in found} == {"P1"}


@pytest.fixture
def seeks(store) -> SqlFigureSeeks:
    return SqlFigureSeeks(store.database)


def test_the_last_of_each_subject_is_found_however_many_rows_lie_before_it(store, seeks: SqlFigureSeeks) -> None:
    given = walk(8)
    SqlFigures(store.database).put(given)
    found = {(f.name, f.subject): f for f in seeks.last({"book_drift", "disk_free"})}
    newest: dict[tuple[str, str], Figure] = {}
    for f in sorted(given, key=lambda f: f.at):
        if f.name in ("book_drift", "disk_free"):
            newest[f.name, f.subject] = f
    assert found == newest
    assert seeks.last({"nothing"}) == []


def test_the_newest_of_each_step_is_found_as_a_plain_loop_finds_it(store, seeks: SqlFigureSeeks) -> None:
    given = walk(9)
    SqlFigures(store.database).put(given)
    pairs = {("book_drift", "portfolio=P1"), ("book_cash", ""), ("book_cash", "portfolio=nobody")}
    until = NOW + timedelta(seconds=5 * SECONDS)
    newest: dict[tuple, Figure] = {}
    for f in sorted(given, key=lambda f: f.at):
        if (f.name, f.subject) in pairs and f.at < NOW + timedelta(seconds=6 * SECONDS):
            newest[f.name, f.subject, int((f.at - NOW).total_seconds()) // SECONDS] = f
    found = seeks.newest(pairs, NOW, SECONDS, until)
    assert list(found) == sorted(newest.values(), key=lambda f: (f.name, f.subject, f.at))
    assert seeks.newest([], NOW, SECONDS, until) == []


def test_rows_are_counted_no_further_than_was_asked(store, seeks: SqlFigureSeeks) -> None:
    given = walk(10)
    SqlFigures(store.database).put(given)
    mine = [f for f in given if f.name == "book_drift" and f.portfolio_id == "P1"]
    assert seeks.rows({"book_drift"}, NOW, frozenset({"P1"}), 10_000) == len(mine)
    assert seeks.rows({"book_drift"}, NOW, None, 7) == 7
