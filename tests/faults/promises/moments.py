"""R1 and R2 in the store: the process killed, or its connection cut, at every moment between two statements of a job's life.

Whatever moment it was, the rows are all there or none of them is; and who comes next ends the job, once, with one event.
"""

from __future__ import annotations

import gc
import json
import os
import random
import signal
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import warm
from faults.promises.kept import Kept
from faults.promises.life import Life, another, at_every_moment, left_of, live, of_home, prepared
from sqlalchemy import Connection

from portopt.domain.errors import PortoptError
from portopt.runtime import Runtime

NEVER = 1 << 30
PATIENCE = 120.0  # seconds for one child, which takes a fraction of one
Reach = Callable[[Connection], None]


def cut(connection: Connection) -> None:
    """PostgreSQL: the socket is shut, as by a cable. SQLite has none: its file is closed under it, as by a kill."""
    driver = connection.connection.dbapi_connection  # there on the first connection of an engine too
    assert driver is not None
    if hasattr(driver, "pgconn"):
        with socket.socket(fileno=os.dup(driver.pgconn.socket)) as line:
            line.shutdown(socket.SHUT_RDWR)
    else:
        driver.close()


def kill(_connection: Connection) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class At:
    """Does it at the moment of that number, counted from one; counts on after that."""

    def __init__(self, number: int, does: Reach) -> None:
        self.number, self.reached, self._does = number, 0, does

    def __call__(self, connection: object) -> None:
        self.reached += 1
        if self.reached == self.number:
            assert isinstance(connection, Connection)
            self._does(connection)


def _lived(home: Path, url: str | None, this: Life, number: int) -> None:
    """In a child: it lives up to that moment."""
    runtime = of_home(home, url)
    with at_every_moment(runtime.runs.database.engine, At(number, kill)):
        live(runtime, this, "first")


def moments_of(home: Path, url: str | None, this: Life) -> int:
    """How many there are, from asked for to told."""
    runtime, count = of_home(home, url), At(NEVER, cut)
    declared(runtime, this)
    with at_every_moment(runtime.runs.database.engine, count):
        live(runtime, this, "first")
    runtime.runs.close()
    return count.reached


def declared(runtime: Runtime, this: Life) -> None:
    from portopt.dialects.requests import rebalance_request_from_data

    request = rebalance_request_from_data(this.record.request)
    runtime.portfolios.declare(request.holdings, by="test")


def connection_is_cut(home: Path, url: str | None, *, most: int | None = None, seed: int = 1) -> Kept:
    """At every moment, or at `most` of them by chance."""
    kept, first = Kept("R2 a connection is cut: all rows or none"), prepared(home / "book")
    chosen = _chosen(moments_of(home, url, another(first, "whole")), most, seed)
    for number in chosen:
        this = another(first, f"cut-{number}")
        runtime = of_home(home, url)
        declared(runtime, this)
        with at_every_moment(runtime.runs.database.engine, at := At(number, cut)):
            _breaks(kept, runtime, this, number)
        gc.collect()  # a file of SQLite closed under a cursor stays open, and locked, for as long as the cursor is in memory
        kept.require(at.reached >= number, f"moment {number} was not reached")
        runtime.runs.close()
        _ends_once(kept, home, url, this, f"cut at {number}")
    _all_told(kept, home, url)
    return kept


def _breaks(kept: Kept, runtime: Runtime, this: Life, number: int) -> None:
    try:
        live(runtime, this, "first")
    except PortoptError:
        return
    except Exception as error:  # it must be one of ours, in words
        kept.broken.append(f"cut at {number}: {type(error).__name__} {error}")


def process_is_killed(home: Path, url: str | None, *, most: int | None = None, seed: int = 1) -> Kept:
    """SIGKILL of a child at every moment, or at `most` of them by chance."""
    kept, first = Kept("R1 a process is killed between statements"), prepared(home / "book")
    for number in _chosen(moments_of(home, url, another(first, "whole")), most, seed):
        this = another(first, f"killed-{number}")
        runtime = of_home(home, url)
        declared(runtime, this)
        runtime.runs.close()
        child = warm.starter().Process(target=_lived, args=(home, url, this, number))
        child.start()
        child.join(PATIENCE)
        kept.require(child.exitcode == -signal.SIGKILL, f"the child of moment {number} ended as {child.exitcode}")
        _ends_once(kept, home, url, this, f"killed at {number}")
    _all_told(kept, home, url)
    return kept


def _chosen(count: int, most: int | None, seed: int) -> Sequence[int]:
    numbers = range(1, count + 1)
    return numbers if most is None or most >= count else sorted(random.Random(seed).sample(numbers, most))


def _ends_once(kept: Kept, home: Path, url: str | None, this: Life, what: str) -> None:
    kept.tried += 1
    runtime = of_home(home, url)
    left = left_of(runtime, this)
    kept.require(left.is_whole, f"{what}, it was left in halves: {left}")
    live(runtime, this, "next")
    live(runtime, this, "after that")
    left = left_of(runtime, this)
    kept.require(left.is_whole and left.events == 1, f"{what}, it did not end once: {left}")
    runtime.runs.close()


def _all_told(kept: Kept, home: Path, url: str | None) -> None:
    """Every event has left, once; every ledger holds; nothing lies about."""
    runtime = of_home(home, url)
    sent = [json.loads(line)["id"] for line in (home / "events.jsonl").read_text().splitlines()]
    kept.require(len(sent) == len(set(sent)), "an event was sent twice")
    kept.require(len(sent) == kept.tried + 1, f"{kept.tried + 1} events should have left, and {len(sent)} did")
    kept.require(runtime.runs.outbox().waiting == 0, "events wait that nobody sends")
    kept.require(not runtime.ledger.verify(), "a ledger does not hold")
    litter = [path.name for path in home.rglob("*") if path.name.endswith((".tmp", ".part", ".new"))]
    kept.require(not litter, f"left behind: {litter}")
    runtime.runs.close()
