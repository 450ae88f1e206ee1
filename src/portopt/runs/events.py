"""`PortfolioOptimized`: written with its run, delivered when the sink takes it."""

from __future__ import annotations

import logging
import uuid
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from portopt.domain.errors import PortoptError
from portopt.domain.run import Event, RunRecord

if TYPE_CHECKING:
    from portopt.runtime import Runtime

TYPE = "portfolio_optimized"
EVENTFUL = ("rebalance", "optimize")


def event_of(record: RunRecord) -> Event:
    """`PortfolioOptimized`, in S1's words; its id comes from the run's, so a repeat is recognised everywhere."""
    from portopt.dialects.strategy_answers import optimize_event_body, rebalance_event_body

    occurred_at = record.completed_at or datetime.now(UTC)
    event_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"portopt:{record.run_id}:{TYPE}"))
    body = optimize_event_body if record.kind == "optimize" else rebalance_event_body
    return Event(event_id, TYPE, record.portfolio_id, body(record, event_id), occurred_at)


def released(record: RunRecord) -> Event | None:
    """The event of an answer that has one: weights were chosen for a portfolio. A frontier, say, optimizes none."""
    return event_of(record) if record.kind in EVENTFUL else None


def deliver(runtime: Runtime) -> int:
    """Empty the outbox into the sink, as far as no other relay holds it. On the embedded default this is the whole relay.

    Who finds it held leaves it to the holder, who therefore looks once more after having let go.
    """
    total = 0
    while runtime.runs.may_be_sent():
        alone, delivered = _turn(runtime)
        total += delivered
        if not alone and not delivered:
            break
    return total


def _turn(runtime: Runtime) -> tuple[bool, int]:
    """Whether no other relay held anything, and how many events were delivered."""
    from portopt.adapters.events.relay import relay_until_empty

    with closing(runtime.runs.deliveries()) as ours:
        delivered = relay_until_empty(ours, runtime.sink)
        return ours.held == ours.wanted, delivered


def deliver_if_possible(runtime: Runtime) -> int:
    """Into the local log at once. A broker is the relay's to talk to: an answer never waits for one."""
    if runtime.settings.events != "local":
        return 0
    try:
        return deliver(runtime)
    except PortoptError as error:
        logging.getLogger(__name__).warning("%s; the event waits in the outbox for `portopt relay`", error.detail)
        return 0
