"""Runs, jobs and books as columns: what the watch reads without opening a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from portopt.domain.measured import EndedJob, EndedRun, KnownBook, OpenRun, Queue, ReleasedProposal


class RunColumns(Protocol):
    """Many runs at a glance. Instants are by the store's clock; every question is bounded by what its caller says."""

    def ended(self, since: datetime, *, most: int) -> Sequence[EndedRun]:
        """Runs that ended since then, newest first, so many at most."""
        ...

    def begun(self, now: datetime) -> Sequence[OpenRun]:
        """Runs that were begun and have not ended, the oldest first. now: up to which leases count."""
        ...

    def awaiting(self) -> Sequence[OpenRun]:
        """Proposals that await a person, the oldest first."""
        ...

    def released(self, since: datetime, *, portfolio_id: str | None = None) -> Sequence[ReleasedProposal]:
        """Rebalances that were released since then, the oldest first, and of each portfolio the newest whenever it was."""
        ...

    def request(self, run_id: str) -> Mapping[str, Any]:
        """What a run was asked, as data. Raises UnknownRun."""
        ...

    def jobs_ended(self, since: datetime) -> Sequence[EndedJob]:
        """Jobs that ended since then."""
        ...

    def queue(self) -> Queue:
        """Jobs that nobody has taken up."""
        ...

    def books(self) -> Sequence[KnownBook]:
        """Portfolios whose holdings were declared, by id."""
        ...
