"""The desk in the database: a few statements for all portfolios together, none of which opens a document.

Measured on SQLite, see docs/desk.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import CTE, Column, Select, String, Table, and_, bindparam, case, cast, or_, select

from portopt.adapters.store import models
from portopt.adapters.store.desk_tables import NUMBERS, desk_books
from portopt.adapters.store.engine import Database
from portopt.adapters.store.records import holdings_of_version
from portopt.adapters.store.service_tables import approvals, jobs, ledger
from portopt.adapters.store.types import FOLDED
from portopt.adapters.store.wave_tables import wave_items, waves
from portopt.dialects.requests import read_cash_flow
from portopt.domain.approval import ApprovalState
from portopt.domain.desk import BookFigures, DeskBook, Ended, Newest, Stage, Told
from portopt.domain.holdings import Holdings
from portopt.domain.run import RunStatus
from portopt.domain.units import Units, units_of
from portopt.domain.wave import ItemState

AT_ONCE = 500  # names to a statement
ASKED = ("optimization", "rebalance")  # kinds of jobs that propose
OF_BOOKS = ("id", "name", "policy", "currency", "cash", "version", "updated_at", "cash_flow")
FIRST_NUMBER = len(OF_BOOKS) - 1 + 5  # in a row of _lines
NONE = Newest()
OF_PEOPLE: Mapping[str, Stage] = {
    ApprovalState.APPROVED: Stage.APPROVED,
    ApprovalState.CHANGES_REQUESTED: Stage.CHANGES_REQUESTED,
    ApprovalState.REJECTED: Stage.REJECTED,
    ApprovalState.EXPIRED: Stage.EXPIRED,
}
STAGES: Mapping[str, Stage] = {
    RunStatus.PENDING: Stage.IN_PROGRESS,
    RunStatus.PROCESSING: Stage.IN_PROGRESS,
    RunStatus.AWAITING_APPROVAL: Stage.AWAITING_APPROVAL,
    RunStatus.COMPLETED: Stage.RELEASED,
    RunStatus.CANCELLED: Stage.CANCELLED,
    RunStatus.SUPERSEDED: Stage.SUPERSEDED,
    RunStatus.FAILED: Stage.FAILED,
    RunStatus.INFEASIBLE: Stage.FAILED,
}
REFUSED = (ItemState.REFUSED.value, ItemState.HELD.value)


class SqlDesk:
    """Implements ports.desk.DeskStore. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def books(self, among: Collection[str] | None, now: datetime) -> Sequence[DeskBook]:
        """By id. among: portfolios; None is all of them. now: up to which holds last and people may decide."""
        seen = {} if among is None else {"among": sorted(among)}
        with self._database.reading() as connection:
            rows = connection.execute(_lines(restricted=among is not None), {"now": now, **seen}).all()
        return sorted((_book(row) for row in rows), key=lambda book: book.portfolio_id)

    def told(self, portfolio_ids: Collection[str]) -> Mapping[str, Told]:
        """What was said beside the figures of these, of those that were measured."""
        of = desk_books.c
        asked = select(of.portfolio_id, of.measured_at, of.why, of.detail).where(of.measured_at.is_not(None))
        found = self._each(asked, of.portfolio_id, portfolio_ids)
        return {row.portfolio_id: Told(row.measured_at, row.why or {}, row.detail or {}) for row in found}

    def holdings(self, portfolio_ids: Collection[str]) -> Mapping[str, Holdings]:
        """The newest of these, of those that have any."""
        of = models.portfolios.c
        asked = select(of.id, of.currency, of.cash, of.shares).where(of.shares.is_not(None))
        found = self._each(asked, of.id, portfolio_ids)
        return {
            row.id: holdings_of_version(row.id, {"currency": row.currency, "cash": row.cash or "0", "shares": row.shares})
            for row in found
        }

    def units(self, portfolio_ids: Collection[str]) -> Mapping[str, Mapping[str, Units]]:
        """Of those whose universe says any: by asset, what is not quoted as shares are."""
        of = models.portfolios.c
        letters = cast(of.universe, String)
        said = select(of.id, of.universe).where(or_(letters.like('%"units"%'), letters.like(f'%"{FOLDED}"%')))
        return {row.id: _units(row.universe) for row in self._each(said, of.id, portfolio_ids)}

    def ended(self, books: Sequence[DeskBook]) -> Mapping[str, Ended]:
        """Of the newest thing that was asked, by portfolio: when it was, and why it failed."""
        told: dict[str, Ended] = {}
        for table, key, of_job in ((jobs, jobs.c.job_id, True), (models.runs, models.runs.c.run_id, False)):
            asked = [(b.newest.run_id, b.portfolio_id) for b in books if b.newest.of_job is of_job]
            whose = {run_id: portfolio_id for run_id, portfolio_id in asked if run_id is not None}
            for row in self._each(select(key, table.c.created_at, table.c.problem), key, whose):
                told[whose[row[0]]] = Ended(row[1], row[2])
        refused = [book for book in books if book.newest.run_id is None and book.newest.stage is Stage.FAILED]
        return {**told, **self._refused({str(book.wave_id) for book in refused}, [book.portfolio_id for book in refused])}

    def _refused(self, wave_ids: Collection[str], portfolio_ids: Sequence[str]) -> dict[str, Ended]:
        """Items of these waves that have no run."""
        of = wave_items.c
        asked = select(of.portfolio_id, of.ended_at, of.problem).where(of.wave_id.in_(sorted(wave_ids)), of.state.in_(REFUSED))
        return {row.portfolio_id: Ended(row.ended_at, row.problem) for row in self._each(asked, of.portfolio_id, portfolio_ids)}

    def waves(self, wave_ids: Collection[str], among: Collection[str] | None, asker: str) -> Mapping[str, tuple[str, str]]:
        """(kind, cause) of these waves, those that the asker asked for or that have no portfolio but these."""
        asked = select(waves.c.wave_id, waves.c.kind, waves.c.cause)
        if among is not None:
            foreign = select(wave_items.c.wave_id).where(wave_items.c.portfolio_id.not_in(sorted(among)))
            asked = asked.where(or_(waves.c.asked_by == asker, waves.c.wave_id.not_in(foreign)))
        return {row.wave_id: (row.kind, row.cause) for row in self._each(asked, waves.c.wave_id, wave_ids)}

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


def _newest_of(table: Table, what: Column[Any], *which: Any) -> Any:
    """A column of a portfolio's newest row, by the index over its instants."""
    of = select(what).where(table.c.portfolio_id == models.portfolios.c.id, *which)
    return of.order_by(table.c.created_at.desc()).limit(1).correlate(models.portfolios).scalar_subquery()


def _released_at() -> Any:
    """When an event of the portfolio was released last, as its ledger has it."""
    of = select(ledger.c.at).where(ledger.c.portfolio_id == models.portfolios.c.id, ledger.c.kind == "released")
    return of.order_by(ledger.c.number.desc()).limit(1).correlate(models.portfolios).scalar_subquery()


def _picked(restricted: bool) -> CTE:
    """Each portfolio with its newest run and job. Instants are read off the index: they stand behind what is long in a row."""
    books, runs = models.portfolios, models.runs
    is_proposal, is_asked = runs.c.kind == "rebalance", jobs.c.kind.in_(ASKED)
    each = select(
        *(books.c[name] for name in OF_BOOKS), books.c.shares.is_not(None).label("is_held"),
        _newest_of(runs, runs.c.run_id, is_proposal).label("run_id"),
        _newest_of(runs, runs.c.created_at, is_proposal).label("run_at"),
        _newest_of(jobs, jobs.c.job_id, is_asked).label("job_id"),
        _newest_of(jobs, jobs.c.created_at, is_asked).label("job_at"),
        _released_at().label("released_at"),
    )  # fmt: skip
    each = each.where(books.c.id.in_(bindparam("among", expanding=True))) if restricted else each
    return each.cte("picked").prefix_with("MATERIALIZED")


@cache
def _lines(*, restricted: bool) -> Select[Any]:
    """Found first, then read by their keys: asked for together, much more is gone through. restricted: to `among`.

    Made once: to make it takes longer than to carry it out for some hundred portfolios.
    """
    of, runs = _picked(restricted), models.runs
    now = bindparam("now", type_=models.runs.c.created_at.type)
    job_is_newer = and_(of.c.job_at.is_not(None), or_(of.c.run_at.is_(None), of.c.job_at > of.c.run_at))
    last = case((job_is_newer, of.c.job_at), else_=of.c.run_at)
    item_is_newer = and_(wave_items.c.state.in_(REFUSED), or_(last.is_(None), wave_items.c.ended_at > last))
    found = select(
        *(of.c[name] for name in OF_BOOKS if name != "updated_at"), of.c.is_held, of.c.released_at, of.c.run_id, of.c.job_id,
        (desk_books.c.measured_at >= of.c.updated_at).label("is_measured"), *(desk_books.c[name] for name in NUMBERS),
        runs.c.status.label("run_status"), jobs.c.status.label("job_status"), job_is_newer.label("job_is_newer"),
        desk_books.c.wave_id, wave_items.c.state.label("wave_state"), wave_items.c.run_id.label("wave_run"),
        item_is_newer.label("item_is_newer"), approvals.c.state.label("decided"),
        (approvals.c.held_until > now).label("is_held_back"), (approvals.c.expires_at <= now).label("is_late"),
    )  # fmt: skip
    in_wave = and_(wave_items.c.wave_id == desk_books.c.wave_id, wave_items.c.number == desk_books.c.wave_number)
    return (
        found.select_from(of)
        .outerjoin(desk_books, desk_books.c.portfolio_id == of.c.id)
        .outerjoin(runs, runs.c.run_id == of.c.run_id)
        .outerjoin(approvals, approvals.c.run_id == of.c.run_id)
        .outerjoin(jobs, jobs.c.job_id == of.c.job_id)
        .outerjoin(wave_items, in_wave)
    )


def _book(row: Any) -> DeskBook:
    return DeskBook(
        portfolio_id=row.id,
        name=row.name,
        policy=row.policy,
        currency=row.currency,
        cash=Decimal(row.cash or "0") if row.is_held else None,
        version=row.version if row.is_held else 0,
        figures=BookFigures(*(row[FIRST_NUMBER : FIRST_NUMBER + len(NUMBERS)])) if row.is_measured else None,
        cash_flow=None if row.cash_flow is None else read_cash_flow(row.cash_flow),
        newest=_newest(row),
        released_at=None if row.released_at is None else datetime.fromisoformat(row.released_at),
        wave_id=row.wave_id,
        wave_state=row.wave_state,
    )


def _newest(row: Any) -> Newest:
    """Of run, job and item of a wave what came last."""
    if row.item_is_newer:
        return Newest(Stage.FAILED, row.wave_state, row.wave_run)
    if row.job_is_newer:
        return Newest(STAGES[row.job_status], row.job_status, row.job_id, of_job=True)
    return NONE if row.run_id is None else Newest(_stage(row), row.run_status, row.run_id)


def _stage(row: Any) -> Stage:
    """Of a proposal: as people have decided, where they were asked."""
    stage = STAGES[row.run_status]
    if stage is Stage.AWAITING_APPROVAL:
        return Stage.HELD if row.is_held_back else Stage.EXPIRED if row.is_late else stage
    return OF_PEOPLE.get(row.decided, stage) if stage in (Stage.RELEASED, Stage.CANCELLED) else stage


def _units(universe: Mapping[str, Any]) -> dict[str, Units]:
    """Of a universe as it is kept."""
    said = {asset["id"]: units_of(asset.get("units"), asset["id"]) for asset in universe["assets"]}
    return {asset_id: units for asset_id, units in said.items() if units is not None}
