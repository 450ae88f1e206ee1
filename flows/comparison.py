"""Policies side by side on one history, or the points of a frontier, each a book of its own."""

from __future__ import annotations

from typing import Any

from prefect import flow

from flows.history import answer, task_runner
from portopt.doors.history_form import ComparisonForm


@flow(name="comparison", flow_run_name="{form.title}", log_prints=False, task_runner=task_runner())
async def comparison(form: ComparisonForm = ComparisonForm()) -> Any:
    """Compare policies. The same form on the same prices is one run, however often it is started."""
    return await answer(form)
