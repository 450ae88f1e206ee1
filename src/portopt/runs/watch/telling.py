"""Notices out of the outbox, each channel for itself: at least once, in order within a key, and none held up by another."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portopt.domain.errors import PortoptError

if TYPE_CHECKING:
    from portopt.runtime import Runtime

log = logging.getLogger(__name__)
SECONDS = 60.0  # of one look: for what is told, on each channel


@dataclass(frozen=True, slots=True)
class Delivered:
    """Of one channel. why: what stopped it, where something did; what waits then waits for the next time."""

    channel: str
    delivered: int
    why: str = ""


Stopped = Callable[[], bool]


def tell(
    runtime: Runtime, channels: Sequence[str] | None = None, *, stopped: Stopped | None = None, seconds: float = SECONDS
) -> tuple[Delivered, ...]:
    """What may be sent, on every channel at once; what fails is told, and waits. Raises nothing of a channel's.

    seconds: after so many nothing more is begun: a storm of alerts over a slow receiver does not keep the watch from looking.
    """
    named = list(runtime.settings.channels if channels is None else channels)
    end = time.monotonic() + seconds

    def is_over() -> bool:
        return time.monotonic() > end or (stopped is not None and stopped())

    if len(named) == 1:
        return (_tell(runtime, named[0], is_over),)
    with ThreadPoolExecutor(max(len(named), 1), thread_name_prefix="channel") as pool:
        return tuple(pool.map(lambda name: _tell(runtime, name, is_over), named))


def _tell(runtime: Runtime, channel: str, stopped: Stopped) -> Delivered:
    total = 0
    try:
        # Who finds the channel held leaves it to the holder, who therefore looks once more after having let go.
        while runtime.alerts.may_be_sent(channel):
            alone, delivered = _turn(runtime, channel, stopped)
            total += delivered
            if stopped():
                return Delivered(channel, total, "its time is over: the rest waits for the next look")
            if not delivered:
                return Delivered(channel, total, "" if alone else "another process delivers on it")
    except PortoptError as error:
        log.warning("%s; notices wait for the channel %s", error.detail, channel)
        return Delivered(channel, total, error.detail)
    return Delivered(channel, total)


def _turn(runtime: Runtime, channel: str, stopped: Stopped) -> tuple[bool, int]:
    """Whether no other process holds the channel, and how many notices were delivered."""
    from portopt.adapters.events.relay import relay_until_empty

    with closing(runtime.channel(channel)) as sink, closing(runtime.alerts.deliveries(channel)) as ours:
        delivered = relay_until_empty(ours, sink, stopped=stopped)
        return ours.held == ours.wanted, delivered


def waits(runtime: Runtime) -> list[dict[str, Any]]:
    """What waits for each channel, configured or not, and for what."""
    from portopt.domain.canonical import plain
    from portopt.domain.watch import NOTICE_CHANNELS

    configured, found = runtime.settings.channels, []
    for channel in NOTICE_CHANNELS:
        state = runtime.alerts.undelivered(channel)
        if channel in configured or state.waiting:
            found.append({"channel": channel, "configured": channel in configured, **plain(state)})
    return found


def test(runtime: Runtime, channel: str) -> None:
    """A notice of no alert straight to the channel, past the outbox. Raises what the channel raises."""
    import uuid

    from portopt.dialects.alerts import notice_data
    from portopt.domain.run import Event
    from portopt.domain.watch import Notice, Severity, Told

    now, number = runtime.alerts.now(), uuid.uuid4().hex[:20]
    notice = Notice(f"notice-test-{number}", "test", Told.TEST, now, "[test] This is a test: nothing is wrong.", Severity.INFO)
    event = Event(f"{channel}:{notice.notice_id}", "alert_test", f"{channel}:test", notice_data(notice), now)
    with closing(runtime.channel(channel)) as sink:
        sink.deliver(event)
