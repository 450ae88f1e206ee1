"""The desk: each portfolio in a line, the reasons to look at it, and what is not known said to be unknown."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import made_nights as nights
import pytest
from sqlalchemy import event

from portopt.domain.access import SCOPES, Principal
from portopt.domain.cash_flow import CashFlow
from portopt.domain.desk import Tile
from portopt.domain.holdings import Holdings
from portopt.domain.portfolio import Portfolio
from portopt.domain.units import units_of
from portopt.domain.universe import Asset, Universe
from portopt.domain.watch import Figure, labels
from portopt.doors.processes.runner import work_once
from portopt.doors.wire.answering import answer
from portopt.doors.wire.call import Call
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

ASSETS, BOOKS = 12, 3


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> nights.Market:
    return nights.write_market(tmp_path_factory.mktemp("market"), ASSETS)


@pytest.fixture(scope="module")
def prepared(market: nights.Market, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the books on record, which each test has a copy of."""
    folder = tmp_path_factory.mktemp("prepared")
    nights.home(folder, market, BOOKS).runs.close()
    return folder / "home"


@pytest.fixture
def runtime(market: nights.Market, prepared: Path, tmp_path: Path) -> Runtime:
    shutil.copytree(prepared, tmp_path / "home")
    return open_runtime(Settings(home=tmp_path / "home", market="files", market_path=market.path))


def desk(runtime: Runtime, who: Principal | None = None, **asked: str) -> dict[str, Any]:
    reply = answer(Call("desk", asked=asked, **({} if who is None else {"who": who})), runtime)
    found: dict[str, Any] = json.loads(reply.body)
    assert reply.status == 200, found
    return found


def line_of(runtime: Runtime, portfolio_id: str) -> dict[str, Any]:
    (line,) = (line for line in desk(runtime)["portfolios"] if line["portfolio_id"] == portfolio_id)
    return dict(line)


def measured(runtime: Runtime, portfolio_id: str, **values: tuple[float | None, float | None]) -> None:
    """Figures of now: value and limit by name, usual ones for the others."""
    usual = {"value": (1e6, None), "cash": (0.02, 0.0), "drift": (0.01, 0.05), "tracking_error": (0.02, 0.05),
             "limits_broken": (0.0, 0.0), "price_age": (0.0, 0.0)}  # fmt: skip
    of, now = labels(portfolio=portfolio_id), runtime.alerts.now()
    detail = {"book_cash": {"ceiling": 0.05}, "book_drift": {"farthest": [{"asset": "A1", "weight": 0.04, "target": 0.1}]}}
    runtime.figures.put([
        Figure(f"book_{name}", of, now, value, limit=limit, detail=detail.get(f"book_{name}", {}))
        for name, (value, limit) in {**usual, **values}.items()
    ])  # fmt: skip


@contextmanager
def statements(runtime: Runtime) -> Iterator[list[str]]:
    told: list[str] = []
    engine = runtime.runs.database.engine

    def hear(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        told.append(statement)

    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield told
    finally:
        event.remove(engine, "before_cursor_execute", hear)


def test_what_nobody_measured_is_unknown_and_never_nothing(runtime: Runtime) -> None:
    runtime.portfolios.save(Portfolio("P-none", policy="night"))
    line, bare = line_of(runtime, "P00000"), line_of(runtime, "P-none")
    figures = ("value", "drift", "tracking_error", "limits_broken", "prices")
    assert [line[name] for name in figures] == [bare[name] for name in figures] == [None] * len(figures)
    assert set(line["unknown"]) == set(bare["unknown"]) == {*figures, "cash"}
    assert (line["cash"]["amount"], line["cash"]["share"], bare["cash"]) == ("20000", None, None)
    assert "no prices are kept" in line["unknown"]["value"]
    assert "PUT its holdings" in bare["unknown"]["value"]
    assert (line["tiles"], line["proposal"]["stage"]) == ([], "none")


def test_before_it_was_measured_a_book_is_valued_at_the_newest_prices(market: nights.Market, runtime: Runtime) -> None:
    _wave(runtime, portfolios=["P00001"])
    last = dict(zip(market.ids, market.closes[-1], strict=True))
    held = nights.book(market, 0)
    worth = float(held.cash) + sum(round(float(n) * last[a], 2) for a, n in held.shares.items())
    line = line_of(runtime, "P00000")
    assert line["value"] == pytest.approx(worth, abs=0.005)
    assert line["cash"]["share"] == pytest.approx(20_000 / worth)
    assert line["prices"]["as_of"] == "2024-12-18"
    assert line["measured_at"] is None
    assert {"drift", "tracking_error", "limits_broken"} <= set(line["unknown"])
    first, told = sorted(held.shares)[0], runtime.portfolios.get("P00000")
    face = units_of({"price_multiplier": 0.01, "accrued_interest": 2}, first)
    runtime.portfolios.save(replace(told, universe=Universe((Asset(first, units=face),))))
    n = float(held.shares[first])
    other = worth - round(n * last[first], 2) + round(n * (last[first] + 2) * 0.01, 2)
    assert line_of(runtime, "P00000")["value"] == pytest.approx(other, abs=0.005)
    runtime.portfolios.declare(Holdings("P00000", {"NOBODY": Decimal(5)}, Decimal(1)), "test")
    assert "NOBODY" in line_of(runtime, "P00000")["unknown"]["value"]


@pytest.mark.parametrize(
    ("values", "tile"),
    [
        ({}, None),
        ({"drift": (0.06, 0.05)}, Tile.OUT_OF_BAND),
        ({"cash": (0.06, 0.0)}, Tile.NEW_CASH),
        ({"cash": (-0.01, 0.0)}, Tile.WITHDRAWAL_DUE),
        ({"limits_broken": (2.0, 0.0)}, Tile.LIMIT_BROKEN),
        ({"price_age": (2.0, 0.0)}, Tile.STALE_PRICES),
        ({"drift": (None, None), "price_age": (None, None)}, None),
    ],
)
def test_a_tile_says_why_a_portfolio_is_looked_at(
    runtime: Runtime, values: dict[str, tuple[float | None, float | None]], tile: Tile | None
) -> None:
    for portfolio_id in ("P00000", "P00001"):
        measured(runtime, portfolio_id, **(values if portfolio_id == "P00000" else {}))
    told = desk(runtime)
    wanted = [] if tile is None else [tile.value]
    assert [line["tiles"] for line in told["portfolios"]] == [wanted, [], []]
    assert told["tiles"] == {one.value: int(one is tile) for one in Tile}
    if tile is not None:
        found = desk(runtime, tiles=tile.value)
        assert ([line["portfolio_id"] for line in found["portfolios"]], found["matching"], found["total"]) == (["P00000"], 1, 3)


def test_the_worst_drift_says_whose_it_is_and_which_way(runtime: Runtime) -> None:
    measured(runtime, "P00000", drift=(0.06, 0.05))
    drift = line_of(runtime, "P00000")["drift"]
    assert drift == {"by": pytest.approx(-0.06), "of": "A1", "weight": 0.04, "target": 0.1, "band": 0.05}


def test_tiles_combine_and_what_is_not_known_is_sorted_last_either_way(runtime: Runtime) -> None:
    measured(runtime, "P00000", drift=(0.06, 0.05), price_age=(3.0, 0.0))
    measured(runtime, "P00001", drift=(0.08, 0.05))
    both = desk(runtime, tiles="out_of_band,stale_prices")
    assert [line["portfolio_id"] for line in both["portfolios"]] == ["P00000"]
    assert both["tiles"]["out_of_band"] == 2, "counts are of everything that was searched"
    order = {
        sort: [line["portfolio_id"][-1] for line in desk(runtime, sort=sort)["portfolios"]] for sort in ("drift", "-drift")
    }
    assert order == {"drift": ["0", "1", "2"], "-drift": ["1", "0", "2"]}
    first = desk(runtime, limit="2")
    rest = desk(runtime, limit="2", cursor=first["next_cursor"])
    assert [line["portfolio_id"] for line in (*first["portfolios"], *rest["portfolios"])] == [f"P0000{k}" for k in range(3)]
    assert rest["next_cursor"] is None
    assert desk(runtime, search="p00002")["total"] == 3
    assert desk(runtime, search="p00002")["matching"] == 1


def test_figures_of_holdings_that_are_not_the_newest_are_not_shown(market: nights.Market, runtime: Runtime) -> None:
    measured(runtime, "P00000", drift=(0.06, 0.05))
    held = nights.book(market, 0)
    runtime.portfolios.declare(replace(held, cash=held.cash + 5), "test")
    line = line_of(runtime, "P00000")
    assert (line["drift"], line["tiles"], line["cash"]["amount"]) == (None, [], "20005")
    assert "holds now" in line["unknown"]["drift"]
    measured(runtime, "P00000", drift=(0.07, 0.05))
    assert line_of(runtime, "P00000")["drift"]["band"] == 0.05


def test_older_figures_that_come_later_change_nothing(runtime: Runtime) -> None:
    measured(runtime, "P00000", value=(2e6, None))
    of, before = labels(portfolio="P00000"), runtime.alerts.now() - timedelta(hours=1)
    runtime.figures.put([Figure("book_value", of, before, 1.0)])
    assert line_of(runtime, "P00000")["value"] == 2e6


def test_money_that_was_announced_is_a_tile_until_it_is_taken_back(runtime: Runtime) -> None:
    for amount, tile in (("-5000.00", "withdrawal_due"), ("5000.00", "new_cash")):
        flow = CashFlow(Decimal(amount))
        runtime.portfolios.save(replace(runtime.portfolios.get("P00000"), cash_flow=flow))
        line = line_of(runtime, "P00000")
        assert (line["tiles"], line["cash_flow"]["amount"]) == ([tile], amount)
    runtime.portfolios.save(replace(runtime.portfolios.get("P00000"), cash_flow=None))
    assert line_of(runtime, "P00000")["tiles"] == []


def test_a_proposal_that_waits_one_that_was_released_and_one_that_failed(runtime: Runtime) -> None:
    runtime.portfolios.declare(Holdings("P00002", {"NOBODY": Decimal(5)}, Decimal(1)), "test")
    wave = _wave(runtime, all=True, await_approval=True)
    waits, _, failed = desk(runtime)["portfolios"]
    assert (waits["tiles"], failed["tiles"]) == (["waiting_for_approval"], ["failed"])
    assert (waits["wave"]["wave_id"], waits["wave"]["state"], waits["wave"]["cause"]) == (wave, "proposed", "the month ended")
    assert "NOBODY" in failed["proposal"]["problem"]["detail"]
    assert waits["released_at"] is failed["released_at"] is None
    body = json.dumps({"decision": "approve"}).encode()
    assert answer(Call("decide", {"run_id": waits["proposal"]["run_id"]}, body=body), runtime).status == 200
    line = line_of(runtime, "P00000")
    assert (line["proposal"]["stage"], line["tiles"]) == ("approved", [])
    assert 0.0 <= line["days_since_release"] < 0.1


def test_who_sees_one_portfolio_has_a_desk_of_one(runtime: Runtime) -> None:
    body = json.dumps({"cause": "of all", "all": True}).encode()
    assert answer(Call("create_wave", body=body), runtime).status == 202
    who = Principal("desk", frozenset(SCOPES), frozenset({"P00001"}))
    told = desk(runtime, who)
    assert ([line["portfolio_id"] for line in told["portfolios"]], told["total"]) == (["P00001"], 1)
    assert told["portfolios"][0]["wave"] is None, "it has portfolios besides, and somebody else asked for it"
    assert line_of(runtime, "P00001")["wave"]["cause"] == "of all"


def test_no_portfolio_is_asked_for_by_itself(market: nights.Market, runtime: Runtime) -> None:
    counts = []
    for _ in range(2):
        for k in range(len(desk(runtime)["portfolios"])):
            measured(runtime, f"P{k:05d}")
        with statements(runtime) as told:
            desk(runtime)
        counts.append(len(told))
        for k in range(BOOKS, 3 * BOOKS):
            runtime.portfolios.save(Portfolio(f"P{k:05d}", policy="night"))
            runtime.portfolios.declare(nights.book(market, k), "night")
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("asked", "field"),
    [({"tiles": "late"}, "tiles"), ({"sort": "colour"}, "sort"), ({"cursor": "x"}, "cursor"), ({"limit": "501"}, "limit")],
)
def test_a_desk_that_cannot_be_meant_is_refused(runtime: Runtime, asked: dict[str, str], field: str) -> None:
    reply = answer(Call("desk", asked=asked), runtime)
    assert (reply.status, json.loads(reply.body)["asked"]["field"]) == (422, field)


def _wave(runtime: Runtime, **body: Any) -> str:
    told = json.dumps({"cause": "the month ended", **body}).encode()
    reply = answer(Call("create_wave", body=told), runtime)
    assert reply.status == 202, reply.body
    while work_once(runtime, lambda said: None):
        pass
    return str(json.loads(reply.body)["wave_id"])
