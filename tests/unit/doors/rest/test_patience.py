"""Connections that take their time, on a real server: each is ended, and those that behave never notice."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from support import wait_for

from portopt.doors.rest.patience import Patient
from portopt.doors.rest.protocol import Protocol

LARGE = 64 << 20
HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"


class Hasty(Patient):
    head_seconds = 0.8
    body_seconds = 0.8
    taking_seconds = 0.8
    most_connections = 20


async def answering(scope: Any, receive: Any, send: Any) -> None:
    """Reads the body, then answers; `/large` with much, `/slow` after a while."""
    if scope["type"] != "http":
        return
    message = await receive()
    while message["type"] == "http.request" and message.get("more_body"):
        message = await receive()
    if scope["path"] == "/slow":
        await asyncio.sleep(2.0)
    body = bytes(LARGE) if scope["path"] == "/large" else b"done"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})


class Narrow(Protocol):
    most_connections = 3
    most_turned_away = 5


@contextlib.contextmanager
def running(protocol: type[Patient]) -> Iterator[uvicorn.Server]:
    config = uvicorn.Config(answering, http=protocol, port=0, lifespan="off", log_level="critical", timeout_keep_alive=3)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server
    server.should_exit = True
    thread.join(10)
    logging.getLogger("uvicorn").setLevel(logging.NOTSET)


@pytest.fixture(scope="module")
def server() -> Iterator[uvicorn.Server]:
    with running(Hasty) as found:
        yield found


@pytest.fixture(scope="module")
def port(server: uvicorn.Server) -> int:
    return int(server.servers[0].sockets[0].getsockname()[1])


@contextlib.contextmanager
def line(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=8) as connection:
        yield connection


def ended(connection: socket.socket) -> bool:
    """Whether the server ends it, rather than this test's patience."""
    try:
        while connection.recv(1 << 16):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def answered(connection: socket.socket) -> bool:
    received = b""
    while not received.endswith(b"done"):
        if not (part := connection.recv(1 << 16)):
            return False
        received += part
    return True


def drip(connection: socket.socket, content: bytes, seconds: float) -> bool:
    """Send byte by byte; whether the server ended it meanwhile."""
    until = time.monotonic() + seconds
    try:
        for one in content * 1000:
            connection.sendall(bytes([one]))
            time.sleep(0.05)
            if time.monotonic() > until:
                return False
    except OSError:
        return True
    return False


def test_a_connection_on_which_nothing_comes_is_ended(port: int) -> None:
    with line(port) as connection:
        began = time.monotonic()
        assert ended(connection)
        assert time.monotonic() - began < 3


def test_a_head_that_comes_by_drops_is_ended(port: int) -> None:
    with line(port) as connection:
        connection.sendall(HEAD)
        assert drip(connection, b"X-A: b\r\n", 4)


def test_so_is_the_head_of_a_second_request(port: int) -> None:
    with line(port) as connection:
        connection.sendall(HEAD + b"\r\n")
        assert answered(connection)
        connection.sendall(HEAD)
        assert drip(connection, b"X-A: b\r\n", 4)


def test_a_body_that_comes_by_drops_is_ended(port: int) -> None:
    with line(port) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        assert drip(connection, b"x", 4)


def test_an_answer_that_nobody_takes_is_ended(server: uvicorn.Server, port: int) -> None:
    def lines() -> int:
        return len(server.server_state.connections)

    wait_for(lambda: lines() == 0, 5, "earlier connections are still there")
    with line(port) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_for(lambda: lines() == 1, 5, "the request did not arrive")
        wait_for(lambda: lines() == 0, 10, "the connection is held for an answer that nobody takes")


def test_more_connections_than_are_held_are_ended_at_once_and_there_is_room_again(port: int) -> None:
    with contextlib.ExitStack() as open_:
        lines = [open_.enter_context(line(port)) for _ in range(2 * Hasty.most_connections)]
        time.sleep(0.3)
        last = lines[-1]
        last.settimeout(0.2)
        assert ended(last)
    time.sleep(0.3)
    assert httpx.get(f"http://127.0.0.1:{port}/").text == "done"


def test_one_connection_too_many_is_told_so_whatever_it_sends_and_there_is_room_again() -> None:
    with running(Narrow) as server:
        port = server.servers[0].sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}/"
        with contextlib.ExitStack() as open_:
            for _ in range(Narrow.most_connections):
                open_.enter_context(line(port))
            wait_for(lambda: len(server.server_state.connections) == Narrow.most_connections, 5, "they are not held")
            for body in (b"", bytes(8 << 20)):
                refused = httpx.post(url, content=body)
                assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
                assert refused.headers["retry-after"] == "5"
                assert refused.headers["x-request-id"] == refused.json()["request_id"]
        wait_for(lambda: not server.server_state.connections, 5, "lines that were closed are held")
        assert httpx.get(url).text == "done"


def test_who_waits_for_an_answer_and_who_pauses_between_two_requests_is_not_ended(port: int) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        assert client.get("/slow").text == "done"
        assert len(client.get("/large").content) == LARGE
    with line(port) as connection:
        for _ in range(2):
            connection.sendall(HEAD + b"\r\n")
            assert answered(connection)
            time.sleep(1.5)  # longer than a head may take, shorter than a connection may be idle
