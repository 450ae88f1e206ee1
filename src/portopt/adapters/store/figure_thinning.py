"""Figures of long ago in steps: of each name and subject one row a step stays, the last, with what was in the step.

    measured, lowest, highest, mean     of the values of the step; a row that was thinned before counts for all it stood for

A step is one transaction, with the instant up to which it is done: who is killed has done some steps whole and the others not
at all, and whoever comes next goes on there. Of two at once each leaves what one would.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import CTE, Connection, and_, case, delete, func, select, update

from portopt.adapters.store.engine import Database
from portopt.adapters.store.upsert import insert_or_update_all
from portopt.adapters.store.watch_tables import figures, figures_thinned
from portopt.domain.access import restricted_to

INSTANT = figures.c.timestamp.type
Stopped = Callable[[], bool]


class SqlFigureThinning:
    """Implements ports.FigureThinning. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def oldest(self) -> datetime | None:
        """When the oldest figure was measured."""
        with restricted_to(None), self._database.reading() as connection:
            return _first_from(connection, None)

    def rows(self, step: timedelta, before: datetime) -> int:
        """How many rows thin() would go through."""
        with restricted_to(None), self._database.reading() as connection:
            since = _done(connection, step) or datetime.fromtimestamp(0, UTC)
            asked = select(func.count()).where(figures.c.timestamp >= since, figures.c.timestamp < before)
            return int(connection.execute(asked).scalar_one())

    def thin(self, step: timedelta, before: datetime, stopped: Stopped = lambda: False) -> int:
        """Every step that ends before then and is not done; returns how many rows went. Safe to repeat, and to be killed."""
        with restricted_to(None), self._database.reading() as connection:
            at = _done(connection, step)
        gone = 0
        while not stopped():
            with restricted_to(None), self._database.writing() as connection:
                first = _first_from(connection, at)
                low = None if first is None else begin_of(first, step)
                if low is None or low + step > before:
                    return gone
                at = low + step
                gone += _thin(connection, low, at)
                insert_or_update_all(
                    connection, figures_thinned, [{"step_seconds": int(step.total_seconds()), "until": at}], ("step_seconds",)
                )
        return gone


def begin_of(instant: datetime, step: timedelta) -> datetime:
    """Of the step that it is in, counted from 1970."""
    seconds = step.total_seconds()
    return datetime.fromtimestamp(instant.timestamp() // seconds * seconds, UTC)


def _done(connection: Connection, step: timedelta) -> datetime | None:
    asked = select(figures_thinned.c.until).where(figures_thinned.c.step_seconds == int(step.total_seconds()))
    found: datetime | None = connection.execute(asked).scalar()
    return found


def _first_from(connection: Connection, at: datetime | None) -> datetime | None:
    asked = select(func.min(figures.c.timestamp, type_=INSTANT))
    found: datetime | None = connection.execute(asked if at is None else asked.where(figures.c.timestamp >= at)).scalar()
    return found


def _thin(connection: Connection, low: datetime, high: datetime) -> int:
    """One step; returns how many rows went."""
    agg = _together(low, high)
    ours = and_(figures.c.name == agg.c.name, figures.c.subject == agg.c.subject)
    kept = update(figures).where(ours, figures.c.timestamp == agg.c.at)
    kept = kept.values(measured=agg.c.measured, lowest=agg.c.lowest, highest=agg.c.highest, mean=agg.c.mean)
    if connection.dialect.name == "postgresql":
        # One statement sees one state: what is written into the step meanwhile is neither counted nor deleted.
        others = delete(figures).where(ours, figures.c.timestamp >= low, figures.c.timestamp < agg.c.at)
        gone = others.returning(figures.c.name).cte("gone")
        counted = select(func.count()).select_from(gone)
        changed = kept.returning(figures.c.name).cte("changed")
        return int(connection.execute(counted.add_cte(changed)).scalar_one())
    connection.execute(kept)
    inside = figures.alias("inside")
    last = (
        select(func.max(inside.c.timestamp))
        .where(inside.c.name == figures.c.name, inside.c.subject == figures.c.subject, inside.c.timestamp < high)
        .correlate(figures)
        .scalar_subquery()
    )
    within = (figures.c.timestamp >= low, figures.c.timestamp < high)
    return connection.execute(delete(figures).where(*within, figures.c.timestamp < last)).rowcount


def _together(low: datetime, high: datetime) -> CTE:
    """Of each name and subject with more than one row in the step: the last instant, and what its values come to."""
    c: Any = figures.c
    weight = func.coalesce(c.measured, case((c.value.is_not(None), 1), else_=0))
    total = func.sum(case((weight > 0, func.coalesce(c.mean, c.value) * weight)))
    return (
        select(
            c.name, c.subject, func.max(c.timestamp, type_=INSTANT).label("at"), func.sum(weight).label("measured"),
            func.min(func.coalesce(c.lowest, c.value)).label("lowest"),
            func.max(func.coalesce(c.highest, c.value)).label("highest"),
            (total / func.nullif(func.sum(weight), 0)).label("mean"),
        )
        .where(c.timestamp >= low, c.timestamp < high)
        .group_by(c.name, c.subject)
        .having(func.count() > 1)
        .cte("together")
    )  # fmt: skip
