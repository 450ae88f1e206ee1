"""What is decided at the command line is the record that the service reads, and the other way round."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from integration.store.deciding import RELAXED, Desk
from rich.console import Console

from portopt.domain.errors import MissingInput, ProposalHeld
from portopt.doors.commands import approvals, runs
from portopt.doors.commands.surface import Shown
from portopt.runtime import Runtime
from portopt.settings import Settings


@pytest.fixture
def desk(migrated_file, tmp_path: Path, finished, monkeypatch) -> Desk:
    url = f"sqlite:///{tmp_path}/portopt.db"
    (tmp_path / "portopt.db").write_bytes(migrated_file.read_bytes())
    found = Desk(Runtime(Settings(home=tmp_path, database_url=url)), finished)
    monkeypatch.setattr("portopt.runtime.runtime", lambda: found.runtime)
    return found


def said(shown: Shown) -> str:
    out = io.StringIO()
    shown.human(Console(file=out, width=140))
    return out.getvalue()


def test_the_command_line_makes_the_same_decisions_in_words(desk: Desk):
    desk.proposes(relaxations=[RELAXED])
    told = said(approvals.approvals())
    assert "reb-1" in told
    assert "22,460" in told
    assert "needs a reason: max_turnover gave way" in told
    assert "is held until" in said(approvals.hold("reb-1", until="2h", note="earnings first"))
    assert "held until" in said(runs.list_runs())
    assert desk.waiting(state="held") == ["reb-1"]
    with pytest.raises(ProposalHeld):
        approvals.approve("reb-1")
    approvals.hold("reb-1", release=True)
    with pytest.raises(MissingInput, match="max_turnover gave way"):
        approvals.approve("reb-1")
    assert "reb-1 is completed" in said(approvals.approve("reb-1", reason="tax", note="year end", holdings_version=1))
    assert [kind for kind, _ in desk.kinds()] == ["proposed", "held", "hold_released", "approved", "released"]
    assert "Nothing waits for a person." in said(approvals.approvals())


def test_what_is_wanted_is_said_and_found_by_how_it_stands(desk: Desk):
    desk.proposes()
    assert "reb-1 is changes requested" in said(approvals.request_changes("reb-1", note="less of XOM"))
    (line,) = runs.list_runs(approval="changes_requested").document
    assert (line["run_id"], line["approval"]["decided"]["note"]) == ("reb-1", "less of XOM")
    desk.proposes("reb-2")
    assert "reb-2 is rejected" in said(approvals.reject("reb-2"))


def test_a_hold_is_given_an_end_or_lifted():
    for asked in ({}, {"until": "2h", "release": True}):
        with pytest.raises(MissingInput, match="--until"):
            approvals.hold("reb-1", **asked)


def test_spans_and_instants_are_ahead():
    now = datetime.now(UTC)
    assert approvals._ahead("2h") - now == pytest.approx(timedelta(hours=2), abs=timedelta(seconds=5))
    assert approvals._ahead("2199-01-01") == datetime(2199, 1, 1, tzinfo=UTC)
