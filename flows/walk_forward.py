"""Variants of a policy, chosen in training windows and judged in the windows after them."""

from __future__ import annotations

from typing import Any

from prefect import flow

from flows.history import answer, task_runner
from portopt.doors.history_form import WalkForwardForm


@flow(name="walk_forward", flow_run_name="{form.title}", log_prints=False, task_runner=task_runner())
async def walk_forward(form: WalkForwardForm = WalkForwardForm()) -> Any:
    """Walk a policy forward. The same form on the same prices is one run, however often it is started."""
    return await answer(form)
