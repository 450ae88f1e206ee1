"""A run that waits for a person: paused with its form, called what it waits for, until somebody answers, or decides elsewhere.

Prefect's own pause takes no words: a list of paused runs says "Paused" of each, and an approver opens all of them. This one
says what it waits for in the run's name and in its state. The state keeps the name Paused, by which automations know it.
What decides is the record, not the pause: it is asked again and again, and the pause says what the record says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.client.schemas.responses import SetStateStatus
from prefect.input import Keyset, keyset_from_paused_state
from prefect.runtime import flow_run
from prefect.states import Paused

from portopt.adapters.jobs.orchestration import Approval
from portopt.domain.errors import OutsideError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

POLL_SECONDS = 2.0
SLACK_SECONDS = 60  # in which the record's own end is noticed before the server ends the pause
FOR_EVER_SECONDS = 366 * 86_400


@dataclass(frozen=True, slots=True)
class Waits:
    """What is waited for, in words, and until when; None is for as long as it takes."""

    words: str
    until: datetime | None


async def called(name: str) -> None:
    """The run is called so from now on; outside of a run that the server knows, nothing is."""
    run_id = flow_run.get_id()
    if run_id:
        async with get_client() as client:
            await client.update_flow_run(UUID(run_id), name=name)


async def decision(form: type[Approval], waits: Callable[[], Waits | None]) -> Approval | None:
    """What the person answered; None where there is nothing to wait for any more.

    waits: what the record says is waited for, None once it is decided or too late.
    """
    run_id = UUID(flow_run.get_id())
    keyset: Keyset | None = None
    said: Waits | None = None
    async with get_client() as client, _own_name(client, run_id) as name:
        while (now := await _asked(waits, said)) is not None:
            run = await client.read_flow_run(run_id)
            if keyset is not None and run.state is not None and run.state.is_running():
                return await form.aload(keyset, run_id)
            if now != said:
                said = now
                await client.update_flow_run(run_id, name=f"{name}: {now.words}")
                keyset = await _pause(client, run_id, form, now)
            await asyncio.sleep(POLL_SECONDS)
    return None


async def _asked(waits: Callable[[], Waits | None], said: Waits | None) -> Waits | None:
    """What the record says now; a store that does not answer for a while ends no waiting."""
    try:
        return await asyncio.to_thread(waits)
    except OutsideError:
        if said is None:
            raise
        return said


@asynccontextmanager
async def _own_name(client: PrefectClient, run_id: UUID) -> AsyncIterator[str]:
    """The run's name as the server has it, which it bears again afterwards."""
    name = (await client.read_flow_run(run_id)).name
    try:
        yield name
    finally:
        await client.update_flow_run(run_id, name=name)


async def _pause(client: PrefectClient, run_id: UUID, form: type[Approval], waits: Waits) -> Keyset:
    """Paused with a form of its own; returns under which keys the answer will be. One that is paused is paused anew."""
    left = FOR_EVER_SECONDS if waits.until is None else (waits.until - datetime.now(UTC)).total_seconds() + SLACK_SECONDS
    key = f"approval-{flow_run.get_run_count()}-{uuid4().hex[:8]}"
    state: State[None] = Paused(timeout_seconds=max(int(left), SLACK_SECONDS), pause_key=key, message=waits.words)
    keyset = keyset_from_paused_state(state)  # its own for every time that it is paused: a form is given once
    state.state_details.run_input_keyset = {str(part): name for part, name in keyset.items()}
    # The form first: who answers in the same second finds it.
    await form.asave(keyset, run_id)
    told = await client.set_flow_run_state(run_id, state, force=True)
    if told.status is not SetStateStatus.ACCEPT:
        raise RuntimeError(f"the workflow server does not let the run wait: {told.details}")
    return keyset
