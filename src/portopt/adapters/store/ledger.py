"""The record of decisions: appended in the transaction of what it records, one chain a portfolio, never changed.

An entry is kept in the letters that were sealed, so that a byte of it that changed is found wherever it stands.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, LargeBinary, cast, select, type_coerce

from portopt.adapters.store.clock import database_now
from portopt.adapters.store.engine import Database
from portopt.adapters.store.outbox import take_turns
from portopt.adapters.store.records import fits
from portopt.adapters.store.service_tables import jobs, ledger
from portopt.domain.canonical import canonical_text, plain
from portopt.domain.errors import InvalidValue
from portopt.domain.ledger import FIRST, KINDS, BrokenLink, LedgerEntry, broken

NOBODY = "portopt"  # who acted, where no one was named
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class SqlLedger:
    """Implements ports.Ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, portfolio_id: str, kind: str, subject: str, body: Mapping[str, Any]) -> LedgerEntry:
        """One entry by itself. Raises InvalidValue for a kind that nobody knows."""
        with self._database.writing() as connection:
            return append(connection, portfolio_id, kind, subject, body)

    def entries(self, portfolio_id: str, *, after: int = 0, limit: int = 100) -> Sequence[LedgerEntry]:
        """In order; as they stand, which `verify` judges."""
        wanted = select(ledger).where(ledger.c.portfolio_id == portfolio_id, ledger.c.number > after)
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(ledger.c.number).limit(limit)).mappings().all()
        return [_entry(dict(row)) for row in rows]

    def proposers(self, portfolio_id: str, run_id: str) -> frozenset[str]:
        """Who proposed this run, and whoever asked for it too."""
        with self._database.reading() as connection:
            return proposers(connection, portfolio_id, run_id)

    def of_run(self, portfolio_id: str, run_id: str) -> Sequence[LedgerEntry]:
        """The entries about one proposal, in order."""
        wanted = select(ledger).where(ledger.c.portfolio_id == portfolio_id, _of_run(run_id)).order_by(ledger.c.number)
        with self._database.reading() as connection:
            rows = connection.execute(wanted).mappings().all()
        return [entry for entry in (_entry(dict(row)) for row in rows) if entry.body.get("run_id") == run_id]

    def verify(self, portfolio_id: str | None = None) -> Sequence[BrokenLink]:
        """Chains that do not hold, by the first entry that is not what was written."""
        with self._database.reading() as connection:
            chains = groupby(_stored(connection, portfolio_id), lambda entry: entry.portfolio_id)
            return [found for _, chain in chains if (found := broken(chain)) is not None]


def proposers(connection: Connection, portfolio_id: str, run_id: str) -> frozenset[str]:
    """Who proposed this run, and whoever asked for it too."""
    theirs = (ledger.c.portfolio_id == portfolio_id, ledger.c.kind == "proposed", _of_run(run_id))
    asked = select(jobs.c.asked_by).where(jobs.c.run_id == run_id)
    proposed = connection.execute(select(ledger.c.subject).where(*theirs)).scalars()
    return frozenset(proposed) | frozenset(connection.execute(asked).scalars())


def _of_run(run_id: str) -> ColumnElement[bool]:
    return ledger.c.body.contains(f'"run_id":{canonical_text(run_id)}', autoescape=True)


def append(connection: Connection, portfolio_id: str, kind: str, subject: str, body: Mapping[str, Any]) -> LedgerEntry:
    """The next entry of the portfolio's chain, by the database's clock; writers of one chain take turns."""
    if kind not in KINDS:
        raise InvalidValue("kind", kind, f"an entry is one of {', '.join(KINDS)}")
    take_turns(connection, portfolio_id)
    last = select(ledger.c.number, ledger.c.seal).where(ledger.c.portfolio_id == portfolio_id)
    there = connection.execute(last.order_by(ledger.c.number.desc()).limit(1)).first()
    number, before = (0, FIRST) if there is None else there
    told = dict(plain(body))
    entry = LedgerEntry(
        portfolio_id, number + 1, kind, fits("subject", subject), database_now(connection), told, before
    ).sealed()
    connection.execute(ledger.insert().values(**_row(entry)))
    return entry


def _row(entry: LedgerEntry) -> dict[str, Any]:
    names = ("portfolio_id", "number", "kind", "subject", "before", "seal")
    return {name: getattr(entry, name) for name in names} | {"at": _letters(entry.at), "body": canonical_text(entry.body)}


def _letters(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _stored(connection: Connection, portfolio_id: str | None) -> Iterator[LedgerEntry]:
    """Every entry by portfolio and number, whatever became of its bytes."""
    wanted = select(*(_as_bytes(connection, column) for column in ledger.c)).order_by(ledger.c.portfolio_id, ledger.c.number)
    if portfolio_id is not None:
        wanted = wanted.where(ledger.c.portfolio_id == portfolio_id)
    for row in connection.execute(wanted).mappings():
        yield _entry({name: _text(value) for name, value in row.items()})


def _text(value: Any) -> Any:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _as_bytes(connection: Connection, column: Any) -> Any:
    """SQLite keeps any bytes as text, and its driver then refuses to read them; PostgreSQL keeps text alone."""
    if connection.dialect.name == "postgresql" or column is ledger.c.number:
        return column
    return type_coerce(cast(column, LargeBinary), LargeBinary).label(column.name)


def _entry(row: Mapping[str, Any]) -> LedgerEntry:
    """What cannot be read, or is spelled otherwise than it is written, is an entry that no seal fits."""
    told = {name: row[name] for name in ("portfolio_id", "number", "kind", "subject", "before", "seal")}
    try:
        at, body = datetime.fromisoformat(row["at"]), json.loads(row["body"])
        is_as_written = (_letters(at), canonical_text(body)) == (row["at"], row["body"])
    except ValueError:
        is_as_written = False
    if not is_as_written:
        at, body = LONG_AGO, {"letters": [row["at"], row["body"]]}
    return LedgerEntry(**told, at=at, body=body)
