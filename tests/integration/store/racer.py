"""One of several processes that do the same thing to one database at the same moment.

Told on its standard input, a line each: `URL ACTION NAME`, answered by READY once the store is open; then anything,
answered by what the action gave, as JSON. Then the next race.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import sys
import time
from datetime import UTC, date, datetime, timedelta

from portopt.adapters.store import outbox
from portopt.adapters.store.sql import SqlStore
from portopt.domain.run import Event, RunRecord, RunStatus, digest_of

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def finished(name: str) -> RunRecord:
    """The same run whoever does it, signed by the racer."""
    document = {"by": name, "headline": {"by": name}}
    return RunRecord(
        run_id="reb-race",
        kind="rebalance",
        portfolio_id="P1",
        status=RunStatus.COMPLETED,
        request={},
        pricing_pack_id="pack-1",
        as_of=date(2026, 11, 19),
        created_at=NOW,
        completed_at=NOW,
        document=document,
        document_digest=digest_of(document),
    )


def event(name: str) -> Event:
    return Event(f"event-{name}", "portfolio_optimized", "P1", {"by": name}, NOW)


def complete(store: SqlStore, name: str) -> bool:
    return store.complete(finished(name), event(name))


def propose(store: SqlStore, name: str) -> str:
    """A proposal from holdings of its own, all begun when the portfolio had none."""
    held = {"portfolio_id": "P1", "currency": "USD", "cash": "0", "shares": {"A": f"10{name}"}}
    run = dataclasses.replace(finished(name), run_id=f"reb-race-{name}", request={"holdings": held})
    store.complete(run, event(name), since=0)
    return store.get(run.run_id).status.value


def fail(store: SqlStore, name: str) -> bool:
    store.fail(finished(name))
    return True


def pin(store: SqlStore, name: str) -> str:
    return store.pin("trigger", f"pack-{name}")


def release(store: SqlStore, name: str) -> bool:
    return store.release("reb-race", event(name))


def claim(store: SqlStore, name: str) -> list[str]:
    """Relay until nothing is left: what this one delivered, with when it began and ended."""
    log: list[str] = []
    relay = store.deliveries()
    while store.may_be_sent():
        relay.take()
        for found in relay.waiting(3):
            log.append(f"{found.event.key} {found.event.event_id} {time.time()}")
            relay.advance(found.shard, sending=found.event.event_id)
            relay.advance(found.shard, delivered=found.event.event_id)
    relay.close()
    return log


def die_completing(store: SqlStore, name: str) -> bool:
    """Killed with everything written and nothing committed."""
    _die_with_the_event()
    return complete(store, name)


def die_releasing(store: SqlStore, name: str) -> bool:
    """The same, of an approval."""
    _die_with_the_event()
    return release(store, name)


def _die_with_the_event() -> None:
    original = outbox.put

    def dying(*args: object) -> bool:
        original(*args)  # type: ignore[arg-type]
        os.kill(os.getpid(), signal.SIGKILL)
        return True

    outbox.put = dying  # type: ignore[assignment]


def write_often(store: SqlStore, name: str) -> int:
    """Read-then-write transactions, the kind that fails without queueing."""
    for i in range(25):
        run = finished(name)
        store.begin(RunRecord(f"reb-{name}-{i}", "rebalance", "P1", RunStatus.PENDING, {}, None, run.as_of, NOW + timedelta(i)))
    return 25


def migrate(store: SqlStore, _: str) -> str:
    return store.migrate()


def maintain(store: SqlStore, _: str) -> list[str]:
    return store.maintain(datetime(2041, 12, 31, tzinfo=UTC))


if __name__ == "__main__":
    while line := sys.stdin.readline():
        url, action, name = line.split()
        store = SqlStore(url)
        print("READY", flush=True)
        sys.stdin.readline()
        print(json.dumps(globals()[action](store, name)), flush=True)
        store.close()
