"""The main job on either database: one run, one plan, one event, the same bytes again.

What no database has a part in is asked of one of them.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import polars as pl
import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from portopt.adapters.store import models
from portopt.domain.canonical import plain
from portopt.domain.errors import InfeasibleRequest
from portopt.domain.market import MarketQuery
from portopt.domain.run import RunStatus
from portopt.doors.form import RebalanceForm, resolve
from portopt.ports import MarketDataProvider
from portopt.questions import policies
from portopt.questions.rebalance import rebalance as propose
from portopt.runs import history, market
from portopt.runtime import Runtime
from portopt.settings import Settings


@pytest.fixture
def installed(url: str, tmp_path: Path) -> Runtime:
    return Runtime(Settings(home=tmp_path / "home", database_url=SecretStr(url)))


@pytest.fixture
def on_a_file(tmp_path: Path) -> Runtime:
    return Runtime(Settings(home=tmp_path / "home"))


def count(runtime: Runtime, table) -> int:
    with runtime.runs._reading() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def delivered(runtime: Runtime) -> list[dict]:
    log = runtime.settings.event_log_path
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def test_a_rebalance_is_stored_announced_read_as_decided_and_replayed_to_the_same_bytes(installed: Runtime) -> None:
    request = resolve(RebalanceForm(), installed)

    record = propose(request, installed)
    again = propose(request, installed)

    assert record.status is RunStatus.COMPLETED
    assert again.run_id == record.run_id
    assert again.completed_at == record.completed_at
    for table in (models.runs, models.run_results, models.rebalance_results, models.rebalance_plans, models.outbox):
        assert count(installed, table) == 1, table.name
    assert len(delivered(installed)) == 1
    assert history.replay(record.run_id, installed)["same"] is True

    explained = history.explain(record.run_id, installed)
    assert explained["verdict"]["certified"] is True
    assert {line["asset_id"] for line in explained["proposal"]} >= {"AAPL", "XOM", "CASH"}
    assert next(line for line in explained["proposal"] if line["asset_id"] == "XOM")["weight_after"] == 0.0
    assert [line["run_id"] for line in history.runs(installed)] == [record.run_id]


def test_two_runs_on_one_pack_differ_in_the_decision_alone(on_a_file: Runtime) -> None:
    free = RebalanceForm(policy="aggressive_growth")
    first = propose(resolve(free, on_a_file), on_a_file)
    second = propose(resolve(free.model_copy(update={"max_turnover": 0.19}), on_a_file), on_a_file)

    difference = history.packs_difference(first.run_id, second.run_id, on_a_file)

    assert difference["data"]["prices_changed_count"] == 0
    assert difference["decision"]["weights"]
    assert first.pricing_pack_id == second.pricing_pack_id


def test_an_infeasible_request_leaves_its_refusal_and_nothing_else(on_a_file: Runtime) -> None:
    request = resolve(RebalanceForm(max_turnover=0.01), on_a_file)

    with pytest.raises(InfeasibleRequest) as refusal:
        propose(request, on_a_file)

    (line,) = history.runs(on_a_file)
    assert (line["status"], line["problem"]) == ("infeasible", plain(refusal.value.problem()))
    assert list(on_a_file.packs.ids()) == [line["pricing_pack_id"]]
    assert on_a_file.runs.holdings_version(line["portfolio_id"]) == 0
    assert delivered(on_a_file) == []


def test_an_edited_policy_is_the_one_that_counts_and_seeding_again_leaves_it_alone(installed: Runtime) -> None:
    policies.seed_policies(installed)
    (shipped,) = [p for p in policies.policies(installed) if p.id == "quality_focused"]
    edited = dataclasses.replace(shipped, limits={**shipped.limits, "max_weight": 0.11})
    policies.seed_policies(installed, (edited,))

    again = policies.seed_policies(installed)
    record = propose(resolve(RebalanceForm(), installed), installed)

    assert again.left_alone == ("quality_focused", "aggressive_growth", "conservative_income")
    assert record.document is not None
    assert record.document["policy"]["limits"]["max_weight"] == 0.11
    assert max(line["weight_after"] for line in record.document["proposal"]) > 0.10


def test_a_policy_of_ones_own_stands_beside_the_shipped_ones(installed: Runtime) -> None:
    (shipped, *_) = policies.policies(installed)
    policies.seed_policies(installed, (dataclasses.replace(shipped, id="mine"),))

    assert [p.id for p in policies.policies(installed)] == [
        "quality_focused",
        "aggressive_growth",
        "conservative_income",
        "mine",
    ]


def test_the_same_prices_from_another_path_are_the_same_run(on_a_file: Runtime) -> None:
    request = resolve(RebalanceForm(), on_a_file)
    elsewhere = dataclasses.replace(request, provider="files:elsewhere.csv")

    first = propose(request, on_a_file)
    second = propose(elsewhere, on_a_file, market=on_a_file.market("sample"))

    assert first.run_id == second.run_id
    assert count(on_a_file, models.outbox) == 1


class Moving:
    """A provider whose prices are one cent higher every time it is asked."""

    name, source, adjustment, notes = "moving", "prices that move", "adjusted", ()

    def __init__(self, inner: MarketDataProvider) -> None:
        self.inner, self.asked = inner, 0

    def prices(self, query: MarketQuery) -> pl.DataFrame:
        self.asked += 1
        return self.inner.prices(query).with_columns(pl.col("close") + 0.01 * self.asked)


def test_a_resumed_trigger_works_on_the_prices_it_began_with(on_a_file: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    moving = Moving(on_a_file.market("sample"))
    monkeypatch.setattr(on_a_file, "market", lambda provider: moving)
    request = resolve(RebalanceForm(), on_a_file)

    first = market.open_pack(request, on_a_file, "flow-run:1")
    resumed = market.open_pack(request, on_a_file, "flow-run:1")
    other = market.open_pack(request, on_a_file, "flow-run:2")

    assert resumed.pricing_pack_id == first.pricing_pack_id
    assert other.pricing_pack_id != first.pricing_pack_id
    assert moving.asked == 2
