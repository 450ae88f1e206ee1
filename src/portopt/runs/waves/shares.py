"""A wave in parts for an orchestrator, to which every part is a cost: at most some two hundred of them, however many items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portopt.domain.wave import ItemState
from portopt.runs.waves import chunk

if TYPE_CHECKING:
    from portopt.runtime import Runtime
    from portopt.settings import Settings

MOST = 180  # parts of a round: with those of a second round, and the other tasks, below 200
SMALLEST = 64  # items to a part: some seconds of work


@dataclass(frozen=True, slots=True)
class Shares:
    """names: of the parts that are left. size: items to each."""

    names: tuple[str, ...]
    size: int


def open_shares(wave_id: str, runtime: Runtime) -> Shares:
    """What is left of it in parts; none where every item is at its end."""
    left = _open(wave_id, runtime)
    size = size_of(left)
    count = -(-left // size)
    return Shares(tuple(f"share {k + 1} of {count}" for k in range(count)), size)


def size_of(items: int) -> int:
    """Items to a part.

    >>> size_of(1_000), size_of(100_000)
    (64, 556)
    """
    return max(SMALLEST, -(-items // MOST))


def work(wave_id: str, owner: str, size: int, settings: Settings) -> int:
    """Items taken up until they are `size`, or nothing is free; returns how many. owner: of this part in this run of the flow.

    What the same owner had before is free first: of a part that is carried out again, the process that had it is gone.
    """
    chunk.opened(settings).waves.give_back(wave_id, owner)
    done = 0
    while done < size and (claimed := chunk.chunk_in(settings, wave_id, owner, min(chunk.SIZE, size - done))):
        done += claimed
    return done


def _open(wave_id: str, runtime: Runtime) -> int:
    counts = runtime.waves.counts(wave_id)
    return counts.get(ItemState.WAITING, 0) + counts.get(ItemState.WORKING, 0)
