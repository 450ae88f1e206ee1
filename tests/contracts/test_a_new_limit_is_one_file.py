"""A new limit is one file, one line of the catalog and one test: this one, which adds the limit that docs/contributing.md
writes out, asks with it, and takes it away.

Nothing else of the house is told of it, and everything speaks of it: the solver, the audit, the prices, the reasons of trades,
the diagnosis of a conflict, and the document of a rebalance.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import portopt
from portopt.domain.errors import InfeasibleRequest, PortoptError
from portopt.domain.problem import TermEntry
from portopt.terms import catalog, limits

SAMPLE = Path(__file__).parents[2] / "config" / "sample"
POLICIES = Path(__file__).parents[2] / "config" / "policies.json"
PAGE = Path(__file__).parents[2] / "docs" / "contributing.md"
FILE = PAGE.read_text(encoding="utf-8").partition("```python title=max_pair.py\n")[2].partition("```")[0]
MARKET = {
    "covariance": np.diag([0.03, 0.04, 0.05, 0.02]),
    "expected_returns": {"A": 0.09, "B": 0.10, "C": 0.03, "D": 0.02},
    "current_weights": {"A": 0.1, "B": 0.1, "C": 0.4, "D": 0.4},
    "objective": {"kind": "utility", "risk_aversion": 2.0},
}
PAIR = {"max_pair": {"assets": ["A", "B"], "most": 0.5}}


@pytest.fixture
def added(monkeypatch, tmp_path):
    """The file beside the other limits, and the line in the catalog; both are gone afterwards."""
    (tmp_path / "max_pair.py").write_text(FILE)
    monkeypatch.setattr(limits, "__path__", [*limits.__path__, str(tmp_path)])
    line = TermEntry("max_pair", "two assets together", catalog.term("limits.max_pair.MaxPair"), PAIR["max_pair"])
    monkeypatch.setitem(catalog.LIMITS, "max_pair", line)
    yield
    sys.modules.pop("portopt.terms.limits.max_pair", None)


def test_it_binds_is_certified_priced_and_named_in_the_reason(added):
    found = portopt.optimize(limits=PAIR, **MARKET)
    free = portopt.optimize(limits={}, **MARKET)
    assert free.weights["A"] + free.weights["B"] > 0.55
    assert found.weights["A"] + found.weights["B"] == pytest.approx(0.5, abs=1e-9)
    assert found.certificate.certified
    (price,) = [price for price in found.answer.prices if price.limit == "max_pair"]
    opened = portopt.optimize(limits={"max_pair": {"assets": ["A", "B"], "most": 0.5 + 1e-5}}, **MARKET)
    p = found.answer.problem
    value = [p.objective.value(p.universe.vector(dict(answer.weights)), p) for answer in (found, opened)]
    assert price.worth_per_unit == pytest.approx((value[1] - value[0]) / 1e-5, rel=1e-3)


def test_a_conflict_with_it_is_diagnosed_and_a_fix_named(added):
    with pytest.raises(InfeasibleRequest) as refused:
        portopt.optimize(
            limits={"max_pair": {"assets": ["A", "B"], "most": 0.2}, "min_weight": {"A": 0.2, "B": 0.15}}, **MARKET
        )
    told = json.dumps(refused.value.problem(), default=str)
    assert "A and B together at most 20.00 %" in told
    assert "the pair is at least 35.00 %, over the 20.00 % allowed" in told
    assert "A and B together at most 35.00 %" in told  # the fix


def test_a_rebalance_keeps_it_and_its_document_speaks_of_it(added, tmp_path):
    policy = json.loads(POLICIES.read_text())["policies"][0]
    policy = {**policy, "estimation": {"expected_returns": "historical_mean", "covariance": "ledoit_wolf", "lookback": 756}}
    files = {name: SAMPLE / f"{name}.csv" for name in ("universe", "benchmark")}
    before = portopt.rebalance(SAMPLE / "holdings.csv", None, policy, home=tmp_path / "before", **files).document
    weights = {row["asset_id"]: row["target_weight"] for row in before["proposal"] if row["asset_id"] != "CASH"}
    bought = sorted(weights, key=weights.get)[-2:]
    pair = {"max_pair": {"assets": bought, "most": 0.6 * sum(weights[a] for a in bought)}}

    document = portopt.rebalance(SAMPLE / "holdings.csv", None, policy, home=tmp_path / "after", limits=pair, **files).document

    (limit,) = [limit for limit in document["limits"] if limit["limit"] == "max_pair"]
    assert limit["holds"]
    assert document["certificate"]["verdict"] == "certified"
    assert any(price["limit"] == "max_pair" for price in document["limit_prices"])
    why = {row["asset_id"]: row["why"] for row in document["proposal"]}
    assert any("the limit on the pair" in why[a] for a in bought), [why[a] for a in bought]


def test_taken_away_nobody_knows_it():
    assert "max_pair" not in catalog.LIMITS
    with pytest.raises(PortoptError, match="max_pair"):
        portopt.optimize(limits=PAIR, **MARKET)
