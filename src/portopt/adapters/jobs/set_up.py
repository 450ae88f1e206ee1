"""What the workflow server is told once: the work pool and how much it may run, and what to think of runs that went silent.

Asked for again, what is there is brought to this version and nothing is made twice: the server itself takes a second automation
of the same name without a word.
"""

from __future__ import annotations

from datetime import timedelta

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectNotFound

from portopt.adapters.door import said
from portopt.domain.errors import OutsideError

POOL, AT_ONCE = "portopt", 4  # flow runs of the pool, each a process of its own
SILENT = "portopt: a run that went silent has crashed"
HEARTBEAT_SECONDS = 30  # PREFECT_FLOWS_HEARTBEAT_FREQUENCY of whoever runs flows; the least that there is
WINDOW = timedelta(seconds=90)  # three heartbeats: with less, runs that live were declared dead
ENDED = ("Completed", "Failed", "Cancelled", "Crashed", "Paused", "Suspended")


def set_up(at_once: int = AT_ONCE) -> dict[str, str]:
    """What was done, by the name of each. Raises OutsideError where the server does not answer, or refuses."""
    import httpx

    try:
        with get_client(sync_client=True) as client:
            return {f"work pool {POOL}": _pool(client, at_once), SILENT: _automation(client)}
    except (httpx.HTTPError, OSError) as error:
        fixes = ["start the workflow server, and name it in PREFECT_API_URL"]
        raise OutsideError(
            f"the workflow server does not answer: {said(error)}", field="PREFECT_API_URL", fixes=fixes
        ) from error


def _pool(client: SyncPrefectClient, at_once: int) -> str:
    try:
        client.read_work_pool(POOL)
    except ObjectNotFound:
        client.create_work_pool(WorkPoolCreate(name=POOL, type="process", concurrency_limit=at_once))
        return f"made, {at_once} runs at once"
    client.update_work_pool(POOL, WorkPoolUpdate(concurrency_limit=at_once))
    return f"was there, {at_once} runs at once"


def automation() -> AutomationCore:
    """A run of which neither a heartbeat nor an end was heard within the window is set to Crashed."""
    heartbeat = "prefect.flow-run.heartbeat"
    return AutomationCore(
        name=SILENT,
        description="Made by `portopt orchestration set-up`.",
        trigger=EventTrigger(
            match={"prefect.resource.id": "prefect.flow-run.*"},
            for_each={"prefect.resource.id"},
            after={heartbeat},
            expect={heartbeat, *(f"prefect.flow-run.{state}" for state in ENDED)},
            posture=Posture.Proactive,
            threshold=1,
            within=WINDOW,
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message=f"no heartbeat within {WINDOW.seconds} s")],
    )


def _automation(client: SyncPrefectClient) -> str:
    body = automation().model_dump(mode="json", exclude={"owner_resource"})  # which a change may not name
    there = client.request("POST", "/automations/filter", json={"automations": {"name": {"any_": [SILENT]}}})
    found = there.raise_for_status().json()
    if not found:
        client.request("POST", "/automations/", json=body).raise_for_status()
        return "made"
    first, *others = sorted(found, key=lambda one: str(one["created"]))
    client.request("PUT", "/automations/{id}", path_params={"id": first["id"]}, json=body).raise_for_status()
    for other in others:  # made by hand, or by two set-ups at the same moment
        client.request("DELETE", "/automations/{id}", path_params={"id": other["id"]}).raise_for_status()
    return f"was there{f'; {len(others)} more of its name were removed' if others else ''}"
