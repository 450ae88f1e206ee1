"""What is refused before anything is spent on it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from portopt.domain.errors import TooMany
from portopt.doors.wire.admission import Admission
from portopt.doors.wire.call import Call
from portopt.doors.wire.pool import Pool
from portopt.settings import Settings


def test_what_would_wait_for_longer_than_is_allowed_is_refused_with_when_to_come_again() -> None:
    admission = Admission(processes=2, wait_seconds=2.0)
    admission.begin("optimize", 10.0)
    admission.end("optimize", 1.0)
    for _ in range(5):  # five seconds of work on two processes: the next one waits two and a half
        admission.begin("optimize", 10.0)
    with pytest.raises(TooMany) as refused:
        admission.begin("optimize", 10.0)
    assert refused.value.retry_after == 2
    assert admission.in_flight == 5


def test_whoever_comes_behind_one_that_waits_for_long_is_refused_whatever_was_measured_before() -> None:
    admission = Admission(processes=1, wait_seconds=2.0)
    admission.begin("optimize", 10.0, waited=1.9)
    with pytest.raises(TooMany):
        admission.begin("optimize", 10.0, waited=2.1)
    with pytest.raises(TooMany):
        admission.begin("optimize", 0.5, waited=0.6)


def test_a_pool_knows_how_long_the_first_in_its_queue_has_waited(tmp_path: Path) -> None:
    async def asked() -> None:
        pool = Pool(Settings(home=tmp_path))  # not started: nobody in it is ever free
        first = asyncio.create_task(pool.answer(Call("optimize", within=0.4)))
        await asyncio.sleep(0.2)
        second = asyncio.create_task(pool.answer(Call("optimize", within=0.3)))
        await asyncio.sleep(0.05)
        assert pool.waited >= 0.2
        assert [reply.status for reply in await asyncio.gather(first, second)] == [504, 504]
        assert pool.waited == 0.0

    asyncio.run(asked())


def test_a_process_that_is_free_goes_to_whoever_waits_longest_and_to_nobody_who_comes_meanwhile(tmp_path: Path) -> None:
    """With a queue of the library's whoever asked at the right moment passed those who waited: half of them ran out of time."""

    async def asked() -> list[str]:
        pool, got = Pool(Settings(home=tmp_path)), list[str]()

        async def take(name: str) -> None:
            if await pool._taken(time.monotonic() + 5.0) is not None:
                got.append(name)

        waiting = [asyncio.create_task(take(name)) for name in ("first", "second")]
        await asyncio.sleep(0)
        pool._freed("a process")  # type: ignore[arg-type]
        waiting.append(asyncio.create_task(take("third")))
        await asyncio.sleep(0.05)
        assert got == ["first"]
        pool._freed("a process")  # type: ignore[arg-type]
        pool._freed("a process")  # type: ignore[arg-type]
        await asyncio.gather(*waiting)
        return got

    assert asyncio.run(asked()) == ["first", "second", "third"]


def test_a_process_that_was_given_to_somebody_who_is_gone_goes_to_the_next(tmp_path: Path) -> None:
    async def asked() -> object:
        pool = Pool(Settings(home=tmp_path))
        gone = asyncio.create_task(pool._taken(time.monotonic() + 5.0))
        await asyncio.sleep(0)
        pool._freed("a process")  # type: ignore[arg-type]
        gone.cancel()
        await asyncio.wait({gone})
        return await pool._taken(time.monotonic() + 1.0)

    assert asyncio.run(asked()) == "a process"
