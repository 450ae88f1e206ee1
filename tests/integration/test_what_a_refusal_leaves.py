"""Once its prices are read a rebalance is a run: its refusal is kept, the same from every door, and supersedes nothing."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import small_book

import portopt
from portopt import pipeline
from portopt.domain.canonical import plain
from portopt.domain.errors import DeadlineExceeded, InfeasibleRequest, OutsideError, PortoptError, SearchEnded
from portopt.domain.run import RunRecord, RunStatus
from portopt.questions.rebalance import rebalance
from portopt.runs import decisions, history, lifecycle, market
from portopt.runtime import Runtime
from portopt.settings import Settings

TOO_TIGHT = {"long_only": True, "max_weight": 0.2, "cash": {"max": 0.1}}  # three assets
DESCRIBED: dict[str, dict[str, Any]] = {asset: {} for asset in small_book.ASSETS}


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    return Runtime(Settings(home=tmp_path / "home"))


def asked(limits: dict[str, Any] | None = None, cash: int = 5000) -> Any:
    request = small_book.request(cash)
    policy = request.policy if limits is None else dataclasses.replace(request.policy, limits=limits)
    return dataclasses.replace(request, policy=policy)


def refused(runtime: Runtime, request: Any) -> tuple[PortoptError, RunRecord]:
    with pytest.raises(PortoptError) as caught:
        rebalance(request, runtime, market=small_book.market(), frontier=False)
    (line,) = (r for r in runtime.runs.runs() if r.status in (RunStatus.FAILED, RunStatus.INFEASIBLE))
    return caught.value, runtime.runs.get(line.run_id)


def test_a_refusal_is_a_failed_run_with_its_problem_on_the_pack_it_rests_on(runtime: Runtime) -> None:
    error, record = refused(runtime, asked(TOO_TIGHT))
    assert isinstance(error, InfeasibleRequest)
    assert (record.status, record.document, record.problem) == (RunStatus.INFEASIBLE, None, plain(error.problem()))
    assert record.pricing_pack_id in runtime.packs.ids()
    assert runtime.runs.outbox().waiting == 0


def test_a_run_that_its_deadline_ended_is_listed_with_that_as_its_problem(runtime: Runtime) -> None:
    with pytest.raises(DeadlineExceeded) as late:
        rebalance(asked(), runtime, market=small_book.market(), frontier=False, within=1e-9)
    (line,) = history.runs(runtime)
    assert (line["status"], line["problem"]) == ("failed", plain(late.value.problem()))
    assert history.explain(line["run_id"], runtime)["problem"] == line["problem"]


def test_a_notebook_leaves_what_the_question_leaves(runtime: Runtime, tmp_path: Path) -> None:
    _, by_question = refused(runtime, asked(TOO_TIGHT))
    held, policy = {"A": 100, "B": 50, "CASH": 5000}, asked(TOO_TIGHT).policy
    with pytest.raises(PortoptError):
        portopt.rebalance(held, small_book.prices(), policy, universe=DESCRIBED, home=tmp_path / "other")
    (line,) = (other := Runtime(Settings(home=tmp_path / "other"))).runs.runs()
    by_notebook = other.runs.get(line.run_id)
    assert (by_notebook.status, by_notebook.problem) == (by_question.status, by_question.problem)
    assert by_notebook.pricing_pack_id == by_question.pricing_pack_id
    assert other.packs.ids() == runtime.packs.ids()


def test_what_is_refused_before_its_prices_are_read_leaves_nothing(runtime: Runtime) -> None:
    unknown = dataclasses.replace(asked(), holdings=dataclasses.replace(asked().holdings, shares={"Z": Decimal(1)}))
    with pytest.raises(PortoptError, match="Z has no price"):
        rebalance(unknown, runtime, market=small_book.market())
    assert not runtime.settings.home_path.exists()


def test_asked_again_once_the_cause_is_gone_the_answer_takes_the_place_of_the_refusal(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(*_: Any) -> Any:
        raise SearchEnded("the search ended without an answer", measured={})

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "certify", ended)
        for _ in range(2):  # refused again it is one run still
            _, failed = refused(runtime, asked())
    record = rebalance(asked(), runtime, market=small_book.market(), frontier=False)
    stored = runtime.runs.get(failed.run_id)
    assert record.run_id == failed.run_id
    assert (stored.status, stored.problem, stored.document is not None) == (RunStatus.COMPLETED, None, True)
    assert [r.run_id for r in runtime.runs.runs()] == [record.run_id]


def test_a_refusal_declares_no_holdings_and_supersedes_nothing(runtime: Runtime) -> None:
    request = asked()
    snapshot = market.keep_pack(market.read_pack(request, runtime, market=small_book.market()), runtime)
    begun = lifecycle.begin(request, snapshot, runtime)
    document, _ = pipeline.work(request, snapshot, run_id=begun.run_id, frontier=False)
    waiting = lifecycle.finish(begun, document, runtime, since=0, timings={}, await_approval=True)
    refused(runtime, asked(TOO_TIGHT, cash=7000))
    lifecycle.begin(asked(cash=8000), snapshot, runtime)
    assert runtime.runs.holdings_version("P1") == 1
    assert runtime.runs.holdings("P1").cash == Decimal(5000)
    assert runtime.runs.status(waiting.run_id) is RunStatus.AWAITING_APPROVAL
    assert decisions.approve(waiting.run_id, runtime).status is RunStatus.COMPLETED


def test_a_run_that_has_a_result_keeps_it_whatever_became_of_it_and_whoever_is_refused_later(runtime: Runtime) -> None:
    record = small_book.rebalance(runtime)
    with runtime.runs._writing() as connection:
        connection.exec_driver_sql("update runs set status = 'superseded'")
    lifecycle.refuse(record, OutsideError("too late"), runtime)
    stored = runtime.runs.get(record.run_id)
    assert (stored.status, stored.problem) == (RunStatus.SUPERSEDED, None)


def no_folder(runtime: Runtime, _: pytest.MonkeyPatch) -> None:
    """The home is to be made where a file is."""
    runtime.settings.home_path.parent.joinpath("home").write_text("a file")


def no_answer(runtime: Runtime, patch: pytest.MonkeyPatch) -> None:
    def silent(_: RunRecord) -> None:
        raise OutsideError("the database does not answer")

    patch.setattr(runtime.runs, "fail", silent)


@pytest.mark.parametrize("spoil", [no_folder, no_answer])
def test_where_it_cannot_be_kept_the_refusal_is_what_it_was_and_the_log_has_a_note(
    spoil: Callable[[Runtime, pytest.MonkeyPatch], None],
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    spoil(runtime, monkeypatch)
    with caplog.at_level(logging.WARNING), pytest.raises(InfeasibleRequest):
        rebalance(asked(TOO_TIGHT), runtime, market=small_book.market())
    assert any("which was refused" in line.message for line in caplog.records)
