"""The night: every portfolio of a wave to its end, over one process or several, whatever is killed on the way.

Chunks are claimed where they are worked out. What a process that dies had claimed is free at once where this one started it,
and after its lease anywhere; what was stored by then is not worked out again.
"""

from __future__ import annotations

import logging
import os
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from portopt.domain.errors import OutsideError, PortoptError
from portopt.domain.request import Policy
from portopt.domain.wave import ItemState, Wave, WaveReport
from portopt.questions.children import mapped
from portopt.questions.policies import policies
from portopt.runs.events import deliver_if_possible
from portopt.runs.waves import chunk
from portopt.runs.waves.report import report
from portopt.runs.waves.shared import Shared
from portopt.runs.waves.start import Asked, WaveWish, start

if TYPE_CHECKING:
    from portopt.runtime import Runtime
    from portopt.settings import Settings

log = logging.getLogger(__name__)
MOST_FAULTS = 20  # rounds that end with a dead process before the wave is left to the next who takes it up
OTHERS_AT_WORK = 1.0  # seconds between looks at items that another process has

Told = Callable[[int, int], None]


def put_on_record(
    asked: Sequence[Asked], wish: WaveWish, runtime: Runtime, now: datetime, beside: Sequence[Policy] = ()
) -> Wave:
    """The wave with its items, to be carried out. beside: policies that may be named and are not on record themselves.

    Raises what `runs.waves.start.start` raises.
    """
    return start(asked, wish, {policy.id: policy for policy in (*policies(runtime), *beside)}, runtime, now)


def carry_out(wave_id: str, runtime: Runtime, *, processes: int = 1, told: Told | None = None) -> WaveReport:
    """Work until every item is at its end, then deliver the events; returns the report.

    processes: how many share the work; 1 is this one. told: how many items are ended, of how many, after each chunk.
    Raises UnknownThing, and OutsideError where store or processes fail again and again: the wave is then taken up by the next
    that carries it out, where it stands.
    """
    shared, faults = Shared(runtime.waves.get(wave_id), runtime), 0
    while left := _open(wave_id, runtime):
        owner = f"wave:{os.getpid()}:{secrets.token_hex(6)}"
        try:
            done = _round(shared, owner, processes, left, told)
        except OutsideError as error:
            faults += 1
            log.warning("a round of %s ended early: %s", wave_id, error.detail)
            _let_go(wave_id, owner, runtime)
            if faults >= MOST_FAULTS:
                raise
            continue
        if not done and _open(wave_id, runtime):
            time.sleep(OTHERS_AT_WORK)
    deliver_if_possible(runtime)
    return report(wave_id, runtime)


def _open(wave_id: str, runtime: Runtime) -> int:
    """Items that are not at their end."""
    counts = runtime.waves.counts(wave_id)
    return counts.get(ItemState.WAITING, 0) + counts.get(ItemState.WORKING, 0)


def _round(shared: Shared, owner: str, processes: int, left: int, told: Told | None) -> int:
    """Chunk after chunk, as many as there is work for; returns how many items were taken up."""
    calls = range(-(-left // chunk.SIZE) + processes)
    counted: Iterable[int]
    if processes <= 1:
        counted = map(partial(_here, shared, owner), calls)
    else:
        there = partial(_there, shared.runtime.settings, shared.wave.wave_id, owner)
        counted = mapped(there, calls, processes)
    total, done = left, 0
    for claimed in counted:
        done += claimed
        if told is not None:
            told(min(done, total), total)
        if processes <= 1 and not claimed:
            break
    return done


def _here(shared: Shared, owner: str, _call: int) -> int:
    return chunk.work_chunk(owner, shared)


def _there(settings: Settings, wave_id: str, owner: str, _call: int) -> int:
    return chunk.chunk_in(settings, wave_id, owner)


def _let_go(wave_id: str, owner: str, runtime: Runtime) -> None:
    """No process of that round is there any more: what it had is free."""
    try:
        runtime.waves.give_back(wave_id, owner)
    except PortoptError as error:
        log.warning("what %s had of %s is free once its lease is over: %s", owner, wave_id, error.detail)
