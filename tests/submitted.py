"""A job that takes a fraction of a second: the book of three assets, priced from a file."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import small_book

from portopt.dialects.requests import rebalance_request_to_data
from portopt.domain.canonical import digest
from portopt.domain.job import Job
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import RunStatus
from portopt.runtime import Runtime
from portopt.settings import Settings


def opened(home: Path, url: str | None = None) -> Runtime:
    return Runtime(Settings(home=home, **({"database_url": url} if url else {})))


def asked(folder: Path, cash: int = 5000, **changes: Any) -> RebalanceRequest:
    """The request, complete. folder: where its prices are, written once."""
    prices = folder / "prices.parquet"
    if not prices.exists():
        folder.mkdir(parents=True, exist_ok=True)
        small_book.prices().write_parquet(prices)
    return small_book.request(cash, provider=f"files:{prices}", **changes)


def job_of(runtime: Runtime, request: RebalanceRequest, **changes: Any) -> Job:
    """On the portfolio's holdings as they are declared now."""
    portfolio_id, data = request.holdings.portfolio_id, rebalance_request_to_data(request)
    version = runtime.runs.holdings_version(portfolio_id)
    given = {
        "job_id": f"job-{uuid.uuid4().hex}", "kind": "rebalance", "portfolio_id": portfolio_id, "status": RunStatus.PENDING,
        "body": {"target_type": "optimal"}, "request": data, "request_digest": digest(data, version),
        "holdings_version": version, "created_at": datetime.now(UTC), "asked_by": "test",
    }  # fmt: skip
    return Job(**{**given, **changes})


def submitted(runtime: Runtime, folder: Path, cash: int = 5000, portfolio_id: str = "P1", **changes: Any) -> Job:
    """Its holdings declared, and the job on record."""
    request = asked(folder, cash)
    request = replace(request, holdings=replace(request.holdings, portfolio_id=portfolio_id))
    runtime.portfolios.declare(request.holdings, by="test")
    return runtime.jobs.submit(job_of(runtime, request, **changes))
