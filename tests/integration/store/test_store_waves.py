"""Waves in both databases: the shortest deadline first, one owner at a time, each item ended once."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from portopt.adapters.store.books import SqlPortfolios
from portopt.adapters.store.sql import SqlStore
from portopt.adapters.store.waves import SqlWaves
from portopt.domain.errors import InvalidValue, UnknownThing
from portopt.domain.holdings import Holdings
from portopt.domain.portfolio import Portfolio
from portopt.domain.wave import ENDED, ItemEnd, ItemState, Wave, WaveItem

NOW = datetime(2026, 11, 30, 22, 0, tzinfo=UTC)
WAVE = Wave("wave-1", "the month ended", {"night": {"id": "night"}}, NOW)
LATER = NOW + timedelta(seconds=61)


@pytest.fixture
def waves(store: SqlStore) -> SqlWaves:
    return SqlWaves(store.database)


def items(*hours: float | None) -> list[WaveItem]:
    """One a deadline, so many hours from now; None has none."""
    due = [None if h is None else NOW + timedelta(hours=h) for h in hours]
    return [WaveItem("wave-1", k, f"P{k}", "night", deadline) for k, deadline in enumerate(due)]


def claim(waves: SqlWaves, owner: str, size: int, now: datetime = NOW, most: int = 5) -> list[int]:
    return [item.number for item in waves.claim("wave-1", owner, 60, size=size, most_attempts=most, now=now)]


def ended(*numbers: int) -> list[ItemEnd]:
    return [ItemEnd(number, ItemState.REFUSED, problem={"code": "infeasible"}) for number in numbers]


def test_portfolios_are_told_with_their_policies_and_whether_anything_is_known_of_their_holdings(
    waves: SqlWaves, store: SqlStore
) -> None:
    books = SqlPortfolios(store.database)
    books.save(Portfolio("P2", policy="growth"))
    books.declare(Holdings("P1", {"A": Decimal(3)}), "desk")
    assert dict(waves.portfolios()) == {"P1": ("quality_focused", True), "P2": ("growth", False)}


def test_the_shortest_deadline_is_taken_up_first_and_what_has_none_last(waves: SqlWaves) -> None:
    waves.start(WAVE, items(None, 9, 7, 8, 7))
    assert claim(waves, "a", 2) == [2, 4]
    assert claim(waves, "b", 2) == [3, 1]
    assert claim(waves, "c", 2) == [0]
    assert claim(waves, "d", 2) == []


def test_a_wave_that_is_started_again_stays_the_first(waves: SqlWaves) -> None:
    waves.start(WAVE, items(1, 1))
    assert waves.start(dataclasses.replace(WAVE, cause="another"), items(1, 1, 1)).cause == "the month ended"
    assert len(waves.items("wave-1")) == 2
    assert [wave.wave_id for wave in waves.list()] == ["wave-1"]


def test_what_the_wave_is_comes_back_as_it_was_said(waves: SqlWaves) -> None:
    said = dataclasses.replace(WAVE, provider="files:/prices", as_of=NOW.date(), await_approval=True, asked_by="desk")
    assert waves.start(said, items(7)) == said == waves.get("wave-1")
    assert waves.items("wave-1") == items(7)
    with pytest.raises(UnknownThing):
        waves.get("wave-2")
    with pytest.raises(InvalidValue):
        waves.start(dataclasses.replace(WAVE, wave_id="wave-3", cause="  "), items(7))


def test_a_lease_that_is_over_is_anybodys_and_what_its_old_owner_says_is_not_heard(waves: SqlWaves) -> None:
    waves.start(WAVE, items(1, 1))
    assert claim(waves, "slow", 2) == [0, 1]
    assert claim(waves, "quick", 2) == []
    assert claim(waves, "quick", 1, LATER) == [0]
    assert waves.finish("wave-1", "slow", ended(0), now=LATER) == 0
    assert waves.finish("wave-1", "quick", ended(0), now=LATER) == 1
    assert waves.finish("wave-1", "quick", ended(0), now=LATER) == 0, "once"


def test_a_lease_that_is_renewed_goes_on(waves: SqlWaves) -> None:
    waves.start(WAVE, items(1, 1))
    claim(waves, "a", 2)
    assert waves.renew("wave-1", "a", 60, now=NOW + timedelta(seconds=50)) == 2
    assert claim(waves, "b", 2, LATER) == []


def test_what_its_owner_gives_back_is_free_at_once(waves: SqlWaves) -> None:
    waves.start(WAVE, items(1, 1, 1))
    claim(waves, "a", 2)
    assert waves.give_back("wave-1", "a") == 2
    assert claim(waves, "b", 3) == [2], "those that were never taken up come first"
    assert claim(waves, "b", 3) == [0, 1]


def test_what_did_not_end_is_taken_up_again_a_few_together_and_then_alone(waves: SqlWaves) -> None:
    waves.start(WAVE, items(*[1] * 9))
    claimed = []
    for _ in range(4):
        claimed.append(len(claim(waves, "a", 9)))
        waves.give_back("wave-1", "a")
    assert claimed == [9, 4, 4, 1]
    assert len(claim(waves, "b", 9)) == 1
    assert claim(waves, "c", 9) != claim(waves, "d", 9)


def test_an_item_that_ends_whatever_works_on_it_is_held_after_so_many_attempts(waves: SqlWaves) -> None:
    waves.start(WAVE, items(1))
    for attempt in range(3):
        assert claim(waves, "a", 1, NOW + attempt * timedelta(seconds=61), most=3) == [0]
    assert claim(waves, "a", 1, NOW + timedelta(hours=1), most=3) == []
    (item,) = waves.items("wave-1")
    assert item.state is ItemState.HELD
    assert item.problem is not None
    assert item.problem["detail"] == "item 0 was taken up 3 times and never ended: its book stays as it is"
    assert waves.get("wave-1").ended_at == NOW + timedelta(hours=1)


def test_a_wave_ends_with_its_last_item_and_says_when(waves: SqlWaves) -> None:
    waves.start(WAVE, items(1, 1))
    claim(waves, "a", 2)
    waves.finish("wave-1", "a", ended(0), now=NOW)
    assert waves.get("wave-1").ended_at is None
    waves.finish("wave-1", "a", ended(1), now=LATER)
    assert waves.get("wave-1").ended_at == LATER
    assert waves.counts("wave-1") == {ItemState.REFUSED: 2}


def test_of_many_owners_at_once_each_item_is_ended_by_one(waves: SqlWaves) -> None:
    waves.start(WAVE, items(*[1] * 60))

    def owner(name: str) -> int:
        done = 0
        while numbers := claim(waves, name, 7, datetime.now(UTC)):
            done += waves.finish("wave-1", name, ended(*numbers))
        return done

    with ThreadPoolExecutor(4) as at_once:
        assert sum(at_once.map(owner, "abcd")) == 60
    assert {item.state for item in waves.items("wave-1")} <= set(ENDED)
    assert {item.attempts for item in waves.items("wave-1")} == {1}
