"""Figures through time in steps: of each step the furthest value, for drawings that have fewer points than there are rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, cast, extract, func, select

from portopt.adapters.store.engine import Database
from portopt.adapters.store.watch_tables import figures, watch_state
from portopt.domain.access import restricted_to
from portopt.domain.watch import Figure, labels_of


class SqlFigureSteps:
    """Implements ports.FigureSteps. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def steps(self, names: Collection[str], since: datetime, seconds: int, *, until: datetime | None = None,
              among: frozenset[str] | None = None, lowest: Collection[str] = ()) -> Sequence[Figure]:  # fmt: skip
        """One figure a name, subject and step in which there is any; at the step's newest instant, in the order of these."""
        step = self._step(seconds)
        newest = func.max(figures.c.timestamp, type_=figures.c.timestamp.type)
        wanted = select(
            figures.c.name, figures.c.subject, newest.label("at"),
            func.max(func.coalesce(figures.c.highest, figures.c.value)),
            func.min(func.coalesce(figures.c.lowest, figures.c.value)), func.max(figures.c.limit_value),
        ).where(figures.c.name.in_(names), figures.c.timestamp >= since)  # fmt: skip
        if until is not None:
            wanted = wanted.where(figures.c.timestamp < until)
        if among is not None:
            wanted = wanted.where(figures.c.portfolio_id.in_(among))
        wanted = wanted.group_by(figures.c.name, figures.c.subject, step).order_by(figures.c.name, figures.c.subject, newest)
        with self._database.reading() as connection:
            rows = connection.execute(wanted).all()
        return [
            Figure(name, labels_of(subject), at, low if name in lowest else high, limit)
            for name, subject, at, high, low, limit in rows
        ]

    def evaluated(self) -> tuple[int, datetime | None]:
        """The version of the watch, which every evaluation and every hand counts up; and when the last evaluation was."""
        with restricted_to(None), self._database.reading() as connection:
            version, at = connection.execute(select(watch_state.c.version, watch_state.c.evaluated_at)).one()
        return version, at

    def _step(self, seconds: int) -> ColumnElement[Any]:
        """Which step an instant is in, counted from 1970."""
        if self._database.dialect == "postgresql":
            return cast(func.floor(extract("epoch", figures.c.timestamp) / seconds), Integer)
        return cast(func.strftime("%s", figures.c.timestamp), Integer).op("/")(seconds)
