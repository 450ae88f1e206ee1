"""Attribution of a run: its parts add up to what the money did against the benchmark."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_walks import IDS, history, policy, request

from portopt.document.backtest import backtest_document
from portopt.domain.backtest import Execution
from portopt.domain.factor_returns import FactorReturns
from portopt.domain.universe import Asset, Universe
from portopt.questions.backtest import backtest
from portopt.questions.through_time.backtest import Backtest

SECTORED = Universe(tuple(Asset(a, sector=s) for a, s in zip(IDS, ("tech", "tech", "banks", None), strict=True)))
TILTED = policy({"kind": "target_weights", "weights": {"AA": 0.6, "CC": 0.3, "DD": 0.1}})


def attributed(**changes: object) -> dict:
    base = request(on=TILTED, universe=SECTORED, benchmark=dict.fromkeys(IDS, 0.25), execution=Execution(spread_bps=20.0))
    of = replace(base, **changes)
    return backtest_document(backtest(Backtest(of, history(120)), sweep=False), "bt-1")


def test_the_parts_add_up_to_the_active_return_after_costs() -> None:
    document = attributed()
    rows = {row["group"]: row for row in document["attribution"]["brinson"]}
    assert set(rows) == {"tech", "banks", "(none)", "cash", "interest, costs and left-overs", "all together"}
    parts = sum(row["total"] for name, row in rows.items() if name != "all together")
    net, base = document["days"]["net"], document["days"]["benchmark"]
    assert parts == pytest.approx(rows["all together"]["total"], abs=1e-12)
    assert parts == pytest.approx(net[-1] / net[0] - base[-1] / base[0], abs=1e-6)


def test_what_trading_costs_stands_by_itself() -> None:
    """With costs and without them the same decisions differ by that row, and by what the costs would have earned."""
    paid, free = (
        {row["group"]: row["total"] for row in attributed(execution=e)["attribution"]["brinson"]}
        for e in (Execution(spread_bps=50.0, fractional=True), Execution(fractional=True))
    )
    assert free["interest, costs and left-overs"] == pytest.approx(0.0, abs=1e-3)
    assert paid["interest, costs and left-overs"] < -0.001
    assert paid["all together"] - free["all together"] == pytest.approx(
        paid["interest, costs and left-overs"] - free["interest, costs and left-overs"], rel=0.1
    )


def test_without_a_benchmark_and_without_factors_there_is_nothing_to_attribute_to() -> None:
    assert attributed(benchmark=None)["attribution"] is None


def test_exposures_to_the_factors_that_are_known_add_up_to_the_return() -> None:
    h = history(120)
    X = h.prices[1:] / h.prices[:-1] - 1.0
    F = FactorReturns(("market", "spread"), np.column_stack([X.mean(axis=1), X[:, 0] - X[:, 1]]), h.dates[1:])
    known = replace(h, factors=((h.dates[0].item(), F),))
    found = backtest(Backtest(request(on=TILTED), known), sweep=False)
    rows = {row["name"]: row for row in found.attribution["factors"]}
    r = found.run.equity[1:] / found.run.equity[:-1] - 1.0
    assert sum(row["contribution"] for row in rows.values()) == pytest.approx(r.mean() * 252, abs=1e-12)
    assert sum(row["share"] for row in rows.values()) == pytest.approx(1.0, abs=1e-12)
    assert rows["market"]["exposure"] == pytest.approx(0.98, abs=0.15)


def driven(factors: np.ndarray, loadings: np.ndarray) -> tuple[np.ndarray, FactorReturns]:
    """Prices of four assets that move with the factors (T, K) by loadings (K, 4) and by nothing else."""
    prices = 50.0 * np.cumprod(np.vstack([np.ones((1, 4)), 1.0 + factors @ loadings]), axis=0)
    dates = history(len(prices)).dates
    return prices, FactorReturns(("one", "other"), factors, dates[1:])


def test_the_exposures_to_expect_of_fixed_weights_are_their_loadings() -> None:
    """No asset has a move of its own, so every window has the same exposures: the loadings times the weights decided."""
    rng = np.random.default_rng(5)
    loadings = np.array([[1.0, 0.5, 1.5, 0.0], [0.2, -0.4, 0.0, 1.0]])
    prices, F = driven(rng.normal(3e-4, 0.01, (160, 2)), loadings)
    known = replace(history(prices=prices), factors=((history(2).dates[0].item(), F),))
    found = backtest(Backtest(request(on=TILTED), known), sweep=False)
    expected = found.attribution["expected_factors"]
    made = [d for d in found.run.decisions if d.weights is not None]
    assert expected["decisions"] == len(made)
    mean = np.mean([loadings @ d.weights[:-1] for d in made], axis=0)
    rows = {row["name"]: row for row in expected["parts"]}
    assert [rows[name]["exposure"] for name in ("one", "other")] == pytest.approx(mean, abs=1e-9)
    assert sum(row["share"] for row in rows.values()) == pytest.approx(1.0, abs=1e-12)
    assert rows["specific"]["share"] == pytest.approx(0.0, abs=1e-9)


def test_what_was_to_be_expected_knows_nothing_of_the_days_after_the_last_decision() -> None:
    rng = np.random.default_rng(6)
    factors, loadings = rng.normal(0.0, 0.01, (160, 2)), rng.normal(0.5, 0.5, (2, 4))
    prices, F = driven(factors, loadings)
    since = history(2).dates[0].item()
    asked = request(on=TILTED, rebalance=({"every": 500},))  # one decision, after the twenty returns that it needs
    later = FactorReturns(F.names, np.vstack([factors[:60], rng.normal(0.1, 0.3, (100, 2))]), F.dates)
    told = [
        backtest(Backtest(asked, replace(history(prices=prices), factors=((since, given),))), sweep=False).attribution
        for given in (F, later)
    ]
    assert told[0]["expected_factors"] == told[1]["expected_factors"]
    assert told[0]["factors"] != told[1]["factors"]
