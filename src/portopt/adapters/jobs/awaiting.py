"""A run that waits for a person: paused with its form, called what it waits for, until somebody answers.

Prefect's own pause takes no words: a list of paused runs says "Paused" of each, and an approver opens all of them. This one
says what it waits for in the run's name and in its state. The state keeps the name Paused, by which automations know it.
"""

from __future__ import annotations

import asyncio
import time
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import FlowPauseTimeout
from prefect.input import keyset_from_paused_state
from prefect.runtime import flow_run
from prefect.states import Paused

from portopt.adapters.jobs.orchestration import Approval

POLL_SECONDS = 2.0


async def called(name: str) -> None:
    """The run is called so from now on; outside of a run that the server knows, nothing is."""
    run_id = flow_run.get_id()
    if run_id:
        async with get_client() as client:
            await client.update_flow_run(UUID(run_id), name=name)


async def decision(form: type[Approval], words: str, seconds: int) -> Approval:
    """What the person answered. words: what is waited for. Raises FlowPauseTimeout where nobody did in time."""
    run_id = UUID(flow_run.get_id())
    async with get_client() as client:
        name = (await client.read_flow_run(run_id)).name  # as the server has it: this process may have changed it
        await client.update_flow_run(run_id, name=f"{name}: {words}")
        try:
            return await _paused(client, run_id, form, words, seconds)
        finally:
            await client.update_flow_run(run_id, name=name)


async def _paused(client: PrefectClient, run_id: UUID, form: type[Approval], words: str, seconds: int) -> Approval:
    state: State[None] = Paused(timeout_seconds=seconds, pause_key=f"approval-{flow_run.get_run_count()}", message=words)
    keyset = keyset_from_paused_state(state)  # its own for every time that the run is run: a form is given once
    state.state_details.run_input_keyset = {str(part): key for part, key in keyset.items()}
    # The form first: who answers in the same second finds it.
    await form.asave(keyset, run_id)
    told = await client.set_flow_run_state(run_id, state)
    if told.status is not SetStateStatus.ACCEPT:
        raise RuntimeError(f"the workflow server does not let the run wait: {told.details}")
    until = time.monotonic() + seconds
    while True:
        run = await client.read_flow_run(run_id)
        if run.state is not None and run.state.is_running():
            return await form.aload(keyset, run_id)
        if time.monotonic() >= until:
            raise FlowPauseTimeout("nobody answered in time")
        await asyncio.sleep(min(POLL_SECONDS, seconds / 2))
