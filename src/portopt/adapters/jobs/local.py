"""Run a flow here and now, with a server of its own that ends with it: none to start, nothing to configure.

Flows are found by entry point (group `portopt.flows`), so that the command line needs to know none of them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from portopt.adapters.jobs.server import started
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
    with _server(home):
        flow = found[name].load()
        state = asyncio.run(flow(**parameters, return_state=True))
        if state.is_completed():
            return asyncio.run(state.aresult()) if state.name != "Skipped" else None
    refusal = REFUSALS.get(state.name or "", PortoptError)
    raise refusal(state.message or f"flow {name} ended as {state.name}", measured={"state": state.name})


@contextmanager
def _server(home: Path) -> Iterator[None]:
    """The one that PREFECT_API_URL names; else one for as long as this lasts."""
    if "PREFECT_API_URL" in os.environ:
        yield
        return
    with started(home / "prefect") as api:
        os.environ["PREFECT_API_URL"] = api
        try:
            yield
        finally:
            del os.environ["PREFECT_API_URL"]


def prepare_environment(home: Path) -> None:
    """Prefect's own settings for a quiet, offline, self-contained run; what is set already stays."""
    quiet = {
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
        "DO_NOT_TRACK": "1",
    }
    for key, value in quiet.items():
        os.environ.setdefault(key, value)
