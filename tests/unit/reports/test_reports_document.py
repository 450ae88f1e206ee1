"""The document: recomputable, exact in money, the same bytes every time."""

from __future__ import annotations

import dataclasses
import json
import math
from decimal import Decimal

import numpy as np
import pytest

from portopt.document.definitions import DEFINITIONS
from portopt.document.document import rebalance_document
from portopt.document.inputs import inputs
from portopt.domain.canonical import canonical_json
from portopt.domain.holdings import CENT
from portopt.domain.moments import Covariance
from portopt.domain.problem import Readings


def figure(document: dict, name: str, side: str = "after") -> float:
    return next(row[side] for row in document["figures"] if row["name"] == name)


@pytest.mark.parametrize(("side", "weights"), [("before", "w_prev"), ("after", "weights_after")])
def test_every_figure_can_be_recomputed_from_the_data_inside(document, side, weights):
    data = document["inputs"]
    w, mu, b = (np.array(data[name]) for name in (weights, "mu", "benchmark"))
    Sigma = np.array(data["covariance"]["Sigma"])
    sigma = np.sqrt(w @ Sigma @ w)
    path = np.concatenate([[1.0], np.cumprod(1 + np.array(data["in_sample_returns"][side]))])
    fall = max(1 - path[t] / max(path[: t + 1]) for t in range(len(path)))

    assert figure(document, "expected_return", side) == pytest.approx(mu @ w, rel=1e-12)
    assert figure(document, "volatility", side) == pytest.approx(sigma, rel=1e-12)
    assert figure(document, "sharpe_ratio", side) == pytest.approx((mu @ w - data["risk_free_rate"]) / sigma, rel=1e-12)
    assert figure(document, "tracking_error", side) == pytest.approx(np.sqrt((w - b) @ Sigma @ (w - b)), rel=1e-12)
    assert figure(document, "max_drawdown_in_sample", side) == pytest.approx(fall, rel=1e-12)
    assert figure(document, "cash_weight", side) == w[data["assets"].index("CASH")]
    assert figure(document, "positions", side) == sum(x != 0 for a, x in zip(data["assets"], w, strict=True) if a != "CASH")


def test_turnover_and_limits_can_be_recomputed_from_the_data_inside(document):
    data = document["inputs"]
    w_prev, w, target = (np.array(data[name]) for name in ("w_prev", "weights_after", "target_weights"))
    limits = {limit["limit"]: limit for limit in document["limits"]}
    turnover = limits["max_turnover"]["readings"][0]

    assert document["headline"]["turnover"] == pytest.approx(np.abs(w - w_prev).sum() / 2, abs=1e-15)
    assert turnover["measured"] == pytest.approx(np.abs(w - w_prev).sum() / 2, abs=1e-15)
    assert turnover["target"] == pytest.approx(np.abs(target - w_prev).sum() / 2, abs=1e-15)
    assert turnover["slack"] == pytest.approx(turnover["upper"] - turnover["measured"], abs=1e-15)
    for reading in limits["max_weight"]["readings"]:
        assert reading["measured"] == w[data["assets"].index(reading["member"])]


def test_risk_contributions_add_up_to_the_volatility_of_the_target(document):
    data = document["inputs"]
    w, Sigma = np.array(data["target_weights"]), np.array(data["covariance"]["Sigma"])
    parts = document["risk"]["by_asset"]

    assert sum(part["contribution"] for part in parts) == pytest.approx(np.sqrt(w @ Sigma @ w), rel=1e-12)
    assert sum(part["share"] for part in parts) == pytest.approx(1.0, rel=1e-12)


def test_money_adds_up_to_the_cent(document):
    head, trades = document["headline"], document["trades"]
    amount = {key: Decimal(value) for key, value in head.items() if isinstance(value, str) and key != "cost_model"}

    for side in ("buy", "sell"):
        assert sum(Decimal(t["value"]) for t in trades if t["side"] == side) == amount[f"{side}s_value"]
    assert sum(Decimal(t["commission"]) + Decimal(t["impact"]) for t in trades) == amount["total_cost"]
    assert amount["cash_before"] + amount["sells_value"] - amount["buys_value"] - amount["total_cost"] == amount["cash_after"]
    assert amount["gross_value"] == amount["buys_value"] + amount["sells_value"]
    assert all(value == value.quantize(CENT) and str(value)[-3] == "." for value in amount.values())
    assert head["cost_bps"] == pytest.approx(1e4 * float(amount["total_cost"] / amount["portfolio_value"]))


def test_a_line_of_the_proposal_and_its_order_agree(document):
    orders = {trade["asset_id"]: trade for trade in document["trades"]}
    for line in document["proposal"]:
        order = orders.get(line["asset_id"])
        if order is None:
            assert line["side"] is None
            continue
        signed = order["shares"] if order["side"] == "buy" else -order["shares"]
        assert line["shares_change"] == pytest.approx(signed)
        assert line["shares_after"] - line["shares_before"] == pytest.approx(signed)
        assert (line["value"], line["cost"], line["why"]) == (order["value"], order["cost"], order["why"])


def test_the_document_is_what_json_can_hold(document):
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_no_zero_carries_a_sign(make_outcome, outcome):
    flat = dataclasses.replace(outcome.plan, turnover=-0.0)

    document = rebalance_document(make_outcome(plan=flat))

    assert math.copysign(1.0, document["headline"]["turnover"]) == 1.0
    assert b":-0.0," not in canonical_json(document)


def test_clocks_do_not_reach_the_document(make_outcome, relaxed):
    fast = make_outcome(**relaxed)
    solution = fast.validated.solution
    slow = dataclasses.replace(
        fast,
        validated=dataclasses.replace(
            fast.validated, solution=dataclasses.replace(solution, raw=dataclasses.replace(solution.raw, seconds=123.0))
        ),
        diagnosis=dataclasses.replace(fast.diagnosis, seconds=456.0),
    )

    assert canonical_json(rebalance_document(slow)) == canonical_json(rebalance_document(fast))


def test_the_same_request_on_the_same_prices_gives_the_same_bytes(make_outcome):
    assert canonical_json(rebalance_document(make_outcome())) == canonical_json(rebalance_document(make_outcome()))


def test_a_factor_covariance_stays_in_its_factors(outcome):
    n = outcome.problem.n
    rng = np.random.default_rng(1)
    F, D = rng.normal(0, 0.2, (n, 3)), np.full(n, 0.01)
    moments = dataclasses.replace(outcome.problem.moments, covariance=Covariance(F=F, Omega=np.eye(3), D=D))

    kept = inputs(dataclasses.replace(outcome, problem=outcome.problem.replaced(moments=moments)))["covariance"]

    assert kept["form"] == "factors"
    assert (kept["F"], kept["Omega"], kept["D"]) == (F.tolist(), np.eye(3).tolist(), D.tolist())


def in_factors(outcome, factors: int):
    """The same rebalance, its covariance in factor form."""
    n = outcome.problem.n
    F = np.random.default_rng(1).normal(0, 0.2, (n, factors))
    covariance = Covariance(F=F, Omega=np.eye(factors) / factors, D=np.full(n, 0.01))
    moments = dataclasses.replace(outcome.problem.moments, covariance=covariance)
    return dataclasses.replace(outcome, problem=outcome.problem.replaced(moments=moments))


BOOKS = ("w_prev", "target_weights", "weights_after")


@pytest.mark.parametrize("form", ["dense", "factors"])
def test_a_covariance_too_large_to_carry_leaves_its_products_with_the_books(outcome, monkeypatch, form):
    monkeypatch.setattr("portopt.document.inputs.DENSE_AT_MOST", 3)
    outcome = outcome if form == "dense" else in_factors(outcome, 7)
    Sigma = outcome.problem.moments.Sigma

    data = inputs(outcome)

    assert data["covariance"].keys() == {"form", "Sigma_times", "sha256"}
    b = np.array(data["benchmark"])
    of_b = np.array(data["covariance"]["Sigma_times"]["benchmark"], dtype=float)
    for name in BOOKS:
        w = np.array(data[name])
        product = np.array(data["covariance"]["Sigma_times"][name], dtype=float)
        held = w != 0.0
        any_holds = np.any([np.array(data[book]) != 0.0 for book in (*BOOKS, "benchmark")], axis=0)
        assert (np.isfinite(product) == (any_holds | (name == "target_weights"))).all()
        variance, cross = w[held] @ product[held], w[held] @ of_b[held]
        tracked = variance - 2 * cross + np.nansum(b * of_b)
        assert np.sqrt(variance) == pytest.approx(np.sqrt(w @ Sigma @ w), rel=1e-12)
        assert np.sqrt(tracked) == pytest.approx(np.sqrt((w - b) @ Sigma @ (w - b)), rel=1e-9)


def test_a_covariance_of_as_many_factors_as_observations_is_not_carried(outcome):
    data = inputs(in_factors(outcome, 756))

    assert data["covariance"]["form"] == "products"
    assert len(json.dumps(data)) < 50_000


def test_what_had_to_give_way_is_said_with_its_reason(make_outcome, relaxed):
    document = rebalance_document(make_outcome(**relaxed))

    said = " ".join(document["verdict"]["concessions"])
    assert document["verdict"]["relaxed"] == ["max_turnover"]
    assert "max_turnover gave way, from at most 20.00 % turnover to at most 25.00 % turnover" in said
    assert "max_weight and max_turnover cannot hold together" in said
    assert document["relaxations"][0]["because"] == "max_weight needs 25.00 % to be sold"
    assert "seconds" not in document["diagnosis"]


def test_a_portfolio_that_stands_right_is_told_to_hold(make_outcome, outcome):
    zero = Decimal("0.00")
    idle = dataclasses.replace(
        outcome.plan, trades=(), buys_value=zero, sells_value=zero, commission_total=zero, impact_total=zero, turnover=0.0
    )

    document = rebalance_document(make_outcome(plan=idle))

    assert document["verdict"]["status"] == "hold"
    assert document["verdict"]["title"].startswith("Nothing to trade")
    assert document["headline"]["cost_bps_of_gross"] is None


def test_a_soft_limit_that_falls_short_is_named_with_its_shortfall(make_outcome):
    soft = make_outcome(limits={"max_weight": 0.15, "max_tracking_error": {"limit": 0.001, "soft": True, "penalty": 0.01}})

    document = rebalance_document(soft)

    limit = next(limit for limit in document["limits"] if limit["limit"] == "max_tracking_error")
    missed = figure(document, "tracking_error") - 0.001
    assert limit["soft"]
    assert not limit["holds"]
    assert limit["worst_violation"] == pytest.approx(missed)
    assert any(f"max_tracking_error by {100 * missed:.2f} %" in sentence for sentence in document["verdict"]["sentences"])


def test_a_hard_limit_missed_in_whole_shares_is_not_called_kept(outcome):
    plan = outcome.plan
    broken = Readings("max_turnover", ("",), np.array([0.30]), np.array([-np.inf]), np.array([0.25]))
    readings = tuple(broken if reading.limit == "max_turnover" else reading for reading in plan.readings)

    document = rebalance_document(dataclasses.replace(outcome, plan=dataclasses.replace(plan, readings=readings)))

    sentences = document["verdict"]["sentences"]
    assert "In whole shares max_turnover is missed." in sentences
    assert not any("limits hold" in sentence for sentence in sentences)


def test_an_open_side_of_a_limit_is_null_not_infinity(document):
    turnover = next(limit for limit in document["limits"] if limit["limit"] == "max_turnover")
    assert turnover["readings"][0]["lower"] is None


def test_a_priced_limit_is_binding_and_the_dearest_comes_first(document):
    binding = {limit["limit"] for limit in document["limits"] if limit["binding"]}
    prices = document["limit_prices"]
    assert {price["limit"] for price in prices} <= binding
    assert [price["worth"] for price in prices] == sorted((price["worth"] for price in prices), reverse=True)


def test_every_figure_shown_is_defined(document):
    defined = {term for term, _ in DEFINITIONS}
    named = {row["label"] for row in document["figures"]} - {"Cash"}
    assert named <= defined


def test_of_very_many_candidates_the_largest_of_the_benchmark_are_told_and_nothing_held_is_left_out(make_outcome, monkeypatch):
    outcome = make_outcome(40)
    whole = rebalance_document(outcome)
    silent = [r for r in whole["proposal"] if not (r["side"] or r["weight_before"] or r["weight_after"] or r["target_weight"])]
    told = len(whole["proposal"]) - len(silent)
    assert len(silent) >= 2
    monkeypatch.setattr("portopt.document.decision.MOST_LINES", told + 1)

    document = rebalance_document(outcome)

    kept = {row["asset_id"] for row in document["proposal"]}
    largest = max(silent, key=lambda row: row["benchmark_weight"] or 0.0)
    assert document["candidates_left_out"] == len(silent) - 1
    assert kept == {row["asset_id"] for row in whole["proposal"]} - {r["asset_id"] for r in silent} | {largest["asset_id"]}
    assert "candidates_left_out" not in whole


def test_of_very_many_readings_those_that_bind_or_read_something_are_told(outcome, monkeypatch):
    whole = limit_named(rebalance_document(outcome), "max_weight")
    monkeypatch.setattr("portopt.document.evidence.MOST_READINGS", 3)

    cut = limit_named(rebalance_document(outcome), "max_weight")

    binding = [row for row in whole["readings"] if row["binding"]]
    assert 0 < len(binding) < 3
    assert len(cut["readings"]) == 3
    assert cut["readings_left_out"] == len(whole["readings"]) - 3
    assert [row for row in cut["readings"] if row not in whole["readings"]] == []
    assert [row for row in binding if row not in cut["readings"]] == []
    assert all(row["measured"] or row["before"] or row["target"] for row in cut["readings"])


def limit_named(document: dict, name: str) -> dict:
    return next(limit for limit in document["limits"] if limit["limit"] == name)
