"""One exchange over HTTP: a request, and its answer whole or not at all, within one stretch of time.

A client's own time limits are of single reads: a server that sends a byte now and then keeps it waiting for ever, and a
name look-up knows no limit at all. So the waiting is done here, on a thread that can be left behind.
"""

from __future__ import annotations

import queue
import socket
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import httpx

T = TypeVar("T")
GZIP, DEFLATE = ("gzip", "x-gzip"), "deflate"
CODINGS = "gzip, deflate"
AUTOMATIC = zlib.MAX_WBITS | 32  # zlib's word for: gzip or zlib, whichever the first bytes say


class Incomplete(Exception):
    """Less arrived than was sent, or it arrived damaged: worth another try."""


class TooLarge(Exception):
    """More arrives than is read."""


class Line:
    """The connection that is spoken on, so that it can be cut from another thread. Its `trace` goes with the request."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None

    def trace(self, name: str, info: dict[str, Any]) -> None:
        if name in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._socket = info["return_value"].get_extra_info("socket")

    def cut(self) -> None:
        """Wakes whoever waits on it."""
        if self._socket is not None:
            with suppress(OSError):  # closed meanwhile
                self._socket.shutdown(socket.SHUT_RDWR)


def within(seconds: float, work: Callable[[], T], line: Line) -> T:
    """What `work` gives. Raises TimeoutError after so many seconds, whatever it waits for; the line is cut then."""
    done: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            done.put((work(), None))
        except BaseException as error:  # raised again below, where somebody listens
            done.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        result, error = done.get(timeout=max(seconds, 1e-3))
    except queue.Empty:
        line.cut()
        raise TimeoutError from None
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return]


def body_of(answer: httpx.Response, max_bytes: int, still_in_time: Callable[[], None]) -> bytes:
    """The whole body, unpacked. still_in_time: called between reads, raises when it is not.

    Raises Incomplete, TooLarge.
    """
    coding = answer.headers.pop("content-encoding", "")  # taken off, or the client unpacks it and overlooks a missing end
    content = bytearray()
    for chunk in answer.iter_bytes():
        content += chunk
        if len(content) > max_bytes:
            raise TooLarge
        still_in_time()
    return unpacked(bytes(content), coding, max_bytes)


def says_its_end(answer: httpx.Response) -> bool:
    """Whether the answer told where it ends; otherwise a broken connection looks like its end."""
    return "content-length" in answer.headers or "chunked" in answer.headers.get("transfer-encoding", "").lower()


def unpacked(content: bytes, coding: str, max_bytes: int) -> bytes:
    """`content` without its content codings, at most `max_bytes` of it. Raises Incomplete, TooLarge, ValueError."""
    for name in reversed([part.strip().lower() for part in coding.split(",")]):
        if name in GZIP or name == DEFLATE:
            content = _inflated(content, max_bytes)
        elif name not in ("", "identity"):
            raise ValueError(f"packed as {name!r}, which was not asked for")
    return content


def _inflated(content: bytes, max_bytes: int) -> bytes:
    found = bytearray()
    rest = content
    while rest or not found:
        member = zlib.decompressobj(AUTOMATIC)
        try:
            found += member.decompress(rest, max_bytes + 1 - len(found))
        except zlib.error as error:
            raise Incomplete(f"its packed answer is damaged ({error})") from error
        if len(found) > max_bytes:
            raise TooLarge
        if not member.eof:
            raise Incomplete("its packed answer ends early")
        rest = member.unused_data.lstrip(b"\x00")  # padding
        if not found and not rest:
            break
    return bytes(found)
