"""Processes that watch, and are killed: `watch_nursery.py`, told on its input a line each, as JSON:

    {"until": 40, "most": 3, "die_at": 17, "after": null, "beside": true}

die_at: the child kills itself at so manyth point: before or after a statement of the database, before or after a delivery.
after: it is killed from outside after so many seconds. beside: another one watches at the same time, and lives. Answered by how
each ended. The children are forked from here, where everything is loaded already: no thread runs in this process.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from faults.watched import live, rules
from sqlalchemy import event

from portopt.adapters.events.local_log import LocalLog
from portopt.adapters.notices.webhook import Webhook
from portopt.runtime import open_runtime


def die_at(number: int | None, engine: Any) -> None:
    points = count(1)

    def point(*_: object, **__: object) -> None:
        if next(points) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    for moment in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(engine, moment, point)
    for sink in (Webhook, LocalLog):
        deliver = sink.deliver

        def around(self: Any, *args: Any, _deliver: Any = deliver, **named: Any) -> None:
            point()
            _deliver(self, *args, **named)
            point()

        sink.deliver = around  # type: ignore[method-assign]


def child(told: dict[str, Any], *, dies: bool) -> int:
    """Its process id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    with contextlib.suppress(BaseException):
        runtime = open_runtime()
        if dies:
            die_at(told["die_at"], runtime.runs.database.engine)
        live(runtime, Path(os.environ["PORTOPT_HOME"]), told["until"], told["most"])
        code = 0
    os._exit(code)


def ended(pids: list[int]) -> Iterator[int]:
    for pid in pids:
        yield os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    rules(Path(os.environ["PORTOPT_HOME"]))  # loaded once
    print("ready", flush=True)
    while line := sys.stdin.readline():
        told = json.loads(line)
        pids = [child(told, dies=True)]
        if told["beside"]:
            pids.append(child(told, dies=False))
        if told["after"] is not None:
            time.sleep(told["after"])
            with contextlib.suppress(ProcessLookupError):
                os.kill(pids[0], signal.SIGKILL)
        print(json.dumps(list(ended(pids))), flush=True)
