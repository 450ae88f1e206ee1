"""A flow in a process of its own: parameters come in as JSON, how it ended goes out as JSON, and nothing else does.

    python -P -m portopt.adapters.jobs.flow_process NAME  < parameters  > ending

Prefect reads its settings from the environment as it is imported: this process is started in the one it needs, so that the one
that asks keeps its own as it is.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any

from portopt.domain.errors import MissingInput

GROUP = "portopt.flows"


def names() -> list[str]:
    """Flows that are installed, by their entry points."""
    return sorted(entry.name for entry in entry_points(group=GROUP))


def flow(name: str) -> Callable[..., Any]:
    """The flow of that name, loaded. Raises MissingInput for one that is not installed."""
    entry = next(iter(entry_points(group=GROUP, name=name)), None)
    if entry is None:
        raise MissingInput(
            f"the flow {name!r} is not installed", field="flow", value=name,
            fixes=["install this version anew: its flows are found by its entry points"],
        )  # fmt: skip
    found: Callable[..., Any] = entry.load()
    return found


def ended(name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Run the flow of that name here; its state by name, with its message or its result."""
    state = asyncio.run(flow(name)(**parameters, return_state=True))
    if not state.is_completed():
        return {"state": state.name, "message": state.message}
    result = None if state.name == "Skipped" else asyncio.run(state.aresult())
    return {"state": state.name, "result": result}


def main() -> None:
    out = os.dup(1)
    os.dup2(2, 1)  # what libraries print is no ending
    ending = ended(sys.argv[1], json.load(sys.stdin))
    with os.fdopen(out, "w", encoding="utf-8") as stream:
        json.dump({"completed": "message" not in ending, **ending}, stream)


if __name__ == "__main__":
    main()
