"""Relays one store's events into one log, and dies at a chosen moment: `relay_child.py URL LOG MOMENT`.

after_delivery: killed when the log has the first event and the store does not know it yet.
mid_line: killed when half of the first event's line is written.
never: relays until nothing is left.
"""

from __future__ import annotations

import os
import signal
import sys

from portopt.adapters.events import local_log
from portopt.adapters.events.local_log import LocalLog
from portopt.adapters.events.relay import relay_until_empty
from portopt.adapters.store.sql import SqlStore
from portopt.domain.run import Event


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DiesAfterDelivery(LocalLog):
    def deliver(self, event: Event, *, shard: int = 0, number: int | None = None) -> None:
        super().deliver(event)
        die()


def half_a_line(file: int, data: bytes) -> None:
    os.write(file, data[: len(data) // 2])
    die()


if __name__ == "__main__":
    url, log, moment = sys.argv[1:]
    if moment == "mid_line":
        local_log._write_all = half_a_line
    sink = DiesAfterDelivery(log) if moment == "after_delivery" else LocalLog(log)
    ours, delivered = SqlStore(url).deliveries(), 0
    while found := relay_until_empty(ours, sink):
        delivered += found
    print(delivered)
