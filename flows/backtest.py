"""A policy on the prices of the past: what was asked, day by day, and what came of it."""

from __future__ import annotations

from typing import Any

from prefect import flow

from flows.history import answer, task_runner
from portopt.doors.history_form import BacktestForm


@flow(name="backtest", flow_run_name="{form.title}", log_prints=False, task_runner=task_runner())
async def backtest(form: BacktestForm = BacktestForm()) -> Any:
    """Backtest a policy. The same form on the same prices is one run, however often it is started."""
    return await answer(form)
