"""A rebalance as a person orders it: ids, file names and a few choices. `resolve` makes the complete request of it.

The run form of the user interface is built from `RebalanceOrder`; the command line fills the same fields.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from portopt.domain.holdings import Holdings
from portopt.domain.request import Policy, RebalanceRequest
from portopt.domain.universe import Asset, Universe

if TYPE_CHECKING:
    from portopt.runtime import Runtime

SAMPLE = "sample"
ShippedPolicy = Literal["quality_focused", "aggressive_growth", "conservative_income"]


def _field(position: int, default: Any, title: str, description: str, **more: Any) -> Any:
    # PostgreSQL re-orders nested fields; `position` is what the form sorts by.
    return Field(default, title=title, description=description, json_schema_extra={"position": position}, **more)


class RebalanceOrder(BaseModel):
    """What to rebalance, on which prices, under which policy."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    portfolio_id: str = _field(
        1, SAMPLE, "Portfolio", "The portfolio's id. `sample` is the demonstration book.", min_length=1, max_length=64
    )
    policy: ShippedPolicy = _field(2, "quality_focused", "Policy", "One of the policies that ship with the product.")
    custom_policy: str | None = _field(
        3, None, "Custom policy", "Id of a policy of your own in the store; wins over the one above.", max_length=64
    )
    as_of: date | None = _field(4, None, "As of", "Use prices up to this day. Empty means the newest there are.")
    holdings: str = _field(
        5, SAMPLE, "Holdings", "`sample`, `store` (the copy kept from the last run), or a CSV, Parquet or XLSX file.",
        max_length=1024,
    )  # fmt: skip
    provider: str = _field(
        6, SAMPLE, "Prices", "`sample`, `files:PATH`, `sql`, `http` or `yahoo`.", max_length=1024,
        pattern="^(sample|files(:.+)?|sql|http|yahoo)$",
    )  # fmt: skip
    universe: str | None = _field(
        7, None, "Universe file", "Candidates with sector, asset class and quality score. Empty: the sample's, or the book.",
        max_length=1024,
    )  # fmt: skip
    benchmark: str | None = _field(
        8, None, "Benchmark file", "Weights by asset. Empty: the sample's, or none.", max_length=1024
    )
    max_turnover: float | None = _field(
        9, None, "Turnover limit", "Overrides the policy's one-way limit, as a fraction (0.2 is 20 %).", gt=0, le=2
    )
    max_tracking_error: float | None = _field(
        10, None, "Tracking-error limit", "Overrides the policy's limit, annual, as a fraction.", gt=0, le=1
    )
    fractional: bool = _field(11, False, "Fractional shares", "Allow fractions of a share.")
    only_on_trading_days: bool = _field(
        12, False, "Only on trading days", "End as skipped when the exchange is closed on the day of the run."
    )
    approval_hours: float = _field(
        13, 0.0, "Wait for approval (hours)", "0 releases the event at once; otherwise a person must approve in time.",
        ge=0, le=168,
    )  # fmt: skip
    frontier: bool = _field(14, True, "Draw the frontier", "Also compute the efficient frontier for the report.")


def resolve(
    order: RebalanceOrder,
    runtime: Runtime,
    *,
    policy: Policy | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> RebalanceRequest:
    """The complete request: files read, policy found, overrides merged.

    policy: one already read (from a file), instead of the order's. overrides: {limit kind: value} on top of it.
    Raises RequestError for what cannot be found and DataError for what cannot be used.
    """
    from portopt import service

    chosen = policy or service.policy(order.custom_policy or order.policy, runtime)
    holdings, described = read_book(order, runtime)
    on_sample = order.provider == SAMPLE
    return RebalanceRequest(
        holdings=holdings,
        policy=with_overrides(chosen, order, overrides or {}),
        universe=read_candidates(order, holdings, described, on_sample),
        benchmark=read_benchmark_weights(order, on_sample),
        as_of=order.as_of,
        provider=order.provider,
    )


def with_overrides(policy: Policy, order: RebalanceOrder, overrides: Mapping[str, Any]) -> Policy:
    """The policy with the order's own limits on top."""
    named = {"max_turnover": order.max_turnover, "max_tracking_error": order.max_tracking_error}
    limits = {**policy.limits, **{k: v for k, v in named.items() if v is not None}, **overrides}
    trading = dataclasses.replace(policy.trading, fractional=policy.trading.fractional or order.fractional)
    return dataclasses.replace(policy, limits=limits, trading=trading)


def read_book(order: RebalanceOrder, runtime: Runtime) -> tuple[Holdings, Mapping[str, Mapping[str, Any]]]:
    """Holdings, and what the file says of its assets."""
    from portopt.adapters.providers.holdings_files import read_holdings

    if order.holdings == "store":
        return runtime.runs.holdings(order.portfolio_id), {}
    path = sample_file("holdings.csv") if order.holdings == SAMPLE else Path(order.holdings)
    return read_holdings(path, order.portfolio_id)


def read_candidates(
    order: RebalanceOrder, holdings: Holdings, described: Mapping[str, Mapping[str, Any]], on_sample: bool
) -> Universe:
    """The assets that may be bought: the universe file's, the sample's, or those the holdings file describes."""
    from portopt.adapters.providers.holdings_files import read_universe

    if order.universe is not None:
        return read_universe(Path(order.universe))
    if on_sample:
        return read_universe(sample_file("universe.csv"))
    return Universe(tuple(Asset(a, **described.get(a, {})) for a in sorted(holdings.shares)))


def read_benchmark_weights(order: RebalanceOrder, on_sample: bool) -> dict[str, float] | None:
    from portopt.adapters.providers.holdings_files import read_benchmark

    if order.benchmark is not None:
        return read_benchmark(Path(order.benchmark))
    return read_benchmark(sample_file("benchmark.csv")) if on_sample else None


def sample_file(name: str) -> Path:
    """A file of the sample book: beside the package when installed, in `config/` in a checkout."""
    from portopt.config_files import config_file

    return config_file(f"sample/{name}")
