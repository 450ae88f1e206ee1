"""Runs, results, plans, policies and the outbox: one database."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from portopt.domain.approval import ApprovalState, Said
from portopt.domain.holdings import Holdings
from portopt.domain.policy_preview import PolicyVersion
from portopt.domain.request import Policy
from portopt.domain.run import Event, Outbox, RunRecord, RunStatus, StoreExamination
from portopt.ports.events import Deliveries


class RunStore(Protocol):
    """Runs, results, plans, policies, portfolios and the outbox: one database."""

    def begin(self, run: RunRecord) -> RunRecord:
        """Insert the run unless its id is there; returns what is stored."""
        ...

    def complete(
        self, run: RunRecord, event: Event | None, *, since: int | None = None, of_job: tuple[str, str] | None = None
    ) -> bool:
        """Result, projection and outbox row in one transaction. False when the run was completed already (nothing written).

        since: `holdings_version` when the question began, where the run's holdings are declared with its result. A run whose
        holdings are not the newest any more is superseded, and its event is not released.
        of_job: (job, owner), where it is worked out for a job. Raises Conflict where that is not theirs any more, or was ended.
        """
        ...

    def complete_all(self, answers: Sequence[tuple[RunRecord, Event | None]]) -> int:
        """Answers with the events that they release, in one transaction; returns how many were not there."""
        ...

    def renew(self, run: RunRecord, event: Event | None, *, since: int | None = None) -> RunRecord:
        """A complete run is asked for again: what is owed of it is done. Returns it as it stands now."""
        ...

    def fail(self, run: RunRecord) -> None:
        """Record a failed or infeasible run with its problem object; never overwrites one that has a result."""
        ...

    def get(self, run_id: str, *, verified: bool = True) -> RunRecord:
        """Raises UnknownRun; DataError when its document has changed since it was stored, unless it need not be `verified`."""
        ...

    def line(self, run_id: str) -> RunRecord:
        """As `runs` lists it: `document` holds the headline alone, None where there is none. Raises UnknownRun."""
        ...

    def written(self, run_id: str) -> bytes | None:
        """The document in its canonical bytes, None where there is none. Raises UnknownRun; DataError when it has changed."""
        ...

    def status(self, run_id: str) -> RunStatus:
        """How far the run came. Raises UnknownRun."""
        ...

    def put_document(self, run: RunRecord) -> None:
        """A document worked out again in place of a damaged one. Raises DataError when it is another one."""
        ...

    def runs(
        self, *, portfolio_id: str | None = None, limit: int = 50, among: frozenset[str] | None = None, kind: str | None = None,
        status: RunStatus | None = None, pricing_pack_id: str | None = None, after: str | None = None,
        since: datetime | None = None, until: datetime | None = None, kinds: Sequence[str] = (), about: str | None = None,
        approval: Sequence[ApprovalState] = (),
    ) -> Sequence[RunRecord]:  # fmt: skip
        """Newest first, after a run's id. among: portfolios; None is all of them. since, until: when they were asked for, from
        the one and up to before the other. kinds: of one of these. about: what was asked around this run. approval: those whose
        approval stands as one of these.
        """
        ...

    def release(self, run_id: str, event: Event, *, by: str = ..., said: Said = ..., seen: int | None = None) -> bool:
        """After an approval: put the event of a run that awaited it into the outbox, once; True for the one who did.

        by: who approved; said: with which reason. seen: the version of the holdings that was looked at. What rests on holdings
        that are not the newest is superseded instead, and what nobody decided in time is expired; what is held, what was not
        seen as it stands, and what more people must approve stays as it is.
        """
        ...

    def withdraw(self, run_id: str, problem: Mapping[str, Any], *, kind: str = ..., by: str = ..., said: Said = ...) -> bool:
        """End a run that awaited approval as cancelled, once; its event is never released.

        kind: rejected, changes_requested, expired or cancelled, as the ledger says it. by: who did, said: why.
        """
        ...

    def hold(self, run_id: str, until: datetime, *, by: str = ..., said: Said = ...) -> bool:
        """Nobody approves it before then; True for the one who changed that."""
        ...

    def release_hold(self, run_id: str, *, by: str = ..., said: Said = ...) -> bool:
        """It may be decided from now on; True for the one who lifted the hold."""
        ...

    def expire(self, run_id: str, now: datetime | None = None) -> bool:
        """End a proposal that nobody decided in time; True for the one who did. now: for tests, else the database's clock."""
        ...

    def late(self, now: datetime | None = None) -> Sequence[str]:
        """Proposals that nobody decided in time, and nobody ended yet, by their ids."""
        ...

    def abandon(self, run_id: str, problem: Mapping[str, Any], *, by: str = ...) -> bool:
        """End a run that was begun and never ended as cancelled, once."""
        ...

    def policies(self) -> Sequence[Policy]: ...

    def policy(self, policy_id: str) -> Policy:
        """Raises UnknownPolicy."""
        ...

    def policy_versions(self, policy_id: str) -> Sequence[PolicyVersion]:
        """Every version of one policy, the newest first; none of one that is not kept."""
        ...

    def save_policies(self, policies: Sequence[Policy]) -> int:
        """Insert or update by id and method_version; returns how many changed."""
        ...

    def save_holdings(self, holdings: Holdings) -> None:
        """Declare these the portfolio's holdings; unreleased proposals on others are superseded."""
        ...

    def holdings_version(self, portfolio_id: str) -> int:
        """How often the portfolio's holdings have been declared anew; 0 where they never were."""
        ...

    def holdings(self, portfolio_id: str) -> Holdings: ...

    def pin(self, key: str, pricing_pack_id: str) -> str:
        """Remember which pack a trigger used, first writer wins; returns the one that holds."""
        ...

    def pinned(self, key: str) -> str | None: ...

    def deliveries(self, shards: Collection[int] | None = None) -> Deliveries:
        """The outbox as one relay sees it, for these shards or all; to be closed."""
        ...

    def may_be_sent(self, now: datetime | None = None) -> bool:
        """Whether any event waits for nothing but a relay."""
        ...

    def unpark_events(self) -> int:
        """Parked events may be tried again; returns how many."""
        ...

    def outbox(self, now: datetime | None = None) -> Outbox:
        """What waits for delivery, and for what."""
        ...

    def past_events(
        self, since: datetime, until: datetime | None = None, *, key: str | None = None, after: int = 0, limit: int = 100
    ) -> Sequence[tuple[int, Event]]:
        """Delivered events by when they occurred, from `since` to before `until`: (number, event), after a number."""
        ...

    def installation(self) -> str:
        """A name that no other store has."""
        ...

    def packs_needed(self) -> frozenset[str]:
        """Pricing packs that completed runs rest on."""
        ...

    def examine(self) -> StoreExamination:
        """What somebody should look at. Reads and verifies every document."""
        ...

    def health(self) -> dict[str, object]:
        """Dialect, migration revision, TimescaleDB level, counts."""
        ...
