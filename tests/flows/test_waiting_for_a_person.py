"""A flow that waits for a person, in process: decided by another door, or by nobody in time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from portopt.domain.approval import Said
from portopt.domain.run import RunRecord, RunStatus
from portopt.doors.form import RebalanceForm
from portopt.runs import decisions
from portopt.runtime import Runtime

LOOK_SECONDS = 0.2


def run(order: RebalanceForm, home: Runtime, once_it_waits: Callable[[RunRecord], object] | None = None) -> Any:
    """The state in which the run ends. once_it_waits: done as soon as its proposal awaits approval."""
    from flows.rebalance import rebalance

    async def both() -> Any:
        running = asyncio.create_task(rebalance(order, return_state=True))
        if once_it_waits is not None:
            once_it_waits(await waiting(running))
        return await running

    async def waiting(running: asyncio.Task[Any]) -> RunRecord:
        while not running.done():
            if found := home.runs.runs(status=RunStatus.AWAITING_APPROVAL):
                return found[0]
            await asyncio.sleep(LOOK_SECONDS)
        return pytest.fail(f"it did not wait: {running.result()}")

    return asyncio.run(both())


def test_a_proposal_that_is_decided_elsewhere_ends_its_run_as_it_was_decided(home: Runtime) -> None:
    def decide(run: RunRecord) -> None:
        decisions.request_changes(run.run_id, home, by="desk", said=Said(note="not today"))

    state = run(RebalanceForm(frontier=False, approval_hours=1.0), home, decide)

    assert state.name == "ChangesRequested"
    assert "not today" in state.message
    assert not home.settings.event_log_path.exists()


def test_nobody_approving_in_time_is_a_no(home: Runtime) -> None:
    state = run(RebalanceForm(frontier=False, approval_hours=0.0005), home)

    assert (state.name, state.type.value) == ("Expired", "FAILED")
    (record,) = home.runs.runs()
    assert record.status is RunStatus.CANCELLED
    assert "nobody approved" in record.problem["detail"]
    assert not home.settings.event_log_path.exists()
