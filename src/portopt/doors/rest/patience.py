"""How long a connection may take over what it has to say, and how many there may be: uvicorn itself waits for ever.

A head that does not come or comes by drops, a body that never ends, an answer that nobody takes: each ends its connection.
"""

from __future__ import annotations

import asyncio
import resource
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


def moments() -> int:
    """A quarter of the files that this process may have open, as each connection is one; 4,096 at most."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 4096 if allowed == resource.RLIM_INFINITY else min(4096, allowed // 4)


class Patient(H11Protocol):
    """For `uvicorn.Config(http=…)`. Seconds are from when each begins to be waited for, however it drips meanwhile."""

    head_seconds: ClassVar[float] = 15.0
    body_seconds: ClassVar[float] = 60.0
    taking_seconds: ClassVar[float] = 60.0  # an answer, or a stretch of one, that waits for whoever asked
    most_connections: ClassVar[int] = 512
    most_turned_away: ClassVar[int] = moments()  # beyond those, each for a moment: it is told why; beyond both it is cut off
    turning_away_seconds: ClassVar[float] = 2.0

    _hearing: asyncio.TimerHandle | None = None
    _saying: asyncio.TimerHandle | None = None
    _awaited: str = ""
    _turned_away: bool = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        beyond = len(self.connections) - self.most_connections
        if beyond > self.most_turned_away:
            transport.abort()
            return
        if beyond > 0:
            self._turned_away = True
            self.loop.call_later(self.turning_away_seconds, transport.abort)
            self.turn_away()
            return
        self._await("head")

    def turn_away(self) -> None:
        """One connection too many: say so, if anything is to be said. What it asks is not read."""
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._turned_away:
            return  # taken off the wire all the same: what lies there unread at the end would take the answer with it
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        self._await("")
        self.resume_writing()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._saying is None:
            self._saying = self.loop.call_later(self.taking_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._saying is not None:
            self._saying.cancel()
            self._saying = None

    def _look(self) -> None:
        """What is waited for now: between two requests uvicorn's own patience counts, until a head begins."""
        state = self.conn.their_state
        if state is h11.SEND_BODY:
            self._await("body")
        elif state is h11.IDLE and self.timeout_keep_alive_task is None:
            self._await("head")
        else:
            self._await("")

    def _await(self, what: str) -> None:
        """From now on; what is waited for already goes on as it is."""
        if what == self._awaited:
            return
        if self._hearing is not None:
            self._hearing.cancel()
            self._hearing = None
        self._awaited = what
        if what and not self.transport.is_closing():
            self._hearing = self.loop.call_later(
                self.head_seconds if what == "head" else self.body_seconds, self.transport.abort
            )
