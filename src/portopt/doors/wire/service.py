"""The service behind its doors: one for REST and gRPC, on one event loop."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from portopt.domain.errors import PortoptError, TooMany
from portopt.doors.access.access import Access
from portopt.doors.wire.admission import Admission
from portopt.doors.wire.answering import answer, with_timing
from portopt.doors.wire.call import Call, Reply
from portopt.doors.wire.metrics import Metrics
from portopt.doors.wire.operations import OPERATIONS
from portopt.doors.wire.pool import Pool
from portopt.doors.wire.problems import reply_of

if TYPE_CHECKING:
    from portopt.runtime import Runtime

THREADS = 8  # that read and write the store


class Service:
    """Calls in, replies out. Made with `start`, ended with `close`. access: tells transports who asks, for `Call.who`."""

    def __init__(self, runtime: Runtime) -> None:
        settings = runtime.settings
        self.runtime = runtime
        self.access = Access(runtime)
        self.pool = Pool(settings)
        self.admission = Admission(settings.processes, settings.wait_seconds)
        self.metrics = Metrics(runtime, self.pool, self.admission)
        self._longest = settings.answer_seconds
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="portopt")

    async def start(self) -> None:
        """The installation comes first, its store at this version's schema: every answer leaves its rows there."""
        await asyncio.get_running_loop().run_in_executor(self._threads, self.runtime.opened)
        await self.pool.start()

    async def close(self) -> None:
        await self.pool.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def answer_again(self, call: Call, headers: Mapping[str, str]) -> Reply:
        """The same for who asks as they stand now: where a key was revoked meanwhile, or a token has expired, it is refused."""
        try:
            who = await self.access.who(headers)
        except PortoptError as error:
            return reply_of(error, call)
        return await self.answer(dataclasses.replace(call, who=who))

    async def answer(self, call: Call) -> Reply:
        """Within the time that the call has, at most what the service gives anyone."""
        began = time.perf_counter()
        reply = await self._answered(call)
        self.metrics.seen(call, reply, time.perf_counter() - began)
        return reply

    async def _answered(self, call: Call) -> Reply:
        within = min(call.within or self._longest, self._longest)
        call = dataclasses.replace(call, within=within)
        operation = OPERATIONS.get(call.operation)
        if operation is None or not operation.works:
            return await asyncio.get_running_loop().run_in_executor(self._threads, answer, call, self.runtime)
        try:
            self.admission.begin(call.operation, within, self.pool.waited)
        except TooMany as error:
            return reply_of(error, call)
        began, worked = time.perf_counter(), None
        try:
            reply = await self.pool.answer(call)
            worked = reply.timings.get("work")
        finally:
            self.admission.end(call.operation, worked)
        queued = time.perf_counter() - began - (worked or 0.0)
        return with_timing(reply, "queue", max(queued, 0.0))
