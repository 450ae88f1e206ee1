"""The record of decisions: appended with what it records, and one changed byte of it is located."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import LargeBinary, cast, select, text, type_coerce

from portopt.adapters.store.books import SqlPortfolios
from portopt.adapters.store.ledger import SqlLedger
from portopt.adapters.store.service_tables import ledger as table
from portopt.domain.errors import DataError, InvalidValue, OutsideError
from portopt.domain.holdings import Holdings
from portopt.domain.portfolio import Portfolio
from portopt.domain.run import RunStatus


@pytest.fixture
def ledger(store) -> SqlLedger:
    return SqlLedger(store.database)


@pytest.fixture
def proposal(finished):
    request = {"policy": {"limits": {}}, "holdings": {"currency": "USD", "cash": "0", "shares": {"A": "100"}}}

    def make(run_id: str = "reb-1", **fields):
        return finished(run_id, **{"request": request, "status": RunStatus.AWAITING_APPROVAL, **fields})

    return make


def told(ledger: SqlLedger, portfolio_id: str = "P1") -> list[tuple[str, str]]:
    return [(entry.kind, entry.subject) for entry in ledger.entries(portfolio_id)]


def test_an_approved_proposal_leaves_its_entries_in_order(store, ledger, proposal, event):
    store.complete(proposal(), None, since=0)
    assert store.release("reb-1", event("e1"), by="anna") is True
    assert store.release("reb-1", event("e1"), by="bert") is False
    assert told(ledger) == [("holdings", "portopt"), ("proposed", "portopt"), ("approved", "anna"), ("released", "anna")]
    assert [entry.number for entry in ledger.entries("P1", after=2)] == [3, 4]
    proposed = ledger.entries("P1")[1].body
    assert proposed == {"document_sha256": proposal().document_digest, "pricing_pack_id": "pack-1", "run_id": "reb-1"}
    assert ledger.verify() == []


def test_a_rejected_an_expired_and_a_cancelled_one_are_told_apart(store, ledger, proposal, begun):
    for run_id, kind in (("reb-1", "rejected"), ("reb-2", "expired"), ("reb-3", "cancelled")):
        store.complete(proposal(run_id), None, since=0)
        store.withdraw(run_id, {"detail": "no"}, kind=kind, by="anna")
    store.begin(begun("reb-4"))
    store.abandon("reb-4", {"detail": "never ended"}, by="bert")
    ends = [(kind, subject) for kind, subject in told(ledger) if kind not in ("holdings", "proposed")]
    assert ends == [("rejected", "anna"), ("expired", "anna"), ("cancelled", "anna"), ("cancelled", "bert")]


def test_what_is_superseded_and_stands_again_is_told(store, ledger, proposal, event):
    store.complete(proposal(), None, since=0)
    SqlPortfolios(store.database).declare(Holdings("P1", {"A": Decimal(90)}), "anna")
    SqlPortfolios(store.database).declare(Holdings("P1", {"A": Decimal(100)}), "anna")
    store.renew(proposal(), None)
    assert [kind for kind, _ in told(ledger)] == ["holdings", "proposed", "holdings", "superseded", "holdings", "proposed"]


def test_a_decision_that_is_not_kept_leaves_no_entry(store, ledger, proposal, event):
    store.complete(proposal(), None, since=0)
    before = told(ledger)
    with pytest.raises(InvalidValue):
        store.release("reb-1", event("e" * 65), by="anna")
    assert (told(ledger), store.get("reb-1").status) == (before, RunStatus.AWAITING_APPROVAL)


def test_answers_to_other_questions_decide_nothing(store, ledger, finished):
    store.complete(finished("opt-1", kind="optimize", document={"optimal_weights": {}}), None)
    assert told(ledger) == []


@pytest.mark.parametrize("change", ["UPDATE {t} SET kind = 'approved'", "DELETE FROM {t}", "TRUNCATE {t}"])
def test_nobody_changes_what_was_decided(store, ledger, change):
    if change.startswith("TRUNCATE") and store.database.dialect == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    _write(store, ledger)
    with pytest.raises((DataError, OutsideError), match="append-only"), store.database.writing() as connection:
        connection.execute(text(change.format(t=_table(store))))
    assert len(ledger.entries("P1")) == 3


COLUMNS = [column.name for column in table.c if column.name != "number"]


@pytest.mark.parametrize("column", COLUMNS)
def test_one_flipped_byte_of_any_entry_is_located(store, ledger, column):
    _write(store, ledger)
    with store.database.reading() as connection:
        length = len(_bytes(connection, column, 2))
    for position in range(length):
        with store.database.writing() as connection:
            _unlock(store, connection)
            sound = _bytes(connection, column, 2)
            flipped = bytearray(sound)
            flipped[position] ^= 0x01  # of a letter or digit another one, which both databases take as text
            _put(connection, column, 2, bytes(flipped))
            _lock(store, connection)
        found = ledger.verify()
        # Where it says now whose it is, it is the one entry of a chain, which therefore has no first; and one is missing here.
        expected = [("P1", 2)] if column != "portfolio_id" else sorted([("P1", 2), (flipped.decode(), 1)])
        assert [(link.portfolio_id, link.number) for link in found] == expected, (column, position)
        with store.database.writing() as connection:
            _unlock(store, connection)
            _put(connection, column, 2, sound, found=bytes(flipped))
            _lock(store, connection)
    assert ledger.verify() == []


def test_an_entry_that_is_missing_is_located(store, ledger):
    _write(store, ledger)
    with store.database.writing() as connection:
        _unlock(store, connection)
        connection.execute(text(f"DELETE FROM {_table(store)} WHERE portfolio_id = 'P1' AND number = 2"))
    assert [(link.portfolio_id, link.number) for link in ledger.verify()] == [("P1", 2)]
    assert ledger.verify("P2") == []


def test_bytes_that_are_no_text_any_more_are_located(store, ledger):
    if store.database.dialect != "sqlite":
        pytest.skip("PostgreSQL takes no such text")
    _write(store, ledger)
    with store.database.writing() as connection:
        _unlock(store, connection)
        connection.execute(text("UPDATE ledger SET subject = CAST(x'ff' AS TEXT) WHERE portfolio_id = 'P1' AND number = 2"))
    assert [(link.portfolio_id, link.number) for link in ledger.verify()] == [("P1", 2)]


def _write(store, ledger: SqlLedger) -> None:
    books = SqlPortfolios(store.database)
    for portfolio_id in ("P1", "P2", "Q1", "P0"):
        books.save(Portfolio(portfolio_id))
    for portfolio_id in ("P1", "P2"):
        for number in (1.0, 2e300, 0.1):
            ledger.append(portfolio_id, "proposed", "anna", {"run_id": "reb-1", "figure": number})


def _table(store) -> str:
    return "command.ledger" if store.database.dialect == "postgresql" else "ledger"


def _bytes(connection, column: str, number: int) -> bytes:
    stored = table.c[column]
    if connection.dialect.name == "sqlite":
        stored = type_coerce(cast(stored, LargeBinary), LargeBinary)
    wanted = select(stored).where(table.c.portfolio_id == "P1", table.c.number == number)
    value = connection.execute(wanted).scalar_one()
    return value if isinstance(value, bytes) else value.encode()


def _put(connection, column: str, number: int, value: bytes, found: bytes = b"P1") -> None:
    """As text. found: what stands where the portfolio's id was changed."""
    whose = found.decode() if column == "portfolio_id" else "P1"
    name = "command.ledger" if connection.dialect.name == "postgresql" else "ledger"
    statement = text(f'UPDATE {name} SET "{column}" = :value WHERE portfolio_id = :whose AND number = :number')
    connection.execute(statement, {"value": value.decode(), "whose": whose, "number": number})


def _unlock(store, connection) -> None:
    """The owner of a database may do anything: that is why entries are sealed."""
    if store.database.dialect == "postgresql":
        connection.execute(text("ALTER TABLE command.ledger DISABLE TRIGGER ALL"))
    else:
        connection.execute(text("DROP TRIGGER ledger_no_update"))
        connection.execute(text("DROP TRIGGER ledger_no_delete"))
        connection.execute(text("CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger BEGIN SELECT 1; END"))
        connection.execute(text("CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger BEGIN SELECT 1; END"))


def _lock(store, connection) -> None:
    if store.database.dialect == "postgresql":
        connection.execute(text("ALTER TABLE command.ledger ENABLE TRIGGER ALL"))
