"""REST and gRPC of the installation that the environment names, on loopback; says where they are in one line when ready."""

from __future__ import annotations

import asyncio
import json

import uvicorn

from portopt.doors.rest.app import application
from portopt.doors.rest.protocol import Protocol
from portopt.doors.rpc.server import serve_grpc
from portopt.runtime import open_runtime


async def main() -> None:
    runtime = open_runtime()
    host, port = runtime.settings.http_host, runtime.settings.http_port
    app = application(runtime)
    server = uvicorn.Server(uvicorn.Config(app, host=host, port=port, http=Protocol, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    while not server.started and not serving.done():
        await asyncio.sleep(0.02)
    if server.started:
        found = server.servers[0].sockets[0].getsockname()
        rpc = await serve_grpc(app.state.service, runtime.settings)
        print(json.dumps({"http": f"http://{found[0]}:{found[1]}", "grpc": rpc.target}), flush=True)
        await serving
        await rpc.close()


asyncio.run(main())
