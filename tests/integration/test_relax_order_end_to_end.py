"""A policy that lets a limit give way: a proposal on record that says what gave way, and the same bytes again."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from portopt.doors.form import RebalanceForm, resolve
from portopt.questions.rebalance import rebalance as propose
from portopt.runs import history
from portopt.runtime import open_runtime
from portopt.settings import Settings


def test_what_gave_way_is_on_record_and_replays(tmp_path: Path) -> None:
    runtime = open_runtime(Settings(home=tmp_path))
    request = resolve(RebalanceForm(max_turnover=0.1), runtime)
    yielding = dataclasses.replace(request, policy=dataclasses.replace(request.policy, relax_order=("max_turnover",)))

    record = propose(yielding, runtime, frontier=False)

    assert record.document is not None
    (step,) = record.document["relaxations"]
    assert step["limit"] == "max_turnover"
    assert 0.168 < record.document["headline"]["turnover"] < 0.175
    assert record.document["verdict"]["relaxed"] == ["max_turnover"]
    assert record.document["diagnosis"]["conflicts"]
    assert history.replay(record.run_id, runtime)["same"] is True
