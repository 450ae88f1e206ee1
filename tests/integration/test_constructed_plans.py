"""From the sample book to whole shares with every constructed objective, and limits that no construction can keep."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import portopt
from portopt.domain.errors import InfeasibleRequest

REPOSITORY = Path(__file__).parents[2]
SAMPLE = REPOSITORY / "config" / "sample"
OBJECTIVES: list[dict[str, Any]] = [
    {"kind": "risk_parity"},
    {"kind": "risk_parity", "measure": "cvar", "budgets": {"sector": {"Energy": 0.1, "*": 0.2}}},
    {"kind": "hierarchical", "variant": "herc", "measure": "cvar"},
    {"kind": "resampled", "of": {"kind": "max_sharpe"}, "draws": 10},
]


def proposed(home: Path, objective: dict[str, Any], limits: dict[str, Any]) -> Any:
    policy = json.loads((REPOSITORY / "config" / "policies.json").read_text())["policies"][0]
    policy |= {"id": "constructed", "objective": objective, "limits": limits}
    return portopt.rebalance(SAMPLE / "holdings.csv", None, policy, universe=SAMPLE / "universe.csv", home=home)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda o: f"{o['kind']} {o.get('variant', o.get('measure', ''))}")
def test_a_constructed_portfolio_becomes_whole_shares_that_keep_every_limit(tmp_path, objective):
    document = proposed(tmp_path, objective, {"max_turnover": 0.25, "max_weight": 0.2, "cash": {"max": 0.02}}).document
    certificate = document["certificate"]
    assert certificate["verdict"] == "certified"
    assert certificate["claims"]
    assert document["rounding"]["mip_gap"] < 0.01
    assert all(limit["holds"] for limit in document["limits"] if "holds" in limit)
    assert document["trades"]
    assert all(float(trade["shares"]) == int(float(trade["shares"])) for trade in document["trades"])
    assert any("portfolio holds" in trade["why"] for trade in document["trades"])


@pytest.mark.parametrize(
    "objective", [OBJECTIVES[0], OBJECTIVES[2]], ids=lambda o: f"{o['kind']} {o.get('variant', o.get('measure', ''))}"
)
def test_limits_that_conflict_are_named_and_a_fix_is_tried(tmp_path, objective):
    with pytest.raises(InfeasibleRequest) as refused:
        proposed(tmp_path, objective, {"max_weight": 0.03, "cash": {"max": 0.02}})
    assert "max_weight" in str(refused.value)
    assert refused.value.fixes
