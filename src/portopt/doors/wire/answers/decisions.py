"""A person's decision on a proposal, and the record of decisions."""

from __future__ import annotations

from portopt.dialects.books import instant
from portopt.dialects.reading import object_of, one_of, required, text, whole_number
from portopt.dialects.records import MAX_TEXT
from portopt.domain.canonical import plain
from portopt.domain.errors import Conflict, InvalidValue
from portopt.domain.ledger import LedgerEntry
from portopt.doors.wire.answers.portfolios import known
from portopt.doors.wire.answers.runs import run_line, run_of
from portopt.doors.wire.asked import Answered, Asked
from portopt.doors.wire.pages import PAGED, cursor_of, page, size_of
from portopt.runs import lifecycle

BODY = ("decision", "note", "holdings_version")
DECISIONS = ("approve", "reject")


def approval(asked: Asked) -> Answered:
    """{decision: approve or reject, note, holdings_version}: 409 where the proposal does not rest on the newest holdings."""
    asked.only()
    found = object_of(asked.data(), "", BODY)
    decision = one_of(required(found, "decision"), "decision", DECISIONS)
    note = "" if found.get("note") in (None, "") else text(found["note"], "note", most=MAX_TEXT)
    seen = None if found.get("holdings_version") is None else whole_number(found["holdings_version"], "holdings_version")
    run, who = run_of(asked), asked.call.who.subject
    try:
        if decision == "reject":
            decided = lifecycle.reject(run.run_id, asked.runtime, note or "rejected without a note", by=who)
        else:
            lifecycle.require_newest(run, asked.runtime, seen)
            decided = lifecycle.approve(run.run_id, asked.runtime, by=who)
    except InvalidValue as error:
        raise Conflict(error.detail, field="run_id", value=run.run_id) from None
    return Answered({**run_line(decided), "decision": decision, "decided_by": who})


def ledger(asked: Asked) -> Answered:
    """The record of a portfolio's decisions, from its beginning."""
    asked.only(*PAGED)
    portfolio, size, cursor = known(asked), size_of(asked), cursor_of(asked)
    if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
        raise InvalidValue("cursor", cursor, "is not the end of a page", fix="use next_cursor as it was told")
    found = asked.runtime.ledger.entries(portfolio.id, after=int(cursor or 0), limit=size + 1)
    return Answered(page("entries", found, size, _entry, lambda entry: str(entry.number)))


def verification(asked: Asked) -> Answered:
    """Whether every entry is what was written; the first that is not, where one is not."""
    asked.only()
    portfolio = known(asked)
    broken = next(iter(asked.runtime.ledger.verify(portfolio.id)), None)
    return Answered({"portfolio_id": portfolio.id, "intact": broken is None, "broken": plain(broken)})


def _entry(entry: LedgerEntry) -> dict[str, object]:
    return {**plain(entry), "at": instant(entry.at)}
