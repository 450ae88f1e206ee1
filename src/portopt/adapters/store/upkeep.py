"""What somebody should look at in a store: documents that changed, packs that must be there, runs that nobody ended."""

from __future__ import annotations

from sqlalchemy import Connection, func, select, update

from portopt.adapters.store import models
from portopt.adapters.store.clock import database_now
from portopt.adapters.store.lifecycle import UNFINISHED, get_run
from portopt.domain.errors import DataError
from portopt.domain.run import RunRecord, StoreExamination


def examine(connection: Connection) -> StoreExamination:
    """Reads every document: of a large store that takes a while."""
    runs, results = models.runs, models.run_results
    complete = connection.execute(select(results.c.run_id).order_by(results.c.run_id)).scalars().all()
    begun = select(runs.c.run_id, func.coalesce(runs.c.recorded_at, runs.c.created_at).label("at"))
    now = database_now(connection)
    rows = connection.execute(begun.where(runs.c.status.in_(UNFINISHED)).order_by(runs.c.created_at))
    return StoreExamination(
        damaged=tuple(run_id for run_id in complete if not _is_whole(connection, run_id)),
        unfinished=tuple((row.run_id, (now - row.at).total_seconds()) for row in rows),
    )


def packs_needed(connection: Connection) -> frozenset[str]:
    """Pricing packs that completed runs rest on."""
    runs = models.runs
    packs = select(runs.c.pricing_pack_id).join(models.run_results).where(runs.c.pricing_pack_id.is_not(None))
    return frozenset(connection.execute(packs.distinct()).scalars())


def _is_whole(connection: Connection, run_id: str) -> bool:
    try:
        get_run(connection, run_id)
    except DataError:
        return False
    return True


def put_document(connection: Connection, run: RunRecord) -> None:
    """The run's document in place of what stands there. Raises DataError when it is not the one that was stored first."""
    stored = get_run(connection, run.run_id, verified=False)
    if not run.is_whole or run.document_digest != stored.document_digest or run.document is None:
        raise DataError(f"this is not the document that was stored of {run.run_id}", field="run", value=run.run_id)
    values = {"document": run.document, "headline": run.document.get("headline")}
    results = models.run_results
    connection.execute(update(results).where(results.c.run_id == run.run_id).values(**values))
