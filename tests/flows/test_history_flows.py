"""Backtests as flows: the same bytes as at once, one run however often they are started, what they leave, how they end."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from small_history import comparison_in

from portopt.document.backtest import backtest_document
from portopt.domain.canonical import canonical_json
from portopt.domain.run import RunStatus
from portopt.doors.history_form import BacktestForm, ComparisonForm, WalkForwardForm, resolve
from portopt.questions.backtest import backtest
from portopt.questions.comparison import compare
from portopt.questions.through_time.backtest import Backtest
from portopt.questions.through_time.comparison import comparison_on, document_of
from portopt.questions.through_time.pieces.pack import read
from portopt.runtime import Runtime
from portopt.simulation.history import History

SHORT = BacktestForm(start=date(2022, 4, 1), rebalance="quarterly", prove=False)


def run(form: BacktestForm) -> tuple[Any, Any]:
    from flows.backtest import backtest as flow

    async def once() -> tuple[Any, Any]:
        state = await flow(form, return_state=True)
        return state, (await state.aresult() if state.is_completed() and state.name != "Skipped" else None)

    return asyncio.run(once())


async def _artifacts(state: Any) -> dict[str, Any]:
    """Those of this run: the server has others' too."""
    mine = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[state.state_details.flow_run_id]))
    async with get_client() as client:
        return {a.key: a for a in await client.read_artifacts(artifact_filter=mine)}


def test_a_backtest_of_the_flow_is_the_one_that_is_worked_out_at_once_and_the_same_form_twice_is_one_run(home: Runtime) -> None:
    state, run_id = run(SHORT)
    assert state.is_completed(), state.message
    kept = home.runs.get(run_id)
    question = resolve(SHORT, home)
    history = History.of(read(question, home))
    at_once = backtest_document(backtest(Backtest(question.request, history, notes=question.request.notes)), run_id)
    assert canonical_json(kept.document) == canonical_json(at_once)
    assert kept.status is RunStatus.COMPLETED
    assert (home.settings.reports_path / f"{run_id}.html").is_file()
    assert not (home.settings.pieces_path / run_id).exists()  # nothing is left of what only the way needed

    shown = asyncio.run(_artifacts(state))
    assert {"figures", "decisions", "report", "progress"} <= set(shown)
    figures = json.loads(shown["figures"].data)
    assert [row[""] for row in figures][:2] == ["Strategy, net", "Strategy, gross"]
    assert len(json.loads(shown["decisions"].data)) == len(at_once["rebalances"])
    assert run_id in shown["report"].data

    rows = home.histories.ask(f"SELECT count(*), max(net) FROM days WHERE run_id = '{run_id}'").rows
    assert rows == ((len(at_once["days"]["net"]), max(at_once["days"]["net"])),)

    _, second = run(SHORT)
    assert (run_id, kept.completed_at) == (second, home.runs.get(second).completed_at)
    assert [record.run_id for record in home.runs.runs()] == [run_id]


def test_a_comparison_of_the_flow_is_the_one_that_is_worked_out_at_once(home: Runtime, tmp_path: Path) -> None:
    from flows.comparison import comparison

    form = comparison_in(home, tmp_path)

    async def once() -> tuple[Any, Any]:
        state = await comparison(form, return_state=True)
        return state, (await state.aresult() if state.is_completed() else None)

    state, run_id = asyncio.run(once())
    assert state.is_completed(), state.message
    question = resolve(form, home)
    asked = comparison_on(question, read(question, home))
    at_once = document_of(asked, compare(asked), run_id)
    assert canonical_json(home.runs.get(run_id).document) == canonical_json(at_once)
    assert [one["name"] for one in at_once["strategies"]][:2] == ["small", "spread"]
    assert (home.settings.reports_path / f"{run_id}.html").is_file()
    figures = json.loads(asyncio.run(_artifacts(state))["figures"].data)
    assert [row[""] for row in figures][:3] == ["small", "spread", "1/N"]
    rows = home.histories.ask(f"SELECT count(DISTINCT strategy) FROM years WHERE run_id = '{run_id}'").rows
    assert rows == ((len(at_once["strategies"]),),)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"rebalance": "whenever"}, "whenever"),
        ({"start": date(2021, 1, 1), "end": date(2020, 1, 1)}, "after the end"),
        ({"end": date(1990, 2, 1), "start": None}, "returns before its first decision"),
        ({"provider": "files:nowhere.csv"}, "nowhere.csv"),
        ({"changes": '{"limits.max_wieght": 0.1}'}, "max_wieght"),
        ({"job": "bt-nobody"}, "bt-nobody"),
    ],
)
def test_what_cannot_be_done_ends_as_what_it_is_and_leaves_no_run(home: Runtime, changed: dict[str, Any], said: str) -> None:
    state, _ = run(SHORT.model_copy(update=changed))
    assert state.name in ("BadRequest", "BadData")
    assert said in state.message
    assert [record for record in home.runs.runs() if record.status is RunStatus.COMPLETED] == []


def test_the_form_is_ordered_and_described(home: Runtime) -> None:
    for form in (BacktestForm, WalkForwardForm, ComparisonForm):
        fields = form.model_json_schema()["properties"]
        assert sorted(field["position"] for field in fields.values()) == list(range(1, len(fields) + 1))
        assert all(field["title"] and field["description"] for field in fields.values())
