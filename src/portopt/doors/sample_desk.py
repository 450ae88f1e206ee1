"""A desk to look at: made portfolios in the states that a morning has, on the sample prices with their days moved to today.

Made by the same steps as anybody's: portfolios are declared, waves are carried out, books are measured. The prices are real
ones of 20 US stocks to December 2022; that they seem to be of this week is the one thing that is made up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from portopt.dialects.policies import override
from portopt.domain.cash_flow import CashFlow
from portopt.domain.errors import Conflict
from portopt.domain.holdings import Holdings, to_cents
from portopt.domain.market import MarketQuery
from portopt.domain.portfolio import Portfolio
from portopt.domain.request import DataPolicy, Policy
from portopt.domain.universe import Universe
from portopt.doors.files import sample_file
from portopt.questions.policies import policy
from portopt.questions.wave import carry_out, put_on_record
from portopt.runs.watch.measuring import measure
from portopt.runs.waves.start import Asked, WaveWish

if TYPE_CHECKING:
    from portopt.runtime import Runtime

BY = "sample"
ROWS = 1_000  # days of prices: more than any policy here looks back
OLD_SESSIONS = 6  # how far behind the prices of one portfolio are
BALANCED, GROWTH, INCOME, STRICT = "quality_focused", "aggressive_growth", "conservative_income", "strict_income"
DELIVERED_AFTER = timedelta(hours=12)  # a session's prices are there so long after its close


# Sold at the caps and bought elsewhere: a book that was traded to its caps stands over them once the costs are paid.
EASED = {"AAPL": -0.003, "MSFT": -0.003, "LLY": -0.003, "JNJ": -0.003, "KO": 0.006, "PG": 0.006}


@dataclass(frozen=True, slots=True)
class Made:
    """One portfolio. size: of the sample book, 1 is about a million.

    then: what happened since its newest release, as changes of weights; cash: money that came in, flow: that is announced.
    rebalanced: whether a proposal was released. old: whether its prices are.
    """

    id: str
    name: str
    policy: str
    size: float
    then: Mapping[str, float] = field(default_factory=lambda: EASED)
    cash: int = 0
    flow: int = 0
    rebalanced: bool = True
    old: bool = False


DESK = (
    Made("alder-endowment", "Alder Endowment", BALANCED, 4.0),
    Made("birch-balanced", "Birch Balanced", BALANCED, 2.2, then={**EASED, "CVX": 0.058, "KO": -0.03, "PG": -0.016}),
    Made("cedar-family", "Cedar Family Office", BALANCED, 1.4, cash=52_000),
    Made("dune-charity", "Dune Charity", BALANCED, 0.9, flow=75_000),
    Made("elm-trust", "Elm Trust", BALANCED, 1.8, flow=-160_000),
    Made("fjord-growth", "Fjord Growth", GROWTH, 2.7, then={"LLY": 0.09, "JNJ": -0.05, "MRK": -0.04}),
    Made("glen-reserve", "Glen Reserve", BALANCED, 5.0, old=True),
    Made("heath-balanced", "Heath Balanced", BALANCED, 6.4, rebalanced=False),
    Made("isle-growth", "Isle Growth", GROWTH, 3.6, rebalanced=False),
    Made("juniper-income", "Juniper Income", STRICT, 1.1, rebalanced=False),
    Made("knoll-balanced", "Knoll Balanced", BALANCED, 2.5, rebalanced=False),
    Made("larch-growth", "Larch Growth", GROWTH, 1.9, rebalanced=False),
)
WAITING = ("heath-balanced", "isle-growth", "juniper-income")
RUNNING = ("knoll-balanced", "larch-growth")
DUE_DAYS = 5


def is_there(runtime: Runtime) -> bool:
    """Whether this very desk is what is on record here."""
    return set(runtime.waves.portfolios()) == {made.id for made in DESK}


def make(runtime: Runtime, now: datetime | None = None) -> int:
    """Into an installation where no portfolio is on record; returns how many were made. Raises Conflict for any other."""
    there = sorted(runtime.waves.portfolios())
    if there:
        raise Conflict(
            f"{len(there)} portfolios are on record here, {there[0]} among them: the sample desk is made where there are none",
            field="--sample", fixes=["leave --sample out", "set PORTOPT_HOME to an empty folder, to look at the sample there"],
        )  # fmt: skip
    now = now or datetime.now(UTC)
    fresh, old = _packs(runtime, now)
    own = _strict(runtime)
    runtime.runs.save_policies([own])
    described = _described()
    books = {made.id: _declared(made, described, old if made.old else fresh, runtime) for made in DESK}
    released = [made.id for made in DESK if made.rebalanced]
    _wave("The quarter ended", released, runtime, now, wait=False)
    for made in DESK:
        if made.rebalanced:
            _since(made, books[made.id], runtime, now)
    _wave("The quality scores were revised", WAITING, runtime, now, wait=True)
    _measured(runtime)
    wish = WaveWish("Prices moved since the quarter's end", await_approval=True, asked_by=BY, deadline=now + timedelta(hours=2))
    put_on_record([Asked(name) for name in RUNNING], wish, runtime, now)
    return len(DESK)


def _measured(runtime: Runtime) -> None:
    """Without other engines: a worker puts problems to them later."""
    found = measure(runtime, runtime.alerts.now(), books=[made.id for made in DESK], engines=False)
    runtime.figures.put(found.figures)


def _strict(runtime: Runtime) -> Policy:
    """A policy that cannot be kept: it wants more names than are good enough for it."""
    limits = {"limits": {"min_quality": {"score": 8.0}, "max_weight": 0.05, "cash": {"max": 0.02}}}
    return replace(override(policy(INCOME, runtime), limits), id=STRICT, name="Strict Income")


def _packs(runtime: Runtime, now: datetime) -> tuple[str, str]:
    """(prices up to the last session, the same up to some sessions before): ids of packs that are kept."""
    from portopt.adapters.providers.exchange_calendar import sessions_over
    from portopt.market import open_snapshot

    market = runtime.market("sample")
    everything = market.prices(MarketQuery())
    days = everything["date"].unique().sort().tail(ROWS).to_list()
    sessions = sessions_over(runtime.settings.calendar, now.date() - timedelta(days=2 * ROWS), now - DELIVERED_AFTER)[-ROWS:]
    moved = dict(zip(days, sessions, strict=True))
    found = []
    for last in (sessions[-1], sessions[-1 - OLD_SESSIONS]):
        prices = _moved(everything, {day: to for day, to in moved.items() if to <= last})
        source = f"{market.source}, with their days moved to end on {last.isoformat()}"
        pack = open_snapshot(prices, source=source, adjustment=market.adjustment, policy=DataPolicy(), query=MarketQuery())
        runtime.packs.put(pack)
        found.append(pack.pricing_pack_id)
    return found[0], found[1]


def _moved(prices: pl.DataFrame, days: Mapping[date, date]) -> pl.DataFrame:
    on_the_days = prices.filter(pl.col("date").is_in(list(days)))
    return on_the_days.with_columns(pl.col("date").replace_strict(list(days), list(days.values()), return_dtype=pl.Date))


@dataclass(frozen=True, slots=True)
class Described:
    """The sample book, what it may hold, and its benchmark."""

    book: Holdings
    universe: Universe
    benchmark: Mapping[str, float]


def _described() -> Described:
    from portopt.adapters.providers.holdings_files import read_benchmark, read_holdings, read_universe

    book, _ = read_holdings(sample_file("holdings.csv"), "sample", [])
    return Described(book, read_universe(sample_file("universe.csv")), read_benchmark(sample_file("benchmark.csv")))


def _declared(made: Made, described: Described, pack: str, runtime: Runtime) -> Portfolio:
    book = described.book
    held = replace(
        book,
        portfolio_id=made.id,
        shares={asset: Decimal(round(float(n) * made.size)) for asset, n in book.shares.items()},
        cash=Decimal(round(float(book.cash) * made.size)),
    )
    portfolio = Portfolio(made.id, made.name, made.policy, f"pack:{pack}", described.universe, described.benchmark)
    runtime.portfolios.save(portfolio)
    runtime.portfolios.declare(held, BY)
    return replace(portfolio, holdings=held)


def _wave(cause: str, names: Iterable[str], runtime: Runtime, now: datetime, *, wait: bool) -> None:
    wish = WaveWish(cause, await_approval=wait, asked_by=BY, deadline=now + timedelta(hours=2))
    wave = put_on_record([Asked(name) for name in names], wish, runtime, now)
    carry_out(wave.wave_id, runtime)


def _since(made: Made, portfolio: Portfolio, runtime: Runtime, now: datetime) -> None:
    """The released proposal was traded, and then came what came."""
    newest = runtime.runs.runs(limit=1, portfolio_id=made.id)[0]
    document = runtime.runs.get(newest.run_id).document
    assert portfolio.holdings is not None  # noqa: S101 - declared above
    held = _traded(portfolio.holdings, document["trades"] if document else ())
    held = _moved_by(held, made.then, _last_prices(str(portfolio.provider), runtime))
    runtime.portfolios.declare(replace(held, cash=held.cash + made.cash), BY)
    if made.flow:
        due = (now + timedelta(days=DUE_DAYS)).date() if made.flow < 0 else None
        runtime.portfolios.save(replace(portfolio, cash_flow=CashFlow(Decimal(made.flow), due)))


def _traded(held: Holdings, trades: Sequence[Mapping[str, object]]) -> Holdings:
    """To the share and the cent, as the proposal says."""
    shares, cash = dict(held.shares), held.cash
    for trade in trades:
        sign = 1 if trade["side"] == "buy" else -1
        asset, n = str(trade["asset_id"]), Decimal(str(trade["shares"]))
        shares[asset] = shares.get(asset, Decimal(0)) + sign * n
        cash -= sign * Decimal(str(trade["value"])) + Decimal(str(trade["cost"]))
    return replace(held, shares={asset: n for asset, n in shares.items() if n}, cash=cash)


def _moved_by(held: Holdings, then: Mapping[str, float], prices: Mapping[str, Decimal]) -> Holdings:
    """In whole shares, none of them below zero."""
    value, shares, cash = held.value(prices), dict(held.shares), held.cash
    for asset, change in then.items():
        n = max(Decimal(round(float(value) * change / float(prices[asset]))), -shares.get(asset, Decimal(0)))
        shares[asset] = shares.get(asset, Decimal(0)) + n
        cash -= n * to_cents(prices[asset])
    return replace(held, shares={asset: n for asset, n in shares.items() if n}, cash=to_cents(cash))


def _last_prices(provider: str, runtime: Runtime) -> Mapping[str, Decimal]:
    pack = runtime.packs.get(provider.removeprefix("pack:"))
    return {asset: Decimal(str(float(pack.prices[-1, j]))) for j, asset in enumerate(pack.asset_ids)}
