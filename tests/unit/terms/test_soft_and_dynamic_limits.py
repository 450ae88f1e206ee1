"""Limits as wishes and limits that follow the market."""

from __future__ import annotations

import json

import numpy as np
import pytest

from portopt.audit import audit
from portopt.diagnosis import relax_in_order
from portopt.domain.errors import InvalidValue, MissingInput, UnknownField
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import CASH, Asset, Universe
from portopt.optimization import assemble, optimize
from portopt.terms.catalog import LIMITS, parse_costs, parse_limits, parse_objective
from portopt.terms.shared.dynamic import is_dynamic, market_state, resolve
from portopt.terms.soft import priorities

N = 8


def problem(limits, objective=None, costs=None) -> Problem:
    rng = np.random.default_rng(5)
    F, D = rng.normal(size=(N, 2)) * 0.15, rng.uniform(0.01, 0.06, N)
    assets = tuple(Asset(f"S{i}", sector="AB"[i % 2], asset_class="Equity", quality_score=8.0, esg_score=7.0) for i in range(N))
    Sigma = np.zeros((N + 1, N + 1))
    Sigma[:N, :N] = F @ F.T + np.diag(D)
    mu = np.append(rng.uniform(0.03, 0.12, N), 0.02)
    return Problem(
        Moments(Universe((*assets, Asset(CASH))), mu, Covariance(Sigma=Sigma)),
        parse_objective(objective or {"kind": "utility", "risk_aversion": 4.0}),
        parse_limits({"budget": True, "long_only": True, **limits}),
        parse_costs(costs or {}),
        w_prev=np.append(rng.dirichlet(np.ones(N)), 0.0),
        benchmark=np.append(np.full(N, 1.0 / N), 0.0),
        portfolio_value=1e6,
        average_daily_value=np.full(N + 1, 1e6),
        prices=np.append(rng.uniform(20, 200, N), 1.0),
    )


WISHES = {
    "max_weight": 0.1,
    "min_weight": {"S0": 0.2},
    "sector_limits": {"A": 0.2},
    "max_turnover": 0.02,
    "max_volatility": 0.03,
    "max_tracking_error": 0.01,
    "min_return": 0.2,
    "cash": {"min": 0.5},
    "exclusions": ["S1", "S2"],
    "max_cost": 0.00001,
    "liquidity": {"participation": 0.01, "days": 1},
    "days_to_liquidate": {"participation": 0.01, "days": 1},
    "concentration": {"hhi": 0.05},
    "top_k": {"k": 2, "weight": 0.1},
    "max_positions": 1,
    "max_trades": 1,
    "min_position": 0.4,
    "leverage_limit": 0.5,
}
TERMS_ALONE = {"max_cost": {"linear_impact": {"bps": 10}}}


@pytest.mark.parametrize("kind", WISHES)
@pytest.mark.parametrize("penalty", [0.001, 2.0])
def test_a_wish_is_priced_by_its_worst_violation_in_both_voices_and_certified(kind, penalty):
    p = problem({kind: {"value": WISHES[kind], "soft": True, "penalty": penalty}}, costs=TERMS_ALONE.get(kind))
    form = assemble(p)
    solution = optimize(p, form=form)
    certificate = audit(p, form, solution)
    assert certificate.certified, certificate.reasons
    (_, shortfall) = certificate.shortfalls[0]
    limit = p.limit(kind)
    assert limit.priced(solution.weights, p) == pytest.approx(penalty * shortfall)
    bare = problem({kind: WISHES[kind]}, costs=TERMS_ALONE.get(kind)).limit(kind)
    assert shortfall == bare.read(solution.weights, p).worst()


def test_a_dearer_wish_is_missed_by_less_and_a_dear_one_is_kept():
    missed = []
    for penalty in (0.0, 0.02, 0.1, 5.0):
        p = problem({"max_turnover": {"value": 0.05, "soft": True, "penalty": penalty}})
        missed.append(p.limit("max_turnover").read(optimize(p).weights, p).worst())
    assert missed == sorted(missed, reverse=True)
    assert missed[0] > 0.05
    assert missed[-1] <= 1e-9


def test_a_wish_that_can_be_kept_dearly_enough_gives_the_hard_answer():
    hard, soft = problem({"max_weight": 0.2}), problem({"max_weight": {"value": 0.2, "soft": True, "penalty": 100.0}})
    np.testing.assert_allclose(optimize(soft).weights, optimize(hard).weights, atol=1e-9)


@pytest.mark.parametrize("kind", ["budget", "long_only", "min_quality"])
def test_what_cannot_be_priced_is_refused_by_name(kind):
    value = 6.0 if kind == "min_quality" else True
    with pytest.raises(InvalidValue, match=kind):
        parse_limits({kind: {"value": value, "soft": True, "penalty": 1.0}})


def test_a_penalty_without_soft_and_a_stranger_beside_it_are_refused():
    with pytest.raises(InvalidValue, match="soft"):
        parse_limits({"max_turnover": {"value": 0.1, "penalty": 1.0}})
    with pytest.raises(UnknownField, match="penalty"):
        parse_limits({"max_turnover": {"value": 0.1, "soft": True, "penaly": 1.0}})


def test_priorities_are_the_order_in_which_limits_give_way():
    limits = {
        "max_turnover": {"value": 0.05, "soft": True, "priority": 2},
        "min_return": {"value": 0.11, "priority": 1},
        "max_weight": 0.4,
    }
    assert priorities(limits) == ("min_return", "max_turnover")
    p = problem(limits)
    assert not any(limit.soft for limit in p.limits), "a priority alone is no price"
    relaxed, gave_way = relax_in_order(p, priorities(limits))
    assert [step.relaxation.limit for step in gave_way] == ["min_return"]
    assert relaxed.limit("min_return").read(optimize(relaxed).weights, relaxed).worst() <= 1e-9


DYNAMIC = {"dynamic": {"on": "volatility", "of": "benchmark", "window": 3, "steps": [[0.10, 0.20], [0.20, 0.10]], "else": 0.05}}


@pytest.mark.parametrize(("daily", "allowed"), [(0.002, 0.20), (0.01, 0.10), (0.03, 0.05)])
def test_a_limit_follows_the_volatility_of_the_benchmark(daily, allowed):
    scenarios = np.array([[9.0, 9.0], [daily, 0.0], [-daily, 0.0], [daily, 0.0]])
    state = market_state(scenarios, {"benchmark": np.array([1.0, 0.0]), "portfolio": None}, 252.0)
    measured = np.std(scenarios[1:, 0], ddof=1) * np.sqrt(252.0)
    limits, notes = resolve({"max_weight": DYNAMIC, "long_only": True}, state)
    assert limits == {"max_weight": allowed, "long_only": True}
    assert notes == (f"limits.max_weight = {allowed:g}: volatility of the benchmark over 3 periods is {100 * measured:.4f} %",)


def test_a_limit_inside_a_map_follows_the_drawdown_of_the_portfolio():
    scenarios = np.array([[0.25], [-0.2], [0.05]])
    state = market_state(scenarios, {"benchmark": None, "portfolio": np.array([1.0])})
    spec = {"on": "drawdown", "window": 3, "steps": [[0.1, 0.5], [0.2, 0.3]], "else": 0.1}
    limits, notes = resolve({"sector_limits": {"Energy": [0.0, {"dynamic": spec}]}}, state)
    assert state.measure("drawdown", "portfolio", 3) == pytest.approx(1 - 1.25 * 0.8 * 1.05 / 1.25)
    assert limits == {"sector_limits": {"Energy": [0.0, 0.3]}}
    assert len(notes) == 1
    assert is_dynamic({"sector_limits": {"Energy": [0.0, {"dynamic": spec}]}})
    assert not is_dynamic(limits)


def test_a_dynamic_value_may_be_a_wish():
    state = market_state(np.zeros((5, 1)), {"benchmark": np.ones(1), "portfolio": None})
    limits, _ = resolve({"max_turnover": {"value": DYNAMIC, "soft": True, "penalty": 1.0}}, state)
    (limit,) = parse_limits(limits)
    assert limit.soft
    assert limit.limit.limit == 0.20


@pytest.mark.parametrize(
    "wrong",
    [
        {"on": "mood"},
        {"steps": []},
        {"steps": [[0.2, 0.1], [0.1, 0.2]]},
        {"steps": [[0.2]]},
        {"window": 2.5},
        {"else": "five"},
        {"of": "moon"},
    ],
)
def test_a_dynamic_value_that_means_nothing_is_refused(wrong):
    state = market_state(np.zeros((5, 1)), {"benchmark": np.ones(1), "portfolio": np.ones(1)})
    with pytest.raises(InvalidValue) as refused:
        resolve({"max_weight": {"dynamic": {**DYNAMIC["dynamic"], **wrong}}}, state)
    assert "limits.max_weight" in str(refused.value)


def test_too_few_returns_are_told_with_what_is_known():
    state = market_state(np.zeros((2, 1)), {"benchmark": np.ones(1), "portfolio": None})
    with pytest.raises(MissingInput) as missing:
        resolve({"max_weight": DYNAMIC}, state)
    assert missing.value.measured == {"periods": 2, "window": 3}


def test_a_wish_as_data_names_the_limit_it_softens():
    (limit,) = parse_limits({"max_turnover": {"value": 0.1, "soft": True}})
    assert limit.kind == "max_turnover"
    p = problem({"max_turnover": {"value": 0.1, "soft": True}})
    assert p.identity() != problem({"max_turnover": 0.1}).identity()
    assert json.dumps(LIMITS["max_turnover"].example) == "0.2"


@pytest.mark.parametrize(
    ("kind", "older", "plain"),
    [
        ("max_tracking_error", {"limit": 0.02}, 0.02),
        ("max_risk", {"cvar": {"limit": 0.02, "confidence": 0.9}}, {"cvar": {"limit": 0.02, "confidence": 0.9}}),
    ],
)
def test_the_older_spelling_of_a_soft_limit_is_the_wish_it_means(kind, older, plain):
    for penalty in (None, 2.0):
        wish = {"value": plain, "soft": True, "penalty": penalty}
        assert parse_limits({kind: {**older, "soft": True, "penalty": penalty}}) == parse_limits({kind: wish})
    hard = parse_limits({kind: plain})
    assert parse_limits({kind: {**older, "soft": False, "penalty": None}}) == hard
    assert parse_limits({kind: {**older, "soft": None}}) == hard
    assert not hard[0].soft
    for word, value in (("soft", "yes"), ("penalty", -1.0)):
        with pytest.raises(InvalidValue, match=f"limits.{kind}.{word}"):
            parse_limits({kind: {**older, "soft": True, word: value}})


def test_a_wish_of_several_measures_is_priced_by_the_one_that_is_missed_most():
    p = problem({"max_risk": {"volatility": 0.05, "var": {"limit": 0.01}, "soft": True, "penalty": 3.0}})
    p = p.replaced(moments=Moments(p.universe, p.moments.mu, p.moments.covariance, scenarios=np.full((4, N + 1), -0.02)))
    w, limit = np.append(np.full(N, 1.0 / N), 0.0), p.limit("max_risk")
    excess = p.moments.covariance.volatility(w) - 0.05, 0.02 - 0.01
    assert limit.priced(w, p) == pytest.approx(3.0 * max(excess))
    assert min(excess) > 0.0
