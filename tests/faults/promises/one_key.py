"""R5: one idempotency key, a hundred times at the same moment, over two processes of the API on one store."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import small_book
from faults.promises.installation import POLICY, RECOVERED
from faults.promises.kept import Kept
from started import Started, started

from portopt.runtime import Runtime
from portopt.settings import Settings

AT_ONCE = 20  # requests in flight
MOST_REFUSALS = 30  # of one request, for too much load


@contextmanager
def two_apis(home: Path, url: str | None) -> Iterator[list[httpx.Client]]:
    settings = {"PORTOPT_PROCESSES": "1"} | ({"PORTOPT_DATABASE_URL": url} if url else {})
    with started(home, "serve", "--http", "0", "--grpc", "0", **settings) as first:
        first.ready()
        second = Started(home, "serve", "--http", "0", "--grpc", "0", **settings)
        try:
            second.ready()
            where = [str(one.ready()["http"]) for one in (first, second)]
            yield [httpx.Client(base_url=f"{place}/api/v1", timeout=RECOVERED) for place in where]
        finally:
            second.process.kill()
            second.process.wait()


def key_is_used_at_once(home: Path, url: str | None, *, times: int) -> Kept:
    kept = Kept("R5 one idempotency key at the same moment")
    with two_apis(home, url) as clients:
        prices = small_book.prices().write_csv().encode()
        of_csv = {"headers": {"Content-Type": "text/csv"}}
        clients[0].post("/packs", content=prices, **of_csv).raise_for_status()
        clients[0].put("/policies/small", json=POLICY).raise_for_status()
        clients[0].put("/portfolios/P1", json={"name": "small", "policy": "small"}).raise_for_status()
        held = b"asset,shares\nA,100\nB,50\nCASH,5000\n"
        clients[0].put("/portfolios/P1/holdings", content=held, **of_csv).raise_for_status()

        refusals: list[int] = []

        def once(k: int) -> httpx.Response:
            headers = {"Prefer": "respond-async", "Idempotency-Key": "the one key"}
            refused = 0
            # Its data not named, so that the words alone do not make it one job.
            while (answer := _post(clients[k % 2], headers)).status_code == 429 and refused < MOST_REFUSALS:
                refused += 1
                time.sleep(int(answer.headers["retry-after"]))
            refusals.append(refused)
            return answer

        with ThreadPoolExecutor(AT_ONCE) as desks:
            answers = list(desks.map(once, range(times)))
    kept.tried = times
    kept.measured["refused for the load, and sent again"] = sum(refusals)
    kept.require(
        {a.status_code for a in answers} == {202}, f"answered {sorted({(a.status_code, a.text[:200]) for a in answers})}"
    )
    kept.require(len({a.content for a in answers}) == 1, "the answers are not the same bytes")
    runtime = Runtime(Settings(home=home, **({"database_url": url} if url else {})))
    kept.require(len(runtime.jobs.list(None)) == 1, f"{len(runtime.jobs.list(None))} jobs")
    runtime.runs.close()
    return kept


def _post(client: httpx.Client, headers: dict[str, str]) -> httpx.Response:
    return client.post("/portfolios/P1/rebalance", json={"target_type": "optimal"}, headers=headers)
