"""Figures of long ago in steps, as a plain loop makes them, on both databases; how many rows there are; what is read."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from portopt.adapters.store.figure_steps import SqlFigureSteps
from portopt.adapters.store.figure_thinning import SqlFigureThinning, begin_of
from portopt.adapters.store.figures import SqlFigures
from portopt.domain.thinning import Thinning, rows_kept
from portopt.domain.watch import Figure, Spread, labels

START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NAMES = ("book_drift", "disk_free")


@pytest.fixture
def figures(store) -> SqlFigures:
    return SqlFigures(store.database)


@pytest.fixture
def thinning(store) -> SqlFigureThinning:
    return SqlFigureThinning(store.database)


def walk(seed: int, hours: int, every: timedelta = 7 * MINUTE) -> list[Figure]:
    """Two figures of two books and the service, with gaps, values that could not be measured, limits and details."""
    chance = random.Random(seed)
    return [
        Figure(name, of, START + k * every + timedelta(seconds=chance.randint(0, 50)), value, chance.choice((None, 0.5)),
               why="" if value is not None else "no price", detail={"k": k} if chance.random() < 0.1 else {})
        for name in NAMES
        for of in (labels(portfolio="P1"), labels(portfolio="P,2"), ())
        for k in range(int(hours * HOUR / every))
        if chance.random() < 0.8
        for value in [chance.choice((None, chance.uniform(-1, 1), chance.uniform(-1, 1)))]
    ]  # fmt: skip


def by_hand(given: Sequence[Figure], step: timedelta, before: datetime) -> dict[tuple, tuple]:
    """(name, subject, instant) -> (value, measured, lowest, highest, sum, why, detail) of every row that is left."""
    steps: dict[tuple, list[Figure]] = defaultdict(list)
    left: dict[tuple, tuple] = {}
    for f in given:
        begin = begin_of(f.at, step)
        if begin + step <= before:
            steps[f.name, f.subject, begin].append(f)
        else:
            left[f.name, f.subject, f.at] = (f.value, None, None, None, None, f.why, f.detail)
    for members in steps.values():
        last = max(members, key=lambda f: f.at)
        values = [f.value for f in members if f.value is not None]
        spread = (None,) * 4 if len(members) == 1 else (
            len(values), min(values, default=None), max(values, default=None), sum(values) if values else None
        )  # fmt: skip
        left[last.name, last.subject, last.at] = (last.value, *spread, last.why, last.detail)
    return left


def stored(figures: SqlFigures) -> dict[tuple, tuple]:
    found = {}
    for name in NAMES:
        for f in figures.series(name, START - DAY, START + 400 * DAY, limit=1_000_000):
            s = f.spread
            total = None if s is None or s.mean is None else s.mean * s.measured
            spread = (None,) * 4 if s is None else (s.measured, s.lowest, s.highest, total)
            found[f.name, f.subject, f.at] = (f.value, *spread, f.why, f.detail)
    return found


def assert_alike(found: dict[tuple, tuple], expected: dict[tuple, tuple]) -> None:
    assert found.keys() == expected.keys()
    for key, (value, measured, lowest, highest, total, *others) in found.items():
        hand = expected[key]
        assert (value, measured, lowest, highest, *others) == (*hand[:4], *hand[5:]), key
        assert total == (None if hand[4] is None else pytest.approx(hand[4], abs=1e-12)), key


@pytest.mark.parametrize("seed", range(3))
def test_each_step_leaves_its_last_row_with_what_was_in_it(figures, thinning, seed):
    given = walk(seed, 20)
    figures.put(given)
    before = START + 15 * HOUR + 20 * MINUTE  # in the middle of a step, which is left as it is
    gone = thinning.thin(HOUR, before)
    expected = by_hand(given, HOUR, before)
    assert_alike(stored(figures), expected)
    assert gone == len({(f.name, f.subject, f.at) for f in given}) - len(expected) > 0


def test_again_and_further_and_in_longer_steps_nothing_is_counted_twice(figures, thinning):
    given = walk(11, 80)
    figures.put(given)
    thinning.thin(HOUR, START + 30 * HOUR)
    assert thinning.thin(HOUR, START + 30 * HOUR) == 0
    thinning.thin(HOUR, START + 60 * HOUR)
    thinning.thin(DAY, START + 50 * HOUR)
    assert thinning.thin(DAY, START + 50 * HOUR) == 0
    days = by_hand([f for f in given if f.at < START + 2 * DAY], DAY, START + 2 * DAY)
    hours = by_hand([f for f in given if f.at >= START + 2 * DAY], HOUR, START + 60 * HOUR)
    found = stored(figures)
    # A step of which an hour had one row, and that alone, is its row; of hours and days the counts and sums are the same.
    assert_alike(found, {**days, **hours})


def test_of_what_is_measured_once_the_row_and_its_detail_stay_as_they_are(figures, thinning):
    """A released proposal's expectation is a figure of its own, and its detail is what forecasts are judged by."""
    once = Figure("proposal_volatility", labels(portfolio="P1", run="reb-1"), START + MINUTE, 0.1, detail={"mean": 0.05})
    figures.put([once])
    assert thinning.thin(HOUR, START + DAY) == 0
    assert figures.series("proposal_volatility", START) == [once]


def test_how_many_rows_it_would_go_through_is_told_and_then_none(figures, thinning):
    given = walk(5, 10)
    figures.put(given)
    assert thinning.oldest() == min(f.at for f in given)
    due = sum(f.at < START + 8 * HOUR for f in given)
    assert thinning.rows(HOUR, START + 8 * HOUR) == due
    thinning.thin(HOUR, START + 8 * HOUR)
    assert thinning.rows(HOUR, START + 8 * HOUR) == 0


def test_a_drawing_shows_the_furthest_that_was_in_a_step(figures, thinning, store):
    of = labels(portfolio="P1")
    figures.put([Figure("book_drift", of, START + k * MINUTE, v) for k, v in enumerate([0.01, 0.4, -0.2, 0.02])])
    steps = SqlFigureSteps(store.database)
    for lowest, furthest in (((), 0.4), (("book_drift",), -0.2)):
        before = steps.steps(["book_drift"], START, 3600, lowest=lowest)
        assert [f.value for f in before] == [furthest]
    thinning.thin(HOUR, START + DAY)
    for lowest, furthest in (((), 0.4), (("book_drift",), -0.2)):
        assert [f.value for f in steps.steps(["book_drift"], START, 3600, lowest=lowest)] == [furthest]
    (left,) = figures.series("book_drift", START)
    assert (left.value, left.spread) == (0.02, Spread(4, -0.2, 0.4, pytest.approx(0.0575)))


def test_what_is_kept_is_bounded_however_long_it_is_measured(figures, thinning):
    """Two series at ten minutes' step through thirty days, thinned every day: at most what the arithmetic says, at any time."""
    how = (Thinning(3 * DAY, HOUR), Thinning(10 * DAY, DAY))
    every, days, series = 10 * MINUTE, 20.0, 2
    most = series * rows_kept(how, every, days)
    assert most == series * ((3 * 144 + 6 + 1) + (7 * 24 + 24 + 1) + (10 + 1))
    counts = []
    for day in range(30):
        begin = START + day * DAY
        figures.put([
            Figure("book_drift", labels(portfolio=f"P{book}"), begin + k * every, float(k))
            for book in range(series) for k in range(144)
        ])  # fmt: skip
        now = begin + DAY
        for one in how:
            thinning.thin(one.step, one.until(now))
        figures.forget_before(now - timedelta(days=days))
        counts.append(len(figures.series("book_drift", START - DAY, limit=1_000_000)))
    assert max(counts) <= most
    assert counts[-1] == counts[-2] == max(counts), "after its days it grows no more"
    assert counts[-1] > 0.9 * most
    assert 30 * 144 * series > 5 * counts[-1]
