"""What is past its days goes; what a decision on record may need again stays, and says why; a kill harms nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_book
from schema_differences import TABLES
from sqlalchemy import String, func, select

from portopt.adapters.providers.frames import FrameProvider
from portopt.adapters.store.removals import FileRemovals
from portopt.dialects.strategy_batch import write_responses
from portopt.domain.errors import InfeasibleRequest
from portopt.domain.request import OptimizationRequest
from portopt.domain.retention import Days
from portopt.domain.run import RunStatus
from portopt.domain.universe import Universe
from portopt.questions.weights import optimize_many
from portopt.runs import answers, events, history
from portopt.runs.retention import carry_out, look
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

LATER = datetime.now(UTC) + timedelta(days=400)
ALL = Days(runs=30, waves=30, reports=30, packs=30)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Runtime]:
    """With a proposal and its page, and an answer to a question about weights."""
    runtime = open_runtime(Settings(home=tmp_path / "home"))
    small_book.rebalance(runtime)
    keep_an_answer(runtime, "W1")
    events.deliver(runtime)
    yield runtime
    runtime.runs.close()


def keep_an_answer(runtime: Runtime, portfolio_id: str) -> str | None:
    """To a question about weights, of a portfolio of its own."""
    request = OptimizationRequest(
        portfolio_id, Universe.of(("A", "B")), {"kind": "min_risk"}, {"long_only": True},
        expected_returns=np.array([0.1, 0.1]), covariance=np.diag([0.04, 0.09]),
    )  # fmt: skip
    (document,) = write_responses([request], optimize_many([request]))
    return answers.keep("optimize", request, document, runtime)


def refused(runtime: Runtime) -> str:
    """A rebalance that no portfolio satisfies, on prices of which nothing else was made."""
    request = small_book.request()
    limits = {"long_only": True, "max_weight": 0.1, "cash": {"max": 0.0}}
    impossible = replace(request, policy=replace(request.policy, limits=limits))
    shorter = FrameProvider(small_book.prices().head(100))
    with pytest.raises(InfeasibleRequest):
        small_book.propose(impossible, runtime, market=shorter, frontier=False)
    (run,) = (run for run in runtime.runs.runs() if run.status is RunStatus.INFEASIBLE)
    assert run.pricing_pack_id is not None
    return run.pricing_pack_id


def names(found: Any, kind: str) -> list[str]:
    return [going.name for going in found.going if going.kind == kind]


def rows(runtime: Runtime) -> dict[str, int]:
    with runtime.runs.database.reading() as connection:
        counted = ((table.name, connection.execute(select(func.count()).select_from(table)).scalar_one()) for table in TABLES)
        return {name: n for name, n in counted if n}


def test_without_a_policy_nothing_goes(home: Runtime) -> None:
    before = rows(home)
    assert carry_out(home, LATER).going == ()
    assert rows(home) == before


def test_what_would_go_is_said_and_nothing_is_touched(home: Runtime) -> None:
    refused(home)
    before = rows(home)
    first, second = look(home, LATER, ALL), look(home, LATER, ALL)
    assert first.going == second.going
    assert not first.done
    assert rows(home) == before


def test_answers_and_refusals_go_and_the_proposal_stays_and_replays(home: Runtime) -> None:
    lonely = refused(home)
    (proposal,) = (run for run in home.runs.runs() if run.kind == "rebalance" and run.status is RunStatus.COMPLETED)
    found = carry_out(home, LATER, ALL)
    assert len(names(found, "run")) == 2
    assert names(found, "pack") == [lonely]
    assert names(found, "report") == [proposal.run_id]
    assert [run.run_id for run in home.runs.runs()] == [proposal.run_id]
    assert [(s.kind, s.count, s.example) for s in found.staying] == [
        ("run", 1, proposal.run_id), ("pack", 1, proposal.pricing_pack_id),
    ]  # fmt: skip
    assert "ledger" in found.staying[0].why
    assert history.replay(proposal.run_id, home)["same"]
    history.report(proposal.run_id, home)
    assert not list(home.ledger.verify())
    assert not carry_out(home, LATER, Days(runs=30, packs=30)).going


def test_a_run_that_goes_leaves_no_row_behind(home: Runtime) -> None:
    (answer,) = (run.run_id for run in home.runs.runs() if run.kind == "optimize")
    assert rows(home)["optimization_requests"] == 1
    carry_out(home, LATER, Days(runs=30))
    with home.runs.database.reading() as connection:
        for table in TABLES:
            if table.name == "portfolio_optimization_ts":  # has days of its own
                continue
            for column in table.c:
                if isinstance(column.type, String) and column.name in ("id", "run_id", "optimization_id", "rebalance_id"):
                    found = connection.execute(select(func.count()).select_from(table).where(column == answer)).scalar_one()
                    assert found == 0, f"{table.name}.{column.name}"


def test_what_is_younger_than_its_days_stays(home: Runtime) -> None:
    refused(home)
    assert look(home, datetime.now(UTC) + timedelta(days=29), ALL).going == ()


def test_an_event_that_waits_keeps_its_run(home: Runtime) -> None:
    waiting = open_runtime(Settings(home=home.settings.home, events="pulsar"))
    run_id = keep_an_answer(waiting, "W2")
    found = look(home, LATER, ALL)
    assert run_id not in names(found, "run")
    assert any("not delivered" in staying.why for staying in found.staying)


def test_a_pack_that_a_run_came_to_rest_on_meanwhile_is_put_back(home: Runtime) -> None:
    lonely = refused(home)
    carry_out(home, LATER, Days(runs=30))
    assert not home.removals.remove_pack(lonely, LATER, lambda: True)
    assert home.packs.get(lonely).pricing_pack_id == lonely


def test_a_pack_that_is_wanted_again_is_young_again(home: Runtime) -> None:
    lonely = refused(home)
    long_ago = (datetime.now(UTC) - timedelta(days=100)).timestamp()
    os.utime(home.settings.packs_path / lonely, (long_ago, long_ago))
    assert [going.name for going in home.removals.past_packs(datetime.now(UTC) - timedelta(days=30))] == [lonely]
    home.packs.put(home.packs.get(lonely))
    assert not home.removals.past_packs(datetime.now(UTC) - timedelta(days=30))


def test_a_removal_that_was_killed_is_undone_or_ended_by_the_next(home: Runtime) -> None:
    lonely = refused(home)
    folder = home.settings.packs_path
    (folder / lonely).rename(folder / f".damaged-old-12345678-{lonely}")  # killed once it was out of its place
    removals = FileRemovals(folder, home.settings.reports_path, home.settings.histories_path)
    assert lonely in [going.name for going in removals.past_packs(LATER)]
    assert home.packs.get(lonely).pricing_pack_id == lonely
    (folder / lonely).rename(folder / f".damaged-old-12345678-{lonely}")
    (folder / f".damaged-old-12345678-{lonely}" / "prices.parquet").unlink()  # and here while it was deleted
    assert lonely not in [going.name for going in removals.past_packs(LATER)]
    assert not home.packs.litter()
