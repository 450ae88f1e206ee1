"""One RPC answered: a message in, the same call as over REST, a message or a status out."""

from __future__ import annotations

import asyncio
import dataclasses
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from grpc_status import rpc_status

from portopt.domain.errors import PortoptError, TooLarge, TooMany
from portopt.doors.rpc.refusals import status_of
from portopt.doors.wire.call import Call, Reply
from portopt.doors.wire.headers import (
    SANE_ID,
    content_type,
    correlation_id,
    idempotency_key,
    preferences,
    trace_of,
    wait_of,
)
from portopt.doors.wire.problems import reply_of, unexpected
from portopt.doors.wire.waiting import answered, followed

if TYPE_CHECKING:
    from grpc.aio import ServicerContext

    from portopt.doors.rpc.methods import Method, Parts
    from portopt.doors.wire.service import Service

Context: TypeAlias = "ServicerContext[bytes, bytes]"
Answer: TypeAlias = Callable[[bytes, Context], Awaitable[bytes]]
Stream: TypeAlias = Callable[[bytes, Context], AsyncIterator[bytes]]
# Seconds of a deadline, at most this part of it, in which what is said at its end is written and arrives.
ON_ITS_WAY, PART = 1.0, 0.2
MOST_FOLLOWED, LONGEST_FOLLOWED = 200, 3600.0  # streams at once, of one kind; seconds of each
# Headers that are metadata too.
SAID = ("Location", "Content-Location", "Retry-After", "Idempotency-Replayed", "Preference-Applied")


def unary(method: Method, service: Service) -> Answer:
    """What answers an RPC."""

    async def answer(raw: bytes, context: Context) -> bytes:
        call, refusal = await _asked(method, service, raw, context)
        if refusal is not None:
            await _refused(call, refusal, context)
        # Whoever hangs up ends the RPC, and not the process that works on it: the call's own time ends that.
        wait = wait_of(call.prefer) if method.operation.method == "GET" else 0.0
        return await _said(method, call, await asyncio.shield(answered(service, call, wait, _never)), context)

    return answer


def following(method: Method, service: Service) -> Stream:
    """What answers an RPC that streams: what is asked for as it stands, then again whenever it changed, until it is ended."""

    open_now: set[str] = set()

    async def answers(raw: bytes, context: Context) -> AsyncIterator[bytes]:
        call, refusal = await _asked(method, service, raw, context)
        if len(open_now) >= MOST_FOLLOWED:
            refusal = reply_of(TooMany(5.0, 5), call)
        if refusal is not None:
            await _refused(call, refusal, context)
        open_now.add(me := uuid.uuid4().hex)
        try:
            asked = dataclasses.replace(call, within=None)
            async for reply in followed(service, asked, LONGEST_FOLLOWED, _told(context)):
                yield await _said(method, call, reply, context)
        finally:
            open_now.discard(me)

    return answers


def _told(context: Context) -> dict[str, str]:
    return {name: value for name, value in context.invocation_metadata() or () if isinstance(value, str)}


async def _asked(method: Method, service: Service, raw: bytes, context: Context) -> tuple[Call, Reply | None]:
    """The call, and why it is refused before it is one."""
    told = _told(context)
    call = begun(method, told, context.time_remaining())
    try:
        call = dataclasses.replace(call, who=await service.access.who(told), **_checked(told))
        return _with_parts(call, method, method.parts(raw), service.runtime.settings.body_bytes), None
    except PortoptError as error:
        return call, reply_of(error, call)


def begun(method: Method, told: Mapping[str, str], left: float | None) -> Call:
    """The call before anything of it is looked at. left: seconds of its deadline, None where it has none."""
    given = told.get("x-request-id", "")
    return Call(
        method.operation.name,
        within=None if left is None else max(left - min(ON_ITS_WAY, PART * left), 1e-3),
        request_id=given if SANE_ID.fullmatch(given) else f"req-{uuid.uuid4().hex}",
        instance=method.path,
    )


def _checked(told: Mapping[str, str]) -> dict[str, Any]:
    """What metadata say, under the names of a call. Raises InvalidValue."""
    return {
        "correlation_id": correlation_id(told.get("x-correlation-id")),
        "idempotency_key": idempotency_key(told.get("idempotency-key")),
        "trace": trace_of(told.get("traceparent")),
        "prefer": preferences([told.get("prefer", "")]),
    }


def _with_parts(call: Call, method: Method, parts: Parts, most: int) -> Call:
    """Raises TooLarge for a body that is larger as JSON than it was as a message, UnsupportedMedia for what is not read."""
    if len(parts.body) > most:
        raise TooLarge(f"a body of more than {most} bytes is not taken", field="body", measured={"most_bytes": most})
    kind = content_type(method.operation, parts.content_type)
    return dataclasses.replace(call, place=parts.place, asked=parts.asked, body=parts.body, content_type=kind)


async def _never() -> bool:
    return False


async def _said(method: Method, call: Call, reply: Reply, context: Context) -> bytes:
    """The message of a reply. A refusal, and a fault of ours, ends the RPC with its status."""
    if reply.status >= 400:
        await _refused(call, reply, context)
    try:
        written = method.written(reply)
    except Exception as error:  # whatever it was, whoever asks gets a problem object
        await _refused(call, unexpected(error, call), context)
    context.set_trailing_metadata(_metadata(call, reply))
    return written


async def _refused(call: Call, reply: Reply, context: Context) -> NoReturn:
    status = rpc_status.to_status(status_of(reply))
    await context.abort(status.code, status.details, (*_metadata(call, reply), *status.trailing_metadata))
    raise AssertionError("abort raises")


def _metadata(call: Call, reply: Reply) -> tuple[tuple[str, str], ...]:
    found = {"x-request-id": call.request_id}
    if call.correlation_id is not None:
        found["x-correlation-id"] = call.correlation_id
    if reply.timings:
        found["server-timing"] = ", ".join(f"{stage};dur={1e3 * seconds:.2f}" for stage, seconds in reply.timings.items())
    return (*found.items(), *((name.lower(), reply.headers[name]) for name in SAID if name in reply.headers))
