"""The outside world, as protocols. Adapters implement them; runtime.py alone chooses which."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from portopt.domain.access import Principal
from portopt.domain.backtest import Action
from portopt.domain.beliefs import Beliefs
from portopt.domain.holdings import Holdings
from portopt.domain.job import Job, KeptReply, Swept
from portopt.domain.ledger import BrokenLink, LedgerEntry
from portopt.domain.market import MarketQuery, MarketSnapshot, PackDifference
from portopt.domain.portfolio import HoldingsVersion, Portfolio
from portopt.domain.request import Policy
from portopt.domain.run import Event, Outbox, RunRecord, RunStatus, StoreExamination, Waiting
from portopt.domain.series import Converted, Tended
from portopt.domain.trials import TrialRecord

if TYPE_CHECKING:
    import polars as pl


class ActionsProvider(Protocol):
    """Where corporate actions come from: read and complete in themselves; whether the prices agree is asked beside the prices.

    Raises OutsideError when the source does not answer (worth a retry), DataError naming rows when what it answers is wrong.
    """

    name: str
    source: str
    notes: tuple[str, ...]

    def actions(self, query: MarketQuery) -> tuple[Action, ...]:
        """Those of the query's assets; dates are cut where they meet the prices."""
        ...


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

    def has(self, pricing_pack_id: str) -> bool:
        """Whether it is there; nothing of it is read."""
        ...

    def files(self, pricing_pack_id: str) -> Mapping[str, bytes]:
        """What it consists of, by name, once it is known to be whole. Raises DataError."""
        ...

    def restore(self, pricing_pack_id: str, files: Mapping[str, bytes]) -> MarketSnapshot:
        """The pack that these files are; kept here too. Raises DataError where they are not what the id says."""
        ...

    def litter(self) -> Sequence[Path]:
        """What killed writers left behind."""
        ...

    def difference(self, a: str, b: str) -> PackDifference: ...


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

    def status(self, run_id: str) -> RunStatus:
        """How far the run came. Raises UnknownRun."""
        ...

    def put_document(self, run: RunRecord) -> None:
        """A document worked out again in place of a damaged one. Raises DataError when it is another one."""
        ...

    def runs(
        self, *, portfolio_id: str | None = None, limit: int = 50, among: frozenset[str] | None = None, kind: str | None = None,
        status: RunStatus | None = None, pricing_pack_id: str | None = None, after: str | None = None,
    ) -> Sequence[RunRecord]:  # fmt: skip
        """Newest first, after a run's id. among: portfolios; None is all of them."""
        ...

    def release(self, run_id: str, event: Event, *, by: str = ...) -> bool:
        """After an approval: put the event of a run that awaited it into the outbox, once. by: who approved."""
        ...

    def withdraw(self, run_id: str, problem: Mapping[str, Any], *, kind: str = ..., by: str = ...) -> bool:
        """End a run that awaited approval as cancelled, once; its event is never released.

        kind: rejected, expired or cancelled, as the ledger says it. by: who did.
        """
        ...

    def abandon(self, run_id: str, problem: Mapping[str, Any], *, by: str = ...) -> bool:
        """End a run that was begun and never ended as cancelled, once."""
        ...

    def policies(self) -> Sequence[Policy]: ...

    def policy(self, policy_id: str) -> Policy:
        """Raises UnknownPolicy."""
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


class TrialStore(Protocol):
    """What was tried on which assets."""

    def register(self, tried: Sequence[TrialRecord]) -> None:
        """Each counts once: one that is there gets its newest figures."""
        ...

    def count(self, family: str) -> int: ...

    def list(self, family: str) -> Sequence[TrialRecord]: ...


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

    def expired(self, now: datetime | None = None) -> Sequence[Job]:
        """Jobs whose proposals have awaited a person for longer than was given, the oldest first."""
        ...

    def renew(self, job_id: str, owner: str, lease_seconds: float, now: datetime | None = None) -> bool:
        """Work goes on; False where the job is not this owner's any more, or is ended."""
        ...

    def tell(self, job_id: str, owner: str, progress: Mapping[str, Any]) -> bool:
        """How far it is: {"percent", "said", "seconds_left"}; False where it is not this owner's any more, or is ended."""
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


class BeliefStore(Protocol):
    """Immutable, content-addressed beliefs."""

    def put(self, beliefs: Beliefs) -> str:
        """Store them (writing nothing when they are there already); returns their id."""
        ...

    def get(self, beliefs_id: str) -> Beliefs:
        """Raises UnknownThing, and DataError for what is damaged."""
        ...


class PieceStore(Protocol):
    """Finished pieces of runs that take long, until the run is ended; shared by every process that works on it."""

    def put(self, run_id: str, piece: str, content: bytes) -> None:
        """Keep it; one that is there already stays as it is."""
        ...

    def get(self, run_id: str, piece: str) -> bytes | None:
        """As it was kept; None where it is not, or is damaged."""
        ...

    def has(self, run_id: str, piece: str) -> bool:
        """Whether it is there, sound."""
        ...

    def forget(self, run_id: str) -> None:
        """The run is ended, and needs its pieces no more."""
        ...


class KeySetSource(Protocol):
    """Where the keys are that an issuer signs its tokens with."""

    def read(self) -> bytes:
        """The key set (RFC 7517) as it stands now. Raises OutsideError, FileNotReadable, DataError."""
        ...


class Deliveries(Protocol):
    """The outbox as one relay sees it: the shards that it holds, alone, until it lets them go or dies.

    Every method raises OutsideError when the store does not answer. now: for tests; else the store's own clock.
    """

    wanted: frozenset[int]
    held: frozenset[int]

    def take(self) -> frozenset[int]:
        """Of the shards that are wanted those that are held from now on; the others are another relay's."""
        ...

    def waiting(self, limit: int, now: datetime | None = None) -> Sequence[Waiting]:
        """Events of these shards that may be sent, in order; first what was sent and may have arrived."""
        ...

    def advance(self, shard: int, *, delivered: str | None = None, sending: str | None = None, above: int = 0,
                now: datetime | None = None) -> int:  # fmt: skip
        """One event is delivered, for good, and the next has the number that comes back, before it is sent.

        Raises OutsideError when another relay holds the shard by now.
        """
        ...

    def refuse(self, event_id: str, problem: Mapping[str, Any], now: datetime | None = None) -> bool:
        """The sink would not take it: it waits, and is parked after its last attempt; True when it is parked now."""
        ...

    def wait(self, seconds: float) -> None:
        """Until something is put into the outbox, or for so long."""
        ...

    def close(self) -> None:
        """Let go of the shards."""
        ...


class EventSink(Protocol):
    """Where the relay delivers. Knows a repeat by the event's id, or by its shard and number."""

    def deliver(self, event: Event, *, shard: int = 0, number: int | None = None) -> None:
        """Raises EventRefused for an event that it will not take at all, OutsideError when it is not known to have taken it.

        number: grows within a shard; what was sent under it once is not taken twice.
        """
        ...

    def replay(self, event: Event) -> None:
        """Once more, marked as a replay, whatever was taken before."""
        ...

    def highest(self, shard: int) -> int:
        """The highest number of the shard that has arrived; 0 where the sink does not know numbers."""
        ...

    def close(self) -> None: ...


class Progress(Protocol):
    """Who is told what is being done, and how far it has come."""

    def step(self, name: str) -> AbstractContextManager[None]:
        """A step begins; a context, so that its end and duration are known too."""
        ...

    def count(self, done: int, of: int) -> None:
        """How far the present step has come."""
        ...
