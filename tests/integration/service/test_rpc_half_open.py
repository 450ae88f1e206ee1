"""Connections that go silent: none holds up another, and each is closed by itself, its stream with it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from integration.service.rpc_client import Client, Generated
from integration.service.serving import Served
from integration.service.strategies import asked

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
HEADERS_THAT_GO_ON = bytes([0, 0, 40, 1, 0, 0, 0, 0, 1])  # a frame of 40 bytes, of which none come
MANY = 40


@pytest.fixture(scope="module")
def served(serving: Callable[..., Served]) -> Served:
    return serving(processes=1)


def address(served: Served) -> tuple[str, int]:
    host, _, port = str(served.where["grpc"]).rpartition(":")
    return host, int(port)


@pytest.mark.parametrize("said", [b"", PREFACE[:10], PREFACE, PREFACE + SETTINGS, PREFACE + SETTINGS + HEADERS_THAT_GO_ON])
def test_those_who_say_nothing_more_hold_up_nobody(served: Served, generated: Generated, said: bytes) -> None:
    silent = [socket.create_connection(address(served), timeout=10) for _ in range(MANY)]
    try:
        for connection in silent:
            connection.sendall(said)
        answer = Client(generated, str(served.where["grpc"])).ask("Optimize", asked_message(generated), within=60)
        assert answer.portfolio_id == "P-1"
    finally:
        for connection in silent:
            connection.close()


def test_one_whose_network_vanished_in_a_call_holds_up_nobody(served: Served, generated: Generated) -> None:
    with vanishing(address(served)) as (target, vanish):
        lost = Client(generated, target)
        lost.ask("Optimize", asked_message(generated), within=60)
        call = lost.rpc("Optimize").future(asked_message(generated, 60), timeout=600)
        vanish()
        whole = Client(generated, str(served.where["grpc"]))
        for _ in range(3):
            assert whole.ask("Optimize", asked_message(generated), within=60).portfolio_id == "P-1"
        call.cancel()


def asked_message(generated: Generated, n: int = 12) -> Any:
    return Client(generated, "127.0.0.1:1").request("Optimize", asked(n=n))


@contextmanager
def vanishing(to: tuple[str, int]) -> Iterator[tuple[str, Callable[[], None]]]:
    """A way to `to` that can lose everything from one moment on, and closes nothing: (its address, lose)."""
    lost, sockets = threading.Event(), list[socket.socket]()
    with closing(socket.create_server(("127.0.0.1", 0))) as door:
        threading.Thread(target=_carry, args=(door, to, lost, sockets), daemon=True).start()
        try:
            yield f"127.0.0.1:{door.getsockname()[1]}", lost.set
        finally:
            for one in sockets:
                one.close()


def _carry(door: socket.socket, to: tuple[str, int], lost: threading.Event, sockets: list[socket.socket]) -> None:
    try:
        near = door.accept()[0]
    except OSError:
        return
    far = socket.create_connection(to)
    sockets += [near, far]
    for a, b in ((near, far), (far, near)):
        threading.Thread(target=_pump, args=(a, b, lost), daemon=True).start()


def _pump(a: socket.socket, b: socket.socket, lost: threading.Event) -> None:
    try:
        while data := a.recv(65536):
            while lost.is_set():
                time.sleep(0.1)
            b.sendall(data)
    except OSError:
        return
