"""What is not ended yet, looked at again: as often as somebody would wait for it, or follows it.

What is not ended says when to look again (Retry-After).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from portopt.doors.wire.call import Call, Reply
from portopt.doors.wire.problems import with_headers

if TYPE_CHECKING:
    from portopt.doors.wire.service import Service

FIRST_LOOK, LONGEST_PAUSE = 0.05, 0.5  # seconds between two looks


async def answered(service: Service, call: Call, wait: float, is_gone: Callable[[], Awaitable[bool]]) -> Reply:
    """The reply once it is ended, or as it stands after `wait` seconds. is_gone: whether nobody waits any more."""
    until = time.monotonic() + wait
    async for reply, pause in _looks(lambda: service.answer(call)):
        if not _goes_on(reply) or time.monotonic() + pause >= until or await is_gone():
            break
    return with_headers(reply, {"Preference-Applied": f"wait={wait:.0f}"}) if wait else reply


async def followed(service: Service, call: Call, longest: float, headers: Mapping[str, str]) -> AsyncIterator[Reply]:
    """The reply, then each that differs from the one before, until it is ended or refused, or for the longest time.

    headers: by which who asks is known, looked at each time anew.
    """
    seen, until = None, time.monotonic() + longest
    async for reply, _ in _looks(lambda: service.answer_again(call, headers)):
        if reply.body != seen:
            yield reply
        seen = reply.body
        if not _goes_on(reply) or time.monotonic() > until:
            return


async def _looks(look: Callable[[], Awaitable[Reply]]) -> AsyncIterator[tuple[Reply, float]]:
    """Each with the seconds until the next."""
    pause = FIRST_LOOK
    while True:
        yield await look(), pause
        await asyncio.sleep(pause)
        pause = min(1.5 * pause, LONGEST_PAUSE)


def _goes_on(reply: Reply) -> bool:
    return reply.status == 200 and "Retry-After" in reply.headers
