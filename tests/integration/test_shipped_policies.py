"""What the shipped policies believe, and that they hold a real book: funds of bonds beside shares."""

from __future__ import annotations

import dataclasses
import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from portopt.dialects.policies import read_policies
from portopt.domain.canonical import digest
from portopt.domain.request import Policy
from portopt.domain.universe import CASH, Asset, Universe
from portopt.doors import notebook
from portopt.estimation import moments_from_returns
from portopt.runs import history
from portopt.runtime import open_runtime
from portopt.settings import Settings
from portopt.verifier import verify

SHIPPED = Path(__file__).parents[2] / "config" / "policies.json"
# A policy as it was shipped once, by plain past means and with a floor for every class. Its identity is part of that of every
# run that was stored under it.
FORMER = {
    "id": "quality_focused",
    "name": "Quality-Focused Balanced",
    "description": "Quality of at least 6, close to the benchmark, broadly spread. Needs at least 10 eligible names.",
    "method_version": "v1",
    "objective": {"kind": "max_sharpe"},
    "limits": {
        "long_only": True,
        "min_quality": 6.0,
        "max_weight": 0.1,
        "sector_limits": 0.25,
        "max_tracking_error": 0.02,
        "max_turnover": 0.2,
        "cash": {"max": 0.02},
    },
    "estimation": {"expected_returns": "historical_mean", "covariance": "ledoit_wolf", "lookback": 756, "min_observations": 60},
    "data": {
        "unadjusted_split": "quarantine", "short_history": "quarantine", "non_positive_price": "refuse",
        "impossible_return": "refuse", "duplicate": "refuse",
    },
    "trading": {"fractional": False, "lot_size": 1},
    "relax_order": [],
}  # fmt: skip
FORMER_IDENTITY = "04fc5416b2ba1aa8f6caac49392bf899af2872b01e6fd23a14bb27dde2add3ba"


def shipped(policy_id: str) -> Policy:
    (found,) = [p for p in read_policies(json.loads(SHIPPED.read_text())) if p.id == policy_id]
    return found


@pytest.mark.parametrize(("sector", "named"), [(None, "(none)"), ("Fixed Income", "Fixed Income")])
def test_bond_funds_are_capped_together_until_the_policy_says_otherwise(sector, named):
    rng = np.random.default_rng(4)
    returns = {f"S{i}": rng.normal(0, 0.012, 120) for i in range(8)} | {f"B{i}": rng.normal(0, 0.002, 120) for i in range(4)}
    assets = {name: {"sector": f"Sector {name[1]}" if name[0] == "S" else sector} for name in returns}
    shipped_cap = shipped("quality_focused").limits["sector_limits"]
    for caps, most in ((shipped_cap, 0.25), ({"*": 0.25, named: 0.6}, 0.6)):
        found = notebook.optimize(returns, "min_risk", assets=assets, limits={"sector_limits": caps})
        assert sum(w for name, w in found.weights.items() if name.startswith("B")) == pytest.approx(most, abs=1e-9)


def test_a_policy_that_was_shipped_once_is_still_the_policy_it_was():
    (former,) = read_policies({"policies": [FORMER]})
    assert digest(former) == FORMER_IDENTITY


def test_a_run_under_a_policy_that_was_shipped_once_is_worked_out_again_to_the_same_bytes(tmp_path):
    files = {name: SHIPPED.parent / "sample" / f"{name}.csv" for name in ("universe", "benchmark")}
    held = SHIPPED.parent / "sample" / "holdings.csv"
    proposal = notebook.rebalance(held, None, {"policies": [FORMER]}, home=tmp_path, **files)
    assert proposal.document["policy"]["method_version"] == "v1"
    assert proposal.document["policy"]["limits"]["min_quality"] == 6.0
    again = history.replay(proposal.document["run_id"], open_runtime(Settings(home=tmp_path)))
    assert again["same"]
    assert again["replayed_digest"] == again["digest"]


@pytest.mark.parametrize("policy_id", ["quality_focused", "aggressive_growth", "conservative_income"])
def test_no_shipped_policy_believes_plain_past_means(policy_id):
    policy = shipped(policy_id)
    assert policy.method_version == "v2"
    assert policy.estimation.expected_returns in ("capm", "bayes_stein")
    assert "xpected returns are" in policy.description


@pytest.mark.parametrize("policy_id", ["quality_focused", "conservative_income"])
def test_a_policy_without_views_gives_the_benchmark_its_stated_premium_and_no_asset_more_than_its_beta(policy_id):
    rng = np.random.default_rng(5)
    X = rng.normal(0.0003, 0.01, (400, 1)) * rng.uniform(0.5, 1.5, 6) + rng.normal(0.001, 0.008, (400, 6))
    universe = Universe(tuple(Asset(f"A{i}") for i in range(6)))
    market = np.array([0.3, 0.25, 0.2, 0.1, 0.1, 0.05])
    believed = moments_from_returns(universe, X, shipped(policy_id).estimation, 0.02, market)
    Sigma = believed.covariance.dense()
    beta = Sigma @ market / (market @ Sigma @ market)
    np.testing.assert_allclose(believed.mu, 0.02 + 0.05 * beta, atol=1e-14)
    assert float(market @ believed.mu) == pytest.approx(0.07, abs=1e-14)


def test_shrunk_means_lie_between_the_past_and_one_value():
    rng = np.random.default_rng(6)
    X = rng.normal(0.0005, 0.01, (756, 8)) + rng.normal(0.0, 0.0005, 8)
    universe, policy = Universe(tuple(Asset(f"A{i}") for i in range(8))), shipped("aggressive_growth")
    believed = moments_from_returns(universe, X, policy.estimation, 0.02).mu
    past = 252 * X.mean(axis=0)
    assert np.ptp(believed) < 0.6 * np.ptp(past)
    assert np.corrcoef(believed, past)[0, 1] == pytest.approx(1.0)


DAYS, NAMES = 300, [f"S{i:02d}" for i in range(18)]
FUNDS = ("AGG", "BNDX")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eighteen shares and two bond funds, a third of the money; the funds and one share have no score."""
    folder, rng = tmp_path_factory.mktemp("book"), np.random.default_rng(8)
    common = rng.normal(0.0004, 0.009, (DAYS, 1))
    shares = 60 * np.cumprod(1 + common + rng.normal(0, 0.008, (DAYS, 18)), axis=0)
    bonds = 50 * np.cumprod(1 + 0.05 * common + rng.normal(0.0001, 0.003, (DAYS, 2)), axis=0)
    prices = np.hstack([shares, bonds])
    dates = np.arange(np.datetime64("2024-01-01"), np.datetime64("2024-01-01") + DAYS)
    header = ",".join(["date", *NAMES, *FUNDS])
    rows = [f"{day}," + ",".join(f"{price:.4f}" for price in line) for day, line in zip(dates, prices, strict=True)]
    (folder / "prices.csv").write_text("\n".join([header, *rows]) + "\n")
    lines = ["asset,shares,sector,asset_class,quality_score,benchmark_weight"]
    for i, name in enumerate(NAMES):
        count = round(45_000 / prices[-1, i])
        score = "" if name == "S17" else "8.5"
        lines.append(f"{name},{count},Sector {i % 9},Equity,{score},{0.9 / 18}")
    lines += [f"{name},{round(50_000 / prices[-1, 18 + i])},Bonds,bond fund,,0.05" for i, name in enumerate(FUNDS)]
    (folder / "holdings.csv").write_text("\n".join([*lines, "CASH,10000,,,,"]) + "\n")
    return folder


def soon(policy: Policy) -> Policy:
    """The same, content with a plan within two in a hundred of the best: who is held is asked, not how much of it."""
    return dataclasses.replace(policy, trading=dataclasses.replace(policy.trading, mip_relative_gap=0.02))


def test_a_bond_fund_is_held_without_a_quality_score_and_a_share_without_one_is_not(book, tmp_path):
    proposal = notebook.rebalance(book / "holdings.csv", book / "prices.csv", soon(shipped("quality_focused")), home=tmp_path)
    lines = {line["asset_id"]: line for line in proposal.document["proposal"]}
    assert all(lines[fund]["weight_after"] > 0.03 for fund in FUNDS)
    assert lines["S17"]["weight_after"] == 0.0
    assert "no quality score" in lines["S17"]["why"]
    notes = " ".join(proposal.document["notes"])
    assert "AGG, BNDX are exempt from min_quality by asset class" in notes
    assert "S17 has no quality score: min_quality does not let them be held" in notes
    checked = verify(proposal.document)  # by code that shares nothing with what made it
    assert checked.faults == ()
    strictly = [limit for limit in proposal.document["evidence"]["limits"] if limit["kind"] == "min_quality"]
    assert strictly[0].pop("exempt_classes")
    assert any("min_quality" in fault.figure for fault in verify(proposal.document).faults)


def test_where_no_class_is_exempt_the_same_funds_are_sold(book, tmp_path):
    policy = soon(shipped("quality_focused"))
    strict = dataclasses.replace(policy, id="strict", limits={**policy.limits, "min_quality": 6.0})
    proposal = notebook.rebalance(book / "holdings.csv", book / "prices.csv", strict, home=tmp_path)
    after = {line["asset_id"]: line["weight_after"] for line in proposal.document["proposal"]}
    assert [after[fund] for fund in FUNDS] == [0.0, 0.0]
    assert after[CASH] <= 0.03
    assert proposal.document["as_of"] > date(2024, 10, 1).isoformat()
