"""`PortfolioOptimized`: written with its run, delivered when the sink takes it."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from portopt.domain.canonical import plain
from portopt.domain.errors import PortoptError
from portopt.domain.run import Event, RunRecord

if TYPE_CHECKING:
    from portopt.runtime import Runtime


def event_of(outcome_record: RunRecord) -> Event:
    """`PortfolioOptimized`, in S1's words; its id comes from the run's, so a repeat is recognised everywhere."""
    from portopt.dialects.strategy import rebalance_event_body

    occurred_at = outcome_record.completed_at or datetime.now(UTC)
    event_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"portopt:{outcome_record.run_id}:portfolio_optimized"))
    return Event(
        event_id=event_id,
        type="portfolio_optimized",
        key=outcome_record.portfolio_id,
        body=rebalance_event_body(outcome_record, event_id),
        occurred_at=occurred_at,
    )


def deliver(runtime: Runtime) -> int:
    """Empty the outbox into the sink. On the embedded default this is the whole relay."""
    from portopt.adapters.events.relay import relay_until_empty

    return relay_until_empty(runtime.runs, runtime.sink)


def relay(runtime: Runtime, *, wait: bool, retry_parked: bool, say: Callable[[str], None]) -> dict[str, Any]:
    """Deliver what waits, and tell what waits on, and for what.

    wait: also for what another relay holds, or held when it was killed. retry_parked: what a sink refused is tried again.
    """
    from portopt.adapters.events.relay import relay_and_wait

    if retry_parked:
        runtime.runs.unpark_events()
    delivered = relay_and_wait(runtime.runs, runtime.sink, say=say) if wait else deliver(runtime)
    return {"delivered": delivered, **plain(runtime.runs.outbox())}


def deliver_if_possible(runtime: Runtime) -> int:
    """Into the local log at once. A broker is the relay's to talk to: an answer never waits for one."""
    if runtime.settings.events != "local":
        return 0
    try:
        return deliver(runtime)
    except PortoptError as error:
        logging.getLogger(__name__).warning("%s; the event waits in the outbox for `portopt relay`", error.detail)
        return 0
