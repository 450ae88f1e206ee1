"""Server-sent events of the screens: a part of one, rendered anew whenever it is another, by looking at our own rows."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from portopt.domain.errors import NotAuthenticated, PortoptError, TooMany
from portopt.doors.console.asking import Refused
from portopt.doors.console.rendering import rendered
from portopt.doors.console.seen import Page, Seen, Stream
from portopt.doors.rest import streams
from portopt.doors.rest.front import call_at
from portopt.doors.wire.problems import told_of

Looks = Callable[[], Awaitable[Seen]]


class Streams:
    """Those that are open in this process."""

    def __init__(self) -> None:
        self._open: set[object] = set()

    def opened(self, stream: Stream, again: Looks, request: Request) -> Response:
        """again: who looks, as they stand at each look. Raises TooMany."""
        if len(self._open) >= streams.MOST_STREAMS:
            raise TooMany(streams.LONGEST_SECONDS, 5)
        return StreamingResponse(self._events(stream, again, request), 200, streams.HEADERS, "text/event-stream")

    async def _events(self, stream: Stream, again: Looks, request: Request) -> AsyncIterator[bytes]:
        """`part` for what changed, `last` for what changes no more or cannot be looked at any longer."""
        told, began = request.headers.get("last-event-id", ""), time.monotonic()
        spoke = began
        self._open.add(me := object())
        try:
            yield b"retry: 2000\n\n"
            while time.monotonic() - began < streams.LONGEST_SECONDS:
                content, is_last = await _look(stream, again, request)
                name = hashlib.sha256(content).hexdigest()[:24]
                if name != told or is_last:
                    told, spoke = name, time.monotonic()
                    yield event_of("last" if is_last else "part", name, content)
                if is_last:
                    return
                if time.monotonic() - spoke > streams.HEARTBEAT_SECONDS:
                    spoke = time.monotonic()
                    yield b": still here\n\n"
                await asyncio.sleep(stream.seconds)
        finally:
            self._open.discard(me)


async def _look(stream: Stream, again: Looks, request: Request) -> tuple[bytes, bool]:
    """(the part, whether it is the last): a refusal is told in its place; of an ended session nothing is."""
    seen = None
    try:
        seen = await again()
        part = await stream.look(seen)
        return rendered(part.page, seen), part.is_last
    except NotAuthenticated:
        return b"", True
    except Refused as refused:
        problem: Any = refused.problem
    except PortoptError as error:
        call = call_at(request.scope)
        problem = told_of(error, request_id=call.request_id, instance=call.instance)
    return (rendered(Page("problem_part.html", {"problem": problem}), seen) if seen else b""), True


def event_of(name: str, event_id: str, content: bytes) -> bytes:
    """
    >>> event_of("part", "1", b"<p>\\na</p>")
    b'id: 1\\nevent: part\\ndata: <p>\\ndata: a</p>\\n\\n'
    """
    lines = b"".join(b"data: %s\n" % line for line in content.splitlines())
    return b"id: %s\nevent: %s\n%s\n" % (event_id.encode(), name.encode(), lines or b"data:\n")
