"""Deployments on the workflow server: the ones that every installation has, and one for each portfolio.

Flows are named by module, so that a deployment needs the installed package and no repository. What is there already is brought
to what is wanted, and said to be made, changed or the same; of portfolios, those no longer wanted can be taken away.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectNotFound
from prefect.utilities.callables import parameter_schema
from pydantic import ValidationError

from portopt.adapters.door import said
from portopt.adapters.jobs.flow_process import flow
from portopt.adapters.jobs.set_up import POOL
from portopt.domain.config_files import prefect_file
from portopt.domain.errors import OutsideError

FLOW, ENTRYPOINT = "rebalance", "flows.rebalance.rebalance"
OURS = "portopt-portfolio"  # the tag by which those of portfolios are known
HEARTBEAT = {"env": {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30"}}  # as prefect.yaml says of the pool
PAGE = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """A portfolio's deployment. name: the portfolio's id. order: the form's fields. cron: when it runs; None is on demand."""

    name: str
    order: Mapping[str, Any]
    cron: str | None = None
    timezone: str = "UTC"
    active: bool = True

    @property
    def schedules(self) -> list[dict[str, Any]]:
        return [] if self.cron is None else [{"cron": self.cron, "timezone": self.timezone, "active": self.active}]

    @property
    def description(self) -> str:
        policy = self.order.get("custom_policy") or self.order.get("policy") or "the form's policy"
        return f"Rebalances {self.name} under {policy}. Kept by `portopt orchestration deploy`."


def wrong_in_schedule(cron: str | None, timezone: str) -> str | None:
    """What Prefect would refuse of it, in words; None where nothing is wrong."""
    try:
        CronSchedule(cron=cron or "0 0 * * *", timezone=timezone)
    except ValidationError as error:
        first = error.errors()[0]
        return f"{first['loc'][0]} = {first.get('input')!r}: {first['msg']}"
    return None


def deploy_all() -> list[dict[str, str]]:
    """The deployments of prefect.yaml, by Prefect's own command. Raises OutsideError where it fails."""
    with tempfile.TemporaryDirectory() as empty:
        command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(prefect_file())]
        done = subprocess.run(command, cwd=empty, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise _no_answer("; ".join(lines[-3:]))
    with get_client(sync_client=True) as client:
        pool = [one for one in _every(client, ["portopt"]) if OURS not in one.tags]
        return [{"deployment": f"{client.read_flow(one.flow_id).name}/{one.name}", "is": "there"} for one in pool]


def deploy(wanted: Sequence[Wanted], *, remove_others: bool = False, dry_run: bool = False) -> list[dict[str, str]]:
    """One deployment a portfolio. Gives what became of each: made, changed (what), the same, removed, not wanted.

    dry_run: only say it. Raises OutsideError where the server does not answer.
    """
    import httpx

    try:
        with get_client(sync_client=True) as client:
            there = {one.name: one for one in _every(client, [OURS])}
            told = [_brought(client, one, there.get(one.name), dry_run) for one in wanted]
            names = {one.name for one in wanted}
            others = [one for name, one in sorted(there.items()) if name not in names]
            return told + [_taken_away(client, one, remove_others, dry_run) for one in others]
    except (httpx.HTTPError, OSError) as error:
        raise _no_answer(said(error)) from error


def _no_answer(why: str) -> OutsideError:
    fixes = ["start the workflow server, and name it in PREFECT_API_URL", "portopt orchestration set-up, for its work pool"]
    return OutsideError(f"the workflow server did not take the deployments: {why}", field="PREFECT_API_URL", fixes=fixes)


def _every(client: SyncPrefectClient, tags: list[str]) -> Iterator[Any]:
    chosen, offset = DeploymentFilter(tags=DeploymentFilterTags(all_=tags)), 0
    while True:
        page = client.read_deployments(deployment_filter=chosen, limit=PAGE, offset=offset)
        yield from page
        if len(page) < PAGE:
            return
        offset += PAGE


def _brought(client: SyncPrefectClient, wanted: Wanted, there: Any, dry_run: bool) -> dict[str, str]:
    differs = [] if there is None else _differences(wanted, there)
    became = "made" if there is None else f"changed: {', '.join(differs)}" if differs else "the same"
    if not dry_run and became != "the same":
        _put(client, wanted)
    return {"deployment": f"{FLOW}/{wanted.name}", "is": became}


def _differences(wanted: Wanted, there: Any) -> list[str]:
    """Names of what is not as it is wanted."""
    order = (there.parameters or {}).get("order", {})
    fields = sorted({*order, *wanted.order})
    differs = [name for name in fields if order.get(name) != wanted.order.get(name)]
    schedules = [
        {"cron": getattr(one.schedule, "cron", None), "timezone": one.schedule.timezone, "active": one.active}
        for one in there.schedules
    ]
    return [*differs, *(["schedule"] if schedules != wanted.schedules else [])]


def _put(client: SyncPrefectClient, wanted: Wanted) -> None:
    function = flow(FLOW)
    schedules = [
        DeploymentScheduleCreate(schedule=CronSchedule(cron=one["cron"], timezone=one["timezone"]), active=one["active"])
        for one in wanted.schedules
    ]
    client.create_deployment(
        flow_id=client.create_flow_from_name(FLOW),
        name=wanted.name,
        entrypoint=ENTRYPOINT,
        parameters={"order": dict(wanted.order)},
        parameter_openapi_schema=parameter_schema(function).model_dump(),
        enforce_parameter_schema=True,
        description=wanted.description,
        tags=["portopt", FLOW, OURS],
        work_pool_name=POOL,
        job_variables=HEARTBEAT,
        pull_steps=[],
        schedules=schedules,
        concurrency_limit=1,
        concurrency_options=ConcurrencyOptions(collision_strategy=ConcurrencyLimitStrategy.ENQUEUE),
    )


def _taken_away(client: SyncPrefectClient, there: Any, wanted: bool, dry_run: bool) -> dict[str, str]:
    if wanted and not dry_run:
        with contextlib.suppress(ObjectNotFound):  # somebody else did
            client.delete_deployment(there.id)
    return {"deployment": f"{FLOW}/{there.name}", "is": "removed" if wanted else "there, and not in the list"}
