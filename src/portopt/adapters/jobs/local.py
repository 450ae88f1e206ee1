"""Run a flow here and now, with a server of its own that ends with it: none to start, nothing to configure.

Flows are found by entry point (group `portopt.flows`), so that the command line needs to know none of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from portopt.adapters.jobs.flow_process import names
from portopt.adapters.jobs.server import started
from portopt.domain.errors import DataError, InfeasibleRequest, OutsideError, PortoptError, ProposalRejected, RequestError

REFUSALS: dict[str, type[PortoptError]] = {  # by the name of the state that a flow's refusal ends in
    "BadRequest": RequestError,
    "Infeasible": InfeasibleRequest,
    "BadData": DataError,
    "Rejected": ProposalRejected,
    "Superseded": RequestError,
}


def run_flow(name: str, parameters: Mapping[str, Any], home: Path) -> Any:
    """The flow's result. A state that is a refusal raises the PortoptError that the flow ended with."""
    known = names()
    if name not in known:
        raise RequestError(f"there is no flow {name!r}; installed: {', '.join(known)}", field="flow", value=name)
    with _server(environment_for(home)) as environment:
        command = [sys.executable, "-P", "-m", "portopt.adapters.jobs.flow_process", name]
        given = json.dumps(dict(parameters))
        done = subprocess.run(command, input=given, env=environment, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise OutsideError(f"the flow {name} broke off (exit {done.returncode}): what it said is above", field="flow")
    ending = json.loads(done.stdout)
    if ending["completed"]:
        return ending["result"]
    refusal = REFUSALS.get(ending["state"] or "", PortoptError)
    raise refusal(ending["message"] or f"flow {name} ended as {ending['state']}", measured={"state": ending["state"]})


@contextmanager
def _server(environment: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """The environment with a server in it: the one that PREFECT_API_URL names; else one for as long as this lasts."""
    if "PREFECT_API_URL" in environment:
        yield environment
        return
    with started(Path(environment["PREFECT_HOME"]), environment) as api:
        yield {**environment, "PREFECT_API_URL": api}


def environment_for(home: Path) -> dict[str, str]:
    """This process's, with Prefect's settings for a quiet, offline, self-contained run; what is set already stays."""
    quiet = {
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",  # what `orchestration set-up` counts on
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
        "DO_NOT_TRACK": "1",
    }
    return {**quiet, **os.environ}
