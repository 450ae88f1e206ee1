"""An upstream on loopback that misbehaves: silent, slow, garbage, truncated, reset."""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

KINDS = ("silent", "slow", "garbage", "truncated", "reset")
LONGEST = 120.0  # seconds after which even the silent one hangs up


@contextmanager
def upstream(kind: str, seed: int = 1) -> Iterator[int]:
    """Its port, until the end. kind: of KINDS."""
    listening, ended = socket.create_server(("127.0.0.1", 0)), threading.Event()
    listening.settimeout(0.1)

    def accept() -> None:
        while not ended.is_set():
            try:
                line, _ = listening.accept()
            except TimeoutError:
                continue
            threading.Thread(target=_misbehave, args=(line, kind, seed, ended), daemon=True).start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        ended.set()
        accepting.join()
        listening.close()


def _misbehave(line: socket.socket, kind: str, seed: int, ended: threading.Event) -> None:
    with line:
        try:
            line.settimeout(LONGEST)
            if kind == "silent":
                ended.wait(LONGEST)
                return
            line.recv(1 << 16)
            _speak(line, kind, seed, ended)
        except OSError:
            return


def _speak(line: socket.socket, kind: str, seed: int, ended: threading.Event) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 100000\r\n\r\n"
    if kind == "garbage":
        line.sendall(random.Random(seed).randbytes(4096))
    elif kind == "truncated":
        line.sendall(head + b"date,A\n2024-01-01,10\n2024-01")
    elif kind == "reset":
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    else:
        end = time.monotonic() + LONGEST
        for byte in head + b"date,A\n" * 10_000:
            line.sendall(bytes([byte]))
            if ended.wait(0.2) or time.monotonic() > end:
                return
