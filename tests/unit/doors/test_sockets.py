"""What the service listens on."""

from __future__ import annotations

import asyncio
import socket

from portopt.doors.processes.sockets import bound, port_of


async def test_a_connection_sends_small_packets_at_once() -> None:
    """Else an answer, which is written in two parts, waits 40 ms for the client to say that it has the first."""
    seen: list[int] = []

    async def accepted(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listening = bound("127.0.0.1", 0, "http_port")
    async with await asyncio.start_server(accepted, sock=listening):
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(listening))
        await reader.read()
        writer.close()
    assert seen
    assert all(seen)
