"""The whole service on one machine: workflow server, API with gRPC, worker and relay, each a process that is kept alive.
The workflow server is told once what to think of runs that went silent.

Each ends with this process, however that ends. What they say on standard error is in PORTOPT_HOME/logs, a file each.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portopt.adapters.jobs.local import environment_for
from portopt.domain.errors import OutsideError
from portopt.doors.access.listening import check_settings
from portopt.doors.processes.parts import Part, as_part, end_together
from portopt.doors.processes.sockets import free
from portopt.doors.processes.workflows import API, answers, own_address, server

if TYPE_CHECKING:
    from portopt.runtime import Runtime

LOOK_SECONDS = 0.1
READY_SECONDS = 600.0  # a busy machine takes long; a part that ends early is noticed at once
BESIDE_SECONDS = 5.0  # for a part to end in, beside what its own children may take
MOST_RESTARTS = 3  # before everything was ready once
SILENT = ("workflows", "relay")  # they say nothing when they are ready: the first is asked, the other is ready when it is there
Ready = Callable[[Mapping[str, Any]], None]


def up(runtime: Runtime, http: int, grpc: int, processes: int, stopping: threading.Event, ready: Ready) -> None:
    """Until `stopping` is set. ready: told once where everything is.

    Raises Conflict for a port that is taken, and OutsideError for a part that does not start.
    """
    settings = runtime.settings
    check_settings(settings)
    runtime.runs  # noqa: B018 - the database is at this version's schema before anybody opens it
    ports = {"--http": free(settings.http_host, http, "--http"), "--grpc": free(settings.http_host, grpc, "--grpc")}
    workflows = own_address()
    parts = parts_of(runtime.home, ports, workflows, processes)
    told = set_up_of(runtime.home, workflows)
    try:
        for part in parts:
            part.start()
        _attend(parts, workflows, stopping, ready, told)
    finally:
        end_together([told], 0.0)  # what it makes is made the next time
        end_together(parts[1:], settings.stop_seconds + BESIDE_SECONDS)
        end_together(parts[:1], BESIDE_SECONDS)  # last: a flow that ends tells it so, and tries for long


def parts_of(home: Path, ports: Mapping[str, int], workflows: str, processes: int) -> list[Part]:
    """Every part, none of them started."""
    environment = environment_for(home) | {API: workflows}
    listening = [word for name, port in ports.items() for word in (name, str(port))]
    commands = {
        "api": as_part("serve", *listening, "--json"),
        "worker": as_part("worker", "--processes", str(processes), "--json"),
        "relay": as_part("relay", "--follow", "--json"),
    }
    ours = [Part(name, words, environment, log=home / "logs" / f"{name}.log") for name, words in commands.items()]
    return [server(workflows, home, environment), *ours]


def set_up_of(home: Path, workflows: str) -> Part:
    """What tells the workflow server what this service needs of it, and ends: not started, and not kept alive."""
    environment = environment_for(home) | {API: workflows}
    return Part("set-up", as_part("orchestration", "set-up", "--json"), environment, log=home / "logs" / "set-up.log")


def _attend(parts: list[Part], api: str, stopping: threading.Event, ready: Ready, set_up: Part) -> None:
    told, until = False, time.monotonic() + READY_SECONDS
    while not stopping.wait(LOOK_SECONDS):
        for part in parts:
            part.keep()
        if told:
            continue
        _require_starting(parts, until)
        if all(part.ready or (part.name in SILENT and part.is_alive) for part in parts) and answers(api):
            told = True
            set_up.start()  # needed once something went silent: nobody waits for it
            ready({part.name: {"pid": part.pid, **(part.ready or {})} for part in parts} | {"workflows": api})


def _require_starting(parts: list[Part], until: float) -> None:
    for part in parts:
        late = time.monotonic() > until
        if late or part.restarts > MOST_RESTARTS:
            why = "is not ready" if late else "ended as often as it was started"
            raise OutsideError(f"the {part.name} {why}", field=part.name, fixes=[f"{part.log} has why"])
