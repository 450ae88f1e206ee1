"""Robust and multi-objective answers through the whole pipeline: certified, explained by the right names, in whole shares."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from portopt import pipeline
from portopt.adapters.providers.sample import SampleProvider
from portopt.analysis import pulls
from portopt.domain.errors import InfeasibleRequest
from portopt.domain.holdings import Holdings
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import EstimationChoice, Policy, RebalanceRequest
from portopt.domain.universe import Asset, Universe

IDS = ("AAPL", "AMD", "BAC", "BBY", "CVX", "GE", "HD", "JNJ", "JPM", "KO")
IDS += ("LLY", "MRK", "MSFT", "PEP", "PFE", "PG", "RRC", "UNH", "WMT", "XOM")
LIMITS = {"max_weight": 0.2, "max_turnover": 0.5}
SCENARIOS = [
    {"name": "boom", "returns": {"*": 0.2, "AAPL": 0.4}},
    {"name": "bust", "returns": {"*": -0.1, "KO": 0.02, "PG": 0.03}},
]


def request(objective: dict[str, Any], limits: dict[str, Any], covariance: str = "ledoit_wolf") -> RebalanceRequest:
    scores = np.random.default_rng(0).uniform(3.0, 9.0, len(IDS))
    universe = Universe(tuple(Asset(i, esg_score=round(float(s), 1)) for i, s in zip(IDS, scores, strict=True)))
    held = {"AAPL": Decimal(100), "XOM": Decimal(200), "JNJ": Decimal(150), "KO": Decimal(300)}
    costs = {"linear_impact": {"bps": 15}}
    policy = Policy("p", "p", objective, limits, costs, estimation=EstimationChoice(covariance=covariance))
    return RebalanceRequest(Holdings("p", held, Decimal(500)), policy, universe, benchmark=dict.fromkeys(IDS, 0.05))


@pytest.fixture(scope="module")
def snapshot() -> MarketSnapshot:
    return pipeline.fetch_pack(request({"kind": "min_risk"}, LIMITS), SampleProvider())


EVERY: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"kind": "robust_utility", "risk_aversion": 4, "returns": {"set": "box", "radius": 0.02}}, LIMITS, ""),
    ({"kind": "robust_utility", "risk_aversion": 4, "returns": {"set": "ellipsoid", "confidence": 0.5}}, LIMITS, "uncertainty"),
    ({"kind": "robust_utility", "risk_aversion": 4, "covariance": {"set": "factor", "confidence": 0.9}}, LIMITS, "uncertainty"),
    ({"kind": "robust_min_risk", "covariance": {"set": "box", "radius": 0.1}}, LIMITS, "risk"),
    ({"kind": "robust_max_sharpe", "returns": {"set": "ellipsoid", "radius": 0.5}}, LIMITS, "uncertainty"),
    ({"kind": "worst_case_return", "risk_aversion": 4, "scenarios": SCENARIOS}, LIMITS, "expected return"),
    ({"kind": "esg_tilt", "risk_aversion": 4, "taste": 0.02}, LIMITS, "expected return"),
    (
        {"kind": "multi_objective", "weights": {"return": 1, "risk": 4, "esg": 0.01, "cost": 2, "tracking_error": 2}},
        LIMITS,
        "risk",
    ),
    ({"kind": "multi_objective", "scheme": "epsilon_constraint", "axis": "esg"}, {**LIMITS, "axis_bounds": {"risk": 0.2}}, ""),
    ({"kind": "goals", "goals": {"return": 0.15, "risk": {"goal": 0.12, "weight": 2}, "esg": 7}}, LIMITS, "goals"),
    ({"kind": "utility", "risk_aversion": 4}, {**LIMITS, "min_esg": 6, "esg_exclusion": {"score": 4, "grandfather": True}}, ""),
    (
        {"kind": "utility", "risk_aversion": 4},
        {**LIMITS, "min_return": {"floor": 0.02, "robust": {"set": "ellipsoid", "radius": 1}}},
        "",
    ),
    ({"kind": "min_risk", "measure": "wasserstein_cvar", "radius": 0.001, "norm": "1"}, LIMITS, ""),
]


@pytest.mark.parametrize(("objective", "limits", "named"), EVERY, ids=str)
def test_each_is_certified_pulls_evenly_and_becomes_whole_shares(snapshot, objective, limits, named):
    factor = objective.get("covariance", {}).get("set") == "factor"
    asked = request(objective, limits, "factor" if factor else "ledoit_wolf")
    document, answer = pipeline.work(asked, snapshot, run_id="reb-1", frontier=False)
    assert document["verdict"]["certified"]
    assert document["trades"]
    form, raw = answer.form, answer.solution.raw
    found = pulls(answer.problem, form, raw)
    scale = max(float(np.abs(pull).max()) for pull in found.values())
    np.testing.assert_allclose(sum(found.values()), 0.0, atol=1e-7 * scale, err_msg="at the optimum nothing pulls")
    assert not named or named in found


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ({**LIMITS, "min_esg": 8.9}, "min_esg"),
        ({**LIMITS, "esg_exclusion": 8.6, "cash": {"max": 0.02}}, "esg_exclusion"),
        ({**LIMITS, "min_return": {"floor": 0.3, "robust": {"set": "box", "radius": "estimate"}}}, "min_return"),
        ({**LIMITS, "axis_bounds": {"return": 0.9}}, "axis_bounds"),
    ],
    ids=str,
)
def test_floors_out_of_reach_are_told_from_the_holdings_on(snapshot, limits, named):
    with pytest.raises(InfeasibleRequest, match=named):
        pipeline.work(request({"kind": "utility", "risk_aversion": 4}, limits), snapshot, run_id="reb-1", frontier=False)
