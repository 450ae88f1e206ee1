"""The document of a rebalance worked out by the pipeline itself, checked from its own data by other arithmetic."""

from __future__ import annotations

import json
from decimal import Decimal

import numpy as np
import pytest

from portopt import pipeline
from portopt.domain.canonical import canonical_json
from portopt.reports.page import html


@pytest.fixture(scope="module")
def computed(outcome) -> dict:
    """The made book and market of the other tests, estimated, solved, audited, traded and explained for real."""
    request, snapshot = outcome.request, outcome.snapshot
    document, _ = pipeline.work(request, snapshot, run_id=outcome.run_id)
    return document


def test_the_figures_follow_from_the_data_inside(computed):
    data = computed["inputs"]
    mu, b, Sigma = (np.array(x) for x in (data["mu"], data["benchmark"], data["covariance"]["Sigma"]))
    for side, name in (("before", "w_prev"), ("after", "weights_after")):
        w = np.array(data[name])
        sigma = np.sqrt(w @ Sigma @ w)
        path = np.concatenate([[1.0], np.cumprod(1 + np.array(data["in_sample_returns"][side]))])
        figures = {row["name"]: row[side] for row in computed["figures"]}
        assert figures["expected_return"] == pytest.approx(mu @ w, rel=1e-10)
        assert figures["volatility"] == pytest.approx(sigma, rel=1e-10)
        assert figures["sharpe_ratio"] == pytest.approx((mu @ w - data["risk_free_rate"]) / sigma, rel=1e-10)
        assert figures["tracking_error"] == pytest.approx(np.sqrt((w - b) @ Sigma @ (w - b)), rel=1e-10)
        assert figures["information_ratio"] == pytest.approx(mu @ (w - b) / np.sqrt((w - b) @ Sigma @ (w - b)), rel=1e-10)
        assert figures["max_drawdown_in_sample"] == pytest.approx(np.max(1 - path / np.maximum.accumulate(path)), rel=1e-10)


def test_the_risk_measures_follow_from_the_returns_inside(computed):
    measures = {(row["kind"], row["confidence"]): row for row in computed["risk_measures"]}
    for side in ("before", "after"):
        returns = np.array(computed["inputs"]["in_sample_returns"][side])
        losses = np.sort(-returns)[::-1]
        tail = 0.05 * len(losses)
        whole = int(tail)
        cvar = (losses[:whole].sum() + (tail - whole) * losses[whole]) / tail
        path = np.cumsum(returns)
        under = np.maximum.accumulate(np.concatenate([[0.0], path]))[1:] - path
        assert measures["cvar", 0.95][side] == pytest.approx(cvar, rel=1e-10)
        assert measures["mad", None][side] == pytest.approx(np.abs(returns - returns.mean()).mean(), rel=1e-10)
        assert measures["worst_realization", None][side] == pytest.approx(losses[0], rel=1e-10)
        assert measures["max_drawdown", None][side] == pytest.approx(under.max(), rel=1e-10)
        assert measures["ulcer_index", None][side] == pytest.approx(np.sqrt((under**2).mean()), rel=1e-10)


def test_weights_follow_from_shares_and_prices(computed):
    value = Decimal(computed["headline"]["portfolio_value"])
    for line in computed["proposal"]:
        if line["asset_id"] == "CASH":
            continue
        for shares, weight in (("shares_before", "weight_before"), ("shares_after", "weight_after")):
            worth = Decimal(str(line[shares])) * Decimal(line["price"])
            assert line[weight] == pytest.approx(float(worth / value), abs=1e-8)


def test_every_limit_holds_and_the_money_adds_up(computed):
    head = computed["headline"]
    assert all(limit["holds"] for limit in computed["limits"])
    moved = Decimal(head["sells_value"]) - Decimal(head["buys_value"]) - Decimal(head["total_cost"])
    assert Decimal(head["cash_before"]) + moved == Decimal(head["cash_after"]) >= 0


def test_the_risk_shown_is_the_risk_of_the_target(computed):
    data = computed["inputs"]
    w, Sigma = np.array(data["target_weights"]), np.array(data["covariance"]["Sigma"])
    sigma = np.sqrt(w @ Sigma @ w)
    shown = {part["name"]: part["contribution"] for part in computed["risk"]["by_asset"]}
    for asset, x, pull in zip(data["assets"], w, Sigma @ w, strict=True):
        assert shown.get(asset, 0.0) == pytest.approx(x * pull / sigma, abs=1e-10)


def test_every_trade_has_its_reason_and_the_target_does_not_beat_the_frontier(computed):
    assert all(trade["why"] for trade in computed["trades"])
    target, points = computed["frontier"]["target"], computed["frontier"]["points"]
    volatilities = [p["volatility"] for p in points]
    returns = [p["expected_return"] for p in points]
    if volatilities[0] <= target["volatility"] <= volatilities[-1]:
        assert target["expected_return"] <= np.interp(target["volatility"], volatilities, returns) + 1e-3


def test_worked_out_again_it_is_the_same_bytes_and_the_same_page(computed, outcome):
    again, _ = pipeline.work(outcome.request, outcome.snapshot, run_id=outcome.run_id)
    assert canonical_json(again) == canonical_json(computed)
    assert html(again) == html(json.loads(canonical_json(computed)))
