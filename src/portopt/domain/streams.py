"""Standard output belongs to the product: what native code prints there, past Python's own streams, is not heard."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import IO, Any

OUT, ERR = 1, 2
_led = {OUT: OUT, ERR: ERR}  # descriptors that lead where this process's streams led when it began


@contextlib.contextmanager
def unheard(*descriptors: int) -> Iterator[dict[int, int]]:
    """What is written to these file descriptors meanwhile goes nowhere. Gives where each led before; closed ones are left out.

    Undone however the block is left. Of the whole process, threads and children included: keep it short, or own the process.
    """
    before = {fd: copy for fd in descriptors if (copy := _copied(fd)) is not None}
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for fd in before:
            os.dup2(nowhere, fd)
        yield before
    finally:
        # C keeps what it prints to a file or a pipe in a buffer of its own, which would otherwise come out at the very end.
        _flush_c()
        for fd, copy in before.items():
            os.dup2(copy, fd)
            os.close(copy)
        os.close(nowhere)


@contextlib.contextmanager
def own_streams(*, to_stderr: bool) -> Iterator[None]:
    """Only Python speaks: native code is unheard on stdout and stderr, Python's streams lead where they led before.

    to_stderr: Python's stdout too goes to stderr, so that stdout stays for the one document that is written afterwards.
    """
    _flush()
    out, err = sys.stdout, sys.stderr
    with unheard(OUT, ERR) as before:
        sys.stderr = _led_past(err, ERR, before)
        sys.stdout = sys.stderr if to_stderr else _led_past(out, OUT, before)
        _led.update(before)
        try:
            yield
        finally:
            _led.update({OUT: OUT, ERR: ERR})
            try:
                _flush()
            finally:
                sys.stdout, sys.stderr = out, err


def led(fd: int) -> int:
    """A descriptor that leads where `fd` led when the process began: what a child of ours may write to."""
    return _led[fd]


def write_document(text: str) -> None:
    """At once, to where standard output led when the process began: what a program reads while a command still runs."""
    content = text.encode()
    while content:
        content = content[os.write(led(OUT), content) :]


def close_for_good(fd: int) -> None:
    """Nothing more is written there by this process: everything of ours has been said."""
    _flush()
    os.dup2(os.open(os.devnull, os.O_WRONLY), fd)


def _led_past(stream: Any, fd: int, before: dict[int, int]) -> IO[str]:
    """A stream that writes where `fd` led; the stream itself where it does not write to `fd` at all."""
    if fd not in before or _descriptor_of(stream) != fd:
        return stream  # type: ignore[no-any-return]
    binary = os.fdopen(before[fd], "wb", closefd=False)
    return io.TextIOWrapper(binary, encoding=stream.encoding, errors=stream.errors, line_buffering=True)


def _descriptor_of(stream: Any) -> int | None:
    try:
        return int(stream.fileno())
    except (AttributeError, OSError, ValueError):  # none at all, or one that only a test has
        return None


def _copied(fd: int) -> int | None:
    try:
        return os.dup(fd)
    except OSError:
        return None


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):  # none, or closed
            stream.flush()


def _flush_c() -> None:
    import ctypes

    with contextlib.suppress(OSError, AttributeError):  # a system whose C library is not found in the process
        ctypes.CDLL(None).fflush(None)
