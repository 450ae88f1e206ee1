"""What became of released proposals: expected against realized, as far as holdings and prices have come in."""

from __future__ import annotations

from datetime import UTC, datetime

from portopt.document.watch.afterwards import afterwards_document
from portopt.doors.wire.answers.portfolios import known
from portopt.doors.wire.answers.runs import run_of
from portopt.doors.wire.asked import Answered, Asked
from portopt.runs import history
from portopt.runs.watch import afterwards


def of_portfolio(asked: Asked) -> Answered:
    """Every proposal of the past year, the newest first."""
    asked.only()
    found = afterwards.of_portfolio(known(asked).id, asked.runtime, datetime.now(UTC))
    return Answered({"proposals": [afterwards_document(one) for one in found]})


def of_run(asked: Asked) -> Answered:
    """Of one proposal."""
    asked.only()
    run = history.require_rebalance(run_of(asked))
    return Answered(afterwards_document(afterwards.of_run(run, asked.runtime, datetime.now(UTC))))
