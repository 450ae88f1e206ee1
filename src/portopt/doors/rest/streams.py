"""Server-sent events of work that is answered later: what changes of it, until its outcome, by looking at our own rows."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from portopt.domain.errors import PortoptError, TooMany
from portopt.doors.rest.calls import call_of
from portopt.doors.rest.front import call_at
from portopt.doors.rest.responses import ENDS_HERE, response_of
from portopt.doors.wire.call import Call, Reply
from portopt.doors.wire.operations import OPERATIONS, Operation
from portopt.doors.wire.problems import reply_of

if TYPE_CHECKING:
    from portopt.doors.wire.service import Service

LOOK_SECONDS = 0.5
HEARTBEAT_SECONDS = 15.0  # proxies close what is silent for longer than half a minute
LONGEST_SECONDS = 3600.0
MOST_STREAMS = 200
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", **ENDS_HERE}
LATER = "Retry-After"  # a reply that says so is not the last


def add_streams(app: FastAPI, service: Service, base: str) -> None:
    """A stream for every operation that says how far something is."""
    open_now: set[object] = set()
    for operation in OPERATIONS.values():
        if operation.watched:
            app.add_api_route(f"{base}{operation.path}/events", _route(operation, service, open_now), methods=["GET"])


def _route(operation: Operation, service: Service, open_now: set[object]) -> Callable[[Request], Awaitable[Response]]:
    streamed = dataclasses.replace(operation, gives=("text/event-stream",))

    async def endpoint(request: Request) -> Response:
        call = call_at(request.scope)
        try:
            if len(open_now) >= MOST_STREAMS:
                raise TooMany(LONGEST_SECONDS, 5)
            call = await call_of(streamed, request, call, 0, await service.access.who(request.headers))
        except PortoptError as error:
            return response_of(reply_of(error, call), call, request)
        first = await service.answer(call)
        if first.status != 200:
            return response_of(first, call, request)
        headers = {**HEADERS, "X-Request-Id": call.request_id}
        told = _events(service, call, first, request, open_now)
        return StreamingResponse(told, 200, headers, "text/event-stream")

    return endpoint


async def _events(service: Service, call: Call, reply: Reply, request: Request, open_now: set[object]) -> AsyncIterator[bytes]:
    """`progress` for what changed, `outcome` for how it ended, `problem` where it can be looked at no longer.

    An event's id is made of its content: whoever comes back with Last-Event-ID is told what it has not heard.
    """
    told, began = request.headers.get("last-event-id", ""), time.monotonic()
    spoke = began
    open_now.add(me := object())
    try:
        yield b"retry: 2000\n\n"
        while True:
            is_last = reply.status != 200 or LATER not in reply.headers
            name = "problem" if reply.status != 200 else "outcome" if is_last else "progress"
            event_id, event = event_of(name, reply)
            if event_id != told:
                told, spoke = event_id, time.monotonic()
                yield event
            if is_last or time.monotonic() - began > LONGEST_SECONDS:
                return
            if time.monotonic() - spoke > HEARTBEAT_SECONDS:
                spoke = time.monotonic()
                yield b": still here\n\n"
            await asyncio.sleep(LOOK_SECONDS)
            reply = await service.answer_again(call, request.headers)
    finally:
        open_now.discard(me)


def event_of(name: str, reply: Reply) -> tuple[str, bytes]:
    """(its id, the event): the single facts of the answer; what is long is to be had at its address."""
    body: dict[str, Any] = orjson.loads(reply.body)
    facts = {key: value for key, value in body.items() if not isinstance(value, dict | list) or key == "problem"}
    data = orjson.dumps(facts)
    event_id = hashlib.sha256(name.encode() + data).hexdigest()[:24]
    return event_id, b"id: %s\nevent: %s\ndata: %s\n\n" % (event_id.encode(), name.encode(), data)
