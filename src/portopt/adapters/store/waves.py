"""Waves in the database: items leased by their deadlines, each ended once, in the transaction that stores its run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Connection, and_, func, or_, select, update

from portopt.adapters.store import desk_figures, lifecycle, models, outbox, wave_rows
from portopt.adapters.store.approval_rows import COLUMNS as OF_APPROVAL
from portopt.adapters.store.clock import database_now
from portopt.adapters.store.engine import Database
from portopt.adapters.store.records import fits
from portopt.adapters.store.service_tables import approvals
from portopt.adapters.store.upsert import insert_new
from portopt.adapters.store.wave_tables import wave_items, waves
from portopt.domain.canonical import plain
from portopt.domain.errors import UnknownThing
from portopt.domain.run import RunStatus
from portopt.domain.wave import ENDED, ItemEnd, ItemState, Wave, WaveItem, WaveTrade

WITH_RESULT = (RunStatus.COMPLETED, RunStatus.AWAITING_APPROVAL)
AT_ONCE = 500  # rows to a statement
ONCE_MORE = 4  # items to a claim of those that were taken up once before
OPEN = (ItemState.WAITING.value, ItemState.WORKING.value)
Conditions: TypeAlias = list[Any]


class SqlWaves:
    """Implements ports.waves.WaveStore. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def portfolios(self) -> Mapping[str, tuple[str, bool]]:
        """Every portfolio on record by id: (its own policy, whether its holdings are on record). Universes are not read."""
        books = models.portfolios.c
        asked = select(books.id, books.policy, books.shares.is_not(None).label("is_held")).order_by(books.id)
        with self._database.reading() as connection:
            return {row.id: (row.policy, bool(row.is_held)) for row in connection.execute(asked)}

    def start(self, wave: Wave, items: Sequence[WaveItem]) -> Wave:
        """The wave with its items, all or none; one with its id that is there already is what comes back."""
        with self._database.writing() as connection:
            if insert_new(connection, waves, wave_rows.wave_row(wave)):
                rows = [wave_rows.item_row(item) for item in items]
                for first in range(0, len(rows), AT_ONCE):
                    connection.execute(wave_items.insert(), rows[first : first + AT_ONCE])
                desk_figures.keep_newest_wave(connection, items)
            return _wave(connection, wave.wave_id)

    def get(self, wave_id: str) -> Wave:
        """Raises UnknownThing."""
        with self._database.reading() as connection:
            return _wave(connection, wave_id)

    def list(self, limit: int = 50, *, asked_by: str | None = None, after: str | None = None) -> Sequence[Wave]:
        """Newest first; those that this one asked for, those after that wave."""
        newest = select(waves).order_by(waves.c.created_at.desc(), waves.c.wave_id.desc()).limit(limit)
        if asked_by is not None:
            newest = newest.where(waves.c.asked_by == asked_by)
        with self._database.reading() as connection:
            if after is not None:
                last = _wave(connection, after)
                same, earlier = waves.c.created_at == last.created_at, waves.c.created_at < last.created_at
                newest = newest.where(or_(earlier, and_(same, waves.c.wave_id < after)))
            return [wave_rows.wave_from(dict(row)) for row in connection.execute(newest).mappings()]

    def left_to_workers(self, limit: int = 10) -> Sequence[str]:
        """Ids of those that were asked for over the wire and are not ended, the oldest first."""
        is_left = (waves.c.ended_at.is_(None), waves.c.asked_by != "")
        asked = select(waves.c.wave_id).where(*is_left).order_by(waves.c.created_at, waves.c.wave_id).limit(limit)
        with self._database.reading() as connection:
            return connection.execute(asked).scalars().all()

    def cancel(self, wave_id: str, problem: Mapping[str, Any], *, now: datetime | None = None) -> int:
        """What is not ended ends as cancelled, with this problem; returns how many items did. What ended stays as it is."""
        free = {"owner": None, "leased_until": None, "problem": plain(problem)}
        with self._database.writing() as connection:
            now = now or database_now(connection)
            this = update(wave_items).where(wave_items.c.wave_id == wave_id, wave_items.c.state.in_(OPEN))
            ended = connection.execute(this.values(state=ItemState.CANCELLED.value, ended_at=now, **free)).rowcount
            _end_wave(connection, wave_id, now)
            return int(ended)

    def items(
        self, wave_id: str, *, states: Sequence[ItemState] | None = None, after: int = -1, limit: int = 100_000
    ) -> Sequence[WaveItem]:
        """By number, after a number."""
        wanted: Conditions = [wave_items.c.wave_id == wave_id, wave_items.c.number > after]
        wanted += [] if states is None else [wave_items.c.state.in_([state.value for state in states])]
        asked = _items().where(*wanted).order_by(wave_items.c.number).limit(limit)
        with self._database.reading() as connection:
            return [wave_rows.item_from(dict(row)) for row in connection.execute(asked).mappings()]

    def trades(self, wave_id: str) -> Sequence[tuple[WaveItem, str, Sequence[WaveTrade] | None]]:
        """Its proposals by number, each with its portfolio's currency and its orders; None where they were not kept."""
        books = models.portfolios
        asked = _items(books.c.currency, wave_items.c.trades).outerjoin(books, books.c.id == wave_items.c.portfolio_id)
        asked = asked.where(wave_items.c.wave_id == wave_id, wave_items.c.state == ItemState.PROPOSED.value)
        with self._database.reading() as connection:
            rows = connection.execute(asked.order_by(wave_items.c.number)).mappings().all()
        read = wave_rows.trades_from
        told = [(row, None if row["trades"] is None else read(row["trades"])) for row in rows]
        return [(wave_rows.item_from(dict(row)), row["currency"] or "USD", trades) for row, trades in told]

    def counts(self, wave_id: str) -> Mapping[ItemState, int]:
        """How many items there are by state."""
        counted = select(wave_items.c.state, func.count()).where(wave_items.c.wave_id == wave_id).group_by(wave_items.c.state)
        with self._database.reading() as connection:
            return {ItemState(state): count for state, count in connection.execute(counted)}

    def claim(
        self, wave_id: str, owner: str, lease_seconds: float, *, size: int, most_attempts: int, now: datetime | None = None
    ) -> Sequence[WaveItem]:
        """Up to `size` items that nobody works on, leased to the owner: the shortest deadline first.

        Those that were taken up before and did not end are given out a few together, then alone: what ends its process ends no
        other item's work with it. One that was taken up `most_attempts` times is held.
        """
        with self._database.writing() as connection:
            now = now or database_now(connection)
            _hold(connection, wave_id, most_attempts, now)
            numbers = _taken(connection, _free(wave_id, now), size)
            _lease(connection, wave_id, numbers, fits("owner", owner), now + timedelta(seconds=lease_seconds))
            taken = _items().where(wave_items.c.wave_id == wave_id, wave_items.c.number.in_(numbers))
            taken = taken.order_by(wave_items.c.deadline.is_(None), wave_items.c.deadline, wave_items.c.number)
            return [wave_rows.item_from(dict(row)) for row in connection.execute(taken).mappings()]

    def renew(self, wave_id: str, owner: str, lease_seconds: float, *, now: datetime | None = None) -> int:
        """Work on the owner's items goes on; returns how many they are."""
        with self._database.writing() as connection:
            until = (now or database_now(connection)) + timedelta(seconds=lease_seconds)
            return int(connection.execute(_of_owner(wave_id, owner).values(leased_until=until)).rowcount)

    def give_back(self, wave_id: str, owner: str) -> int:
        """The owner works on none of its items any more: they are free at once; returns how many they were."""
        free = {"state": ItemState.WAITING.value, "owner": None, "leased_until": None}
        with self._database.writing() as connection:
            return int(connection.execute(_of_owner(wave_id, owner).values(free)).rowcount)

    def finish(self, wave_id: str, owner: str, ends: Sequence[ItemEnd], *, now: datetime | None = None) -> int:
        """Runs with their events, and the items' ends, in one transaction; returns how many items ended by it.

        In the order of portfolios: two such transactions that wait for each other's portfolios would wait for ever.
        """
        with self._database.writing() as connection:
            now, ended = now or database_now(connection), 0
            for end in _in_turn(connection, wave_id, owner, ends):
                _store(connection, end)
                this = _of_owner(wave_id, owner).where(wave_items.c.number == end.number)
                connection.execute(this.values(wave_rows.end_values(end, now)))
                ended += end.state in ENDED
            _end_wave(connection, wave_id, now)
            return ended


def _items(*more: Any) -> Any:
    """Items, each with how its run stands."""
    runs = models.runs
    columns = [wave_items.c[name] for name in wave_rows.ITEM]
    found = select(*columns, runs.c.status.label("run_status"), *OF_APPROVAL, *more).select_from(wave_items)
    found = found.outerjoin(runs, runs.c.run_id == wave_items.c.run_id)
    return found.outerjoin(approvals, approvals.c.run_id == wave_items.c.run_id)


def _wave(connection: Connection, wave_id: str) -> Wave:
    row = connection.execute(select(waves).where(waves.c.wave_id == wave_id)).mappings().first()
    if row is None:
        raise UnknownThing("wave", wave_id)
    return wave_rows.wave_from(dict(row))


def _free(wave_id: str, now: datetime) -> Any:
    """Numbers of what nobody works on: the shortest deadline first, what has none last."""
    is_over = and_(wave_items.c.state == ItemState.WORKING.value, wave_items.c.leased_until <= now)
    free = or_(wave_items.c.state == ItemState.WAITING.value, is_over)
    by = (wave_items.c.attempts > 0, wave_items.c.deadline.is_(None), wave_items.c.deadline, wave_items.c.number)
    return select(wave_items.c.number).where(wave_items.c.wave_id == wave_id, free).order_by(*by)


def _taken(connection: Connection, free: Any, size: int) -> Sequence[int]:
    """Numbers of what is claimed next; nobody else claims them meanwhile."""
    attempts = wave_items.c.attempts
    few = (free.where(attempts == 0).limit(size), free.where(attempts == 1).limit(min(size, ONCE_MORE)), free.limit(1))
    found = (connection.execute(wanted.with_for_update(skip_locked=True)).scalars().all() for wanted in few)
    return next((numbers for numbers in found if numbers), [])


def _lease(connection: Connection, wave_id: str, numbers: Sequence[int], owner: str, until: datetime) -> None:
    this = update(wave_items).where(wave_items.c.wave_id == wave_id, wave_items.c.number.in_(numbers))
    leased = {"state": ItemState.WORKING.value, "owner": owner, "leased_until": until}
    connection.execute(this.values(**leased, attempts=wave_items.c.attempts + 1))


def _hold(connection: Connection, wave_id: str, most_attempts: int, now: datetime) -> None:
    """What was taken up so often and never ended stays as it is, and says so."""
    for (number,) in connection.execute(_free(wave_id, now).where(wave_items.c.attempts >= most_attempts)).all():
        why = select(wave_items.c.problem).where(wave_items.c.wave_id == wave_id, wave_items.c.number == number)
        problem = connection.execute(why).scalar() or wave_rows.never_ended(number, most_attempts)
        this = update(wave_items).where(wave_items.c.wave_id == wave_id, wave_items.c.number == number)
        held = {"state": ItemState.HELD.value, "ended_at": now, "owner": None, "leased_until": None, "problem": problem}
        connection.execute(this.values(held))
    _end_wave(connection, wave_id, now)


def _of_owner(wave_id: str, owner: str) -> Any:
    theirs = (wave_items.c.wave_id == wave_id, wave_items.c.owner == owner)
    return update(wave_items).where(*theirs, wave_items.c.state == ItemState.WORKING.value)


def _in_turn(connection: Connection, wave_id: str, owner: str, ends: Sequence[ItemEnd]) -> Sequence[ItemEnd]:
    """Those that are the owner's still, by portfolio. Nobody else changes them meanwhile."""
    theirs = select(wave_items.c.number, wave_items.c.portfolio_id).where(
        wave_items.c.wave_id == wave_id, wave_items.c.owner == owner, wave_items.c.state == ItemState.WORKING.value,
        wave_items.c.number.in_([end.number for end in ends]),
    )  # fmt: skip
    named = {number: portfolio for number, portfolio in connection.execute(theirs).all()}  # noqa: C416 - rows are no pairs to a type checker
    in_turn = sorted((named[end.number], end.number) for end in ends if end.number in named)
    for portfolio_id in dict.fromkeys(portfolio for portfolio, _ in in_turn):
        outbox.take_turns(connection, portfolio_id)
    locked = select(wave_items.c.number).where(wave_items.c.wave_id == wave_id, wave_items.c.owner == owner)
    still = {number for (number,) in connection.execute(locked.order_by(wave_items.c.number).with_for_update())}
    by_number = {end.number: end for end in ends}
    return [by_number[number] for _, number in in_turn if number in still]


def _store(connection: Connection, end: ItemEnd) -> None:
    """The run as a rebalance by itself would store it; one that is stored already is left as it is."""
    if end.run is None:
        return
    if end.run.document is not None:
        if not lifecycle.complete(connection, end.run, end.event, end.since):
            lifecycle.renew(connection, end.run, end.event, end.since)
    else:
        lifecycle.fail(connection, end.run, unless=WITH_RESULT)


def _end_wave(connection: Connection, wave_id: str, now: datetime) -> None:
    """The wave is ended with its last item."""
    is_open = wave_items.c.state.in_(OPEN)
    open_item = select(wave_items.c.number).where(wave_items.c.wave_id == wave_id, is_open)
    this = update(waves).where(waves.c.wave_id == wave_id, waves.c.ended_at.is_(None), ~open_item.exists())
    connection.execute(this.values(ended_at=now))
