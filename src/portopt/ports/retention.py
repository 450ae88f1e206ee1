"""What is past its days, in the database and on disk."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Protocol

from portopt.domain.retention import Going, PastRun


class RetentionStore(Protocol):
    """Rows that are past their days."""

    def past_runs(self, before: datetime) -> Sequence[PastRun]:
        """Runs that were asked for before an instant, each with the reason to keep it where there is one; by age."""
        ...

    def forget_runs(self, run_ids: Collection[str]) -> int:
        """Those of them that nothing needs, with all their rows, a transaction each; returns how many went."""
        ...

    def past_waves(self, before: datetime) -> Sequence[str]:
        """Waves that ended before an instant; by age."""
        ...

    def forget_waves(self, wave_ids: Collection[str]) -> int:
        """With their items, a transaction each; their runs stay. Returns how many went."""
        ...

    def packs_in_use(self, pinned_since: datetime, but: Collection[str] = ()) -> frozenset[str]:
        """Pricing packs that a run rests on, whatever its status, that an open job or wave began with, or that were remembered
        for a trigger since then. but: runs that are not counted.
        """
        ...


class Removals(Protocol):
    """Files that are past their days: each goes whole or not at all, and the next goes on with what a killed one began."""

    def past_packs(self, before: datetime) -> Sequence[Going]:
        """Packs that nobody wrote, or wanted to write and found, since then."""
        ...

    def remove_pack(self, pricing_pack_id: str, before: datetime, is_needed: Callable[[], bool]) -> bool:
        """Out of the way first, then asked once more, then gone; False where it was needed by then, or younger."""
        ...

    def past_reports(self, before: datetime) -> Sequence[Going]: ...

    def remove_report(self, run_id: str) -> None: ...

    def history_of(self, run_id: str) -> Going | None:
        """The tables that a backtest left, where there are any."""
        ...

    def remove_history(self, run_id: str) -> None: ...
