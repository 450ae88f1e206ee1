"""Whether what answers at an address speaks a broker's protocol, asked before the broker's own client is let near it.

Where something else answers, that client waits for minutes in a thread that cannot be ended, and aborts a process that is taken
down in order meanwhile.
Source: Apache Pulsar, "Pulsar binary protocol specification": frames, CommandConnect, CommandConnected.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import time
from urllib.parse import urlsplit

PORTS = {"pulsar": 6650, "pulsar+ssl": 6651}
SECONDS = 2.0  # for the first words of an answer, all of them together
HEAD = struct.Struct("!IIBB")  # length of the frame, of its command; the tag of the command's type, the type
LARGEST = 5 * 2**20  # bytes of a frame
TYPE_TAG = 0x08
CONNECT = b"\x08\x02\x12\x0b" + b"\x0a\x07portopt\x20\x0f"  # type 2, {client_version: "portopt", protocol_version: 15}
ANSWERS = {3, 14, 36}  # connected; an error, as for who brings no token; a challenge


def is_something_else(service_url: str, seconds: float = SECONDS) -> bool:
    """Whether somebody answers there who is no Pulsar broker.

    False where nobody does: a client's own bounds hold against silence and refusals.
    """
    parts, end = urlsplit(service_url), time.monotonic() + seconds
    head = b""
    with contextlib.suppress(OSError), _line(parts.scheme, str(parts.hostname), parts.port, seconds) as line:
        line.sendall(struct.pack("!II", len(CONNECT) + 4, len(CONNECT)) + CONNECT)
        while len(head) < HEAD.size and (left := end - time.monotonic()) > 0.0:
            line.settimeout(left)
            if not (more := line.recv(HEAD.size - len(head))):
                break
            head += more
    return bool(head) and not _is_answer(head)


def _line(scheme: str, host: str, port: int | None, seconds: float) -> socket.socket:
    plain = socket.create_connection((host, port or PORTS[scheme]), seconds)
    if scheme != "pulsar+ssl":
        return plain
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # no secret is sent; the client looks at certificates
    return context.wrap_socket(plain, server_hostname=host)


def _is_answer(head: bytes) -> bool:
    if len(head) < HEAD.size:
        return False
    length, command, tag, kind = HEAD.unpack(head)
    return command + 4 <= length <= LARGEST and tag == TYPE_TAG and kind in ANSWERS
