"""Proposals of made books that wait for a person, in an installation that a test makes, and the service on a port of it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import uvicorn
from made_desk import LIMITS, desk

from portopt import pipeline
from portopt.domain.access import asked_by
from portopt.domain.approval import ApprovalWanted
from portopt.domain.portfolio import Portfolio
from portopt.doors.rest.app import application
from portopt.doors.rest.protocol import Protocol
from portopt.runs import lifecycle
from portopt.runs.market import keep_pack, read_pack
from portopt.runs.record import accepted, begun
from portopt.runtime import Runtime


def waiting(
    runtime: Runtime,
    portfolio_id: str,
    *,
    n: int = 12,
    by: str = "anna",
    limits: Mapping[str, Any] = LIMITS,
    approval: Mapping[str, Any] | None = None,
    frontier: bool = True,
    hours: float | None = 24.0,
) -> str:
    """The run of a proposal that awaits approval. approval: as the policy says it."""
    made = desk(5, n, portfolio_id=portfolio_id, limits=limits)
    asked = replace(made.request, policy=replace(made.request.policy, approval=dict(approval or {})))
    runtime.portfolios.save(Portfolio(portfolio_id, policy="quality_focused", universe=asked.universe))
    version = runtime.portfolios.declare(asked.holdings, by).version
    request = accepted(asked)
    snapshot = read_pack(request, runtime, None, made.market)
    run = runtime.runs.begin(begun(request, snapshot, datetime.now(UTC)))
    document, _ = pipeline.work(request, snapshot, run_id=run.run_id, frontier=frontier)
    keep_pack(snapshot, runtime)
    with asked_by(by):
        lifecycle.finish(
            run, document, runtime, since=version, timings={}, await_approval=True, wanted=ApprovalWanted(hours=hours)
        )
    return run.run_id


@contextlib.contextmanager
def served(runtime: Runtime) -> Iterator[str]:
    """Its address, from when it answers until the end of the block."""
    config = uvicorn.Config(application(runtime), host="127.0.0.1", port=0, http=Protocol, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(30)
