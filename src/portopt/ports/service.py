"""What the service keeps beside its runs: portfolios, jobs, keys, the record of decisions, the table through time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from portopt.domain.access import Principal
from portopt.domain.holdings import Holdings
from portopt.domain.job import Job, KeptReply, Swept
from portopt.domain.ledger import BrokenLink, LedgerEntry
from portopt.domain.portfolio import HoldingsVersion, Portfolio
from portopt.domain.run import RunStatus
from portopt.domain.series import Converted, Tended


class PortfolioStore(Protocol):
    """Portfolios and the versions of their holdings."""

    def save(self, portfolio: Portfolio) -> Portfolio:
        """Insert or change what is said of a portfolio (name, policy, provider, universe, benchmark); its holdings stay."""
        ...

    def get(self, portfolio_id: str) -> Portfolio:
        """Raises UnknownThing."""
        ...

    def list(self, among: frozenset[str] | None, *, after: str | None = None, limit: int = 50) -> Sequence[Portfolio]:
        """By id, those among the given ones (None: all), after an id; without holdings."""
        ...

    def declare(self, holdings: Holdings, by: str, notes: Sequence[str] = ()) -> HoldingsVersion:
        """These are the holdings now. The same as before is the same version; proposals on others are superseded."""
        ...

    def versions(self, portfolio_id: str, *, before: int | None = None, limit: int = 50) -> Sequence[HoldingsVersion]:
        """Newest first."""
        ...

    def latest(self, portfolio_id: str) -> Mapping[str, Any] | None:
        """The newest row of `portfolio_optimization_ts`, of either kind; None where there is none."""
        ...


class JobStore(Protocol):
    """Work that is answered later. Instants are by the database's clock; `now` is for tests."""

    def submit(self, job: Job) -> Job:
        """Put it on record, with S2's request row, in one transaction; returns what holds.

        The same idempotency key of the same asker, or an equal job that is not ended, is the one that was submitted first.
        Raises KeyReused for a key that came with something else.
        """
        ...

    def get(self, job_id: str) -> Job:
        """Raises UnknownThing."""
        ...

    def list(
        self,
        among: frozenset[str] | None,
        *,
        kinds: Sequence[str] | None = None,
        portfolio_id: str | None = None,
        status: RunStatus | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Sequence[Job]:
        """Of these kinds or of all, newest first, after a job's id."""
        ...

    def wait(self, seconds: float) -> None:
        """Until a job is submitted, as far as the database tells of it; at most so long."""
        ...

    def claim(
        self, owner: str, lease_seconds: float, now: datetime | None = None, *, most_attempts: int | None = None,
        job_id: str | None = None,
    ) -> Job | None:  # fmt: skip
        """Take up the oldest job that is pending, or whose lease is over, and lease it; None where there is none.

        most_attempts: what was taken up so often is not taken up again, but left to `sweep`.
        job_id: this one and no other; what the owner has already is theirs for another lease.
        """
        ...

    def renew(self, job_id: str, owner: str, lease_seconds: float, now: datetime | None = None) -> bool:
        """Work goes on; False where the job is not this owner's any more, or is ended."""
        ...

    def tell(self, job_id: str, owner: str, progress: Mapping[str, Any]) -> bool:
        """How far it is: {"percent", "said", "seconds_left"}; False where it is not this owner's any more, or is ended."""
        ...

    def is_open(self, run_id: str) -> bool:
        """Whether some job that is not at its end is this run."""
        ...

    def became(self, job_id: str, run_id: str, *, owner: str | None = None) -> bool:
        """The job's prices are read: it is this run, whose end is the job's.

        owner: who says so; False, and nothing written, where the job is not theirs any more, or is ended.
        """
        ...

    def fail(
        self, job_id: str, problem: Mapping[str, Any], status: RunStatus = RunStatus.FAILED, *, owner: str | None = None
    ) -> bool:
        """It ended without an answer; False when it was ended already, or is not the owner's any more."""
        ...

    def sweep(self, most_attempts: int, now: datetime | None = None) -> Swept:
        """Jobs whose lease is over: free for anybody again, or failed after so many attempts."""
        ...

    def counts(self) -> Mapping[RunStatus, int]:
        """How many there are by status."""
        ...

    def usual_seconds(self, kind: str) -> float | None:
        """Median of what the last fifty jobs of a kind took from being asked for to their end; None before the first."""
        ...

    def lookup(
        self,
        among: frozenset[str] | None,
        *,
        idempotency_key: str | None = None,
        request_digest: str | None = None,
        pricing_pack_id: str | None = None,
        correlation_id: str | None = None,
        limit: int = 50,
    ) -> Sequence[Job]:
        """Newest first."""
        ...


class KeyStore(Protocol):
    """API keys, kept as hashes, and idempotency keys with the replies they stand for."""

    def create(self, principal: Principal, note: str = "") -> tuple[str, str]:
        """(key id, the key itself, which is told this once)."""
        ...

    def verify(self, key: str) -> Principal | None:
        """Whose it is; None for one that is unknown, or revoked."""
        ...

    def revoke(self, key_id: str) -> bool: ...

    def list(self) -> Sequence[Mapping[str, Any]]:
        """Without the hashes."""
        ...

    def reserve(self, reply: KeptReply) -> KeptReply:
        """Use an idempotency key; returns what it stands for. Raises KeyReused.

        The very object that was given: the key is the caller's now, to `keep` or to `forget`. Another one: what was reserved
        before, whose reply is None while it is being worked out. One that was not renewed for 15 seconds is taken over.
        """
        ...

    def renew(self, key: str, subject: str) -> None:
        """Whoever reserved it is still at work."""
        ...

    def held(self, key: str, subject: str) -> KeptReply | None:
        """What an idempotency key of theirs stands for; None for one that stands for nothing."""
        ...

    def keep(self, reply: KeptReply) -> None:
        """The reply that a reserved key stands for from now on."""
        ...

    def forget(self, key: str, subject: str) -> None:
        """What it stood for was refused: the key is free."""
        ...

    def forget_old(self, days: float, now: datetime | None = None) -> int:
        """Keys that were used longer ago are free again; returns how many."""
        ...


class Ledger(Protocol):
    """The append-only record of decisions, a chain for each portfolio."""

    def append(self, portfolio_id: str, kind: str, subject: str, body: Mapping[str, Any]) -> LedgerEntry: ...

    def entries(self, portfolio_id: str, *, after: int = 0, limit: int = 100) -> Sequence[LedgerEntry]: ...

    def proposers(self, portfolio_id: str, run_id: str) -> frozenset[str]:
        """Who proposed this run, and whoever asked for it too."""
        ...

    def of_run(self, portfolio_id: str, run_id: str) -> Sequence[LedgerEntry]:
        """The entries about one proposal, in order."""
        ...

    def verify(self, portfolio_id: str | None = None) -> Sequence[BrokenLink]:
        """Chains that do not hold, by their first entry that does not; of one portfolio, or of all."""
        ...


class SeriesStore(Protocol):
    """`portfolio_optimization_ts` as a whole: what it stands on, and how long its rows are kept."""

    def convert(self, *, chunk_days: int = 1) -> Converted:
        """A database that gained TimescaleDB uses it from now on; rows are kept. Raises RequestError where there is none."""
        ...

    def tend(self, keep_days: float | None, open_days: float, now: datetime | None = None) -> Tended:
        """What is past its days goes (keep_days: None, never); what is not written to any more is compressed."""
        ...


class KeySetSource(Protocol):
    """Where the keys are that an issuer signs its tokens with."""

    def read(self) -> bytes:
        """The key set (RFC 7517) as it stands now. Raises OutsideError, FileNotReadable, DataError."""
        ...
