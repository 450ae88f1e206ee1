"""Run a flow here and now, in Prefect's ephemeral mode: no server to start, nothing to configure.

Flows are found by entry point (group `portopt.flows`), so that the command line needs to know none of them.
"""

from __future__ import annotations

import asyncio
import os
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from portopt.domain.errors import DataError, InfeasibleRequest, PortoptError, ProposalRejected, RequestError

GROUP = "portopt.flows"
REFUSALS: dict[str, type[PortoptError]] = {  # by the name of the state that a flow's refusal ends in
    "BadRequest": RequestError,
    "Infeasible": InfeasibleRequest,
    "BadData": DataError,
    "Rejected": ProposalRejected,
    "Superseded": RequestError,
}


def run_flow(name: str, parameters: dict[str, Any], home: Path) -> Any:
    """The flow's result. A state that is a refusal raises the PortoptError that the flow ended with."""
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name not in found:
        raise RequestError(f"there is no flow {name!r}; installed: {', '.join(sorted(found))}", field="flow", value=name)
    prepare_environment(home)
    flow = found[name].load()
    state = asyncio.run(flow(**parameters, return_state=True))
    if state.is_completed():
        return asyncio.run(state.aresult()) if state.name != "Skipped" else None
    refusal = REFUSALS.get(state.name or "", PortoptError)
    raise refusal(state.message or f"flow {name} ended as {state.name}", measured={"state": state.name})


def prepare_environment(home: Path) -> None:
    """Prefect's own settings for a quiet, offline, self-contained run; what is set already stays."""
    quiet = {
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "600",  # a busy machine takes longer than the default 20
        "DO_NOT_TRACK": "1",
    }
    if "PREFECT_API_URL" not in os.environ:
        quiet["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] = "true"
    for key, value in quiet.items():
        os.environ.setdefault(key, value)
