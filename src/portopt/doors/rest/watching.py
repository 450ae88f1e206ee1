"""What operations look at: whether the process lives, whether the service is ready, what it counts."""

from __future__ import annotations

import asyncio
import platform
import time
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from portopt.domain.errors import PortoptError
from portopt.doors.rest.front import call_at
from portopt.doors.rest.responses import response_of
from portopt.doors.wire.call import JSON, Reply

if TYPE_CHECKING:
    from portopt.doors.wire.service import Service
    from portopt.runtime import Runtime

LOOK_SECONDS = 5.0  # for the database to answer
KNOCK_SECONDS = 0.5  # for the broker to take a connection
VERSIONS = ("portfolio-optimization-service", "numpy", "scipy", "sqlalchemy", "piqp", "clarabel", "highspy")


def add_watching(app: FastAPI, service: Service) -> None:
    async def alive(request: Request) -> Response:
        return _told({"status": "alive"}, 200, request)

    async def ready(request: Request) -> Response:
        parts = await parts_of(service)
        is_ready = all(part["ok"] for part in parts.values())
        shown = parts if await _may_see(service, request) else {name: {"ok": part["ok"]} for name, part in parts.items()}
        return _told({"status": "ready" if is_ready else "not ready", "parts": shown}, 200 if is_ready else 503, request)

    async def counted(request: Request) -> Response:
        text = await asyncio.to_thread(service.metrics.text, of_books=await _may_see(service, request))
        return Response(text, 200, {"Cache-Control": "no-store"}, CONTENT_TYPE_LATEST)

    app.add_api_route("/healthz", alive, methods=["GET"])
    app.add_api_route("/readyz", ready, methods=["GET"])
    app.add_api_route("/metrics", counted, methods=["GET"])


async def parts_of(service: Service) -> Mapping[str, dict[str, Any]]:
    """Every part with whether it is fit to work, and what was measured of it."""
    store, broker = await asyncio.gather(_store(service.runtime), _broker(service.runtime))
    pool = service.pool
    processes = {
        "ok": pool.ready > 0,
        "ready": pool.ready,
        "wanted": pool.size,
        "replaced": pool.replaced,
        "in_flight": service.admission.in_flight,
    }
    return {**store, "broker": broker, "processes": processes, "versions": {"ok": True, **versions()}}


def versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: version(name) for name in VERSIONS}}


async def _may_see(service: Service, request: Request) -> bool:
    """The details, and books by name, are for those who run the service; whether it is ready, for whoever asks."""
    try:
        return (await service.access.who(request.headers)).may("admin")
    except PortoptError:
        return False


async def _store(runtime: Runtime) -> dict[str, dict[str, Any]]:
    """The database, what waits for delivery, and how old the newest pricing pack is."""
    try:
        return await asyncio.wait_for(asyncio.to_thread(look_at_store, runtime), LOOK_SECONDS)
    except (PortoptError, TimeoutError) as error:
        why = error.detail if isinstance(error, PortoptError) else f"no answer in {LOOK_SECONDS:g} s"
        return {"database": {"ok": False, "detail": why}}


def look_at_store(runtime: Runtime) -> dict[str, dict[str, Any]]:
    """Raises PortoptError where the database does not answer. Parked events and old packs are told and hold up nothing."""
    health, waiting = dict(runtime.runs.health()), runtime.runs.outbox()
    outbox = {
        "ok": True,
        "waiting": waiting.waiting,
        "parked": len(waiting.parked),
        "age_seconds": _age(waiting.oldest, waiting.now),
    }
    newest = max((pack.stat().st_mtime for pack in runtime.settings.packs_path.glob("pack-*")), default=None)
    packs = {"ok": True, "age_seconds": None if newest is None else max(0.0, time.time() - newest)}
    return {"database": {"ok": True, **health}, "outbox": outbox, "packs": packs}


def _age(oldest: datetime | None, now: datetime) -> float | None:
    return None if oldest is None else max(0.0, (now - oldest).total_seconds())


async def _broker(runtime: Runtime) -> dict[str, Any]:
    """Where events go to one: whether it takes a connection. Only the relay talks to it, so it holds up no answer."""
    if runtime.settings.events != "pulsar":
        return {"ok": True, "kind": runtime.settings.events}
    place = urlsplit(runtime.settings.pulsar_url.get_secret_value())
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(place.hostname, place.port or 6650), KNOCK_SECONDS)
        writer.close()
    except (OSError, TimeoutError, ValueError):  # no address that is one: the relay says so
        return {"ok": True, "kind": "pulsar", "reachable": False, "detail": "events wait in the outbox until it answers"}
    return {"ok": True, "kind": "pulsar", "reachable": True}


def _told(value: Mapping[str, Any], status: int, request: Request) -> Response:
    response = response_of(Reply(status, orjson.dumps(value), JSON), call_at(request.scope), request)
    response.headers["Cache-Control"] = "no-store"
    return response
