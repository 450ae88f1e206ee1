"""Server-sent events of a screen: what it looks like now, each time that this is something else than before."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import orjson
from fastapi import Request
from fastapi.responses import StreamingResponse

from portopt.domain.errors import PortoptError, TooMany
from portopt.doors.console.asking import Refused
from portopt.doors.rest.streams import HEADERS, HEARTBEAT_SECONDS, LONGEST_SECONDS

if TYPE_CHECKING:
    from portopt.doors.console.seen import Live
    from portopt.doors.console.sessions import Sessions

MOST = 200  # at once, in this process


class Streams:
    """Those that are open."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions, self._open = sessions, set[object]()

    def response(self, live: Live, request: Request) -> StreamingResponse:
        """Raises TooMany."""
        if len(self._open) >= MOST:
            raise TooMany(LONGEST_SECONDS, 5)
        return StreamingResponse(self._events(live, request), 200, HEADERS, "text/event-stream")

    async def _events(self, live: Live, request: Request) -> AsyncIterator[bytes]:
        """`change` for what is new, `end` where there is no more to come, or nobody is signed in any more.

        An event's id is made of its content: whoever comes back with Last-Event-ID is told what it has not heard.
        """
        told, began = request.headers.get("last-event-id", ""), time.monotonic()
        spoke = began
        self._open.add(me := object())
        try:
            yield b"retry: 3000\n\n"
            while time.monotonic() - began < LONGEST_SECONDS:
                found = await self._look(live, request)
                if found is None:
                    yield b"event: end\ndata: {}\n\n"
                    return
                data = orjson.dumps(found)
                event_id = hashlib.sha256(data).hexdigest()[:24]
                if event_id != told:
                    told, spoke = event_id, time.monotonic()
                    yield b"id: %s\nevent: change\ndata: %s\n\n" % (event_id.encode(), data)
                elif time.monotonic() - spoke > HEARTBEAT_SECONDS:
                    spoke = time.monotonic()
                    yield b": still here\n\n"
                await asyncio.sleep(live.seconds)
        finally:
            self._open.discard(me)

    async def _look(self, live: Live, request: Request) -> object:
        """For whoever is signed in now; None ends it."""
        try:
            await self._sessions.of(request)
            return await live.look()
        except (PortoptError, Refused):
            return None
