"""A process that answers calls: frames come in on its standard input, replies go out, until the input is closed.

    python -P -c "…; from portopt.doors.wire.worker import serve; serve()"

It ends with the process that started it, however that one ended: the system closes the pipe for the dead too.
"""

from __future__ import annotations

import os
import pickle
import signal
import struct
import sys
from typing import IO

from portopt.doors.wire.answering import answer
from portopt.doors.wire.call import call_from_bytes, reply_to_bytes

LENGTHS = struct.Struct("!IQ")  # of the head, of the body
READY = b"ready"


def serve() -> None:
    """Warm up, say so, answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the parent's to understand: it closes the pipe
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no reply
    from portopt.doors.wire.warming import warm_up
    from portopt.runtime import open_runtime

    ours = open_runtime(pickle.load(sys.stdin.buffer))  # noqa: S301 - the settings of the process that started this one
    warm_up()
    ours.opened(needed=False)  # a store that does not answer now may when it is asked
    write_frame(out, READY, b"")
    while (frame := read_frame(sys.stdin.buffer)) is not None:
        reply = answer(call_from_bytes(*frame), ours)
        write_frame(out, reply_to_bytes(reply), reply.body)


def read_frame(stream: IO[bytes]) -> tuple[bytes, bytes] | None:
    """(head, body); None at the end of the stream."""
    lengths = stream.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    head, body = LENGTHS.unpack(lengths)
    return stream.read(head), stream.read(body)


def write_frame(stream: IO[bytes], head: bytes, body: bytes) -> None:
    stream.write(LENGTHS.pack(len(head), len(body)) + head)
    stream.write(body)
    stream.flush()
