"""Answers that are at their end when they are written: one, or thousands in one transaction.

They declare no holdings and decide nothing about a proposal, so that nothing has to be read before they are written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from portopt.adapters.store import lifecycle, models, outbox, projection
from portopt.adapters.store.ready_rows import ReadyRow, insert_rows, ready_row
from portopt.adapters.store.records import result_row, run_row
from portopt.domain.run import Event, RunRecord


@dataclass(frozen=True, slots=True)
class ReadyAnswer:
    """An answer with its event, and their rows. first: the one whose key decides whether there is anything to write."""

    run: RunRecord
    event: Event | None
    first: ReadyRow
    rows: tuple[ReadyRow, ...]


def ends_at_once(run: RunRecord) -> bool:
    return run.kind != "rebalance" and run.pricing_pack_id is None and "holdings" not in run.request


def make_ready(engine: Engine, run: RunRecord, event: Event | None) -> ReadyAnswer:
    """Before the transaction. Raises InvalidValue, DataError for what no column holds."""
    first = ready_row(engine, models.runs, run_row(run), unless_there=True, clocked="recorded_at")
    asked = [(models.portfolios, {"id": run.portfolio_id}), *projection.asked_rows(run)]
    rows = [
        *(ready_row(engine, table, row, unless_there=True) for table, row in asked),
        ready_row(engine, models.run_results, result_row(run)),
        *(ready_row(engine, table, row) for table, row in projection.decided_rows(run)),
        *([] if event is None else [ready_row(engine, models.outbox, outbox.row_of(event, run.run_id))]),
    ]
    return ReadyAnswer(run, event, first, tuple(rows))


def complete_ready(connection: Connection, answers: Sequence[ReadyAnswer]) -> int:
    """Each with its rows and its event; returns how many were not there. answers: each run once, in the order of portfolios.

    One that was begun before is completed as any other run.
    """
    for portfolio_id in dict.fromkeys(answer.run.portfolio_id for answer in answers):
        outbox.take_turns(connection, portfolio_id)
    written, completed = list[ReadyAnswer](), 0
    for answer in answers:
        if answer.first.insert(connection):
            written.append(answer)
        else:
            completed += lifecycle.complete(connection, answer.run, answer.event, None)
    insert_rows(connection, [row for answer in written for row in answer.rows])
    if any(answer.event is not None for answer in written):
        outbox.tell(connection)
    return completed + len(written)
