"""A run's status where S2's tables repeat it."""

from __future__ import annotations

from sqlalchemy import Connection, update

from portopt.adapters.store import models, projection
from portopt.adapters.store.clock import database_now
from portopt.domain.run import RunStatus


def mirror_status(connection: Connection, run_id: str, status: RunStatus) -> None:
    """S2 keeps the status in the request's row, and in the read side of an optimization."""
    now = database_now(connection)
    for table in projection.REQUESTS.values():
        connection.execute(update(table).where(table.c.id == run_id).values(status=status.value, updated_at=now))
    read = models.portfolio_optimizations
    connection.execute(update(read).where(read.c.optimization_id == run_id).values(status=status.value))
