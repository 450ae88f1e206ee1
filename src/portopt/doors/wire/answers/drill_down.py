"""What stands behind a proposal: how it goes with its limits, one trade, one limit."""

from __future__ import annotations

from portopt.dialects.reading import text
from portopt.document.derivatives import derivatives_document
from portopt.document.drill_down import limit_document, trade_document
from portopt.doors.wire.answers.runs import run_of
from portopt.doors.wire.asked import Answered, Asked
from portopt.questions import derivatives as moving
from portopt.questions import drill_down as drilling
from portopt.runs.history import require_rebalance


def derivatives(asked: Asked) -> Answered:
    """Enough to move what binds without asking."""
    asked.only()
    return Answered(derivatives_document(moving.derivatives(_run(asked), asked.runtime, until=asked.until)))


def trade(asked: Asked) -> Answered:
    """What made it, what it is worth, and what was held and wanted before."""
    asked.only()
    return Answered(trade_document(drilling.trade(_run(asked), asked.call.place["asset_id"], asked.runtime, until=asked.until)))


def limit(asked: Asked) -> Answered:
    """`member`: of whom alone."""
    asked.only("member")
    member = None if asked.text("member") is None else text(asked.text("member"), "member", most=100)
    found = drilling.limit(_run(asked), asked.call.place["name"], asked.runtime, until=asked.until)
    return Answered(limit_document(found, member))


def _run(asked: Asked) -> str:
    return require_rebalance(run_of(asked)).run_id
