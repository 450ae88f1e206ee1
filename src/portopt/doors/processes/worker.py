"""The worker: so many runners, kept alive; leases of the dead given back; what was left behind made good, again and again.
Beside them the watch looks at every figure, and tells of what is wrong.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from portopt.adapters.jobs.local import environment_for
from portopt.domain.errors import OutsideError, PortoptError
from portopt.doors.processes.parts import Part, as_part, end_together
from portopt.doors.processes.runner import STOP
from portopt.doors.processes.workflows import API, answers, own_address, server
from portopt.questions.children import THREADS
from portopt.runs import jobs

if TYPE_CHECKING:
    from portopt.runtime import Runtime

RUNNER = [sys.executable, "-P", "-m", "portopt.doors.processes.runner"]
LOOK_SECONDS = 0.1
OWN_SECONDS = 3.0  # for a workflow server of its own to end in
READY_SECONDS = 600.0  # a busy machine takes long; a server that ends early is noticed at once
log = logging.getLogger(__name__)
Say = Callable[[Mapping[str, Any]], None]


class Runner:
    """A runner's process, and what it has. say: told what it took up and how that ended."""

    def __init__(self, number: int, environment: Mapping[str, str], say: Say, *, once: bool) -> None:
        self.part = Part(f"runner {number}", [*RUNNER, *(["--once"] if once else [])], environment, self._heard, stop_word=STOP)
        self.is_done = False
        self.owner: str | None = None
        self._has: str | None = None
        self._say = say
        self._ready = threading.Event()

    @property
    def is_ready(self) -> bool:
        return self._ready.is_set()

    def keep(self, runtime: Runtime) -> None:
        """Alive; where it died, its job is free at once, and need not wait for the end of its lease."""
        if not self.is_done and self.part.keep():
            log.warning("%s ended; it is started anew", self.part.name)
            self.let_go(runtime)

    def let_go(self, runtime: Runtime) -> None:
        had, self._has = self._has, None
        if had is not None and self.owner is not None:
            try:
                jobs.give_back(had, runtime, by=self.owner)
            except PortoptError as error:  # then its lease ends by itself
                log.warning("%s was not given back: %s", had, error.detail)

    def _heard(self, said: Mapping[str, Any]) -> None:
        if "ready" in said:
            self.owner = said["ready"]
            self._ready.set()
            return
        if "done" in said:
            self.is_done = True
            return
        self._has = said.get("took")
        self._say(said)


class Watch:
    """A process that looks at every figure, begun once the worker has been there for as long as lies between two looks."""

    def __init__(self, runtime: Runtime, environment: Mapping[str, str]) -> None:
        log_file = runtime.home / "logs" / "watch.log"
        self.part = Part("watch", as_part("monitor", "--follow", "--json"), environment, log=log_file)
        self._seconds = runtime.settings.watch_seconds
        self._begin = time.monotonic() + self._seconds

    def keep(self) -> None:
        """Alive, from its time on."""
        if self._seconds and time.monotonic() >= self._begin:
            self.part.keep()


def work(runtime: Runtime, processes: int, stopping: threading.Event, say: Say, *, once: bool = False) -> None:
    """Until `stopping` is set, or with `once` until nothing waits.

    Flows report to the workflow server that PREFECT_API_URL names, else to one of the worker's own.
    """
    runtime.runs  # noqa: B018 - at this version's schema, once, before the runners look
    environment = environment_for(runtime.home) | dict.fromkeys(THREADS, "1")
    own = None
    if API not in environment:
        environment[API] = own_address()
        own = server(environment[API], runtime.home, environment)
    watch = Watch(runtime, environment)
    runners = [Runner(number + 1, environment, say, once=once) for number in range(processes)]
    try:
        if own is None or _started(own, environment[API], stopping):
            for runner in runners:
                runner.part.start()
            _attend(runtime, runners, [own, None if once else watch], stopping, say)
    finally:
        end_together([watch.part, *(runner.part for runner in runners)], runtime.settings.stop_seconds)
        for runner in runners:
            runner.let_go(runtime)
        if own is not None:
            end_together([own], OWN_SECONDS)  # last: a flow that ends tells it so, and tries for long


def _started(own: Part, address: str, stopping: threading.Event) -> bool:
    """Whether the workflow server answers; False where it was told to stop before. Raises OutsideError."""
    own.start()
    until = time.monotonic() + READY_SECONDS
    while not stopping.wait(LOOK_SECONDS):
        if answers(address):
            return True
        if not own.is_alive or time.monotonic() > until:
            raise OutsideError("the workflow server did not start", field=API, fixes=[f"{own.log} has why"])
    return False


def _attend(
    runtime: Runtime, runners: list[Runner], beside: list[Part | Watch | None], stopping: threading.Event, say: Say
) -> None:
    sweeps, told = 0.0, False
    while not (stopping.wait(LOOK_SECONDS) or all(runner.is_done for runner in runners)):
        for part in beside:
            if part is not None:
                part.keep()
        for runner in runners:
            runner.keep(runtime)
        if not told and all(runner.is_ready for runner in runners):
            say({"ready": True, "processes": len(runners), "pid": os.getpid()})
            told = True
        if time.monotonic() >= sweeps:
            sweep_if_possible(runtime)
            sweeps = time.monotonic() + runtime.settings.sweep_seconds


def sweep_if_possible(runtime: Runtime) -> None:
    """A store that does not answer now is swept the next time."""
    try:
        jobs.sweep(runtime)
    except PortoptError as error:
        log.warning("nothing was swept: %s", error.detail)
