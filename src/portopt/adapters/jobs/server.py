"""A workflow server for one command. It ends with the process that started it, however that one ended: even killed.

    with started(home) as api_url: ...

The server reads a pipe whose other end its starter holds. When that end is closed, which the system does for the dead too,
the reading ends, and the server with it.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from portopt.domain.errors import OutsideError

PATIENCE_SECONDS = 600.0  # a busy machine takes long; a server that ends early is noticed at once
TRIES = 3  # another process may take the free port first
QUIET = {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"}
BRIEF = {"PREFECT_API_BLOCKS_REGISTER_ON_START": "0"}  # a command's flows use none: to write them down takes a second


@contextmanager
def started(home: Path, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """The API's address of a server that is ready; gone when the block is left. Raises OutsideError when it does not start.

    environment: the server's; None is this process's.
    """
    for _ in range(TRIES):
        port = _free_port()
        server = launch(port, home, environment)
        api = f"http://127.0.0.1:{port}/api"
        try:
            if _ready(api, server):
                yield api
                return
        finally:
            end(server)
    raise OutsideError(
        f"the workflow server did not start; {home / 'server.log'} has why", field="flow", fixes=["try --direct"]
    )


def launch(port: int, home: Path, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """The server's process, not yet ready."""
    home.mkdir(parents=True, exist_ok=True)
    own = os.environ if environment is None else environment
    with (home / "server.log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - our own module
            command(port),
            stdin=subprocess.PIPE, stdout=log, stderr=log, env={**own, **QUIET, **BRIEF},
        )  # fmt: skip


def command(port: int) -> list[str]:
    """The arguments of a server's process."""
    return [sys.executable, "-P", "-m", "portopt.adapters.jobs.server", str(port)]


def end(server: subprocess.Popen[bytes]) -> None:
    if server.stdin is not None:
        server.stdin.close()
    server.wait()


def serve(port: int) -> None:
    """In the server's own process: until the starter is gone."""
    threading.Thread(target=_end_with_starter, daemon=True).start()
    import uvicorn

    app = "prefect.server.api.server:create_app"
    uvicorn.run(app, factory=True, host="127.0.0.1", port=port, log_level="error", lifespan="on")


def _end_with_starter() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def _ready(api: str, server: subprocess.Popen[bytes]) -> bool:
    """Whether it answers; False once it has ended."""
    began = time.monotonic()
    while server.poll() is None and time.monotonic() - began < PATIENCE_SECONDS:
        try:
            with urllib.request.urlopen(f"{api}/health", timeout=5) as answer:  # noqa: S310 - our own address
                if answer.status == 200:
                    return True
        except OSError:
            time.sleep(0.1)
    return False


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


if __name__ == "__main__":
    serve(int(sys.argv[1]))
