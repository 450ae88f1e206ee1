"""The sample market and the sample book, and Yahoo behind a stand-in."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import sys
from datetime import date
from decimal import Decimal
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from portopt.adapters.providers.holdings_files import read_benchmark, read_holdings, read_universe
from portopt.adapters.providers.sample import SampleProvider
from portopt.adapters.providers.yahoo import YahooProvider
from portopt.domain.config_files import config_file
from portopt.domain.errors import DataError, MissingInput, OutsideError
from portopt.domain.holdings import to_cents
from portopt.domain.market import MarketQuery, MarketSnapshot
from portopt.domain.request import DataPolicy, EstimationChoice
from portopt.domain.universe import Universe
from portopt.estimation import estimate
from portopt.market import open_snapshot


def opened(query: MarketQuery) -> MarketSnapshot:
    provider = SampleProvider()
    return open_snapshot(
        provider.prices(query), source=provider.source, adjustment=provider.adjustment, policy=DataPolicy(), query=query
    )


def test_the_sample_is_the_packages_file_row_for_row_without_importing_the_package():
    imported = "skfolio" in sys.modules
    snapshot = opened(MarketQuery())
    assert ("skfolio" in sys.modules) == imported
    with gzip.open(SampleProvider().path, "rt") as stream:
        rows = list(csv.reader(stream))
    assert snapshot.asset_ids == tuple(rows[0][1:])
    assert snapshot.prices.shape == (8313, 20)
    assert [str(day) for day in snapshot.dates] == [row[0] for row in rows[1:]]
    np.testing.assert_array_equal(snapshot.prices, np.array([row[1:] for row in rows[1:]], dtype=float))
    assert "stale" in snapshot.source


def test_thirty_three_real_years_of_twenty_stocks_raise_three_findings_and_the_last_three_years_none():
    found = [(f.kind, f.asset_id, str(f.date)) for f in opened(MarketQuery()).findings]
    assert found == [
        ("stale", "RRC", "1990-01-02"),  # 69 days at one price: hardly traded then
        ("unadjusted_split", "RRC", "1990-04-10"),  # 3.322, then 1.107, then 3.322 again: an error of the source
        ("unadjusted_split", "BBY", "1991-12-19"),  # -34 % in a day, indistinguishable from 3:2 by prices alone
    ]
    assert opened(MarketQuery(last_dates=757)).findings == ()


def test_without_the_package_the_sample_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingInput, match="not installed here") as caught:
        SampleProvider()
    assert caught.value.fixes[0] == "pip install 'portfolio-optimization-service[sample]'"


def test_the_sample_book_is_worth_what_its_description_says_and_describes_itself():
    holdings, _ = read_holdings(config_file("sample/holdings.csv"))
    universe, benchmark = read_universe(config_file("sample/universe.csv")), read_benchmark(config_file("sample/benchmark.csv"))
    snapshot = opened(MarketQuery(last_dates=757))
    prices = {a: Decimal(repr(float(p))) for a, p in zip(snapshot.asset_ids, snapshot.latest_prices(), strict=True)}
    assert to_cents(holdings.value(prices)) == Decimal("990833.77")
    assert set(universe.ids) == set(snapshot.asset_ids) == set(benchmark) >= set(holdings.shares)
    assert all(asset.name and asset.sector and asset.asset_class == "Equity" for asset in universe.assets)
    assert {a.id for a in universe.assets if a.quality_score < 6} == {"XOM", "RRC", "GE", "BBY"}
    assert min(benchmark.values()) > 0


def test_the_sample_book_breaks_the_quality_policy_and_can_be_mended_within_its_turnover():
    """Least tracking error under the limits of `quality_focused`, by cvxpy: below the 2 % allowed."""
    cp = pytest.importorskip("cvxpy")
    holdings, _ = read_holdings(config_file("sample/holdings.csv"))
    universe = Universe((*read_universe(config_file("sample/universe.csv")).assets, *Universe.of(["CASH"]).assets))
    snapshot = opened(MarketQuery(last_dates=757))
    prices = {a: Decimal(repr(float(p))) for a, p in zip(snapshot.asset_ids, snapshot.latest_prices(), strict=True)}
    w_prev = holdings.weights(universe, prices)
    covariance = estimate(snapshot, universe, EstimationChoice(), 0.02).covariance
    benchmark = universe.vector(read_benchmark(config_file("sample/benchmark.csv")))
    assert covariance.volatility(w_prev - benchmark) == pytest.approx(0.0234, abs=5e-5)
    w = cp.Variable(len(universe), nonneg=True)
    root = np.linalg.cholesky(covariance.dense()[:-1, :-1])
    limits = [cp.sum(w) == 1, w[:-1] <= 0.10, w[-1] <= 0.02, cp.norm1(w - w_prev) <= 0.4]
    limits += [cp.sum(w[members]) <= 0.25 for members in universe.groups("sector").values()]
    limits += [w[i] == 0 for i in np.flatnonzero(universe.scores("quality_score") < 6)]
    problem = cp.Problem(cp.Minimize(cp.norm(root.T @ (w - benchmark)[:-1])), limits)
    assert problem.solve(solver=cp.CLARABEL) == pytest.approx(0.0137, abs=5e-5)


def yfinance(frame: pd.DataFrame | Exception) -> tuple[ModuleType, list[dict]]:
    module, asked = ModuleType("yfinance"), []

    def download(tickers, **options):
        asked.append({"tickers": tickers, **options})
        if isinstance(frame, Exception):
            raise frame
        return frame

    module.download, module.__version__ = download, "1.0"
    return module, asked


def frame() -> pd.DataFrame:
    days = pd.DatetimeIndex(["2024-01-02", "2024-01-03"])
    columns = pd.MultiIndex.from_product([["Close", "Volume"], ["AAPL", "MSFT"]], names=["Price", "Ticker"])
    return pd.DataFrame([[1.0, 2.0, 10, 20], [1.5, np.nan, 30, 40]], index=days, columns=columns)


def test_yahoo_gives_adjusted_closes_up_to_and_including_as_of(monkeypatch):
    module, asked = yfinance(frame())
    monkeypatch.setitem(sys.modules, "yfinance", module)
    provider = YahooProvider()
    rows = provider.prices(MarketQuery(assets=("AAPL", "MSFT", "CASH"), as_of=date(2024, 1, 3), start=date(2024, 1, 1))).rows()
    assert rows == [
        ("AAPL", date(2024, 1, 2), 1.0, 10.0),
        ("AAPL", date(2024, 1, 3), 1.5, 30.0),
        ("MSFT", date(2024, 1, 2), 2.0, 20.0),
    ]
    assert asked[0]["tickers"] == ["AAPL", "MSFT"]
    assert (asked[0]["start"], asked[0]["end"], asked[0]["auto_adjust"]) == ("2024-01-01", "2024-01-04", True)
    assert provider.source == "Yahoo Finance by yfinance 1.0"


@pytest.mark.parametrize(
    ("answer", "error", "match"),
    [
        (ConnectionError("no route"), OutsideError, r"did not answer \(ConnectionError\)"),
        (frame().head(0), OutsideError, "gave no price of AAPL"),
        (pd.DataFrame({"x": [1]}), DataError, r"its columns are \['x'\]"),
    ],
)
def test_what_yahoo_does_wrong_is_told_apart(monkeypatch, answer, error, match):
    monkeypatch.setitem(sys.modules, "yfinance", yfinance(answer)[0])
    with pytest.raises(error, match=match):
        YahooProvider().prices(MarketQuery(assets=("AAPL",)))


def test_a_name_that_yahoo_did_not_answer_about_is_an_upstream_failure_and_one_it_does_not_know_is_left_out(monkeypatch):
    module, _ = yfinance(frame())
    module.shared = SimpleNamespace(_ERRORS={"NVDA": "Read timed out", "GONE": "possibly delisted; no timezone found"})
    monkeypatch.setitem(sys.modules, "yfinance", module)
    with pytest.raises(OutsideError, match="did not answer about NVDA: Read timed out"):
        YahooProvider().prices(MarketQuery(assets=("AAPL", "NVDA")))
    assert set(YahooProvider().prices(MarketQuery(assets=("AAPL", "GONE")))["asset_id"]) == {"AAPL", "MSFT"}


def test_what_yahoos_package_hands_over_beyond_reason_is_bad_data_by_its_name(monkeypatch):
    odd = frame().astype(object)
    odd[("Close", "AAPL")] = ["many", "more"]
    monkeypatch.setitem(sys.modules, "yfinance", yfinance(odd)[0])
    with pytest.raises(DataError, match="Yahoo gave what cannot be used"):
        YahooProvider().prices(MarketQuery(assets=("AAPL",)))


def test_yahoo_needs_names_and_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "yfinance", yfinance(frame())[0])
    with pytest.raises(MissingInput, match="named assets"):
        YahooProvider().prices(MarketQuery())
    monkeypatch.setitem(sys.modules, "yfinance", None)
    with pytest.raises(MissingInput, match="needs? the package yfinance") as caught:
        YahooProvider()
    assert "[yfinance]" in caught.value.fixes[0]
