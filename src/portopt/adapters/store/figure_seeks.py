"""Figures by single looks into their index, for what would be read too long: who is measured at all, the newest of each step.

A loose scan: from one subject to the next, whatever number of rows lies between them. So the time it takes grows with what is
asked for, not with what is kept. Measured: docs/monitoring-page.md.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import Select, String, and_, column, func, select, true, values

from portopt.adapters.store.engine import Database
from portopt.adapters.store.watch_tables import figures
from portopt.domain.watch import Figure, labels_of

SHOWN = [figures.c[name] for name in ("name", "subject", "timestamp", "value", "limit_value", "why", "detail")]


class SqlFigureSeeks:
    """Of one database. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rows(self, names: Collection[str], since: datetime, among: frozenset[str] | None, most: int) -> int:
        """How many there are, counted no further than `most`."""
        some = select(figures.c.name).where(figures.c.name.in_(names), figures.c.timestamp >= since)
        if among is not None:
            some = some.where(figures.c.portfolio_id.in_(among))
        with self._database.reading() as connection:
            return int(connection.execute(select(func.count()).select_from(some.limit(most).subquery())).scalar_one())

    def last(self, names: Collection[str]) -> Sequence[Figure]:
        """The newest of each subject of these names, however old."""
        found: list[Figure] = []
        with self._database.reading() as connection:
            for name in sorted(names):
                found += [_figure(row) for row in connection.execute(_newest_of(name))]
        return found

    def newest(self, pairs: Collection[tuple[str, str]], since: datetime, seconds: int, until: datetime) -> Sequence[Figure]:
        """Of each name and subject the newest figure of each step of so many seconds; by name, subject and instant."""
        if not pairs:
            return []
        count = int((until - since).total_seconds() // seconds) + 1
        edges = [since + timedelta(seconds=k * seconds) for k in range(count + 1)]
        instant = figures.c.timestamp.type
        of = values(column("of_name", String), column("of_subject", String), name="of").data(sorted(pairs)).cte("wanted")
        within = values(column("low", instant), column("high", instant), name="within").data(list(pairwise(edges)))
        steps = within.cte("steps")
        inside = figures.alias("inside")
        newest = (
            select(inside.c.timestamp)
            .where(inside.c.name == of.c.of_name, inside.c.subject == of.c.of_subject)
            .where(inside.c.timestamp >= steps.c.low, inside.c.timestamp < steps.c.high)
            .order_by(inside.c.timestamp.desc())
            .limit(1)
            .correlate(of, steps)
            .scalar_subquery()
        )
        # Found first, then read by its key: asked for together, or for steps without any, much more is gone through.
        every = select(of.c.of_name, of.c.of_subject, newest.label("at")).select_from(of.join(steps, true()))
        picked = every.cte("picked").prefix_with("MATERIALIZED")
        joined = select(*SHOWN).select_from(picked).join(figures, and_(
            figures.c.name == picked.c.of_name, figures.c.subject == picked.c.of_subject, figures.c.timestamp == picked.c.at
        )).where(picked.c.at.is_not(None))  # fmt: skip
        with self._database.reading() as connection:
            rows = connection.execute(joined).all()
        return sorted((_figure(row) for row in rows), key=lambda f: (f.name, f.subject, f.at))


def _newest_of(name: str) -> Select[Any]:
    """From one subject to the next by the index, and of each its newest row."""
    first, following, within = (figures.alias(alias) for alias in ("first", "following", "within"))
    subjects = select(func.min(first.c.subject).label("subject")).where(first.c.name == name).cte("subjects", recursive=True)
    after = (
        select(func.min(following.c.subject))
        .where(following.c.name == name, following.c.subject > subjects.c.subject)
        .correlate(subjects)
        .scalar_subquery()
    )
    subjects = subjects.union_all(select(after).where(subjects.c.subject.is_not(None)))
    newest = (
        select(func.max(within.c.timestamp))
        .where(within.c.name == name, within.c.subject == subjects.c.subject)
        .correlate(subjects)
        .scalar_subquery()
    )
    found = select(*SHOWN).join(subjects, subjects.c.subject == figures.c.subject)
    return found.where(figures.c.name == name, figures.c.timestamp == newest)


def _figure(row: Any) -> Figure:
    name, subject, at, value, limit, why, detail = row
    return Figure(name, labels_of(subject), at, value, limit, why, detail or {})
