"""A policy with a factor model: its factor returns are part of the request, so that a replay needs nothing else."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from portopt.document.backtest import backtest_document
from portopt.doors.form import RebalanceForm, resolve
from portopt.doors.history_form import BacktestForm
from portopt.doors.history_form import resolve as resolve_history
from portopt.questions.backtest import backtest
from portopt.questions.rebalance import rebalance as propose
from portopt.questions.through_time.pieces.pack import read
from portopt.questions.through_time.question import asked_on
from portopt.runs import history
from portopt.runtime import open_runtime
from portopt.settings import Settings

CHANGES = """{
  "estimation.factors": {"method": "time_series", "source": "sample"},
  "estimation.covariance": "factor_model",
  "limits.active_exposure_limits": {"SP500": [-0.1, 0.1]}
}"""


OF_A_HISTORY = """{
  "estimation.factors": {"method": "time_series", "source": "sample"},
  "estimation.covariance": "factor_model",
  "limits.max_tracking_error": null
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


def test_a_history_of_a_factor_policy_has_its_factors_at_every_door_as_far_as_they_were_known(tmp_path: Path) -> None:
    """Over the service and in a flow as at the command line: what `asked_on` makes of the question that all of them put."""
    runtime = open_runtime(Settings(home=tmp_path))
    question = resolve_history(BacktestForm(changes=OF_A_HISTORY, start=date(2022, 1, 3), prove=False), runtime)
    asked = asked_on(question, read(question, runtime))
    ((since, factors),) = asked.history.factors
    assert since == date.min
    row = asked.history.row_of(date(2022, 6, 30))
    known = asked.history.known(row).factor_returns
    assert known is not None
    assert known.dates is not None
    assert known.dates[-1] <= asked.history.dates[row] < factors.dates[-1]

    document = backtest_document(backtest(asked, sweep=False), "bt-1")
    assert [one["status"] for one in document["rebalances"] if one["status"] == "failed"] == []
    parts = {row["name"] for row in document["attribution"]["factors"]}
    assert (
        parts == {row["name"] for row in document["attribution"]["expected_factors"]["parts"]} == {*factors.names, "specific"}
    )
