"""Afterwards: a proposal is released, its trades are made, prices come in; over the wire, as far as it is known each time."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import made_nights as nights
import polars as pl
import pytest

from portopt.document.watch.afterwards import afterwards_document
from portopt.domain.errors import InfeasibleRequest
from portopt.domain.run import RunStatus
from portopt.domain.wave import Wave, WaveItem
from portopt.doors.wire.answering import answer
from portopt.doors.wire.call import Call
from portopt.questions.rebalance import rebalance
from portopt.runs.watch import afterwards
from portopt.runs.waves.shared import Shared
from portopt.runtime import Runtime

ASSETS, AHEAD = 12, 20  # sessions of prices after the proposal


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    """Prices from a year ago up to a month from now."""
    folder = tmp_path_factory.mktemp("afterwards")
    market = nights.write_market(folder, ASSETS, nights.DAYS + AHEAD)
    table = pl.read_parquet(market.path)
    days = sorted(set(table["date"]))
    shift = datetime.now(UTC).date() - days[-1 - AHEAD]
    table.with_columns(pl.col("date") + pl.duration(days=shift.days)).write_parquet(market.path)
    return nights.home(folder, replace_closes(market), 1)


def replace_closes(market: nights.Market) -> nights.Market:
    """With the closes of the day of the proposal as the last ones: books are made at them."""
    return replace(market, closes=market.closes[:-AHEAD])


def get(runtime: Runtime, operation: str, **place: str) -> tuple[int, Any]:
    reply = answer(Call(operation, place), runtime)
    return reply.status, json.loads(reply.body)


def test_what_was_expected_is_held_against_what_came(runtime: Runtime) -> None:
    portfolio = runtime.portfolios.get("P00000")
    assert get(runtime, "list_afterwards", portfolio_id="P00000") == (200, {"proposals": []})
    now = datetime.now(UTC)
    shared = Shared(Wave("wave-x", "x", {}, now, as_of=now.date()), runtime)
    run = rebalance(_asked(shared, portfolio), runtime, frontier=False)
    status, told = get(runtime, "get_afterwards", run_id=run.run_id)
    assert (status, told["sessions"]["count"], told["trades"]["filled"], told["return"]["verdict"]) == (200, 0, None, None)
    assert told["trades"]["why"]
    document = run.document or {}
    assert told["expected"]["cost"] == float(document["headline"]["total_cost"])
    _traded(runtime, document)
    (one,) = afterwards.of_portfolio("P00000", runtime, now + timedelta(days=AHEAD + 9))
    later = afterwards_document(one)
    assert later["trades"]["filled"] == pytest.approx(1.0)
    assert later["cost"]["realized"] == pytest.approx(later["cost"]["expected"], abs=0.01)
    assert later["cost"]["verdict"] == "not distinguishable"
    assert later["sessions"]["count"] >= AHEAD - 2
    for name in ("return", "volatility", "tracking_error", "without_it"):
        assert later[name]["verdict"] in ("not distinguishable", "above", "below"), (name, later[name])


def test_what_was_not_released_has_no_afterwards(runtime: Runtime) -> None:
    now = datetime.now(UTC)
    shared = Shared(Wave("wave-y", "y", {}, now, as_of=(now - timedelta(days=40)).date()), runtime)
    asked = _asked(shared, runtime.portfolios.get("P00000"))
    with pytest.raises(InfeasibleRequest):
        rebalance(replace(asked, policy=nights.policy(ASSETS, "impossible", max_weight=0.01)), runtime, frontier=False)
    (run, *_) = runtime.runs.runs(limit=1, status=RunStatus.INFEASIBLE)
    status, problem = get(runtime, "get_afterwards", run_id=run.run_id)
    assert (status, problem["asked"]["field"]) == (422, "run_id")
    assert "infeasible" in problem["detail"]


def _asked(shared: Shared, portfolio: Any) -> Any:
    from portopt.dialects.policies import write_policy

    wave = replace(shared.wave, policies={"night": write_policy(nights.policy(ASSETS))})
    return Shared(wave, shared.runtime).request(WaveItem("wave-x", 0, portfolio.id, "night"), portfolio)


def _traded(runtime: Runtime, document: dict[str, Any]) -> None:
    """The holdings after every trade, at the prices and the cost that were expected."""
    held = runtime.portfolios.get("P00000").holdings
    assert held is not None
    shares = {**held.shares}
    for trade in document["trades"]:
        signed = Decimal(int(trade["shares"])) * (1 if trade["side"] == "buy" else -1)
        shares[trade["asset_id"]] = shares.get(trade["asset_id"], Decimal(0)) + signed
    cash = Decimal(document["headline"]["cash_after"])
    runtime.portfolios.declare(replace(held, shares={a: n for a, n in shares.items() if n}, cash=cash), "test")
