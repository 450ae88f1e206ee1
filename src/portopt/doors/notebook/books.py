"""A book out of what a notebook holds, values or files: holdings, prices and a policy, as one request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portopt.domain.canonical import plain
from portopt.domain.errors import InvalidValue
from portopt.domain.holdings import Holdings
from portopt.domain.lots import covered, laid_over
from portopt.domain.request import Policy, RebalanceRequest
from portopt.domain.universe import Universe
from portopt.doors.files import SAMPLE, benchmark_beside, in_lots, priced_by, sample_file, with_factor_returns, with_files_read
from portopt.doors.notebook.histories import provider_of
from portopt.estimation.views.spelled import as_choice
from portopt.intake.book import Book, day_of, holdings_of, universe_of
from portopt.intake.labelled import attributes_of, fraction_of, fractions_by_asset
from portopt.intake.lots import lots_of
from portopt.intake.policy import Wishes
from portopt.intake.request import rebalance_request, wished
from portopt.intake.wanted import Wanted, with_wanted
from portopt.questions import policies
from portopt.runtime import AT_HAND, open_runtime
from portopt.terms.catalog import objective_words

if TYPE_CHECKING:
    from portopt.dialects.portfolio import Wish
    from portopt.ports import MarketDataProvider
    from portopt.runtime import Runtime

USUAL_POLICY = "quality_focused"
# What is said by name over a policy: under which path of it, and how it is read.
BY_NAME: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "objective": ("objective", objective_words),
    "costs": ("costs", dict),
    "risk_free_rate": ("risk_free_rate", lambda rate: float(fraction_of(rate, "risk_free_rate"))),
    "relax_order": ("relax_order", list),
    "tax": ("tax", dict),
    "estimation": ("estimation", plain),
    "views": ("estimation.views", as_choice),
}


def asked_of_book(words: Mapping[str, Any], home: Path | None) -> tuple[RebalanceRequest, Runtime]:
    """Holdings, prices and a policy, as values or as files, as one request, and the installation that has its prices."""
    prices, provider, holdings = words.get("prices"), words.get("provider"), words["holdings"]
    if prices is not None and provider is not None:
        raise InvalidValue("provider", provider, "does not read these prices", fix="leave provider or prices out")
    runtime = runtime_at(home, prices)
    foreign = _foreign(words.get("request"))
    named = words.get("portfolio_id") or (foreign.portfolio_id if foreign else None) or "notebook"
    sample = holdings == SAMPLE if isinstance(holdings, str) else False
    book = book_of(
        sample_file("holdings.csv") if sample else holdings,
        words.get("universe", sample_file("universe.csv") if sample else None),
        words.get("benchmark", sample_file("benchmark.csv") if sample else None),
        named,
        words.get("lots"),
    )
    wishes, day = wishes_of(words, foreign), day_of(words.get("as_of"), "as_of")
    policy = policy_of(words.get("policy", USUAL_POLICY), runtime)
    source = AT_HAND if prices is not None else provider or SAMPLE
    return with_factor_returns(priced_by(rebalance_request(book, policy, wishes, as_of=day), source)), runtime


def _foreign(request: Any) -> Wish | None:
    from portopt.dialects.portfolio import read_wish
    from portopt.doors.commands.documents import read_wish_of

    if request is None:
        return None
    return read_wish_of(str(request)) if isinstance(request, str | Path) else read_wish(request)


def wishes_of(words: Mapping[str, Any], foreign: Wish | None = None) -> Wishes:
    """What is said over a policy: by name, then by path, then its limits."""
    changes = {path: read(words[name]) for name, (path, read) in BY_NAME.items() if name in words}
    changes |= words.get("sets") or {}
    said = Wishes(foreign, changes=changes, limits=words.get("limits") or {}, fractional=words.get("fractional"))
    wanted: Any = {name: words[name] for name in Wanted.__annotations__ if name in words}
    return with_wanted(said, with_files_read(wanted))


def with_words(request: RebalanceRequest, policy: Any, wishes: Wishes, runtime: Runtime) -> RebalanceRequest:
    """The same book on the same prices under another policy, or with other words over its own."""
    before = request.policy if policy is None else policy_of(policy, runtime)
    changed = wished(replace(request, policy=before), wishes)
    return changed if changed.estimation.factors == request.estimation.factors else with_factor_returns(changed)


def runtime_at(home: Path | None, at_hand: Any = None) -> Runtime:
    """at_hand: prices, as a frame or a file."""
    from portopt.settings import Settings

    market = None if at_hand is None else provider_of(at_hand)
    return open_runtime(None if home is None else Settings(home=home), market)


def policy_of(policy: str | Path | Policy | Mapping[str, Any], runtime: Runtime) -> Policy:
    """By id, from a JSON file (`FILE#ID` picks one of several), as it is, or as data."""
    from portopt.dialects.policies import read_policies
    from portopt.doors.commands.policy_files import pick, read_policy_file

    if isinstance(policy, Policy):
        return policy
    if not isinstance(policy, str | Path):
        return read_policies(policy)[0]
    name, _, wanted = str(policy).partition("#")
    return pick(read_policy_file(name), wanted, name) if name.endswith(".json") else policies.policy(str(policy), runtime)


def book_of(holdings: Any, universe: Any, benchmark: Any, portfolio_id: str, lots: Any = None) -> Book:
    """Each of them as values, or read from the file that is named; lots from several files too."""
    from portopt.adapters.providers.holdings_files import read_holdings

    notes: list[str] = []
    if isinstance(holdings, str | Path):
        held, described = read_holdings(Path(holdings), portfolio_id, notes)
    else:
        held, described = holdings_of(holdings, portfolio_id), {}
    held = in_lots_of(held, lots, notes)
    candidates = candidates_of(universe, notes)
    weights = benchmark_of(benchmark, (universe, holdings), notes)
    return Book(held, described, candidates, weights, tuple(notes))


def in_lots_of(held: Holdings, lots: Any, notes: list[str]) -> Holdings:
    """lots: a file, several, or values: a TaxRecord, a frame or a list with a lot a row, {"tax_lots": […], …}, or None."""
    if lots is None:
        return held
    if isinstance(lots, str | Path) or (isinstance(lots, Sequence) and all(isinstance(one, str | Path) for one in lots)):
        return in_lots(held, [lots] if isinstance(lots, str | Path) else lots, notes)
    held, found = covered(replace(held, tax=laid_over(held.tax, lots_of(lots))))
    notes += found
    return held


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
    return fractions_by_asset(benchmark, "benchmark")


def market_of(prices: Any, runtime: Runtime) -> MarketDataProvider:
    if prices is None:
        return runtime.market("sample")
    if isinstance(prices, str | Path):
        return runtime.market(f"files:{prices}")
    from portopt.adapters.providers.frames import FrameProvider

    return FrameProvider(prices)
