"""A chunk of a wave: claimed together, worked out one after the other, stored a few at a time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from portopt.domain.access import asked_by
from portopt.domain.errors import OutsideError, PortoptError
from portopt.domain.wave import ItemEnd, ItemState, WaveItem
from portopt.runs.waves.item import work
from portopt.runs.waves.shared import Shared
from portopt.runs.waves.warming import warm_up

if TYPE_CHECKING:
    from portopt.runtime import Runtime
    from portopt.settings import Settings

SIZE = 16  # items to a chunk: a few seconds of work
STORED = 8  # ends to a transaction: what a kill costs, and how long the others wait to write
LEASE_SECONDS = 120.0  # an item takes two at most; renewed whenever ends are stored
SOON = 5.0  # seconds after which ends are stored however few they are


def chunk_in(settings: Settings, wave_id: str, owner: str, size: int = SIZE) -> int:
    """`work_chunk` in whatever process: what it opens and shares stays open there for the next chunk."""
    return work_chunk(owner, _shared(settings, wave_id), size=size)


@cache
def opened(settings: Settings) -> Runtime:
    """This process's installation by these settings."""
    from portopt.runtime import open_runtime

    return open_runtime(settings)


def chunk_left(runtime: Runtime, owner: str, size: int) -> int:
    """A chunk of whatever wave is left to the workers, the oldest first; returns how many items were taken up.

    Raises OutsideError where the store does not answer.
    """
    for wave_id in runtime.waves.left_to_workers():
        if done := chunk_in(runtime.settings, wave_id, owner, size):
            return done
    return 0


@lru_cache(maxsize=2)  # a process that works for weeks keeps the prices of no wave that is long over
def _shared(settings: Settings, wave_id: str) -> Shared:
    runtime = opened(settings)
    return Shared(runtime.waves.get(wave_id), runtime)


def work_chunk(owner: str, shared: Shared, *, size: int = SIZE) -> int:
    """Claim items and end them, until they are `size` or more or nothing is free; returns how many were claimed.

    Raises OutsideError where the store does not answer: what was claimed is free again once its lease is over.
    """
    warm_up()
    done = 0
    while done < size and (claimed := _claimed(owner, shared, size - done)):
        _end(claimed, owner, shared)
        done += len(claimed)
    return done


def _claimed(owner: str, shared: Shared, size: int) -> Sequence[WaveItem]:
    most = shared.runtime.settings.job_attempts
    return shared.runtime.waves.claim(shared.wave.wave_id, owner, LEASE_SECONDS, size=size, most_attempts=most)


def _end(claimed: Sequence[WaveItem], owner: str, shared: Shared) -> None:
    """Each worked out, stored a few at a time."""
    with asked_by(shared.wave.asked_by):
        _ended(claimed, owner, shared)


def _ended(claimed: Sequence[WaveItem], owner: str, shared: Shared) -> None:
    runtime, wave_id = shared.runtime, shared.wave.wave_id
    ends, since = list[ItemEnd](), time.monotonic()
    for item in claimed:
        ends.append(work(item, shared, runtime.settings.job_attempts))
        if len(ends) >= STORED or time.monotonic() - since > SOON:
            _store(wave_id, owner, ends, runtime)
            runtime.waves.renew(wave_id, owner, LEASE_SECONDS)
            ends, since = [], time.monotonic()
    _store(wave_id, owner, ends, runtime)


def _store(wave_id: str, owner: str, ends: list[ItemEnd], runtime: Runtime) -> None:
    """All of them; where the store refuses the lot, each by itself: one that cannot be stored is held, and says why."""
    if not ends:
        return
    try:
        runtime.waves.finish(wave_id, owner, ends)
        return
    except OutsideError:
        raise
    except PortoptError:
        pass
    for end in ends:
        try:
            runtime.waves.finish(wave_id, owner, [end])
        except OutsideError:
            raise
        except PortoptError as error:
            held = ItemEnd(end.number, ItemState.HELD, problem=error.problem(), seconds=end.seconds)
            runtime.waves.finish(wave_id, owner, [held])
