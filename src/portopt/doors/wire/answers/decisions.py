"""A person's decision on a proposal, what waits for one, and the record of decisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portopt.dialects.books import instant
from portopt.dialects.reading import object_of, one_of, required, text, whole_number
from portopt.dialects.records import MAX_TEXT
from portopt.domain.approval import DECISIONS, OPEN, REASONS, ApprovalState, Said
from portopt.domain.canonical import plain
from portopt.domain.errors import Conflict, InvalidValue
from portopt.domain.ledger import LedgerEntry
from portopt.doors.wire.answers.portfolios import known
from portopt.doors.wire.answers.runs import cursor_of_run, run_line, run_of
from portopt.doors.wire.asked import Answered, Asked, instant_of
from portopt.doors.wire.pages import PAGED, cursor_of, page, size_of
from portopt.runs import approvals, decisions, history

BODY = ("decision", "reason", "note", "until", "holdings_version")


def approval(asked: Asked) -> Answered:
    """One of DECISIONS, with reason and note: 409 where the proposal does not stand as it would have to."""
    asked.only()
    found = object_of(asked.data(), "", BODY)
    decision = one_of(required(found, "decision"), "decision", DECISIONS)
    if decision != "hold" and found.get("until") is not None:
        raise InvalidValue("until", found["until"], f"means nothing with {decision}: it is how long a hold lasts")
    seen = None if found.get("holdings_version") is None else whole_number(found["holdings_version"], "holdings_version")
    until = instant_of("until", text(required(found, "until"), "until")) if decision == "hold" else None
    said, run, who = _said(found), run_of(asked), asked.call.who.subject
    try:
        decided = decisions.decide(run.run_id, decision, asked.runtime, by=who, said=said, until=until, seen=seen)
    except InvalidValue as error:
        if error.field != "run":
            raise
        raise Conflict(error.detail, field="run_id", value=run.run_id) from None
    return Answered({**run_line(decided), "decision": decision, "decided_by": who})


def _said(found: Mapping[str, Any]) -> Said:
    reason = None if found.get("reason") is None else one_of(found["reason"], "reason", REASONS)
    note = "" if found.get("note") in (None, "") else text(found["note"], "note", most=MAX_TEXT)
    return Said(reason, note)


def waiting(asked: Asked) -> Answered:
    """What waits for a person, the newest first; of one portfolio, in a state, or those alone that who asks may decide."""
    asked.only("portfolio_id", "state", "mine", *PAGED)
    who, runtime, size = asked.call.who, asked.runtime, size_of(asked)
    portfolio_id, state = asked.text("portfolio_id"), asked.text("state")
    found = approvals.waiting(
        runtime,
        states=OPEN if state is None else (ApprovalState(one_of(state, "state", [s.value for s in OPEN])),),
        portfolio_id=None if portfolio_id is None else known(asked, portfolio_id).id,
        among=who.portfolios,
        of=who if asked.flag("mine") else None,
        after=cursor_of_run(asked),
        limit=size + 1,
    )
    write = lambda run: approvals.line(run, runtime, instant)  # noqa: E731 - what a page writes a run with
    return Answered(page("approvals", found, size, write, lambda run: run.run_id))


def of_run(asked: Asked) -> Answered:
    """What was decided about one proposal, in order, and whether the record of it is what was written."""
    asked.only()
    return Answered(approvals.history(history.require_rebalance(run_of(asked)), asked.runtime, instant))


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
