"""Relays one store's events to a broker, and is killed at its n-th step: `broker_child.py DATABASE BROKER TOPIC N`.

A step is a moment before or after something becomes true: a number is committed, a message is acknowledged.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from portopt.adapters.events.pulsar_sink import PulsarSink
from portopt.adapters.events.relay import relay_until_empty
from portopt.adapters.store.sql import SqlStore


class Steps:
    """Counts them, and dies at the n-th."""

    def __init__(self, left: int) -> None:
        self.left = left

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*args: Any, **kwargs: Any) -> Any:
            self.step()
            found = call(*args, **kwargs)
            self.step()
            return found

        return stepped


if __name__ == "__main__":
    database, broker, topic, left = sys.argv[1:]
    steps = Steps(int(left))
    ours, sink = SqlStore(database).deliveries(), PulsarSink(broker, topic)
    ours.advance = steps.around(ours.advance)  # type: ignore[method-assign]
    sink.deliver = steps.around(sink.deliver)  # type: ignore[method-assign]
    delivered = relay_until_empty(ours, sink)
    sink.close()
    print(delivered, flush=True)
    os._exit(0)
