"""Runs as lists have them, without their documents, which are large: the headline stands in a column of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, or_, select

from portopt.adapters.store import models
from portopt.adapters.store.approval_rows import COLUMNS as OF_APPROVAL
from portopt.adapters.store.records import run_from
from portopt.adapters.store.service_tables import approvals
from portopt.domain.errors import UnknownRun
from portopt.domain.run import RunRecord


def wanted(
    asked: Mapping[str, object],
    among: frozenset[str] | None,
    after: str | None,
    since: datetime | None,
    until: datetime | None,
    kinds: Sequence[str],
    *,
    by_approval: bool,
) -> Select[Any]:
    """The newest first. asked: columns that hold just this; None asks nothing. by_approval: those that people were asked."""
    runs = models.runs
    found = _lines(by_approval=by_approval)
    found = found.where(*(runs.c[name] == str(value) for name, value in asked.items() if value is not None))
    bounds = (runs.c.created_at >= since if since else None, runs.c.created_at < until if until else None)
    found = found.where(*(bound for bound in bounds if bound is not None))
    if kinds:
        found = found.where(runs.c.kind.in_(kinds))
    if among is not None:
        found = found.where(runs.c.portfolio_id.in_(among))
    if after is not None:
        # A foreign run is no place to go on from: it would tell that it is there, and when.
        seen = [] if among is None else [runs.c.portfolio_id.in_(among)]
        last = select(runs.c.created_at).where(runs.c.run_id == after, *seen).scalar_subquery()
        found = found.where(or_(runs.c.created_at < last, and_(runs.c.created_at == last, runs.c.run_id < after)))
    return found.order_by(runs.c.created_at.desc(), runs.c.run_id.desc())


def line(connection: Connection, run_id: str) -> RunRecord:
    """Raises UnknownRun."""
    found = read(connection, _lines().where(models.runs.c.run_id == run_id))
    if not found:
        raise UnknownRun(run_id)
    return found[0]


def read(connection: Connection, lines: Select[Any]) -> list[RunRecord]:
    rows = connection.execute(lines).mappings().all()
    return [run_from(dict(row), _headline(row), row["document_digest"]) for row in rows]


def _lines(*, by_approval: bool = False) -> Select[Any]:
    runs, results = models.runs, models.run_results
    columns = (results.c.document_digest, results.c.headline, *OF_APPROVAL)
    return select(runs, *columns).join(results, isouter=True).join(approvals, isouter=not by_approval)


def _headline(row: Mapping[Any, Any]) -> Mapping[str, Any] | None:
    """As a document that consists of it alone."""
    return None if row["headline"] is None else {"headline": row["headline"]}
