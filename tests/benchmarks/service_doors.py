"""The same question through both doors, one after the other; and a thousand portfolios in one call.

    python tests/benchmarks/service_doors.py

Goals: gRPC no slower than REST; a thousand portfolios of 500 assets on one covariance in what scale.md gives them (300 a second
and core, certified), the wire and the store on top.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

SINGLE, MEMBERS = 60, 1_000


def main() -> int:
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    from service_rows import served

    with served() as (rest, rpc):
        for n in (20, 100, 500):
            print(doors_row(n, rest, rpc), flush=True)
        for n in (100, 500):
            print(batch_row(n, rest), flush=True)
    return 0


def doors_row(n: int, rest: tuple[str, int], rpc: str) -> str:
    """Medians of one call at a time, beliefs by id."""
    from service_rows import question, variants

    asked = question(n, "plain")
    asked["constraints"] = {"max_weight": asked["constraints"]["max_weight"]}
    bodies = variants(asked, rest)
    over_rest, over_rpc = _rest(rest, bodies), _rpc(rpc, bodies)
    return f"one call at a time  {n:>5} assets   REST P50 {1e3 * over_rest:7.1f} ms   gRPC P50 {1e3 * over_rpc:7.1f} ms"


def _rest(place: tuple[str, int], bodies: list[dict[str, Any]]) -> float:
    from open_loop import Connection

    sent = [json.dumps(body).encode() for body in bodies]

    async def asked() -> float:
        connection = await Connection.opened(place)
        took = []
        for k in range(SINGLE):
            began = time.perf_counter()
            status, _ = await connection.post("/api/v1/optimize", sent[k % len(sent)])
            took.append(time.perf_counter() - began)
            if status != 200:
                raise RuntimeError(f"REST answered {status}")
        connection.close()
        return sorted(took)[len(took) // 2]

    return asyncio.run(asked())


def _rpc(target: str, bodies: list[dict[str, Any]]) -> float:
    import grpc
    from google.protobuf.json_format import ParseDict

    from portopt.doors.rpc.portfolio_optimization.v1 import portfolio_optimization_pb2 as messages

    (service,) = (s for s in messages.DESCRIPTOR.services_by_name.values() if "Optimize" in s.methods_by_name)
    sent = [ParseDict(body, messages.OptimizeRequest()).SerializeToString() for body in bodies]
    with grpc.insecure_channel(target) as channel:
        call: Callable[..., bytes] = channel.unary_unary(f"/{service.full_name}/Optimize")
        took = []
        for k in range(SINGLE):
            began = time.perf_counter()
            call(sent[k % len(sent)], timeout=60)
            took.append(time.perf_counter() - began)
    return sorted(took)[len(took) // 2]


def batch_row(n: int, rest: tuple[str, int]) -> str:
    """A thousand portfolios on one covariance, each with expected returns of its own, in one call."""
    from open_loop import Connection
    from service_rows import question, variants

    asked = question(n, "plain")
    asked["objective"], asked["constraints"] = "MAX_RETURN", {"max_weight": asked["constraints"]["max_weight"]}
    asked["risk_parameters"]["risk_aversion"] = 4.0
    members = variants(asked, rest, MEMBERS)
    body = json.dumps(members).encode()

    async def sent() -> tuple[int, float, str]:
        connection = await Connection.opened(rest)
        began = time.perf_counter()
        status, timing = await connection.post("/api/v1/optimize/batch", body)
        connection.close()
        return status, time.perf_counter() - began, timing

    status, seconds, timing = asyncio.run(sent())
    return f"{MEMBERS} portfolios     {n:>5} assets   {seconds:6.1f} s   {len(body) / 1e6:.1f} MB   status {status}   {timing}"


if __name__ == "__main__":
    sys.exit(main())
