"""Warm processes behind one event loop: a call goes to one that is idle, and its reply comes back.

A process that dies, or does not answer in the time a call has, is replaced. What it worked on is asked once more of another one
when it died; a call whose time is over gets a problem. Every question is the same when asked twice (runs/answers.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import pickle
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from portopt.domain.errors import DeadlineExceeded, Unavailable
from portopt.doors.wire.call import Call, Reply, call_to_bytes, reply_from_bytes
from portopt.doors.wire.problems import reply_of
from portopt.doors.wire.worker import LENGTHS, READY
from portopt.questions.children import THREADS

if TYPE_CHECKING:
    from portopt.settings import Settings

# The path comes first: without it a child would not find this module, or find another one.
BEGIN = "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); from portopt.doors.wire.worker import serve; serve()"
GRACE = 2.0  # seconds past a call's time in which its process may still say so itself
START = 120.0  # seconds to be ready in, on a machine that is busy
TRIES = 2


class Pool:
    """`processes` of them. Made with `start`, ended with `close`; used from one event loop."""

    def __init__(self, settings: Settings) -> None:
        self.size = settings.processes
        self._settings = settings
        self.replaced = 0
        self._idle: deque[_Process] = deque()
        self._all: set[_Process] = set()
        self._coming: set[asyncio.Task[None]] = set()
        self._waiting: dict[asyncio.Future[_Process], float] = {}  # since when; who came first stands first
        self._closed = False

    async def start(self) -> None:
        """Returns when every process is warm. Raises Unavailable where one does not start."""
        await asyncio.gather(*(self._add() for _ in range(self.size)))

    @property
    def ready(self) -> int:
        """How many processes there are, busy or not."""
        return len(self._all)

    @property
    def waited(self) -> float:
        """Seconds that the first of those who wait for an idle process has waited already."""
        return time.monotonic() - next(iter(self._waiting.values())) if self._waiting else 0.0

    async def answer(self, call: Call) -> Reply:
        """From an idle process, waited for as long as the call has time."""
        until = time.monotonic() + (call.within or 30.0)
        for left_tries in reversed(range(TRIES)):
            process = await self._taken(until)
            if process is None:
                return reply_of(DeadlineExceeded(call.within or 0.0, "waiting for a process that is free"), call)
            left = max(until - time.monotonic(), 0.0)
            try:
                reply = await asyncio.wait_for(process.ask(dataclasses.replace(call, left=left)), left + GRACE)
            except TimeoutError:
                self._replace(process)
                return reply_of(DeadlineExceeded(call.within or 0.0, f"working on {call.operation}"), call)
            except (asyncio.IncompleteReadError, ConnectionError, OSError):
                self._replace(process)
                if not left_tries:
                    break
            except asyncio.CancelledError:
                self._replace(process)  # it works on what nobody waits for
                raise
            else:
                self._freed(process)
                return reply
        return reply_of(Unavailable("the processes that worked on this ended without an answer", fixes=["ask again"]), call)

    async def close(self) -> None:
        """End every process; none is left."""
        self._closed = True
        for task in self._coming:
            task.cancel()
        await asyncio.gather(*(process.end() for process in list(self._all)), return_exceptions=True)
        self._all.clear()

    async def _taken(self, until: float) -> _Process | None:
        """In the order of coming: asyncio.Queue lets whoever comes at the right moment pass those who wait, for ever."""
        if self._idle:
            return self._idle.popleft()
        mine: asyncio.Future[_Process] = asyncio.get_running_loop().create_future()
        self._waiting[mine] = now = time.monotonic()
        try:
            await asyncio.wait({mine}, timeout=max(until - now, 0.0))
        except asyncio.CancelledError:
            if mine.done():
                self._freed(mine.result())
            raise
        finally:
            self._waiting.pop(mine, None)
        return mine.result() if mine.done() else None

    def _freed(self, process: _Process) -> None:
        """To whoever waits longest; else it is idle."""
        if self._waiting:
            first = next(iter(self._waiting))
            del self._waiting[first]
            first.set_result(process)
        else:
            self._idle.append(process)

    async def _add(self) -> None:
        process = await _Process.started(self._settings)
        if self._closed:
            await process.end()
            return
        self._all.add(process)
        self._freed(process)

    def _replace(self, process: _Process) -> None:
        self._all.discard(process)
        self.replaced += 1
        self._later(process.end)
        if not self._closed:
            self._later(self._again)

    async def _again(self) -> None:
        """A new process, tried until there is one: a machine out of memory has some again later."""
        pause = 0.1
        while not self._closed:
            try:
                return await self._add()
            except Unavailable:
                await asyncio.sleep(pause)
                pause = min(2 * pause, 10.0)
        return None

    def _later(self, work: Callable[[], Awaitable[None]]) -> None:
        async def done() -> None:
            await work()

        task = asyncio.get_running_loop().create_task(done())
        self._coming.add(task)
        task.add_done_callback(self._coming.discard)


class _Process:
    """One child, with one call at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def started(cls, settings: Settings) -> _Process:
        environment = {**os.environ, **dict.fromkeys(THREADS, "1")}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-c", BEGIN), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=environment
        )
        found = cls(process)
        try:
            found._input.write(pickle.dumps(sys.path) + pickle.dumps(settings))
            head, _ = await asyncio.wait_for(found._read(), START)
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError) as error:
            await found.end()
            raise Unavailable("a process that answers questions did not start") from error
        if head != READY:
            await found.end()
            raise Unavailable("a process that answers questions did not say that it is ready")
        return found

    async def ask(self, call: Call) -> Reply:
        head = call_to_bytes(call)
        self._input.write(LENGTHS.pack(len(head), len(call.body)) + head)
        self._input.write(call.body)
        await self._input.drain()
        return reply_from_bytes(*await self._read())

    async def _read(self) -> tuple[bytes, bytes]:
        stream = self._process.stdout
        if stream is None:
            raise ConnectionError("a child without pipes")
        head, body = LENGTHS.unpack(await stream.readexactly(LENGTHS.size))
        return await stream.readexactly(head), await stream.readexactly(body)

    @property
    def _input(self) -> asyncio.StreamWriter:
        if self._process.stdin is None:
            raise ConnectionError("a child without pipes")
        return self._process.stdin

    async def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
