"""The REST API of the installation that the environment names, on loopback; says where it is in one line of JSON when ready."""

from __future__ import annotations

import asyncio
import json

import uvicorn

from portopt.doors.rest.app import application
from portopt.runtime import open_runtime


async def main() -> None:
    runtime = open_runtime()
    host, port = runtime.settings.http_host, runtime.settings.http_port
    server = uvicorn.Server(uvicorn.Config(application(runtime), host=host, port=port, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    while not server.started and not serving.done():
        await asyncio.sleep(0.02)
    if server.started:
        found = server.servers[0].sockets[0].getsockname()
        print(json.dumps({"http": f"http://{found[0]}:{found[1]}"}), flush=True)
    await serving


asyncio.run(main())
