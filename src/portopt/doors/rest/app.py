"""The application: a route an operation, one error shape, headers that say what happened."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route
from starlette.types import Scope

from portopt.domain.errors import PortoptError
from portopt.doors.console.serving import add_console
from portopt.doors.rest.calls import call_of
from portopt.doors.rest.front import Front, call_at, refusal
from portopt.doors.rest.responses import response_of
from portopt.doors.rest.site import add_site
from portopt.doors.rest.streams import add_streams
from portopt.doors.rest.watch_page import add_watch_page
from portopt.doors.rest.watching import add_watching
from portopt.doors.wire.headers import wait_of
from portopt.doors.wire.operations import OPERATIONS, Operation
from portopt.doors.wire.problems import reply_of
from portopt.doors.wire.service import Service
from portopt.doors.wire.waiting import answered

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

    app = FastAPI(title="portopt", openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan, redirect_slashes=False)
    app.state.service = service

    def methods(scope: Scope) -> Sequence[str]:
        matching = (route for route in app.routes if route.matches(scope)[0] is not Match.NONE)
        return sorted({method for route in matching if isinstance(route, Route) for method in route.methods or ()} - {"HEAD"})

    for operation in OPERATIONS.values():
        # A route of Starlette's: FastAPI's own look for dependencies and bodies in every call, and these have none.
        app.add_route(BASE + operation.path, _route(operation, service), methods=[operation.method], name=operation.name)
    add_streams(app, service, BASE)
    add_watching(app, service)
    add_watch_page(app, service)
    add_console(app, service)
    add_site(app, BASE)
    app.add_middleware(Front, methods=methods)
    app.add_exception_handler(HTTPException, refusal(methods))
    return app


def _route(operation: Operation, service: Service) -> Callable[[Request], Awaitable[Response]]:
    most = service.runtime.settings.body_bytes

    async def endpoint(request: Request) -> Response:
        call = call_at(request.scope)
        try:
            call = await call_of(operation, request, call, most, await service.access.who(request.headers))
        except PortoptError as error:
            return response_of(reply_of(error, call), call, request)
        wait = wait_of(call.prefer) if operation.method == "GET" else 0.0
        return response_of(await answered(service, call, wait, request.is_disconnected), call, request)

    return endpoint
