"""One RPC answered: a message in, the same call as over REST, a message or a status out."""

from __future__ import annotations

import asyncio
import dataclasses
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from grpc_status import rpc_status

from portopt.domain.errors import PortoptError, TooLarge
from portopt.doors.rpc.refusals import status_of
from portopt.doors.wire.call import Call, Reply
from portopt.doors.wire.problems import reply_of, unexpected

if TYPE_CHECKING:
    from grpc.aio import ServicerContext

    from portopt.doors.rpc.methods import Method
    from portopt.doors.wire.service import Service

Context: TypeAlias = "ServicerContext[bytes, bytes]"
Answer: TypeAlias = Callable[[bytes, Context], Awaitable[bytes]]
# Seconds of a deadline, at most this part of it, in which what is said at its end is written and arrives.
ON_ITS_WAY, PART = 0.1, 0.2
SAID = ("Location", "Retry-After", "ETag", "Idempotency-Replayed")  # headers that are metadata too


def unary(method: Method, service: Service) -> Answer:
    """What answers an RPC."""

    async def answer(raw: bytes, context: Context) -> bytes:
        told = _told(context)
        call = begun(method, told, context.time_remaining())
        try:
            call = dataclasses.replace(call, who=await service.access.who(told))
            reply = await _reply(call_of(method, service, call, raw), service)
        except PortoptError as error:
            reply = reply_of(error, call)
        return await said(method, call, reply, context)

    return answer


def begun(method: Method, told: Mapping[str, str], left: float | None) -> Call:
    """The call as far as its metadata tell it. left: seconds of its deadline, None where it has none."""
    return Call(
        method.operation.name,
        within=None if left is None else max(left - min(ON_ITS_WAY, PART * left), 1e-3),
        request_id=f"req-{uuid.uuid4().hex}",
        instance=method.path,
        correlation_id=told.get("x-correlation-id"),
        idempotency_key=told.get("idempotency-key"),
        trace=told.get("traceparent"),
    )


def call_of(method: Method, service: Service, call: Call, raw: bytes) -> Call:
    """The call with what the message asks. Raises PortoptError."""
    parts = method.parts(raw)
    most = service.runtime.settings.body_bytes
    if len(parts.body) > most:
        raise TooLarge(f"a body of more than {most} bytes is not taken", field="body", measured={"most_bytes": most})
    return dataclasses.replace(call, place=parts.place, asked=parts.asked, body=parts.body, content_type=parts.content_type)


def _told(context: Context) -> dict[str, str]:
    return {name: value for name, value in context.invocation_metadata() or () if isinstance(value, str)}


async def _reply(call: Call, service: Service) -> Reply:
    # Whoever hangs up ends the RPC, and not the process that works on it: the call's own time ends that.
    return await asyncio.shield(service.answer(call))


async def said(method: Method, call: Call, reply: Reply, context: Context) -> bytes:
    """The message of a reply. A refusal, and a fault of ours, ends the RPC with its status."""
    written = b""
    if reply.status < 400:
        try:
            written = method.written(reply)
        except Exception as error:  # whatever it was, whoever asks gets a problem object
            reply = unexpected(error, call)
    metadata = tuple(_metadata(call, reply).items())
    if reply.status < 400:
        context.set_trailing_metadata(metadata)
        return written
    status = rpc_status.to_status(status_of(reply))
    await context.abort(status.code, status.details, (*metadata, *status.trailing_metadata))
    raise AssertionError("abort raises")


def _metadata(call: Call, reply: Reply) -> Mapping[str, str]:
    found = {"x-request-id": call.request_id}
    if reply.timings:
        found["server-timing"] = ", ".join(f"{stage};dur={1e3 * seconds:.2f}" for stage, seconds in reply.timings.items())
    return found | {name.lower(): reply.headers[name] for name in SAID if name in reply.headers}
