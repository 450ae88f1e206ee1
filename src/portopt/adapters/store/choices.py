"""Choices that are kept under a name, and those that were proposed: each change with its entry in the ledger."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select, update

from portopt.adapters.store import ledger, models
from portopt.adapters.store.choice_tables import saved_choices, selections
from portopt.adapters.store.clock import database_now
from portopt.adapters.store.engine import Database
from portopt.adapters.store.outbox import take_turns
from portopt.adapters.store.records import fits
from portopt.adapters.store.upsert import insert_new
from portopt.domain.canonical import plain
from portopt.domain.chosen import SavedChoice, Selection
from portopt.domain.errors import Conflict, UnknownThing


class SqlChoices:
    """Implements ports.choices.ChoiceStore. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, saved: SavedChoice) -> SavedChoice:
        with self._database.writing() as connection:
            take_turns(connection, saved.portfolio_id)
            there = _found(connection, saved.saved_id)
            if there is not None and there.withdrawn_at is None:
                return _same(there, saved)
            _require_free(connection, saved)
            kept = dataclasses.replace(saved, saved_at=database_now(connection))
            if there is None:
                connection.execute(saved_choices.insert().values(**_row(kept)))
            else:
                _change(connection, kept.saved_id, _row(kept))
            _record(connection, kept, "saved", kept.saved_by)
        return kept

    def saved(self, saved_id: str) -> SavedChoice:
        with self._database.reading() as connection:
            return _there(connection, saved_id)

    def list_saved(
        self, portfolio_id: str, *, withdrawn: bool = False, after: str | None = None, limit: int = 50
    ) -> Sequence[SavedChoice]:
        table = saved_choices.c
        wanted = select(saved_choices).where(table.portfolio_id == portfolio_id)
        if not withdrawn:
            wanted = wanted.where(table.withdrawn_at.is_(None))
        if after is not None:
            last = select(table.saved_at).where(table.saved_id == after, table.portfolio_id == portfolio_id).scalar_subquery()
            wanted = wanted.where(or_(table.saved_at < last, and_(table.saved_at == last, table.saved_id < after)))
        newest = wanted.order_by(table.saved_at.desc(), table.saved_id.desc()).limit(limit)
        with self._database.reading() as connection:
            return [SavedChoice(**row) for row in connection.execute(newest).mappings()]

    def saved_of(self, choice_ids: Collection[str]) -> Sequence[SavedChoice]:
        table = saved_choices.c
        wanted = select(saved_choices).where(table.choice_id.in_(sorted(choice_ids)), table.withdrawn_at.is_(None))
        with self._database.reading() as connection:
            return [SavedChoice(**row) for row in connection.execute(wanted.order_by(table.saved_at)).mappings()]

    def rename(self, saved_id: str, name: str, note: str, by: str) -> SavedChoice:
        with self._database.writing() as connection:
            there = _there(connection, saved_id)
            take_turns(connection, there.portfolio_id)
            there = _there(connection, saved_id)
            if there.withdrawn_at is not None:
                why = f"{saved_id} was withdrawn: it has no name to change"
                raise Conflict(why, field="saved_id", value=saved_id, fixes=["save the choice again"])
            renamed = dataclasses.replace(there, name=name, note=note)
            if renamed == there:
                return there
            _require_free(connection, renamed)
            _change(connection, saved_id, _row(renamed))
            _record(connection, renamed, "renamed", by, before=there.name)
        return renamed

    def withdraw(self, saved_id: str, note: str, by: str) -> SavedChoice:
        with self._database.writing() as connection:
            take_turns(connection, _there(connection, saved_id).portfolio_id)
            there = _there(connection, saved_id)
            if there.withdrawn_at is not None:
                return there
            withdrawn = dataclasses.replace(there, withdrawn_by=fits("subject", by), withdrawn_at=database_now(connection))
            _change(connection, saved_id, _row(withdrawn))
            _record(connection, withdrawn, "withdrawn", by, why=note)
        return withdrawn

    def select(self, selection: Selection) -> bool:
        with self._database.writing() as connection:
            at = database_now(connection)
            row = {field.name: getattr(selection, field.name) for field in dataclasses.fields(selection)}
            row |= {"by": fits("subject", selection.by), "at": at, "told": plain(selection.told)}
            if not insert_new(connection, selections, row):
                return False
            named = {"alternative": selection.alternative} if selection.alternative else {}
            told = {"run_id": selection.run_id, "choice_id": selection.choice_id, "of": selection.kind, **named}
            ledger.append(connection, selection.portfolio_id, "selected", selection.by, {**told, **plain(selection.told)})
        return True

    def selected_as(self, run_ids: Collection[str]) -> Mapping[str, Selection]:
        found = self._selections(selections.c.run_id.in_(sorted(run_ids)))
        return {one.run_id: one for one in reversed(found)}

    def selections_of(self, choice_ids: Collection[str]) -> Sequence[Selection]:
        return self._selections(selections.c.choice_id.in_(sorted(choice_ids)))

    def _selections(self, which: Any) -> Sequence[Selection]:
        wanted = select(selections).where(which).order_by(selections.c.at.desc(), selections.c.choice_id)
        with self._database.reading() as connection:
            return [Selection(**row) for row in connection.execute(wanted).mappings()]

    def newest_pack(self, portfolio_id: str) -> tuple[str, str] | None:
        runs = models.runs.c
        of = (runs.portfolio_id == portfolio_id, runs.pricing_pack_id.is_not(None))
        first = func.min(runs.created_at)
        packs = select(runs.pricing_pack_id, runs.as_of).where(*of).group_by(runs.pricing_pack_id, runs.as_of)
        newest = packs.order_by(runs.as_of.desc(), first.desc()).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(newest).first()
        return None if row is None else (row.pricing_pack_id, row.as_of.isoformat())


def _found(connection: Connection, saved_id: str) -> SavedChoice | None:
    row = connection.execute(select(saved_choices).where(saved_choices.c.saved_id == saved_id)).mappings().first()
    return None if row is None else SavedChoice(**row)


def _there(connection: Connection, saved_id: str) -> SavedChoice:
    found = _found(connection, saved_id)
    if found is None:
        raise UnknownThing("saved choice", saved_id, field="saved_id")
    return found


def _same(there: SavedChoice, saved: SavedChoice) -> SavedChoice:
    if there.name != saved.name:
        why = f"this choice is saved already, as {there.name!r}"
        fix = f"give it the other name: PUT /api/v1/saved-choices/{there.saved_id}"
        raise Conflict(why, field="name", value=saved.name, measured={"saved_id": there.saved_id}, fixes=[fix])
    return there


def _require_free(connection: Connection, saved: SavedChoice) -> None:
    table = saved_choices.c
    same = (table.portfolio_id == saved.portfolio_id, table.name == saved.name, table.withdrawn_at.is_(None))
    other = connection.execute(select(table.saved_id).where(*same, table.saved_id != saved.saved_id)).scalar()
    if other is not None:
        why = f"{saved.name!r} is the name of another choice of {saved.portfolio_id}: {other}"
        fixes = ["take another name, or withdraw that one"]
        raise Conflict(why, field="name", value=saved.name, measured={"saved_id": other}, fixes=fixes)


def _row(saved: SavedChoice) -> dict[str, Any]:
    row = {field.name: getattr(saved, field.name) for field in dataclasses.fields(saved)}
    return {**row, "saved_by": fits("subject", saved.saved_by), "figures": plain(saved.figures)}


def _change(connection: Connection, saved_id: str, row: Mapping[str, Any]) -> None:
    connection.execute(update(saved_choices).where(saved_choices.c.saved_id == saved_id).values(**row))


def _record(connection: Connection, saved: SavedChoice, kind: str, by: str, **told: Any) -> None:
    named = {"alternative": saved.alternative} if saved.alternative else {}
    about = {"saved_id": saved.saved_id, "choice_id": saved.choice_id, "name": saved.name, "note": saved.note}
    ledger.append(connection, saved.portfolio_id, kind, by, {**about, **named, **told})
