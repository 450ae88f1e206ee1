"""The gRPC server, on the event loop of the REST API and over the same service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from portopt.domain.errors import RequestError
from portopt.doors.rpc.calls import following, unary
from portopt.doors.rpc.methods import methods
from portopt.doors.rpc.portfolio_optimization.v1.portfolio_optimization_pb2 import DESCRIPTOR

if TYPE_CHECKING:
    from portopt.doors.wire.service import Service
    from portopt.settings import Settings

AT_ONCE = 1000  # RPCs that are open; more are refused
ASKED_AFTER, GONE_AFTER = 60, 20  # seconds of silence until a connection is asked, and until it is closed without an answer
SERVICES = tuple(service.full_name for service in DESCRIPTOR.services_by_name.values())
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


@dataclass(frozen=True)
class Listening:
    """A server that answers, until `close`. target: what clients dial."""

    host: str
    port: int
    server: aio.Server
    health: health.aio.HealthServicer

    @property
    def target(self) -> str:
        return _address(self.host, self.port)

    async def close(self, grace: float = 5.0) -> None:
        """No new call is taken; those that are open have so many seconds to end."""
        await self.health.enter_graceful_shutdown()
        await self.server.stop(grace)


async def serve_grpc(service: Service, settings: Settings) -> Listening:
    """Answer on `http_host` and `grpc_port` of the settings. The service is started and ended by whoever calls this.

    Raises RequestError where the address is taken.
    """
    options = [
        ("grpc.max_receive_message_length", settings.body_bytes),
        ("grpc.max_send_message_length", -1),
        ("grpc.so_reuseport", 0),  # else a second server would take the same port without a word
        ("grpc.keepalive_time_ms", 1000 * ASKED_AFTER),
        ("grpc.keepalive_timeout_ms", 1000 * GONE_AFTER),
    ]
    server = aio.server(options=options, maximum_concurrent_rpcs=AT_ONCE)
    for name, handlers in _handlers(service).items():
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, handlers),))
    checked = await _healthy(server)
    if settings.grpc_reflection:
        reflection.enable_server_reflection((*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
    port = _bound(server, settings.http_host, settings.grpc_port)
    await server.start()
    return Listening(settings.http_host, port, server, checked)


def _handlers(service: Service) -> dict[str, dict[str, Any]]:
    """By service and name; messages are read where a fault in them is answered, so they come as bytes."""
    found: dict[str, dict[str, Any]] = {name: {} for name in SERVICES}
    for method in methods().values():
        handler: Any = (
            grpc.unary_stream_rpc_method_handler(following(method, service))
            if method.follows
            else grpc.unary_unary_rpc_method_handler(unary(method, service))
        )
        found[method.descriptor.containing_service.full_name][method.descriptor.name] = handler
    return found


async def _healthy(server: aio.Server) -> health.aio.HealthServicer:
    checked = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(checked, server)
    for name in (health.OVERALL_HEALTH, *SERVICES):
        await checked.set(name, SERVING)
    return checked


def _bound(server: aio.Server, host: str, port: int) -> int:
    try:
        return server.add_insecure_port(_address(host, port))
    except RuntimeError:
        raise RequestError(
            f"gRPC cannot listen on {_address(host, port)}: the port is taken, or the address is none of this machine's",
            field="PORTOPT_GRPC_PORT",
            value=port,
            fixes=["give another port, or 0 for any that is free"],
        ) from None


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
