"""Waves and their items, in the one database that has the runs: an item ends in the transaction that stores its run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from portopt.domain.wave import ItemEnd, ItemState, Wave, WaveItem, WaveTrade


class WaveStore(Protocol):
    """Instants are by the database's clock; `now` is for tests."""

    def portfolios(self) -> Mapping[str, tuple[str, bool]]:
        """Every portfolio on record by id: (its own policy, whether its holdings are on record). Universes are not read."""
        ...

    def start(self, wave: Wave, items: Sequence[WaveItem]) -> Wave:
        """The wave with its items, all or none; one with its id that is there already is what comes back."""
        ...

    def get(self, wave_id: str) -> Wave:
        """Raises UnknownThing."""
        ...

    def list(self, limit: int = 50, *, asked_by: str | None = None, after: str | None = None) -> Sequence[Wave]:
        """Newest first; those that this one asked for, those after that wave."""
        ...

    def left_to_workers(self, limit: int = 10) -> Sequence[str]:
        """Ids of those that were asked for over the wire and are not ended, the oldest first."""
        ...

    def cancel(self, wave_id: str, problem: Mapping[str, Any], *, now: datetime | None = None) -> int:
        """What is not ended ends as cancelled, with this problem; returns how many items did. What ended stays as it is."""
        ...

    def items(
        self, wave_id: str, *, states: Sequence[ItemState] | None = None, after: int = -1, limit: int = 100_000
    ) -> Sequence[WaveItem]:
        """By number, after a number."""
        ...

    def trades(self, wave_id: str) -> Sequence[tuple[WaveItem, str, Sequence[WaveTrade] | None]]:
        """Its proposals by number, each with its portfolio's currency and its orders; None where they were not kept."""
        ...

    def counts(self, wave_id: str) -> Mapping[ItemState, int]:
        """How many items there are by state."""
        ...

    def claim(
        self, wave_id: str, owner: str, lease_seconds: float, *, size: int, most_attempts: int, now: datetime | None = None
    ) -> Sequence[WaveItem]:
        """Up to `size` items that nobody works on, leased to the owner: the shortest deadline first.

        Those that were taken up before and did not end are given out a few together, then alone: what ends its process ends no
        other item's work with it. One that was taken up `most_attempts` times is held instead.
        """
        ...

    def renew(self, wave_id: str, owner: str, lease_seconds: float, *, now: datetime | None = None) -> int:
        """Work on the owner's items goes on; returns how many they are."""
        ...

    def give_back(self, wave_id: str, owner: str) -> int:
        """The owner works on none of its items any more: they are free at once; returns how many they were."""
        ...

    def finish(self, wave_id: str, owner: str, ends: Sequence[ItemEnd], *, now: datetime | None = None) -> int:
        """Runs with their events, and the items' ends, in one transaction; returns how many items ended by it.

        An item that is not the owner's any more is left as it is, and so is what was to be stored with it.
        """
        ...
