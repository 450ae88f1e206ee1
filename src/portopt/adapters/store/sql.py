"""The relational store: runs, results, plans, policies, portfolios, pins and the outbox, in one database."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, select

from portopt.adapters.store import (
    answered,
    approvals,
    decisions,
    ledger,
    lifecycle,
    migrate,
    models,
    outbox,
    partitions,
    portfolios,
    row_security,
    run_lines,
    series,
    shard_locks,
    upkeep,
    written_documents,
)
from portopt.adapters.store.approvals import NOTHING_SAID
from portopt.adapters.store.clock import database_now
from portopt.adapters.store.deliveries import SqlDeliveries
from portopt.adapters.store.engine import Database
from portopt.adapters.store.records import (
    as_read,
    fits,
    holdings_from,
    holdings_of_version,
    holdings_row,
    policy_from,
    policy_row,
    version_key,
)
from portopt.adapters.store.upsert import insert_new, insert_or_update
from portopt.domain.access import restricted_to
from portopt.domain.approval import ApprovalState, Said
from portopt.domain.errors import InvalidValue, MissingInput, PortoptError, UnknownPolicy
from portopt.domain.holdings import Holdings
from portopt.domain.policy_preview import PolicyVersion
from portopt.domain.request import Policy
from portopt.domain.run import Event, Outbox, RunRecord, RunStatus, StoreExamination

FINISHED = (RunStatus.COMPLETED, RunStatus.AWAITING_APPROVAL)


class SqlStore:
    """Implements ports.RunStore on SQLite and PostgreSQL. Safe to share between threads; one per process.

    url: `sqlite:////path/to/file.db` or `postgresql+psycopg://user:password@host:port/database`.
    Every method raises OutsideError when the database does not answer (worth a retry: nothing was half done) and
    DataError when it is damaged, was never migrated, or belongs to a newer version.
    """

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        self._is_current = self._has_room = False

    def migrate(self, *, chunk_days: int = 1) -> str:
        """Bring the schema up to this version; returns its revision. Several processes may call it at once.

        chunk_days: length of a TimescaleDB chunk, where there is TimescaleDB.
        """
        revision = migrate.migrate(self.database, chunk_days=chunk_days)
        self._is_current = True
        return revision

    def maintain(self, now: datetime | None = None) -> list[str]:
        """Make the coming months' partitions; returns the names of those made (none where there are no partitions).

        They are looked for without a lock, and made under the migration's, once, whoever comes at the same moment.
        now: for tests; else the database's clock.
        """
        with self._reading() as connection:
            now = now or database_now(connection)
            if series.facts(connection).get(series.LEVEL) != partitions.PARTITIONS or not partitions.missing(connection, now):
                return []
        with restricted_to(None), self._writing() as connection:  # rows of every portfolio may have to move
            migrate.lock(connection)
            return partitions.make_partitions(connection, now)

    def _make_room(self) -> None:
        """Before the first row of this process. A row finds a place without it, in the default partition."""
        if self._has_room:
            return
        self._has_room = True
        try:
            self.maintain()
        except PortoptError as error:  # a user of the database who may write rows and make no tables
            logging.getLogger(__name__).warning("no partitions were made: %s", error.detail)

    def close(self) -> None:
        self.database.engine.dispose()

    # --- runs -----------------------------------------------------------------------------------------------------

    def begin(self, run: RunRecord) -> RunRecord:
        """Insert the run unless its id is there; returns what is stored."""
        with self._writing() as connection:
            return as_read(run) if lifecycle.insert_run(connection, run) else lifecycle.get_run(connection, run.run_id)

    def complete(
        self, run: RunRecord, event: Event | None, *, since: int | None = None, of_job: tuple[str, str] | None = None
    ) -> bool:
        """Result, projection and event in one transaction. False, and nothing written, when it was completed already.

        since: `holdings_version` when the question began, where the run's holdings are declared with its result: if others
        were declared meanwhile, or since they were by `save_holdings`, the run is superseded and releases no event.
        of_job: (job, owner), where it is worked out for a job. Raises Conflict where that is not theirs any more, or was ended.
        """
        if run.status not in FINISHED:
            raise InvalidValue("status", run.status.value, f"a completed run is one of {', '.join(FINISHED)}")
        if event is not None and run.status is RunStatus.AWAITING_APPROVAL:
            raise InvalidValue("event", event.event_id, "a proposal that awaits approval releases its event later")
        self._make_room()
        with self._writing() as connection:
            return lifecycle.complete(connection, run, event, since, of_job)

    def complete_all(self, answers: Sequence[tuple[RunRecord, Event | None]]) -> int:
        """Answers with the events that they release, in one transaction; returns how many were not there.

        By portfolio: two such transactions that wait for each other's portfolios would wait for ever.
        """
        self._make_room()
        each_once = {run.run_id: (run, event) for run, event in answers}
        in_turn = sorted(each_once.values(), key=lambda answer: answer[0].portfolio_id)
        if all(answered.ends_at_once(run) for run, _ in in_turn):
            ready = [answered.make_ready(self.database.engine, run, event) for run, event in in_turn]
            with self._writing() as connection:
                return answered.complete_ready(connection, ready)
        with self._writing() as connection:
            return sum(lifecycle.complete(connection, run, event, None) for run, event in in_turn)

    def renew(self, run: RunRecord, event: Event | None, *, since: int | None = None) -> RunRecord:
        """A complete run is asked for again: its event is put into the outbox if it is not there, its holdings are declared.

        event: None where a person must approve it first. Returns the run as it stands now.
        """
        with self._writing() as connection:
            lifecycle.renew(connection, run, event, since)
            return lifecycle.get_run(connection, run.run_id)

    def fail(self, run: RunRecord) -> None:
        """Record a failed or infeasible run with its problem object; one that has a result is left as it is."""
        with self._writing() as connection:
            lifecycle.fail(connection, run, unless=FINISHED)

    def release(
        self, run_id: str, event: Event, *, by: str = ledger.NOBODY, said: Said = NOTHING_SAID, seen: int | None = None
    ) -> bool:
        """Put the event of a run that awaited approval into the outbox; True for the one caller who did.

        A proposal whose holdings are not the newest any more is superseded instead, a late one expired. What is held, or is not
        what was `seen` (a version of the holdings), stays as it is; whom the policy wants more of are counted.
        """
        with self._writing() as connection:
            return decisions.release(connection, run_id, event, by, said, seen)

    def withdraw(
        self, run_id: str, problem: Mapping[str, Any], *, kind: str = "rejected", by: str = ledger.NOBODY,
        said: Said = NOTHING_SAID,
    ) -> bool:  # fmt: skip
        """A proposal that is not to be released ends as cancelled; True for the one who ended it.

        kind, by, said: for the ledger: rejected, changes_requested, expired or cancelled, who it was, and why.
        """
        with self._writing() as connection:
            return decisions.withdraw(connection, run_id, problem, kind, by, said)

    def hold(self, run_id: str, until: datetime, *, by: str = ledger.NOBODY, said: Said = NOTHING_SAID) -> bool:
        """Nobody approves it before then; True for the one who changed that."""
        with self._writing() as connection:
            return decisions.hold(connection, run_id, until, by, said)

    def release_hold(self, run_id: str, *, by: str = ledger.NOBODY, said: Said = NOTHING_SAID) -> bool:
        """It may be decided from now on; True for the one who lifted the hold."""
        with self._writing() as connection:
            return decisions.release_hold(connection, run_id, by, said)

    def expire(self, run_id: str, now: datetime | None = None) -> bool:
        """A proposal that nobody decided in time ends; True for the one who ended it. Whatever else stands stays."""
        with self._writing() as connection:
            return decisions.expire(connection, run_id, now)

    def late(self, now: datetime | None = None) -> Sequence[str]:
        """Proposals that nobody decided in time, by their ids."""
        with self._reading() as connection:
            return approvals.late(connection, now or database_now(connection))

    def abandon(self, run_id: str, problem: Mapping[str, Any], *, by: str = ledger.NOBODY) -> bool:
        """A run that was begun and never ended ends as cancelled; True for the one who did."""
        with self._writing() as connection:
            return lifecycle.abandon(connection, run_id, problem, by)

    def status(self, run_id: str) -> RunStatus:
        """Raises UnknownRun."""
        with self._reading() as connection:
            return lifecycle.status_of(connection, run_id)

    def get(self, run_id: str, *, verified: bool = True) -> RunRecord:
        """Raises UnknownRun; DataError when its document has changed, unless it need not be `verified`."""
        with self._reading() as connection:
            return lifecycle.get_run(connection, run_id, verified=verified)

    def line(self, run_id: str) -> RunRecord:
        """As `runs` lists it: `document` holds the headline alone. Raises UnknownRun."""
        with self._reading() as connection:
            return run_lines.line(connection, run_id)

    def written(self, run_id: str) -> bytes | None:
        """The document in its canonical bytes. Raises UnknownRun; DataError when it has changed."""
        with self._reading() as connection:
            return written_documents.written(connection, run_id)

    def put_document(self, run: RunRecord) -> None:
        """A document worked out again in place of a damaged one. Raises DataError when it is another one."""
        with self._writing() as connection:
            upkeep.put_document(connection, run)

    def runs(
        self, *, portfolio_id: str | None = None, limit: int = 50, among: frozenset[str] | None = None, kind: str | None = None,
        status: RunStatus | None = None, pricing_pack_id: str | None = None, after: str | None = None,
        since: datetime | None = None, until: datetime | None = None, kinds: Sequence[str] = (), about: str | None = None,
        approval: Sequence[ApprovalState] = (),
    ) -> Sequence[RunRecord]:  # fmt: skip
        """Newest first. approval: those whose approval stands as one of these.

        Documents are large: here `document` holds the headline alone, `get` has the whole.
        """
        asked = {"portfolio_id": portfolio_id, "kind": kind, "pricing_pack_id": pricing_pack_id, "status": status}
        asked["about_run"] = about
        wanted = run_lines.wanted(
            asked, among=among, after=after, since=since, until=until, kinds=kinds, by_approval=bool(approval)
        )
        with self._reading() as connection:
            if approval:
                wanted = wanted.where(approvals.stand(approval, database_now(connection)))
            return run_lines.read(connection, wanted.limit(limit))

    # --- policies -------------------------------------------------------------------------------------------------

    def policies(self) -> Sequence[Policy]:
        """The newest version of every policy, by id."""
        with self._reading() as connection:
            rows = connection.execute(select(models.optimizer_policies)).mappings().all()
        newest: dict[str, Any] = {}
        for row in sorted(rows, key=lambda row: version_key(row["method_version"])):
            newest[row["id"]] = row["body"]
        return [policy_from(newest[policy_id]) for policy_id in sorted(newest)]

    def policy(self, policy_id: str) -> Policy:
        """Its newest version. Raises UnknownPolicy."""
        known = {policy.id: policy for policy in self.policies()}
        if policy_id not in known:
            raise UnknownPolicy(policy_id, known)
        return known[policy_id]

    def policy_versions(self, policy_id: str) -> Sequence[PolicyVersion]:
        """Every version of one policy, the newest first."""
        table = models.optimizer_policies
        with self._reading() as connection:
            rows = connection.execute(select(table).where(table.c.id == policy_id)).mappings().all()
        newest_first = sorted(rows, key=lambda row: version_key(row["method_version"]), reverse=True)
        return [PolicyVersion(policy_from(row["body"]), row["created_at"], row["updated_at"]) for row in newest_first]

    def save_policies(self, policies: Sequence[Policy]) -> int:
        """Insert or update by id and method_version, all or none; returns how many changed."""
        rows = [policy_row(policy) for policy in policies]
        named = [(row["id"], row["method_version"]) for row in rows]
        for policy_id, version in named:
            if named.count((policy_id, version)) > 1:
                raise InvalidValue("policies", policy_id, f"given more than once in version {version}")
        table, changed = models.optimizer_policies, 0
        with self._writing() as connection:
            for row in rows:
                same = (table.c.id == row["id"], table.c.method_version == row["method_version"])
                if connection.execute(select(table.c.body).where(*same)).scalar() != row["body"]:
                    fresh = {**row, "updated_at": datetime.now(UTC)}
                    insert_or_update(connection, table, fresh, ("id", "method_version"))
                    changed += 1
        return changed

    # --- portfolios and pins --------------------------------------------------------------------------------------

    def save_holdings(self, holdings: Holdings) -> None:
        """Declare these the portfolio's holdings. Proposals on others that await approval are superseded."""
        with self._writing() as connection:
            portfolios.declare(connection, holdings_row(holdings), declared=portfolios.Declared.of(holdings))

    def holdings_version(self, portfolio_id: str) -> int:
        """How often the portfolio's holdings have been declared anew; 0 for a portfolio that has none here."""
        with self._reading() as connection:
            return portfolios.version(connection, portfolio_id)

    def holdings(self, portfolio_id: str) -> Holdings:
        """With accounts and lots. Raises MissingInput for a portfolio whose holdings were never saved."""
        table = models.portfolios
        with self._reading() as connection:
            row = connection.execute(select(table).where(table.c.id == portfolio_id)).mappings().first()
            if row is None or row["shares"] is None:
                known = connection.execute(select(table.c.id).where(table.c.cash.is_not(None)).order_by(table.c.id))
                raise MissingInput(
                    f"the store has no holdings of portfolio {portfolio_id!r}",
                    field="portfolio_id",
                    value=portfolio_id,
                    measured={"known_portfolios": list(known.scalars())[:20]},
                    fixes=["import its holdings first, or send them with the request"],
                )
            kept = portfolios.kept_version(connection, dict(row))
        return holdings_from(dict(row)) if kept is None else holdings_of_version(portfolio_id, kept)

    def pin(self, key: str, pricing_pack_id: str) -> str:
        """Remember which pack a trigger used, first writer wins; returns the one that holds."""
        row = {"key": fits("pin", key), "pricing_pack_id": fits("pricing_pack_id", pricing_pack_id)}
        with self._writing() as connection:
            insert_new(connection, models.pins, row)
            held: str = connection.execute(_pinned(key)).scalar_one()
        return held

    def pinned(self, key: str) -> str | None:
        with self._reading() as connection:
            held: str | None = connection.execute(_pinned(key)).scalar()
        return held

    # --- outbox ---------------------------------------------------------------------------------------------------

    def deliveries(self, shards: Collection[int] | None = None) -> SqlDeliveries:
        """The outbox as one relay sees it, for these shards or all; to be closed."""
        return SqlDeliveries(self.database, shards)

    def may_be_sent(self, now: datetime | None = None) -> bool:
        """Whether any event waits for nothing but a relay."""
        with self._reading() as connection:
            return outbox.may_be_sent(connection, now)

    def unpark_events(self) -> int:
        """Every parked event may be tried again; returns how many."""
        with self._writing() as connection:
            return outbox.unpark(connection)

    def outbox(self, now: datetime | None = None) -> Outbox:
        """What waits for delivery, and for what."""
        with self._reading() as connection:
            return outbox.state(connection, shard_locks.held(self.database, connection), now)

    def past_events(
        self, since: datetime, until: datetime | None = None, *, key: str | None = None, after: int = 0, limit: int = 100
    ) -> Sequence[tuple[int, Event]]:
        """Delivered events by when they occurred, from `since` to before `until`: (number, event), after a number."""
        with self._reading() as connection:
            return outbox.past(connection, since, until, key, after, limit)

    def installation(self) -> str:
        """A name that no other store has, made with it."""
        with self._reading() as connection:
            return series.facts(connection)["installation"]

    # --- health ---------------------------------------------------------------------------------------------------

    def health(self) -> dict[str, object]:
        """Dialect, revision, time series level (timescaledb, partitions or plain), what there is of TimescaleDB, counts."""
        with self._reading() as connection:
            return {
                "dialect": self.database.dialect,
                "database": self.database.shown,
                "revision": migrate.current_revision(connection),
                "time_series_level": series.facts(connection).get(series.LEVEL),
                "timescaledb": series.facts(connection).get(series.EXTENSION),
                "row_security": row_security.said_of(connection),
                "runs": connection.execute(select(func.count()).select_from(models.runs)).scalar_one(),
                "policies": connection.execute(select(func.count()).select_from(models.optimizer_policies)).scalar_one(),
                "outbox_pending": outbox.pending(connection),
            }

    def packs_needed(self) -> frozenset[str]:
        """Pricing packs that completed runs rest on."""
        with self._reading() as connection:
            return upkeep.packs_needed(connection)

    def examine(self) -> StoreExamination:
        """What somebody should look at. Reads and verifies every document."""
        with self._reading() as connection:
            return upkeep.examine(connection)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        self._require_current()
        with self.database.reading() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        self._require_current()
        with self.database.writing() as connection:
            yield connection

    def _require_current(self) -> None:
        """Once: a schema that is not this version's is said so, instead of failing on some column."""
        if not self._is_current:
            with self.database.reading() as connection:
                migrate.require_current(connection, self.database.shown)
            self._is_current = True


def _pinned(key: str) -> Any:
    return select(models.pins.c.pricing_pack_id).where(models.pins.c.key == key)
