"""One call answered, in whatever process: read, allowed, worked out, said. No exception leaves here."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any

import orjson

from portopt.domain.access import asked_by, restricted_to
from portopt.domain.canonical import plain
from portopt.domain.deadline import LEAST_SECONDS, NEVER, Deadline
from portopt.domain.errors import PortoptError, UnknownThing
from portopt.doors.wire.asked import Answered, Asked, require
from portopt.doors.wire.call import JSON, Call, Reply
from portopt.doors.wire.idempotency import once
from portopt.doors.wire.operations import OPERATIONS
from portopt.doors.wire.problems import reply_of, unexpected

if TYPE_CHECKING:
    from portopt.runtime import Runtime


def answer(call: Call, runtime: Runtime) -> Reply:
    """The reply to a call; a refusal and a fault are replies too."""
    began = time.perf_counter()
    try:
        operation = OPERATIONS.get(call.operation)
        if operation is None:
            raise UnknownThing("operation", call.operation)
        asked = Asked(call, runtime, _until(call))
        require(asked, operation.scope)

        def work() -> Reply:
            return _reply(operation.function()(asked), began)

        # A check that was forgotten shows nothing where the store keeps rows apart.
        with restricted_to(call.who.portfolios), asked_by(call.who.subject):
            return once(call, runtime, asked.until, work) if operation.keyed and call.idempotency_key is not None else work()
    except PortoptError as error:
        return reply_of(error, call)
    except Exception as error:  # whatever it was, the process goes on
        return unexpected(error, call)


def _until(call: Call) -> Deadline:
    if call.within is None:
        return NEVER
    until = Deadline.within(max(call.within, LEAST_SECONDS))
    return until if call.left is None else dataclasses.replace(until, at=until.at - call.within + call.left)


def _reply(answered: Answered, began: float) -> Reply:
    worked = time.perf_counter()
    body = answered.value if isinstance(answered.value, bytes) else written(answered.value)
    timings = {**answered.timings, "write": time.perf_counter() - worked, "work": worked - began}
    return Reply(answered.status, body, answered.content_type, dict(answered.headers), timings)


def written(value: Any) -> bytes:
    """As JSON: numbers as they are, dates and decimals as everywhere else."""
    try:
        return orjson.dumps(value, default=plain)
    except TypeError:
        return orjson.dumps(plain(value))


def is_json(reply: Reply) -> bool:
    return reply.content_type == JSON


def with_timing(reply: Reply, stage: str, seconds: float) -> Reply:
    return dataclasses.replace(reply, timings={stage: seconds, **reply.timings})
