"""The desk in the database: a few statements for all portfolios together, none of which opens a document.

Measured on SQLite, see docs/desk.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, Select, Table, select

from portopt.adapters.store import models
from portopt.adapters.store.desk_tables import NUMBERS, desk_books
from portopt.adapters.store.engine import Database
from portopt.adapters.store.records import holdings_of_version
from portopt.adapters.store.service_tables import jobs, ledger
from portopt.adapters.store.wave_tables import wave_items, waves
from portopt.dialects.requests import read_cash_flow
from portopt.domain.desk import BookFigures, DeskBook, Newest, Stage, Told
from portopt.domain.holdings import Holdings
from portopt.domain.run import RunStatus
from portopt.domain.wave import ItemState

AT_ONCE = 500  # names to a statement
STAGES = {
    RunStatus.PENDING: Stage.IN_PROGRESS,
    RunStatus.PROCESSING: Stage.IN_PROGRESS,
    RunStatus.AWAITING_APPROVAL: Stage.AWAITING_APPROVAL,
    RunStatus.COMPLETED: Stage.RELEASED,
    RunStatus.CANCELLED: Stage.REJECTED,
    RunStatus.SUPERSEDED: Stage.SUPERSEDED,
    RunStatus.FAILED: Stage.FAILED,
    RunStatus.INFEASIBLE: Stage.FAILED,
}
REFUSED = (ItemState.REFUSED.value, ItemState.HELD.value)


class SqlDesk:
    """Implements ports.desk.DeskStore. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def books(self, among: Collection[str] | None) -> Sequence[DeskBook]:
        """By id. among: portfolios; None is all of them."""
        with self._database.reading() as connection:
            rows = connection.execute(_lines(among)).all()
        return [_book(row) for row in rows]

    def told(self, portfolio_ids: Collection[str]) -> Mapping[str, Told]:
        """What was said beside the figures of these, of those that were measured."""
        of = desk_books.c
        asked = select(of.portfolio_id, of.why, of.detail).where(of.measured_at.is_not(None))
        found = self._each(asked, of.portfolio_id, portfolio_ids)
        return {row.portfolio_id: Told(row.why or {}, row.detail or {}) for row in found}

    def holdings(self, portfolio_ids: Collection[str]) -> Mapping[str, Holdings]:
        """The newest of these, of those that have any."""
        of = models.portfolios.c
        asked = select(of.id, of.currency, of.cash, of.shares).where(of.shares.is_not(None))
        found = self._each(asked, of.id, portfolio_ids)
        return {
            row.id: holdings_of_version(row.id, {"currency": row.currency, "cash": row.cash or "0", "shares": row.shares})
            for row in found
        }

    def problems(self, books: Sequence[DeskBook]) -> Mapping[str, Mapping[str, Any]]:
        """By portfolio, why the newest thing that was asked failed, of those whose did."""
        whose = {str(book.newest.run_id): book.portfolio_id for book in books if book.newest.stage is Stage.FAILED}
        told: dict[str, Mapping[str, Any]] = {}
        for table, key in ((jobs, jobs.c.job_id), (models.runs, models.runs.c.run_id)):
            asked = select(key, table.c.problem).where(table.c.problem.is_not(None))
            told |= {whose[row[0]]: row[1] for row in self._each(asked, key, whose)}
        in_wave = {book.wave_id: None for book in books if book.newest.run_id is None and book.wave_id is not None}
        told |= self._refused(list(in_wave), {book.portfolio_id for book in books} - told.keys())
        return told

    def _refused(self, wave_ids: Sequence[str], portfolio_ids: Collection[str]) -> dict[str, Mapping[str, Any]]:
        """Why items of these waves have no run."""
        of = wave_items.c
        asked = select(of.portfolio_id, of.problem).where(of.wave_id.in_(wave_ids), of.state.in_(REFUSED))
        found = self._each(asked.where(of.problem.is_not(None)), of.portfolio_id, portfolio_ids) if wave_ids else ()
        return {row.portfolio_id: row.problem for row in found}

    def waves(self, wave_ids: Collection[str]) -> Mapping[str, tuple[str, str]]:
        """(kind, cause) of these waves."""
        found = self._each(select(waves.c.wave_id, waves.c.kind, waves.c.cause), waves.c.wave_id, wave_ids)
        return {row.wave_id: (row.kind, row.cause) for row in found}

    def newest_pack(self) -> str | None:
        """The pricing pack that was used or brought last."""
        packs = models.pricing_packs
        newest = select(packs.c.id).order_by(packs.c.created_at.desc(), packs.c.id).limit(1)
        with self._database.reading() as connection:
            found: str | None = connection.execute(newest).scalar()
        return found

    def _each(self, asked: Select[Any], key: Column[Any], names: Collection[str]) -> Iterator[Any]:
        wanted = sorted(names)
        with self._database.reading() as connection:
            for first in range(0, len(wanted), AT_ONCE):
                yield from connection.execute(asked.where(key.in_(wanted[first : first + AT_ONCE])))


def _newest_of(table: Table, key: Column[Any], *which: Any) -> Any:
    """The id of a portfolio's newest row, by the index over its instants."""
    of = select(key).where(table.c.portfolio_id == models.portfolios.c.id, *which)
    return of.order_by(table.c.created_at.desc(), key.desc()).limit(1).correlate(models.portfolios).scalar_subquery()


def _released_at() -> Any:
    """When an event of the portfolio was released last, as its ledger has it."""
    of = select(ledger.c.at).where(ledger.c.portfolio_id == models.portfolios.c.id, ledger.c.kind == "released")
    return of.order_by(ledger.c.number.desc()).limit(1).correlate(models.portfolios).scalar_subquery()


def _lines(among: Collection[str] | None) -> Select[Any]:
    """Found first, then read by their keys: asked for together, much more is gone through."""
    books, runs = models.portfolios, models.runs
    each = select(
        books.c.id,
        _newest_of(runs, runs.c.run_id, runs.c.kind == "rebalance").label("run_id"),
        _newest_of(jobs, jobs.c.job_id, jobs.c.kind.in_(("optimization", "rebalance"))).label("job_id"),
        _released_at().label("released_at"),
    )
    if among is not None:
        each = each.where(books.c.id.in_(sorted(among)))
    picked = each.cte("picked").prefix_with("MATERIALIZED")
    of_books = [books.c[name] for name in ("id", "name", "policy", "currency", "cash", "version", "updated_at", "cash_flow")]
    figures = [desk_books.c[name] for name in ("measured_at", *NUMBERS, "wave_id")]
    found = select(
        *of_books, books.c.shares.is_not(None).label("is_held"), *figures, picked.c.released_at,
        picked.c.run_id, runs.c.status.label("run_status"), runs.c.created_at.label("run_at"),
        picked.c.job_id, jobs.c.status.label("job_status"), jobs.c.created_at.label("job_at"),
        wave_items.c.state.label("wave_state"), wave_items.c.ended_at.label("wave_at"), wave_items.c.run_id.label("wave_run"),
    )  # fmt: skip
    return (
        found.select_from(picked)
        .join(books, books.c.id == picked.c.id)
        .outerjoin(desk_books, desk_books.c.portfolio_id == books.c.id)
        .outerjoin(runs, runs.c.run_id == picked.c.run_id)
        .outerjoin(jobs, jobs.c.job_id == picked.c.job_id)
        .outerjoin(
            wave_items, (wave_items.c.wave_id == desk_books.c.wave_id) & (wave_items.c.number == desk_books.c.wave_number)
        )
        .order_by(books.c.id)
    )


def _book(row: Any) -> DeskBook:
    is_measured = row.measured_at is not None and row.measured_at >= row.updated_at
    return DeskBook(
        portfolio_id=row.id,
        name=row.name,
        policy=row.policy,
        currency=row.currency,
        cash=Decimal(row.cash or "0") if row.is_held else None,
        version=row.version if row.is_held else 0,
        changed_at=row.updated_at,
        figures=BookFigures(row.measured_at, *(getattr(row, name) for name in NUMBERS)) if is_measured else None,
        cash_flow=None if row.cash_flow is None else read_cash_flow(row.cash_flow),
        newest=_newest(row),
        released_at=None if row.released_at is None else datetime.fromisoformat(row.released_at),
        wave_id=row.wave_id,
        wave_state=row.wave_state,
    )


def _newest(row: Any) -> Newest:
    """Of run, job and item of a wave what came last; a job that became a run, and an item with one, are that run."""
    found = []
    if row.run_id is not None:
        found.append(Newest(STAGES[RunStatus(row.run_status)], row.run_status, row.run_id, row.run_at))
    if row.job_id is not None and (row.run_at is None or row.job_at > row.run_at):
        found.append(Newest(STAGES[RunStatus(row.job_status)], row.job_status, row.job_id, row.job_at))
    if row.wave_state in REFUSED and row.wave_at is not None:
        found.append(Newest(Stage.FAILED, row.wave_state, row.wave_run, row.wave_at))
    return max(found, key=lambda one: one.at or datetime.min.replace(tzinfo=row.updated_at.tzinfo), default=Newest())
