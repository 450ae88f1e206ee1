"""One key, one piece of work, over a real store."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portopt.adapters.store import keys as store_keys
from portopt.domain.access import ANYONE_HERE, Principal
from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.errors import Conflict, InvalidValue, KeyReused
from portopt.domain.job import KeptReply
from portopt.doors.wire import idempotency
from portopt.doors.wire.call import Call, Reply
from portopt.doors.wire.idempotency import _digest as digest_of
from portopt.doors.wire.idempotency import once
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

TAKEN_OVER = 2.0  # seconds, in a test: long enough for forty renewals, of which a busy machine may be late with many
CALL = Call("rebalance", {"portfolio_id": "p"}, body=b"{}", idempotency_key="k", who=ANYONE_HERE)


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    return open_runtime(Settings(home=tmp_path))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes fifteen seconds takes two."""
    monkeypatch.setattr(store_keys, "TAKEN_OVER_AFTER", timedelta(seconds=TAKEN_OVER))
    monkeypatch.setattr(idempotency, "RENEWED", TAKEN_OVER / 40)


class Work:
    """Counts how often it is done."""

    def __init__(self, status: int = 200) -> None:
        self.done, self.status = 0, status

    def __call__(self) -> Reply:
        self.done += 1
        return Reply(self.status, f"reply {self.done}".encode(), headers={"Location": "/x"}, timings={"solve": 1.0})


def test_the_first_reply_is_everybodys(runtime: Runtime) -> None:
    work = Work()
    first, again = (once(CALL, runtime, NEVER, work) for _ in range(2))
    assert work.done == 1
    assert (first.body, dict(first.headers)) == (b"reply 1", {"Location": "/x"})
    assert (again.body, again.status) == (first.body, first.status)
    assert dict(again.headers) == {"Location": "/x", "Idempotency-Replayed": "true"}


@pytest.mark.parametrize(
    "change",
    [
        {"operation": "create_optimization"},
        {"place": {"portfolio_id": "q"}},
        {"asked": {"points": "3"}},
        {"body": b'{"a": 1}'},
        {"content_type": "text/csv"},
        {"prefer": {"respond-async": ""}},
    ],
)
def test_another_request_with_the_key_is_refused(runtime: Runtime, change: dict[str, object]) -> None:
    once(CALL, runtime, NEVER, Work())
    with pytest.raises(KeyReused):
        once(dataclasses.replace(CALL, **change), runtime, NEVER, Work())


def test_the_key_of_somebody_else_is_another_key(runtime: Runtime) -> None:
    work = Work()
    once(CALL, runtime, NEVER, work)
    other = dataclasses.replace(CALL, who=Principal("other"), body=b"[]")
    assert once(other, runtime, NEVER, work).body == b"reply 2"


def test_a_refusal_and_a_fault_leave_the_key_free(runtime: Runtime) -> None:
    def fault() -> Reply:
        raise ZeroDivisionError

    assert once(CALL, runtime, NEVER, Work(422)).status == 422
    with pytest.raises(ZeroDivisionError):
        once(CALL, runtime, NEVER, fault)
    assert once(dataclasses.replace(CALL, body=b"other"), runtime, NEVER, Work()).body == b"reply 1"


def test_who_comes_while_it_is_worked_on_waits_for_it_as_long_as_they_have_time(runtime: Runtime) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> Reply:
        begun.set()
        go_on.wait(30)
        return Reply(200, b"slow")

    found: list[Reply] = []
    ask: Callable[[Callable[[], Reply]], None] = lambda work: found.append(once(CALL, runtime, NEVER, work))  # noqa: E731
    first = threading.Thread(target=ask, args=(slow,))
    first.start()
    assert begun.wait(30)
    with pytest.raises(Conflict, match="still being worked on"):
        once(CALL, runtime, Deadline.within(0.3), Work())
    second = threading.Thread(target=ask, args=(Work(),))
    second.start()
    go_on.set()
    first.join(30)
    second.join(30)
    assert [reply.body for reply in found] == [b"slow", b"slow"]


def test_the_key_of_a_process_that_was_killed_is_taken_over_by_who_waits(runtime: Runtime, quick: None) -> None:
    """It was held for two minutes: longer than anybody's time, and than the promise has."""
    mine = KeptReply("k", ANYONE_HERE.subject, CALL.operation, digest_of(CALL), datetime.now(UTC))
    assert runtime.keys.reserve(mine) is mine  # whoever did that is gone
    assert once(CALL, runtime, Deadline.within(20.0), Work()).body == b"reply 1"


def test_the_key_of_who_works_on_it_for_long_is_not_taken_over(runtime: Runtime, quick: None) -> None:
    at_work, go_on = threading.Event(), threading.Event()

    def slow() -> Reply:
        at_work.set()
        go_on.wait(30)
        return Reply(200, b"slow")

    first = threading.Thread(target=once, args=(CALL, runtime, NEVER, slow))
    first.start()
    try:
        assert at_work.wait(30)
        with pytest.raises(Conflict):
            once(CALL, runtime, Deadline.within(1.8 * TAKEN_OVER), Work())
    finally:
        go_on.set()
        first.join(30)


@pytest.mark.parametrize("key", ["", " ", "a\nb", "k" * 201])
def test_what_is_no_key_is_refused(runtime: Runtime, key: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        once(dataclasses.replace(CALL, idempotency_key=key), runtime, NEVER, Work())
    assert refused.value.field == "Idempotency-Key"


def test_who_may_see_less_is_not_shown_what_was_answered_to_who_saw_more(runtime: Runtime) -> None:
    """Two keys of one subject: the reply is of a portfolio that the second may not see."""
    work, wide = Work(), Principal("desk", frozenset({"propose"}), frozenset({"p", "q"}))
    once(dataclasses.replace(CALL, who=wide), runtime, NEVER, work)
    narrow = dataclasses.replace(wide, portfolios=frozenset({"q"}))
    with pytest.raises(KeyReused):
        once(dataclasses.replace(CALL, who=narrow), runtime, NEVER, work)
    assert once(dataclasses.replace(CALL, who=wide), runtime, NEVER, work).body == b"reply 1"


BY_REST = b'{"portfolio_id": "P", "shares": {"b": 2, "a": 1}, "rate": 0.02,\n "tags": [1, 2.5, null, true]}'
BY_RPC = b'{"portfolio_id":"P","rate":0.02,"shares":{"a":1.0,"b":2.0},"tags":[1.0,2.5,null,true]}'


def test_the_same_question_written_otherwise_is_the_same(runtime: Runtime) -> None:
    """A message knows doubles alone and no order of names; who asked over REST asks the same."""
    work = Work()
    first = once(dataclasses.replace(CALL, body=BY_REST), runtime, NEVER, work)
    again = once(dataclasses.replace(CALL, body=BY_RPC), runtime, NEVER, work)
    assert (work.done, again.body) == (1, first.body)


@pytest.mark.parametrize("change", [(b"0.02", b"0.020000000000000004"), (b"null", b"0"), (b"true", b"1"), (b'"P"', b'"p"')])
def test_what_differs_by_the_least_is_another_question(runtime: Runtime, change: tuple[bytes, bytes]) -> None:
    once(dataclasses.replace(CALL, body=BY_REST), runtime, NEVER, Work())
    with pytest.raises(KeyReused):
        once(dataclasses.replace(CALL, body=BY_REST.replace(*change)), runtime, NEVER, Work())


@pytest.mark.parametrize("body", [b"{", b'{"a": 1, "a": 2}', b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_its_bytes(runtime: Runtime, body: bytes) -> None:
    work = Work()
    for _ in range(2):
        once(dataclasses.replace(CALL, body=body), runtime, NEVER, work)
    assert work.done == 1
