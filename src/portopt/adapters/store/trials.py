"""Every strategy that was ever put to a history of the same assets: counted once, whatever the period."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from portopt.adapters.store.engine import Database
from portopt.adapters.store.service_tables import trials
from portopt.adapters.store.upsert import insert_or_update
from portopt.domain.canonical import plain
from portopt.domain.trials import TrialRecord

KEYS = ("family", "trial_id")
FIELDS = ("policy", "changes", "sharpe", "periods", "first", "last")


class SqlTrials:
    """Implements ports.TrialStore. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register(self, tried: Sequence[TrialRecord]) -> None:
        """In one transaction; one that is there already gets its newest figures and is no further trial."""
        with self._database.writing() as connection:
            for one in tried:
                row = {name: getattr(one, name) for name in (*KEYS, *FIELDS)}
                insert_or_update(connection, trials, {**row, "changes": plain(one.changes)}, KEYS)

    def count(self, family: str) -> int:
        """How many were tried in a family so far."""
        with self._database.reading() as connection:
            found = connection.execute(select(func.count()).select_from(trials).where(trials.c.family == family))
            return int(found.scalar_one())

    def list(self, family: str) -> Sequence[TrialRecord]:
        """All of a family, in the order of their ids."""
        told = [trials.c[name] for name in (*KEYS, *FIELDS)]
        with self._database.reading() as connection:
            rows = connection.execute(select(*told).where(trials.c.family == family).order_by(trials.c.trial_id))
            return [TrialRecord(**row) for row in rows.mappings()]
