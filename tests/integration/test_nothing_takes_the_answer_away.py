"""A certified proposal is stored and announced whatever fails after it; what is missing is said, in the same bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portopt import analysis, optimization, pipeline
from portopt.document import evidence, words
from portopt.domain.errors import DataError
from portopt.domain.run import RunStatus
from portopt.doors import cli
from portopt.doors.commands.rebalance_options import Options, read_rebalance
from portopt.questions.rebalance import rebalance as propose
from portopt.reports import page
from portopt.runs import history
from portopt.runs.report import kept_report, report_place
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    return open_runtime(Settings(home=tmp_path / "home"))


def _asked(runtime: Runtime, **limits: Any) -> Any:
    order = read_rebalance(Options(holdings="sample", provider="sample", portfolio_id="sample"), runtime)
    return replace(order, policy=replace(order.policy, limits={**order.policy.limits, **limits})) if limits else order


def _fails(*_: Any, **__: Any) -> Any:
    raise ZeroDivisionError("at 0x7f0a")


def _refuses(*_: Any, **__: Any) -> Any:
    raise DataError("there is nothing to draw.")


# Where each analysis is made, and what the document then goes without.
PARTS = {
    "prices": (optimization, "shadow_prices", pipeline.PRICES),
    "worth": (optimization, "solved_again", pipeline.WORTH),
    "reasons": (analysis, "explain", pipeline.REASONS),
    "settled": (analysis, "settled", pipeline.REASONS),
    "frontier": (optimization, "affordable_frontier", pipeline.FRONTIER),
    "risk measures": (evidence, "risk_measures", "the risk in every measure"),
    "verdict": (words, "_title", "the verdict in words"),
}


@pytest.mark.parametrize("part", PARTS)
def test_an_analysis_that_fails_is_left_out_and_the_proposal_stays(part, runtime, monkeypatch, faults):
    module, name, missing = PARTS[part]
    monkeypatch.setattr(module, name, _fails)
    record = propose(_asked(runtime), runtime)
    document = record.document
    assert record.status is RunStatus.COMPLETED
    assert document["certificate"]["verdict"] == "certified"
    assert document["trades"]
    assert [left["part"] for left in document["left_out"]] == [missing]
    (left,) = document["left_out"]
    assert left["sentence"] == f"Left out: {missing}; an internal error (ZeroDivisionError), told in the log."
    assert faults
    assert "ZeroDivisionError: at 0x7f0a" in faults[0]
    shown = report_place(record.run_id, runtime).read_text(encoding="utf-8")
    assert shown.count(left["sentence"]) >= 1
    assert history.replay(record.run_id, runtime)["same"]
    assert runtime.runs.get(record.run_id).document == document


def test_what_is_refused_on_purpose_is_told_in_its_own_words_and_is_no_fault(runtime, monkeypatch, faults):
    monkeypatch.setattr(optimization, "affordable_frontier", _refuses)
    document = propose(_asked(runtime), runtime).document
    assert document["frontier"] is None
    assert document["left_out"][0]["sentence"] == "Left out: the efficient frontier; there is nothing to draw."
    assert not faults


def test_a_frontier_nobody_asked_for_is_not_missed(runtime):
    document = propose(_asked(runtime), runtime, frontier=False).document
    assert document["frontier"] is None
    assert document["left_out"] == []


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), ZeroDivisionError()], ids=["disk", "fault"])
def test_a_report_that_cannot_be_written_is_none_on_record_and_can_be_written_later(fault, runtime, monkeypatch, faults):
    def cannot(*_: Any) -> Any:
        raise fault

    with monkeypatch.context() as patched:
        patched.setattr(page, "write_report", cannot)
        record = propose(_asked(runtime), runtime)
    assert record.status is RunStatus.COMPLETED
    assert kept_report(record.run_id, runtime) is None
    assert len(runtime.settings.event_log_path.read_text(encoding="utf-8").splitlines()) == 1
    written = history.report(record.run_id, runtime)
    assert record.document["verdict"]["title"].split(":")[0] in Path(written["report_path"]).read_text(encoding="utf-8")
    assert bool(faults) == isinstance(fault, ZeroDivisionError)


def test_a_drawing_that_fails_leaves_the_page_and_its_table(runtime, monkeypatch, faults):
    monkeypatch.setattr(page, "frontier_svg", _fails)
    record = propose(_asked(runtime), runtime)
    shown = report_place(record.run_id, runtime).read_text(encoding="utf-8")
    assert "Left out: the drawing of the frontier; an internal error (ZeroDivisionError), told in the log." in shown
    assert "Best Sharpe ratio" in shown
    assert record.document["left_out"] == []
    assert faults


def test_under_whole_numbers_the_report_draws_the_line_without_them_and_says_so(runtime):
    record = propose(_asked(runtime, min_positions={"count": 4}), runtime)
    assert record.document["frontier"]["without"] == ["min_positions"]
    assert record.document["left_out"] == []
    said = "Drawn without the limits in whole numbers (min_positions)"
    assert said in report_place(record.run_id, runtime).read_text(encoding="utf-8")


def test_files_that_cannot_be_written_beside_the_proposal_are_named_and_it_is_shown(tmp_path, monkeypatch, capsys, faults):
    from portopt.reports.files import exports

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(exports, "write_xlsx", _fails)
    code = cli.run(["rebalance", "--holdings", "sample", "--provider", "sample", "--output-dir", "out", "--json"])
    out, err = capsys.readouterr()
    assert code == 1
    assert json.loads(out)["certificate"]["verdict"] == "certified"
    assert "Left out: out/trades.xlsx; an internal error (ZeroDivisionError)" in err
    assert "Traceback" not in err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["report.html", "trades.csv", "trades.json"]
    assert list((tmp_path / "home" / "errors").glob("*.log"))
    assert faults
