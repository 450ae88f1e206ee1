"""The desk as one question: python tests/benchmarks/desk_rows.py --books 500 10000.

A row a size: milliseconds of `GET /desk` in process on SQLite, the median of --times, for a page of 500 sorted by drift, and
for those out of their band; how many statements it took. Each book has forty names, a year of figures thinned to days, five
runs with requests of some kilobytes, and ten entries in its ledger. Exit code 1 where a bar is not met.
"""

from __future__ import annotations

import argparse
import json
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event

from portopt.adapters.store import models
from portopt.adapters.store.service_tables import ledger
from portopt.domain.watch import Figure, labels
from portopt.doors.wire.answering import answer
from portopt.doors.wire.call import Call
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

BARS = {500: 50.0, 10_000: 500.0}  # milliseconds
NAMES, RUNS, ENTRIES, DAYS = 40, 5, 10, 30
LOOKS = ({"sort": "-drift", "limit": "500"}, {"tiles": "out_of_band", "limit": "500"})
HEADER = f"{'books':>7}{'page ms':>9}{'tile ms':>9}{'statements':>12}"


def filled(folder: Path, books: int) -> Runtime:
    """An installation with so many portfolios, written as the store has them: to declare each takes longer than is of use."""
    runtime = open_runtime(Settings(home=folder))
    runtime.runs.migrate()
    now = datetime.now(UTC)
    ids = [f"P{k:05d}" for k in range(books)]
    shares = {f"A{i:04d}": str(100 + i) for i in range(NAMES)}
    request = {"note": secrets.token_hex(3_000)}  # what does not fold
    with runtime.runs.database.writing() as connection:
        connection.execute(models.portfolios.insert(), [
            {"id": p, "name": f"Portfolio {p}", "cash": "20000.00", "shares": shares, "updated_at": now - timedelta(days=1),
             "version": 1} for p in ids
        ])  # fmt: skip
        for k in range(RUNS):
            connection.execute(models.runs.insert(), [_run(p, k, request, now) for p in ids])
        for k in range(ENTRIES):
            connection.execute(ledger.insert(), [_entry(p, k, now) for p in ids])
    for day in range(DAYS):
        runtime.figures.put([f for i, p in enumerate(ids) for f in _figures(p, i, now - timedelta(days=DAYS - 1 - day))])
    return runtime


def _run(portfolio_id: str, k: int, request: dict[str, Any], now: datetime) -> dict[str, Any]:
    status = "awaiting_approval" if k == RUNS - 1 and portfolio_id.endswith("7") else "completed"
    return {"run_id": f"reb-{portfolio_id}-{k}", "kind": "rebalance", "portfolio_id": portfolio_id, "status": status,
            "request": request, "as_of": date(2026, 1, 1), "created_at": now - timedelta(days=RUNS - k)}  # fmt: skip


def _entry(portfolio_id: str, k: int, now: datetime) -> dict[str, Any]:
    kind = "released" if k % 3 == 0 else "proposed"
    return {"portfolio_id": portfolio_id, "number": k + 1, "kind": kind, "subject": "desk", "body": "{}", "before": "",
            "seal": "", "at": (now - timedelta(days=ENTRIES - k)).isoformat()}  # fmt: skip
    sealed = {"subject": "desk", "body": "{}", "before": "", "seal": ""}
    at = (now - timedelta(days=ENTRIES - k)).isoformat()
    return {"portfolio_id": portfolio_id, "number": k + 1, "kind": kind, "at": at, **sealed}


def _figures(portfolio_id: str, i: int, at: datetime) -> list[Figure]:
    of, drift = labels(portfolio=portfolio_id), 0.01 * (i % 10)
    farthest = [{"asset": "A0001", "weight": 0.1 + drift, "target": 0.1}]
    return [
        Figure("book_value", of, at, 1e6 + i), Figure("book_cash", of, at, 0.02, limit=0.0, detail={"ceiling": 0.05}),
        Figure("book_drift", of, at, drift, limit=0.05, detail={"farthest": farthest}),
        Figure("book_tracking_error", of, at, 0.02, limit=0.05), Figure("book_limits_broken", of, at, float(i % 20 == 0)),
        Figure("book_price_age", of, at, 0.0, limit=0.0),
    ]  # fmt: skip


@contextmanager
def counting(runtime: Runtime) -> Iterator[list[str]]:
    """The statements that are carried out meanwhile."""
    told: list[str] = []
    engine = runtime.runs.database.engine

    def hear(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        told.append(statement)

    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield told
    finally:
        event.remove(engine, "before_cursor_execute", hear)


def measured(runtime: Runtime, times: int) -> tuple[list[float], int]:
    """(median milliseconds of each look, statements of the first)."""
    found = []
    for look in LOOKS:
        took = []
        for _ in range(times):
            began = time.perf_counter()
            reply = answer(Call("desk", asked=look), runtime)
            took.append(1e3 * (time.perf_counter() - began))
            assert reply.status == 200, json.loads(reply.body)
        found.append(statistics.median(took))
    with counting(runtime) as statements:
        answer(Call("desk", asked=LOOKS[0]), runtime)
    return found, len(statements)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--books", type=int, nargs="+", default=[500, 10_000])
    parser.add_argument("--times", type=int, default=7)
    asked = parser.parse_args()
    print(HEADER)
    over = False
    for books in asked.books:
        with tempfile.TemporaryDirectory() as folder:
            runtime = filled(Path(folder), books)
            (page, tile), statements = measured(runtime, asked.times)
            runtime.runs.close()
        print(f"{books:>7}{page:>9.1f}{tile:>9.1f}{statements:>12}", flush=True)
        over = over or max(page, tile) > BARS.get(books, float("inf"))
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
