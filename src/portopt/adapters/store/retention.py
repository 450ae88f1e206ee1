"""Rows that are past their days: which runs nothing needs any more, and taking all their rows away, a run at a time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, delete, exists, or_, select

from portopt.adapters.store import models, projection
from portopt.adapters.store.choice_tables import saved_choices
from portopt.adapters.store.endings import OPEN, WORKED_ON
from portopt.adapters.store.engine import Database
from portopt.adapters.store.service_tables import jobs
from portopt.adapters.store.wave_tables import wave_items, waves
from portopt.domain.retention import PastRun

NOT_ENDED = "it is not ended"
AUDITED = "the ledger names it: a proposal can be replayed for as long as there is a record of the decision"
AWAITS = "its event is not delivered yet"
OF_A_JOB = "a job ended with it"
SAVED = "it is saved under a name"
OF_A_WAVE = "it is an item's of a wave that is kept"
# What a run left beside its own rows, results before requests: a result belongs to its request.
LEFT = (
    (saved_choices, "choice_id"),
    (models.run_results, "run_id"), (models.outbox, "run_id"), (models.optimization_results, "optimization_id"),
    (models.efficient_frontier_results, "frontier_id"), (models.factor_analysis_results, "analysis_id"),
    (models.rebalance_results, "rebalance_id"), (models.optimization_requests, "id"),
    (models.efficient_frontier_requests, "id"), (models.factor_analysis_requests, "id"), (models.rebalance_requests, "id"),
    (models.portfolio_optimizations, "optimization_id"), (models.efficient_frontiers, "frontier_id"),
    (models.rebalance_plans, "rebalance_id"), (models.factor_exposures, "analysis_id"),
    (models.strategy_optimization_results, "optimization_id"),
)  # fmt: skip


class SqlRetention:
    """Implements ports.retention.RetentionStore. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def past_runs(self, before: datetime) -> Sequence[PastRun]:
        """Runs that were asked for before an instant, each with the reason to keep it where there is one; by age."""
        runs = models.runs.c
        asked = select(runs.run_id, runs.kind, _stays().label("stays")).where(runs.created_at < before)
        with self._database.reading() as connection:
            rows = connection.execute(asked.order_by(runs.created_at, runs.run_id)).all()
        return [PastRun(row.run_id, row.kind, row.stays) for row in rows]

    def forget_runs(self, run_ids: Collection[str]) -> int:
        """Those of them that nothing needs, with all their rows, a transaction each; returns how many went."""
        return sum(self._forget_run(run_id) for run_id in run_ids)

    def _forget_run(self, run_id: str) -> bool:
        runs = models.runs.c
        with self._database.writing() as connection:  # asked again: something may have come to need it meanwhile
            asked = select(runs.run_id).where(runs.run_id == run_id, _stays().is_(None)).with_for_update()
            if connection.execute(asked).first() is None:
                return False
            for table, column in LEFT:
                connection.execute(delete(table).where(table.c[column] == run_id))
            configuration = projection.configuration_id(run_id)
            configurations = models.optimization_configurations
            connection.execute(delete(configurations).where(configurations.c.id == configuration))
            connection.execute(delete(models.runs).where(runs.run_id == run_id))
            return True

    def past_waves(self, before: datetime) -> Sequence[str]:
        """Waves that ended before an instant; by age."""
        asked = select(waves.c.wave_id).where(waves.c.ended_at < before).order_by(waves.c.ended_at, waves.c.wave_id)
        with self._database.reading() as connection:
            return list(connection.execute(asked).scalars())

    def forget_waves(self, wave_ids: Collection[str]) -> int:
        """With their items, a transaction each; their runs stay. Returns how many went."""
        return sum(self._forget_wave(wave_id) for wave_id in wave_ids)

    def _forget_wave(self, wave_id: str) -> bool:
        with self._database.writing() as connection:
            connection.execute(delete(wave_items).where(wave_items.c.wave_id == wave_id))
            return connection.execute(delete(waves).where(waves.c.wave_id == wave_id)).rowcount > 0

    def packs_in_use(self, pinned_since: datetime, but: Collection[str] = ()) -> frozenset[str]:
        """Packs that a run rests on, that an open job or wave began with, or that were remembered for a trigger since then.

        but: runs that are not counted.
        """
        with self._database.reading() as connection:
            return _of_runs(connection, frozenset(but)) | _of_pins(connection, pinned_since)


def _of_runs(connection: Connection, but: frozenset[str]) -> frozenset[str]:
    runs = models.runs.c
    rows = connection.execute(select(runs.run_id, runs.pricing_pack_id).where(runs.pricing_pack_id.is_not(None)))
    return frozenset(row.pricing_pack_id for row in rows if row.run_id not in but)


def _of_pins(connection: Connection, since: datetime) -> frozenset[str]:
    """A trigger is named by what it is of: `job:ID`, `WAVE:…`, `flow-run:ID`."""
    open_jobs = connection.execute(select(jobs.c.job_id).where(jobs.c.status.in_(OPEN))).scalars()
    open_waves = connection.execute(select(waves.c.wave_id).where(waves.c.ended_at.is_(None))).scalars()
    alive = {f"job:{job_id}" for job_id in open_jobs} | set(open_waves)
    pins = models.pins.c
    found = connection.execute(select(pins.key, pins.pricing_pack_id, (pins.created_at >= since).label("young")))
    return frozenset(
        row.pricing_pack_id for row in found if row.young or row.key in alive or row.key.partition(":")[0] in alive
    )


def _stays() -> ColumnElement[Any]:
    """Why a run is kept; NULL where nothing needs it."""
    runs, results, outbox = models.runs.c, models.run_results.c, models.outbox.c
    has_document = exists().where(results.run_id == runs.run_id)
    waits = exists().where(outbox.run_id == runs.run_id, outbox.delivered_at.is_(None))
    of_job = exists().where(or_(jobs.c.run_id == runs.run_id, jobs.c.job_id == runs.run_id))
    of_wave = exists().where(wave_items.c.run_id == runs.run_id)
    is_saved = exists().where(saved_choices.c.choice_id == runs.run_id, saved_choices.c.withdrawn_at.is_(None))
    return case(
        (runs.status.in_(WORKED_ON), NOT_ENDED),
        ((runs.kind == "rebalance") & has_document, AUDITED),
        (waits, AWAITS),
        (of_job, OF_A_JOB),
        (of_wave, OF_A_WAVE),
        (is_saved, SAVED),
        else_=None,
    )
