"""The outside world, as protocols. Adapters implement them; runtime.py alone chooses which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from portopt.domain.holdings import Holdings
from portopt.domain.market import MarketQuery, MarketSnapshot, PackDifference
from portopt.domain.request import Policy
from portopt.domain.run import Event, RunRecord

if TYPE_CHECKING:
    import polars as pl


class MarketDataProvider(Protocol):
    """Where prices come from.

    `prices` gives a long table: asset_id (str), date (date), close (f64), optional volume (f64); one row a price, any
    order, as the source has it: checks and cleaning are not the provider's. Raises OutsideError when the source does
    not answer (worth a retry), DataError when what it answers is not prices, FileNotReadable for a path.
    """

    name: str
    source: str  # one line for the manifest: which file, which host, which version

    @property
    def adjustment(self) -> str:
        """ "adjusted", "raw" or "unknown"."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What reading the table left out, cleaned or decided, in sentences; once it is read."""
        ...

    def prices(self, query: MarketQuery) -> pl.DataFrame: ...


class PackStore(Protocol):
    """Immutable, content-addressed pricing packs."""

    def put(self, snapshot: MarketSnapshot) -> MarketSnapshot:
        """Store it (writing nothing when it is there already); returns it."""
        ...

    def get(self, pricing_pack_id: str) -> MarketSnapshot:
        """Raises DataError for an unknown or damaged pack."""
        ...

    def ids(self) -> Sequence[str]: ...

    def difference(self, a: str, b: str) -> PackDifference: ...


class RunStore(Protocol):
    """Runs, results, plans, policies, portfolios and the outbox: one database."""

    def begin(self, run: RunRecord) -> RunRecord:
        """Insert the run unless its id is there; returns what is stored."""
        ...

    def complete(self, run: RunRecord, event: Event | None) -> bool:
        """Result, projection and outbox row in one transaction. False when the run was completed already (nothing written)."""
        ...

    def fail(self, run: RunRecord) -> None:
        """Record a failed or infeasible run with its problem object; never overwrites a completed one."""
        ...

    def get(self, run_id: str) -> RunRecord:
        """Raises UnknownRun."""
        ...

    def runs(self, *, portfolio_id: str | None = None, limit: int = 50) -> Sequence[RunRecord]:
        """Newest first."""
        ...

    def release(self, run_id: str, event: Event) -> bool:
        """After an approval: put the event of a run that awaited it into the outbox, once."""
        ...

    def withdraw(self, run_id: str, problem: Mapping[str, Any]) -> bool:
        """End a run that awaited approval as cancelled, once; its event is never released."""
        ...

    def policies(self) -> Sequence[Policy]: ...

    def policy(self, policy_id: str) -> Policy:
        """Raises UnknownPolicy."""
        ...

    def save_policies(self, policies: Sequence[Policy]) -> int:
        """Insert or update by id and method_version; returns how many changed."""
        ...

    def save_holdings(self, holdings: Holdings) -> None:
        """The reference copy of the portfolio."""
        ...

    def holdings(self, portfolio_id: str) -> Holdings: ...

    def pin(self, key: str, pricing_pack_id: str) -> str:
        """Remember which pack a trigger used, first writer wins; returns the one that holds."""
        ...

    def pinned(self, key: str) -> str | None: ...

    def claim_events(self, limit: int, lease_seconds: float, now: datetime) -> Sequence[Event]:
        """Undelivered events in order, leased to the caller."""
        ...

    def mark_delivered(self, event_id: str, now: datetime) -> None: ...

    def health(self) -> dict[str, object]:
        """Dialect, migration revision, TimescaleDB level, counts."""
        ...


class EventSink(Protocol):
    """Where the relay delivers. Idempotent by event id."""

    def deliver(self, event: Event) -> None: ...

    def close(self) -> None: ...


class Progress(Protocol):
    """Who is told that a step begins; a context, so that its end and duration are known too."""

    def step(self, name: str) -> AbstractContextManager[None]: ...
