"""Tries the promises of docs/promise.md, and prints what came of each. Ends with 1 where one was broken.

    python tests/faults/run.py --kills 200 --seconds 1800 --only R1 R2

Everything is on loopback, in temporary folders, with servers of its own. `--seconds` bounds all of it together: what is not
tried by then is said to be so.
"""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
os.environ["PYTHONPATH"] = os.pathsep.join([str(TESTS.parent / "src"), str(TESTS), os.environ.get("PYTHONPATH", "")])
sys.path[:0] = [str(TESTS.parent / "src"), str(TESTS)]

from faults.promises import (  # noqa: E402  # noqa: E402
    broker_down,
    clocks,
    database_stops,
    full_disk,
    kept,
    moments,
    one_key,
    overload,
    replays,
    service_killed,
    skew,
    upstreams,
)
from integration.store.conftest import Databases, Server, need_programs  # noqa: E402

Try = Callable[[Path], kept.Kept]
STORES = ("SQLite", "PostgreSQL")
AT_ONCE = TESTS / "faults" / "test_jobs_at_once.py"


def main() -> int:
    options = _options()
    logging.disable(logging.WARNING)  # that a connection is gone is what is tried here
    until, broken = time.monotonic() + options.seconds, 0
    server = Server(need_programs())
    databases = Databases(server.url)
    try:
        for name, attempt in _all(options, server, databases, until):
            if options.only and not {name.split()[0], name.split()[0].partition("-")[0]} & set(options.only):
                continue
            if time.monotonic() > until:
                print(f"{name:<60} not tried: the time is over", flush=True)
                continue
            broken += _tried(name, attempt)
    finally:
        databases.admin.dispose()
        server.remove()
    return 1 if broken else 0


def _tried(name: str, attempt: Try) -> int:
    """How often the promise was broken; a trial that fails itself is one."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="portopt-faults-") as folder:
        try:
            found = attempt(Path(folder))
        except (Exception, _skipped()) as error:
            found = kept.Kept(name, broken=[f"it could not be tried: {type(error).__name__}: {error}"])
    store = name.partition(" on ")[2]
    print(f"{found.line}{f', on {store}' if store else ''}, {time.monotonic() - began:.0f} s", flush=True)
    for sentence in found.broken[:20]:
        print(f"    {sentence}", flush=True)
    return len(found.broken)


def _skipped() -> type[BaseException]:
    import pytest

    return pytest.fail.Exception.__mro__[1]  # what pytest raises for a failure and for a reason to skip


def _all(o: argparse.Namespace, server: Server, databases: Databases, until: float) -> Iterator[tuple[str, Try]]:
    """(name, how it is tried), quick ones first."""
    yield "R9", lambda home: clocks.daylight_is_saved()
    yield from _on_both("R9-skew", databases, skew.clocks_are_wrong)
    yield "R8", lambda home: upstreams.upstream_misbehaves(seed=o.seed)
    yield "R7", lambda home: _full_disk(home, o.disks)
    yield "R10", lambda home: replays.is_replayed(home, times=o.replays)
    most = o.moments or None
    yield from _on_both("R2", databases, lambda h, u: moments.connection_is_cut(h, u, most=most, seed=o.seed))
    yield from _on_both("R1-store", databases, lambda h, u: moments.process_is_killed(h, u, most=most, seed=o.seed))
    yield from _on_both("R5", databases, lambda h, u: one_key.key_is_used_at_once(h, u, times=o.requests))
    yield "R6", lambda home: _jobs_at_once()
    yield "R12", lambda home: overload.more_than_can_be_answered(home, seconds=o.load_seconds)
    yield "R4", lambda home: broker_down.broker_is_down(home, proposals=o.proposals)
    stops = lambda h, u: database_stops.database_is_stopped(h, u, server.stop, server.start, times=o.stops, seed=o.seed)  # noqa: E731
    yield "R3 on PostgreSQL", _on_postgresql(databases, stops)
    half = -(-o.kills // 2)

    def killed(home: Path, url: str | None) -> kept.Kept:
        seconds = max(until - time.monotonic(), 1.0) / (2 if url is None else 1)
        return service_killed.service_is_killed(home, url, kills=half, seed=o.seed, seconds=seconds)

    yield from _on_both("R1-service", databases, killed)


def _on_both(name: str, databases: Databases, attempt: Callable[[Path, str | None], kept.Kept]) -> Iterator[tuple[str, Try]]:
    yield f"{name} on SQLite", lambda home: attempt(home, None)
    yield f"{name} on PostgreSQL", _on_postgresql(databases, attempt)


def _on_postgresql(databases: Databases, attempt: Callable[[Path, str], kept.Kept]) -> Try:
    def on_postgresql(home: Path) -> kept.Kept:
        with databases.one() as url:
            try:
                return attempt(home, url)
            finally:
                databases.admin.dispose()  # its connections may be to a server that was stopped meanwhile

    return on_postgresql


def _full_disk(home: Path, steps: int) -> kept.Kept:
    with full_disk.small_disk(home / "disk") as disk:
        if disk is None:
            return kept.Kept("R7 the disk is full", broken=["no file system may be mounted here: run as root"])
        return full_disk.disk_is_full(disk, home / "book", steps=steps)


def _jobs_at_once() -> kept.Kept:
    """The test that every change meets, at its full size."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(AT_ONCE), "-k", "many_jobs"]
    size = {**os.environ, "PORTOPT_TEST_JOBS": "50"}
    done = subprocess.run(command, cwd=TESTS.parent, capture_output=True, text=True, check=False, timeout=1800, env=size)
    broken = [] if done.returncode == 0 else [done.stdout[-1500:]]
    return kept.Kept("R6 fifty rebalances of one portfolio at once", 100, broken, {"stores": len(STORES)})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[], metavar="R", help="these promises, by their numbers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=5400.0, help="bound of everything together")
    parser.add_argument("--moments", type=int, default=0, help="of a job's life, by chance; 0 is every one")
    parser.add_argument("--kills", type=int, default=40, help="of processes of the whole service, over both stores")
    parser.add_argument("--stops", type=int, default=20, help="of PostgreSQL")
    parser.add_argument("--proposals", type=int, default=500, help="while the broker is down")
    parser.add_argument("--requests", type=int, default=100, help="with one idempotency key")
    parser.add_argument("--disks", type=int, default=40, help="that are full")
    parser.add_argument("--replays", type=int, default=20)
    parser.add_argument("--load-seconds", type=float, default=60.0, help="of more than can be answered")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
