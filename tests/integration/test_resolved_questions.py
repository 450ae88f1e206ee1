"""What a request leaves to the market or to the data is settled when the question is put, and told in the answer."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from portopt.dialects.strategy import read_request, write_response
from portopt.domain.errors import InfeasibleRequest, PortoptError
from portopt.questions import weights

RNG = np.random.default_rng(11)
RETURNS = RNG.normal(0.0005, 0.01, (300, 4)) * np.array([1.0, 1.5, 2.0, 2.5])


def asked(**changes: Any) -> dict[str, Any]:
    strategies = [
        {"id": a, "benchmark_weight": 0.25, "current_weight": 0.25, "returns": RETURNS[:, k].tolist()}
        for k, a in enumerate("ABCD")
    ]
    doc = {"portfolio_id": "p", "strategies": strategies, "objective": "MIN_VOLATILITY", "method": "MEAN_VARIANCE"}
    return {**doc, **changes}


def answered(doc: dict[str, Any]) -> dict[str, Any]:
    request = read_request(doc)
    return json.loads(json.dumps(write_response(request, weights.optimize(request))))


def test_a_limit_that_follows_volatility_has_the_value_of_today_and_says_why() -> None:
    measured = float(np.std(RETURNS[-63:].mean(axis=1), ddof=1) * np.sqrt(252))
    steps = [[measured - 0.01, 0.9], [measured + 0.01, 0.4]]
    limit = {"dynamic": {"on": "volatility", "window": 63, "steps": steps, "else": 0.3}}
    answer = answered(asked(constraints={"max_weight": limit}))
    assert max(answer["optimal_weights"].values()) == pytest.approx(0.4, abs=1e-9)
    (note,) = (said for said in answer["portopt"]["notes"] if "periods_per_year" not in said)
    assert "limits.max_weight = 0.4" in note
    assert f"volatility of the benchmark over 63 periods is {100 * measured:.2f}"[:-1] in note


def test_robust_without_sets_is_not_the_plain_answer_under_its_name() -> None:
    """Means within one standard error, covariances at their 95 % bound: the objective is the worst ratio of those sets."""
    plain = answered(asked(objective="MAX_SHARPE"))
    robust = answered(asked(objective="MAX_SHARPE", method="ROBUST_OPTIMIZATION"))
    found = robust["portopt"]["objective"]
    assert found["returns"] == {"set": "ellipsoid", "radius": 1.0}
    assert found["covariance"] == {"set": "box", "radius": "estimate", "confidence": 0.95}
    assert any("uncertainty was not given" in note for note in robust["portopt"]["notes"])

    request = read_request(asked(objective="MAX_SHARPE", method="ROBUST_OPTIMIZATION"))
    moments, w = weights.optimize(request).problem.moments, np.array(list(robust["optimal_weights"].values()))
    T, sigma = len(RETURNS), np.sqrt(np.diag(moments.Sigma))
    share = 1.6448536269514722 * np.sqrt(2 / T)  # the normal quantile of 95 %, of a variance's standard error
    risk = np.sqrt(w @ moments.Sigma @ w)
    worst = (moments.mu @ w - risk * np.sqrt(252 / T)) / np.sqrt(risk**2 + share * (sigma @ w) ** 2)
    assert robust["optimization_metadata"]["objective_value"] == pytest.approx(worst, rel=1e-9)
    assert worst < 0.9 * plain["sharpe_ratio"]


def test_the_answer_has_the_metrics_that_s1_has_no_place_for() -> None:
    answer = answered(asked(constraints={"max_turnover": 0.2}))
    w, value = np.array(list(answer["optimal_weights"].values())), np.ones(1)
    for r in RETURNS @ w:
        value = np.append(value, value[-1] * (1 + r))
    metrics = answer["portopt"]["metrics"]
    assert metrics["turnover"] == pytest.approx(np.abs(w - 0.25).sum() / 2)
    assert metrics["max_drawdown"] == pytest.approx(np.max(1 - value / np.maximum.accumulate(value)))
    mu = weights.optimize(read_request(asked(constraints={"max_turnover": 0.2}))).problem.moments.mu
    assert metrics["information_ratio"] == pytest.approx(mu @ (w - 0.25) / metrics["tracking_error"])


def test_a_dynamic_limit_that_cannot_be_read_is_refused_before_anything_is_solved() -> None:
    with pytest.raises(PortoptError) as caught:
        read_request(asked(constraints={"max_weight": {"dynamic": {"on": "volatilty", "steps": [[0.1, 0.2]], "else": 0.1}}}))
    assert caught.value.field == "constraints.max_weight.dynamic.on"


def test_limits_with_priorities_give_way_the_lowest_first_and_the_opening_is_on_record() -> None:
    constraints = {
        "max_weight": {"value": 0.2, "priority": 1},
        "max_turnover": {"value": 0.5, "priority": 2},
    }
    request = read_request(asked(constraints=constraints))
    answer = weights.optimize(request)
    assert [(g.limit if hasattr(g, "limit") else g.relaxation.limit) for g in answer.gave_way] == ["max_weight"]
    assert answer.validated.weights.max() >= 0.25 - 1e-9
    with pytest.raises(InfeasibleRequest):
        weights.optimize(read_request(asked(constraints={"max_weight": 0.2})))


def test_the_size_of_a_set_of_beliefs_can_be_drawn_from_the_data() -> None:
    uncertainty = {"returns": {"set": "box", "radius": "bootstrap", "confidence": 0.9, "draws": 200, "seed": 1}}
    robust = answered(asked(objective="MAX_RETURN", method="ROBUST_OPTIMIZATION", risk_parameters={"uncertainty": uncertainty}))
    again = answered(asked(objective="MAX_RETURN", method="ROBUST_OPTIMIZATION", risk_parameters={"uncertainty": uncertainty}))
    assert robust["optimal_weights"] == again["optimal_weights"]
    assert robust["portopt"]["certificate"]["verdict"] == "certified"
