"""The relational store: runs, results, plans, policies, portfolios, pins and the outbox, in one database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from portopt.adapters.store import lifecycle, migrate, models, outbox, partitions, projection
from portopt.adapters.store.engine import Database
from portopt.adapters.store.records import (
    as_read,
    fits,
    holdings_from,
    holdings_row,
    policy_from,
    policy_row,
    result_row,
    run_from,
    version_key,
)
from portopt.adapters.store.upsert import insert_new, insert_or_update
from portopt.domain.errors import InvalidValue, MissingInput, UnknownPolicy
from portopt.domain.holdings import Holdings
from portopt.domain.request import Policy
from portopt.domain.run import Event, RunRecord, RunStatus

FINISHED = (RunStatus.COMPLETED, RunStatus.AWAITING_APPROVAL)


class SqlStore:
    """Implements ports.RunStore on SQLite and PostgreSQL. Safe to share between threads; one per process.

    url: `sqlite:////path/to/file.db` or `postgresql+psycopg://user:password@host:port/database`.
    Every method raises OutsideError when the database does not answer (worth a retry: nothing was half done) and
    DataError when it is damaged, was never migrated, or belongs to a newer version.
    """

    def __init__(self, url: str) -> None:
        self._database = Database(url)
        self._is_current = False

    def migrate(self, *, chunk_days: int = 1) -> str:
        """Bring the schema up to this version; returns its revision. Several processes may call it at once.

        chunk_days: length of a TimescaleDB chunk, where there is TimescaleDB.
        """
        revision = migrate.migrate(self._database, chunk_days=chunk_days)
        self._is_current = True
        return revision

    def maintain(self, now: datetime) -> list[str]:
        """Make the coming months' partitions; returns the names of those made (none where there are no partitions)."""
        with self._writing() as connection:
            level = self._facts(connection).get("time_series_level")
            return partitions.make_partitions(connection, now) if level == partitions.PARTITIONS else []

    def close(self) -> None:
        self._database.engine.dispose()

    # --- runs -----------------------------------------------------------------------------------------------------

    def begin(self, run: RunRecord) -> RunRecord:
        """Insert the run unless its id is there; returns what is stored."""
        with self._writing() as connection:
            return as_read(run) if lifecycle.insert_run(connection, run) else lifecycle.get_run(connection, run.run_id)

    def complete(self, run: RunRecord, event: Event | None) -> bool:
        """Result, projection and event in one transaction. False, and nothing written, when it was completed already."""
        if run.status not in FINISHED:
            raise InvalidValue("status", run.status.value, f"a completed run is one of {', '.join(FINISHED)}")
        if event is not None and run.status is RunStatus.AWAITING_APPROVAL:
            raise InvalidValue("event", event.event_id, "a proposal that awaits approval releases its event later")
        result = result_row(run)
        with self._writing() as connection:
            lifecycle.insert_run(connection, run)
            if not insert_new(connection, models.run_results, result):
                return False
            lifecycle.set_status(connection, run, problem=None)
            if run.pricing_pack_id is not None:
                manifest = result["document"].get("pricing_pack", {})
                insert_new(connection, models.pricing_packs, {"id": run.pricing_pack_id, "manifest": manifest})
            for table, row in projection.decided_rows(run):
                connection.execute(table.insert().values(**row))
            if event is not None:
                outbox.put(connection, event, run.run_id)
            return True

    def fail(self, run: RunRecord) -> None:
        """Record a failed or infeasible run with its problem object; a completed one is left as it is."""
        with self._writing() as connection:
            lifecycle.insert_run(connection, run)
            lifecycle.set_status(connection, run, unless=FINISHED, problem=run.problem)

    def release(self, run_id: str, event: Event) -> bool:
        """Put the event of a run that awaited approval into the outbox; True for the one caller who did."""
        with self._writing() as connection:
            runs = models.runs
            awaiting = update(runs).where(runs.c.run_id == run_id, runs.c.status == RunStatus.AWAITING_APPROVAL.value)
            if connection.execute(awaiting.values(status=RunStatus.COMPLETED.value)).rowcount == 0:
                lifecycle.get_run(connection, run_id)  # raises UnknownRun
                return False
            lifecycle.mirror_status(connection, run_id, RunStatus.COMPLETED)
            return outbox.put(connection, event, run_id)

    def withdraw(self, run_id: str, problem: Mapping[str, Any]) -> bool:
        """A proposal that a person rejected, or nobody approved in time, ends as cancelled; True for the one who did."""
        with self._writing() as connection:
            runs = models.runs
            awaiting = update(runs).where(runs.c.run_id == run_id, runs.c.status == RunStatus.AWAITING_APPROVAL.value)
            if connection.execute(awaiting.values(status=RunStatus.CANCELLED.value, problem=problem)).rowcount == 0:
                lifecycle.get_run(connection, run_id)  # raises UnknownRun
                return False
            lifecycle.mirror_status(connection, run_id, RunStatus.CANCELLED)
            return True

    def get(self, run_id: str) -> RunRecord:
        """Raises UnknownRun."""
        with self._reading() as connection:
            return lifecycle.get_run(connection, run_id)

    def runs(self, *, portfolio_id: str | None = None, limit: int = 50) -> Sequence[RunRecord]:
        """Newest first. Documents are large: here `document` holds the headline alone, `get` has the whole."""
        runs, results = models.runs, models.run_results
        wanted = select(runs, results.c.document_digest, results.c.headline).join(results, isouter=True)
        if portfolio_id is not None:
            wanted = wanted.where(runs.c.portfolio_id == portfolio_id)
        wanted = wanted.order_by(runs.c.created_at.desc(), runs.c.run_id.desc()).limit(limit)
        with self._reading() as connection:
            rows = connection.execute(wanted).mappings().all()
        headlines = [None if row["headline"] is None else {"headline": row["headline"]} for row in rows]
        return [run_from(dict(row), top, row["document_digest"]) for row, top in zip(rows, headlines, strict=True)]

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
        """Replace the reference copy of the portfolio."""
        with self._writing() as connection:
            insert_or_update(connection, models.portfolios, holdings_row(holdings), ("id",))

    def holdings(self, portfolio_id: str) -> Holdings:
        """Raises MissingInput for a portfolio whose holdings were never saved."""
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
        return holdings_from(dict(row))

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

    def claim_events(self, limit: int, lease_seconds: float, now: datetime) -> Sequence[Event]:
        """Undelivered events in order, leased to the caller until now + lease_seconds."""
        with self._writing() as connection:
            return outbox.claim(connection, limit, lease_seconds, now)

    def mark_delivered(self, event_id: str, now: datetime) -> None:
        with self._writing() as connection:
            outbox.mark_delivered(connection, event_id, now)

    # --- health ---------------------------------------------------------------------------------------------------

    def health(self) -> dict[str, object]:
        """Dialect, revision, time series level (timescaledb, partitions or plain), counts."""
        with self._reading() as connection:
            return {
                "dialect": self._database.dialect,
                "database": self._database.shown,
                "revision": migrate.current_revision(connection),
                "time_series_level": self._facts(connection).get("time_series_level"),
                "runs": connection.execute(select(func.count()).select_from(models.runs)).scalar_one(),
                "policies": connection.execute(select(func.count()).select_from(models.optimizer_policies)).scalar_one(),
                "outbox_pending": outbox.pending(connection),
            }

    def _facts(self, connection: Connection) -> dict[str, str]:
        facts = models.store_facts
        return {row.name: row.value for row in connection.execute(select(facts.c.name, facts.c.value))}

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        self._require_current()
        with self._database.reading() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        self._require_current()
        with self._database.writing() as connection:
            yield connection

    def _require_current(self) -> None:
        """Once: a schema that is not this version's is said so, instead of failing on some column."""
        if not self._is_current:
            with self._database.reading() as connection:
                migrate.require_current(connection, self._database.shown)
            self._is_current = True


def _pinned(key: str) -> Any:
    return select(models.pins.c.pricing_pack_id).where(models.pins.c.key == key)
