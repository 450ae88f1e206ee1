"""What to trade, from holdings and prices as a notebook has them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from portopt.domain.request import Policy, RebalanceRequest
from portopt.domain.universe import Universe
from portopt.doors.files import benchmark_beside, with_factor_returns
from portopt.doors.notebook.displays import Proposal
from portopt.intake.book import Book, day_of, holdings_of, universe_of
from portopt.intake.labelled import attributes_of, by_asset
from portopt.intake.policy import Wishes
from portopt.intake.request import rebalance_request
from portopt.intake.wanted import Wanted, with_wanted
from portopt.questions import policies
from portopt.runtime import open_runtime

if TYPE_CHECKING:
    from portopt.ports import MarketDataProvider
    from portopt.runtime import Runtime


def rebalance(
    holdings: Any,
    prices: Any = None,
    policy: str | Policy | Mapping[str, Any] = "quality_focused",
    *,
    universe: Any = None,
    benchmark: Mapping[str, float] | str | Path | None = None,
    as_of: date | str | None = None,
    limits: Mapping[str, Any] | None = None,
    portfolio_id: str = "notebook",
    home: Path | None = None,
    **wanted: Unpack[Wanted],
) -> Proposal:
    """A certified, whole-share proposal; stored under `home` (the installation's by default) and explained.

    Args:
        holdings: {"AAPL": 100, …, "CASH": 2500.0}, or a CSV, Parquet or XLSX file.
        prices: a Polars or pandas frame, long or wide, or a file or folder; None is the bundled sample.
        policy: a policy's id, a Policy, or a policy as data. limits: {limit kind: value} on top of it.
        universe: {asset: {"sector": …, "quality_score": …}} or a file; None takes what the holdings file describes.
        benchmark: weights by asset, or a file; None takes a `benchmark_weight` column of the universe or holdings file.
        as_of: a date, or a text as 2024-03-28.
        wanted: money in and out, and what may be traded: deposit, withdraw, by, rebalance, buy_only, sell_only, do_not_buy,
            do_not_sell, keep, max_trades, names, no_worse (intake/wanted.py).
    """
    from portopt.questions.rebalance import rebalance as propose
    from portopt.runs.report import kept_report

    runtime = runtime_at(home)
    book = book_of(holdings, universe, benchmark, portfolio_id)
    provider = "sample" if prices is None else "frame"
    request = asked(book, policy_of(policy, runtime), limits, as_of, provider, wanted)
    record = propose(request, runtime, market=market_of(prices, runtime))
    return Proposal(record, kept_report(record.run_id, runtime))


NOTHING_WANTED = Wanted()


def asked(
    book: Book,
    policy: Policy,
    limits: Mapping[str, Any] | None,
    as_of: date | str | None,
    provider: str,
    wanted: Wanted = NOTHING_WANTED,
) -> RebalanceRequest:
    """The complete request, with the factor returns that the policy names."""
    wishes = with_wanted(Wishes(limits={} if limits is None else limits), wanted)
    return with_factor_returns(rebalance_request(book, policy, wishes, as_of=day_of(as_of, "as_of"), provider=provider))


def runtime_at(home: Path | None) -> Runtime:
    from portopt.settings import Settings

    return open_runtime(None if home is None else Settings(home=home))


def policy_of(policy: str | Policy | Mapping[str, Any], runtime: Runtime) -> Policy:
    """By id, as it is, or as data."""
    from portopt.dialects.policies import read_policies

    if isinstance(policy, Policy):
        return policy
    return policies.policy(policy, runtime) if isinstance(policy, str) else read_policies(policy)[0]


def book_of(holdings: Any, universe: Any, benchmark: Any, portfolio_id: str) -> Book:
    """Each of the three as values, or read from the file that is named."""
    from portopt.adapters.providers.holdings_files import read_holdings

    notes: list[str] = []
    if isinstance(holdings, str | Path):
        held, described = read_holdings(Path(holdings), portfolio_id, notes)
    else:
        held, described = holdings_of(holdings, portfolio_id), {}
    candidates = candidates_of(universe, notes)
    weights = benchmark_of(benchmark, (universe, holdings), notes)
    return Book(held, described, candidates, weights, tuple(notes))


def candidates_of(universe: Any, notes: list[str]) -> Universe | None:
    from portopt.adapters.providers.holdings_files import read_universe

    if isinstance(universe, str | Path):
        return read_universe(Path(universe), notes)
    return None if universe is None else universe_of(attributes_of(universe, "universe"), "universe")


def benchmark_of(benchmark: Any, beside: tuple[Any, ...], notes: list[str]) -> Mapping[str, float] | None:
    """Of a file, of values, or of a `benchmark_weight` column in one of the files beside it."""
    from portopt.adapters.providers.holdings_files import read_benchmark

    if isinstance(benchmark, str | Path):
        return read_benchmark(Path(benchmark), notes)
    if benchmark is None:
        return benchmark_beside(*(str(name) for name in beside if isinstance(name, str | Path)))
    return by_asset(benchmark, "benchmark")


def market_of(prices: Any, runtime: Runtime) -> MarketDataProvider:
    if prices is None:
        return runtime.market("sample")
    if isinstance(prices, str | Path):
        return runtime.market(f"files:{prices}")
    from portopt.adapters.providers.frames import FrameProvider

    return FrameProvider(prices)
