"""Figures through time: what was put last is found, by whoever may see it; a naive list says the same."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from portopt.adapters.store.figures import SqlFigures
from portopt.domain.errors import InvalidValue
from portopt.domain.watch import Figure, labels, labels_of, subject_of

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BOOKS = ("P1", "P2", "P,3", "back\\slash", "a=b")


@pytest.fixture
def figures(store) -> SqlFigures:
    return SqlFigures(store.database)


def some(seed: int, many: int = 300) -> list[Figure]:
    """Figures of a few names, subjects and instants, many of them of one place twice."""
    chance = random.Random(seed)
    found = []
    for _ in range(many):
        book = chance.choice((None, *BOOKS))
        of = labels(engine="cvxpy") if book is None else labels(portfolio=book)
        name, at = (
            chance.choice(("drift", "volatility")),
            NOW + timedelta(minutes=chance.randrange(5), microseconds=chance.randrange(2)),
        )
        value = chance.choice((None, chance.random()))
        found.append(
            Figure(
                name,
                of,
                at,
                value,
                chance.choice((None, 0.5)),
                "" if value else "no prices",
                chance.choice(({}, {"asset": "XOM"})),
            )
        )
    return found


def newest_by_hand(given: list[Figure], since: datetime, among: frozenset[str] | None) -> list[Figure]:
    kept: dict[tuple, Figure] = {}
    for one in given:  # a later one of the same place holds
        kept[one.name, one.subject, one.at] = one
    newest: dict[tuple, Figure] = {}
    for one in sorted(kept.values(), key=lambda one: one.at):
        if one.at >= since and (among is None or one.portfolio_id in among):
            newest[one.name, one.subject] = one
    return list(newest.values())


def by_place(found: list[Figure]) -> dict[tuple, Figure]:
    return {(one.name, one.subject, one.at): one for one in found}


@pytest.mark.parametrize("seed", range(4))
def test_the_newest_of_each_subject_is_what_a_naive_list_says(figures, seed):
    given = some(seed)
    for start in range(0, len(given), 90):
        figures.put(given[start : start + 90])
    for since in (NOW - timedelta(days=1), NOW + timedelta(minutes=2), NOW + timedelta(days=1)):
        for among in (None, frozenset({"P1", "P,3"}), frozenset()):
            found = figures.latest(since, among=among)
            assert by_place(found) == by_place(newest_by_hand(given, since, among))
    drifts = figures.latest(NOW, names=["drift"], until=NOW + timedelta(minutes=1))
    assert drifts == [one for one in drifts if one.name == "drift" and one.at < NOW + timedelta(minutes=1)] != []


def test_a_series_is_in_order_and_bounded(figures):
    given = [
        Figure("drift", labels(portfolio=book), NOW + timedelta(minutes=n), n / 10) for book in ("P2", "P1") for n in range(9)
    ]
    assert figures.put(given[::-1]) == 18
    whole = figures.series("drift", NOW)
    assert [(one.portfolio_id, one.value) for one in whole] == [(book, n / 10) for book in ("P1", "P2") for n in range(9)]
    some_of_one = figures.series("drift", NOW + timedelta(minutes=2), NOW + timedelta(minutes=5), subject="portfolio=P2")
    assert [one.value for one in some_of_one] == [0.2, 0.3, 0.4]
    assert figures.series("drift", NOW, among=frozenset({"P1"}), limit=3) == whole[:3]
    assert figures.series("volatility", NOW) == []


def test_what_is_put_again_is_one_row_and_the_newest_holds(figures):
    assert figures.put([Figure("drift", labels(portfolio="P1"), NOW, 0.1)]) == 1
    again = Figure("drift", labels(portfolio="P1"), NOW, None, 0.2, "no prices", {"assets": ["XOM"]})
    assert figures.put([Figure("drift", labels(portfolio="P1"), NOW, 0.3), again]) == 1
    assert figures.latest(NOW) == [again]
    assert figures.put([]) == 0


def test_what_is_no_number_is_kept_as_not_measured(figures):
    figures.put([Figure("drift", labels(), NOW, float("nan"), why="0 / 0")])
    (found,) = figures.latest(NOW)
    assert found.value is None
    assert found.why == "0 / 0"


def test_old_figures_are_forgotten_and_new_ones_stay(figures):
    figures.put([Figure("drift", labels(portfolio="P1"), NOW - timedelta(days=n), float(n)) for n in range(10)])
    assert figures.forget_before(NOW - timedelta(days=3)) == 6
    assert [one.value for one in figures.series("drift", NOW - timedelta(days=99))] == [3.0, 2.0, 1.0, 0.0]


def test_what_is_past_its_days_goes_an_hour_at_a_time(figures):
    figures.put([Figure("drift", labels(portfolio="P1"), NOW - timedelta(minutes=30 * n), float(n)) for n in range(10)])
    assert figures.tend(1.0, NOW) == 0
    day = timedelta(days=1)
    assert figures.tend(1.0, NOW + day - timedelta(hours=4)) == 0  # half an hour is past: not yet
    assert figures.tend(1.0, NOW + day - timedelta(hours=2)) == 5
    assert len(figures.series("drift", NOW - day)) == 5


def test_a_subject_that_no_column_holds_is_refused_and_nothing_is_written(figures):
    with pytest.raises(InvalidValue):
        figures.put([Figure("drift", labels(), NOW, 1.0), Figure("drift", labels(portfolio="P" * 101), NOW, 1.0)])
    assert figures.latest(NOW) == []


@pytest.mark.parametrize("of", [labels(), *(labels(portfolio=book, asset=book) for book in BOOKS)])
def test_labels_are_read_back_from_their_line(of):
    assert labels_of(subject_of(of)) == of
