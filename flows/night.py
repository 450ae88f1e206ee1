"""The night: many portfolios from one cause, each to its proposal or to the reason why there is none."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.futures import as_completed

from flows.history import task_runner
from portopt.adapters.jobs.orchestration import missed, refused
from portopt.domain.errors import PortoptError
from portopt.doors.wave_form import WaveForm
from tasks import records, waves


@flow(name="wave", flow_run_name="{form.title}", log_prints=False, task_runner=task_runner())
async def wave(form: WaveForm = WaveForm()) -> Any:
    """Carry out a wave. What was killed is resumed with its id: nothing is done twice."""
    try:
        asked = waves.record(form)
        for _ in range(2):  # what a killed part left is for a second round
            left = waves.open_shares(asked)
            for future in as_completed([waves.work.submit(asked.wave_id, share, left.size) for share in left.names]):
                future.result()
        document = waves.conclude(asked)
    except PortoptError as error:
        records.publish_problem(error)
        return refused(error)
    waves.publish(document)
    return missed(document["deadlines"]["said"]) if document["deadlines"]["missed"] else document["wave_id"]
