"""The application: a route an operation, one error shape, headers that say what happened."""

from __future__ import annotations

import math
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response

from portopt.domain.access import Principal
from portopt.domain.errors import InvalidValue, PortoptError, TooLarge
from portopt.doors.wire.call import JSON, Call, Reply
from portopt.doors.wire.operations import OPERATIONS, Operation
from portopt.doors.wire.problems import reply_of
from portopt.doors.wire.service import Service

if TYPE_CHECKING:
    from portopt.runtime import Runtime

BASE = "/api/v1"


def application(runtime: Runtime) -> FastAPI:
    """The REST API of an installation."""
    service = Service(runtime)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await service.start()
        try:
            yield
        finally:
            await service.close()

    app = FastAPI(title="portopt", openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.service = service
    for operation in OPERATIONS.values():
        app.add_api_route(BASE + operation.path, _route(operation, service, runtime), methods=[operation.method],
                          name=operation.name)  # fmt: skip
    return app


def _route(operation: Operation, service: Service, runtime: Runtime) -> Callable[[Request], Awaitable[Response]]:
    most = runtime.settings.body_bytes

    async def endpoint(request: Request) -> Response:
        call = Call(operation.name, instance=request.url.path, request_id=f"req-{uuid.uuid4().hex}")
        try:
            call = await _call(operation, request, call, most, await service.access.who(request.headers))
        except PortoptError as error:
            return _response(reply_of(error, call), call)
        return _response(await service.answer(call), call)

    return endpoint


async def _call(operation: Operation, request: Request, begun: Call, most: int, who: Principal) -> Call:
    headers = request.headers
    return Call(
        operation=operation.name,
        place={name: str(value) for name, value in request.path_params.items()},
        asked=dict(request.query_params),
        body=await _body(request, most),
        content_type=headers.get("content-type", JSON).partition(";")[0].strip().lower(),
        accept=headers.get("accept", JSON),
        who=who,
        within=_within(headers.get("x-request-timeout")),
        request_id=begun.request_id,
        instance=begun.instance,
        correlation_id=headers.get("x-correlation-id"),
        idempotency_key=headers.get("idempotency-key"),
        trace=headers.get("traceparent"),
    )


async def _body(request: Request, most: int) -> bytes:
    """Raises TooLarge as soon as it is known."""
    parts: list[bytes] = []
    length = 0
    async for part in request.stream():
        length += len(part)
        if length > most:
            raise TooLarge(f"a body of more than {most} bytes is not taken", field="body", measured={"most_bytes": most})
        parts.append(part)
    return b"".join(parts)


def _within(given: str | None) -> float | None:
    if given is None:
        return None
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    if not 0.0 < seconds < math.inf:
        raise InvalidValue("X-Request-Timeout", given, "is not a time to answer in", fix="give seconds above zero")
    return seconds


def _response(reply: Reply, call: Call) -> Response:
    headers = dict(reply.headers)
    headers["X-Request-Id"] = call.request_id
    if reply.timings:
        headers["Server-Timing"] = ", ".join(f"{stage};dur={1e3 * seconds:.2f}" for stage, seconds in reply.timings.items())
    return Response(reply.body, reply.status, headers, reply.content_type)
