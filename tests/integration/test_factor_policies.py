"""A policy with a factor model: its factor returns are part of the request, so that a replay needs nothing else."""

from __future__ import annotations

from pathlib import Path

from portopt.doors.form import RebalanceForm, resolve
from portopt.questions.rebalance import rebalance as propose
from portopt.runs import history
from portopt.runtime import open_runtime
from portopt.settings import Settings

CHANGES = """{
  "estimation.factors": {"method": "time_series", "source": "sample"},
  "estimation.covariance": "factor_model",
  "limits.active_exposure_limits": {"SP500": [-0.1, 0.1]}
}"""


def test_a_factor_policy_is_planned_stored_and_replayed_to_the_same_bytes(tmp_path: Path) -> None:
    runtime = open_runtime(Settings(home=tmp_path))
    request = resolve(RebalanceForm(changes=CHANGES, frontier=False), runtime)
    assert request.factor_returns is not None
    record = propose(request, runtime, frontier=False)
    assert record.document is not None
    (limit,) = [row for row in record.document["limits"] if row["limit"] == "active_exposure_limits"]
    assert limit["holds"]
    replayed = history.replay(record.run_id, runtime)
    assert replayed["same"], replayed
