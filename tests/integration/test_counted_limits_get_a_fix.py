"""Where trades are counted beside a tracking error, a conflict still comes with an opening that was solved first."""

from __future__ import annotations

import json

import pytest

from portopt.domain.errors import InfeasibleRequest
from portopt.doors.commands.rebalance_options import Options, read_rebalance
from portopt.questions.rebalance import rebalance
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

# S2's printed rebalance on the sample book: 16.82 % must be sold, 15 % may change hands, in ten trades.
REBALANCE = {"target_type": "optimal", "constraints": {"max_turnover": 0.15, "min_trade_size": 1000.0, "max_trades": 10}}


def proposed(runtime: Runtime, tmp_path, *sets: str):
    path = tmp_path / "rebalance.json"
    path.write_text(json.dumps(REBALANCE))
    options = Options(holdings="sample", provider="sample", portfolio_id="sample", request=str(path), sets=sets)
    return rebalance(read_rebalance(options, runtime), runtime, frontier=False)


def test_a_conflict_of_counted_limits_names_a_fix_and_the_fix_is_one(tmp_path) -> None:
    runtime = open_runtime(Settings(home=tmp_path / "home"))
    with pytest.raises(InfeasibleRequest) as refusal:
        proposed(runtime, tmp_path, "limits.min_quality=6")
    assert refusal.value.fixes == ("change min_quality to 'quality score at least 5.2' (now 'quality score at least 6')",)
    assert refusal.value.measured["conflicts"][0]["limits"] == ["min_quality", "max_weight", "max_turnover"]
    document = proposed(runtime, tmp_path, "limits.min_quality=5.2").document
    assert document is not None
    assert len(document["trades"]) <= 10
