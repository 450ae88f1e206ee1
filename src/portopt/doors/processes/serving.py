"""REST and gRPC in one process and on one event loop, until a signal.

uvicorn would answer for the signals itself and end the process by the signal that it took; here both APIs end first.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import uvicorn

from portopt.doors.processes.sockets import bound, free, port_of
from portopt.doors.rest.app import application
from portopt.doors.rest.protocol import Protocol
from portopt.doors.rpc.server import serve_grpc

if TYPE_CHECKING:
    from fastapi import FastAPI

    from portopt.doors.wire.service import Service
    from portopt.runtime import Runtime
    from portopt.settings import Settings

IDLE_SECONDS = 30  # a connection on which nothing is asked is closed
LOOK_SECONDS = 0.05
Ready = Callable[[Mapping[str, Any]], None]


class _Server(uvicorn.Server):
    """uvicorn's, without its hands on the signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(runtime: Runtime, ready: Ready) -> None:
    """Returns once both APIs have ended. ready: told where they are.

    Raises Conflict for a port that is taken, RequestError where anybody could reach it and nobody must show a key.
    """
    settings = runtime.settings
    app = application(runtime)
    runtime.runs  # noqa: B018 - at this version's schema before anybody asks
    with contextlib.closing(bound(settings.http_host, settings.http_port, "--http")) as listening:
        if settings.grpc_port:
            free(settings.http_host, settings.grpc_port, "--grpc")
        asyncio.run(_serve(app, settings, listening, ready))


async def _serve(app: FastAPI, settings: Settings, listening: socket.socket, ready: Ready) -> None:
    server = _Server(_config(app, settings))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, setattr, server, "should_exit", True)
    serving = loop.create_task(server.serve([listening]))
    while not (server.started or serving.done()):
        await asyncio.sleep(LOOK_SECONDS)
    if server.started:
        await _beside(server, app.state.service, listening, ready)
    await serving


async def _beside(server: _Server, service: Service, listening: socket.socket, ready: Ready) -> None:
    """gRPC over the service that REST has started, for as long as REST is not told to end."""
    settings = service.runtime.settings
    calls = await serve_grpc(service, settings)
    try:
        http = f"http://{_shown(settings.http_host)}:{port_of(listening)}"
        ready({"http": http, "grpc": calls.target, "access": settings.access})
        while not server.should_exit:
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        server.should_exit = True
        await calls.close(settings.stop_seconds)


def _config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Protocol,
        log_level="warning",
        access_log=False,
        lifespan="on",
        server_header=False,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=round(settings.stop_seconds),
    )


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
