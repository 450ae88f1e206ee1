"""Listening on a port, and what holds one that is taken."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

from portopt.domain.errors import Conflict, OutsideError

BACKLOG = 2048


def bound(host: str, port: int, field: str) -> socket.socket:
    """A listening socket. port: 0 is any free one. Raises Conflict for one that is taken, naming who has it."""
    # TCP by name: asyncio sends small packets at once only on sockets that say so; else an answer waits 40 ms for the client.
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
        found.listen(BACKLOG)
    except OSError as error:
        found.close()
        raise _refused(host, port, field, error) from error
    found.setblocking(False)
    return found


def free(host: str, port: int, field: str) -> int:
    """The port, or a free one where it is 0. Raises Conflict for one that is taken."""
    with bound(host, port, field) as found:
        return port_of(found)


def port_of(bound: socket.socket) -> int:
    return int(bound.getsockname()[1])


def _refused(host: str, port: int, field: str, error: OSError) -> Conflict | OutsideError:
    if error.errno == errno.EADDRINUSE:
        holder = holder_of(port)
        return Conflict(
            f"port {port} is taken by {holder or 'another process'}", field=field, value=port, measured={"holder": holder},
            fixes=["end that process", f"choose another with {field}; 0 takes any that is free"],
        )  # fmt: skip
    return OutsideError(f"cannot listen on {host}:{port}: {error.strerror}", field=field, value=port)


def holder_of(port: int) -> str | None:
    """The process that listens on a port of this machine, by its number and name; None where the system does not tell."""
    inodes = {f"socket:[{inode}]" for inode in _listening(port)}
    if not inodes:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(link.readlink()) in inodes for link in (process / "fd").iterdir()):
                return f"process {process.name} ({(process / 'comm').read_text().strip()})"
        except OSError:  # another user's, or ended meanwhile
            continue
    return None


def _listening(port: int) -> list[str]:
    """Inodes of the sockets that listen there (Linux: /proc/net/tcp; 0A is the state LISTEN)."""
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            cells = row.split()
            if cells[3] == "0A" and int(cells[1].rpartition(":")[2], 16) == port:
                found.append(cells[9])
    return found
