"""A wave as a flow: the same runs as from a terminal, few tasks, a report; resumed by its id it does nothing twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import made_nights as nights
import pytest
from reporting import reporting

from portopt.domain.wave import ItemState
from portopt.doors.wave_form import WaveForm
from portopt.runtime import Runtime

BOOKS, ASSETS = 3, 8


@pytest.fixture
def home(tmp_path: Path, prefect_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    """An installation with a few books, whose flows report to the real server."""
    market = nights.write_market(tmp_path, ASSETS)
    found = nights.home(tmp_path, market, BOOKS)
    for name, value in (("HOME", found.settings.home), ("MARKET", "files"), ("MARKET_PATH", market.path)):
        monkeypatch.setenv(f"PORTOPT_{name}", str(value))
    yield from reporting(prefect_server)


def run(form: WaveForm) -> tuple[Any, Any]:
    from flows.night import wave

    async def once() -> tuple[Any, Any]:
        state = await wave(form, return_state=True)
        return state, (await state.aresult() if state.is_completed() else None)

    return asyncio.run(once())


def test_the_flow_ends_every_item_and_resumed_by_its_id_it_does_nothing_twice(home: Runtime) -> None:
    state, wave_id = run(WaveForm(deadline="2099-01-01T07:00+00:00"))
    assert state.is_completed()
    assert home.waves.counts(wave_id) == {ItemState.PROPOSED: BOOKS}
    before = home.runs.runs(limit=100)
    again, same = run(WaveForm(resume=wave_id))
    assert again.is_completed()
    assert (same, home.runs.runs(limit=100)) == (wave_id, before)


def test_a_deadline_that_was_missed_is_the_end_of_the_run(home: Runtime) -> None:
    state, _ = run(WaveForm(deadline="2001-01-01T07:00+00:00"))
    assert (state.name, state.message) == ("Missed", "deadlines: missed 3 of 3")


def test_a_portfolio_that_nobody_knows_is_refused_by_name(home: Runtime) -> None:
    state, _ = run(WaveForm(portfolios="P00000, nobody"))
    assert state.name == "BadRequest"
    assert "nobody" in str(state.message)
    assert not home.waves.list()
