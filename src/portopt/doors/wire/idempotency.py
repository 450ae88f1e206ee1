"""One key, one piece of work: the first reply to a key is the reply to everyone who comes with it again.

The key is its subject's own. With another operation, place, query or body, or other portfolios, it is refused (KeyReused); of
a request that was refused nothing is kept. Who comes while the work is still being done waits for it, as long as their time
allows. Whoever works on it says so again and again: of one that was killed the key is free soon, and who waits does the work.
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from portopt.dialects.reading import parse_json, text
from portopt.domain.canonical import canonical_json, digest
from portopt.domain.deadline import Deadline
from portopt.domain.errors import Conflict, PortoptError
from portopt.domain.job import KeptReply
from portopt.doors.wire.call import JSON, Call, Reply, reply_from_bytes, reply_to_bytes
from portopt.doors.wire.problems import with_headers

if TYPE_CHECKING:
    from portopt.runtime import Runtime

HEADER = "Idempotency-Key"
REPLAYED = {"Idempotency-Replayed": "true"}
MOST = 200  # characters of a key
PAUSE = 0.05  # seconds between two looks at what another process works out
RENEWED = 3.0  # seconds from one word that it is still worked on to the next: a store takes it over after five times that
LENGTH = 4  # bytes that say how long a kept reply's head is
REFUSED = 400  # from this status on
LONG = 1_000_000  # bytes
EXACT = 2**53  # below it a double that is whole is that whole number


def once(call: Call, runtime: Runtime, until: Deadline, work: Callable[[], Reply]) -> Reply:
    """The reply that the call's key stands for, worked out now where there is none yet.

    Raises KeyReused, InvalidValue for what is no key, Conflict where the first request is still being worked on at the end.
    """
    key = text(call.idempotency_key, HEADER, most=MOST)
    mine = KeptReply(key, call.who.subject, call.operation, _digest(call), datetime.now(UTC))
    while (held := runtime.keys.reserve(mine)) is not mine:
        if held.reply is not None:
            return with_headers(kept_reply(held.reply), REPLAYED)
        if until.left() < PAUSE:
            fix = "ask again with the same key"
            raise Conflict(
                f"the first request with {HEADER} {key!r} is still being worked on", field=HEADER, value=key, fixes=[fix]
            )
        time.sleep(PAUSE)
    return _first(mine, runtime, work)


def _first(mine: KeptReply, runtime: Runtime, work: Callable[[], Reply]) -> Reply:
    try:
        with _renewed(mine, runtime):
            reply = work()
    except BaseException:
        runtime.keys.forget(mine.key, mine.subject)
        raise
    if reply.status >= REFUSED:
        runtime.keys.forget(mine.key, mine.subject)
    else:
        runtime.keys.keep(dataclasses.replace(mine, status=reply.status, reply=_to_keep(reply)))
    return reply


@contextlib.contextmanager
def _renewed(mine: KeptReply, runtime: Runtime) -> Iterator[None]:
    """The reservation is kept alive for as long as the work takes."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(RENEWED):
            with contextlib.suppress(PortoptError):  # the next time, or the work itself, finds the store again
                runtime.keys.renew(mine.key, mine.subject)

    renewing = threading.Thread(target=renew, name="portopt-renewing", daemon=True)
    renewing.start()
    try:
        yield
    finally:
        ended.set()
        renewing.join()


def _digest(call: Call) -> str:
    # What they may see is of the request: a kept reply is shown to nobody who may see less than who asked first.
    seen = None if call.who.portfolios is None else sorted(call.who.portfolios)
    asked = [call.operation, dict(call.place), dict(call.asked), call.content_type, "respond-async" in call.prefer, seen]
    return digest(asked, _question(call))


def _question(call: Call) -> bytes:
    """What is asked, whichever door it came by and however it was written: names in any order, 1 and 1.0 alike.

    What is LONG counts by its bytes: to read a matrix once more would take longer than most answers.
    """
    if call.content_type != JSON or not 0 < len(call.body) < LONG:
        return call.body
    try:
        return canonical_json(_one_kind(parse_json(call.body)))
    except (PortoptError, ValueError, RecursionError):  # refused by what answers; nothing of it is kept
        return call.body


def _one_kind(value: Any) -> Any:
    """Numbers as a message has them: doubles, of which the whole ones are whole numbers."""
    if isinstance(value, dict):
        return {name: _one_kind(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_one_kind(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < EXACT else value


def _to_keep(reply: Reply) -> bytes:
    head = reply_to_bytes(dataclasses.replace(reply, timings={}))
    return len(head).to_bytes(LENGTH, "big") + head + reply.body


def kept_reply(content: bytes) -> Reply:
    length = int.from_bytes(content[:LENGTH], "big")
    return reply_from_bytes(content[LENGTH : LENGTH + length], content[LENGTH + length :])
