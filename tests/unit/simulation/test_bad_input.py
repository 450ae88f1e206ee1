"""What cannot be backtested is answered by a problem that names it, what was measured, and a fix."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from made_histories import drawn_prices, fixed, history, own, policy, request, weekdays

from portopt.adapters.providers.frames import FrameProvider
from portopt.domain.action import Action
from portopt.domain.errors import DataError, InvalidValue, MissingInput, PortoptError, UnknownField
from portopt.domain.universe import Universe
from portopt.questions.backtest import backtest
from portopt.questions.through_time.backtest import Backtest
from portopt.questions.through_time.question import Wanted, question


def market(sessions: int = 80, assets: int = 3) -> FrameProvider:
    prices = drawn_prices(sessions, assets)
    days = [d.item() for d in weekdays(sessions)]
    return FrameProvider(pl.DataFrame({"date": days, **{name: prices[:, j] for j, name in enumerate("ABC")}}))


def asked(**changes: Any) -> None:
    posed, _ = question(Wanted(**{"policy": policy(), **changes}), market())
    backtest(posed)


@pytest.mark.parametrize(
    ("changes", "error", "field", "says"),
    [
        ({"capital": "-5"}, InvalidValue, "capital", "above zero"),
        ({"capital": "lots"}, InvalidValue, "capital", "not an amount"),
        ({"capital": "0.001"}, InvalidValue, "capital", "parts of a cent"),
        ({"capital": "1e30"}, InvalidValue, "capital", "more than this ledger counts"),
        ({"capital": 12}, InvalidValue, "capital", "--fractional"),
        ({"start": date(2020, 3, 1), "end": date(2020, 2, 1)}, InvalidValue, "start", "after the end"),
        ({"start": date(2031, 1, 1)}, InvalidValue, "start", "after the last price"),
        ({"end": date(2019, 1, 1)}, DataError, "as_of", "ask for an as_of"),
        ({"policy": policy(min_observations=200)}, DataError, "prices", "80 sessions"),
        ({"benchmark": {"A": 0.5, "B": 0.2}}, InvalidValue, "benchmark", "add to 1"),
        ({"benchmark": {"A": 0.5, "ZZZ": 0.5}, "universe": Universe.of("ABC")}, DataError, "benchmark", "ZZZ"),
        ({"universe": Universe.of(["ZZZ"])}, DataError, "assets", "name the assets"),
        ({"delay": -1}, InvalidValue, "execution.delay", "at least 0"),
        ({"costs": {"spread": 5}}, UnknownField, "costs.spread", "spread_bps"),
        ({"costs": {"spread_bps": "much"}}, InvalidValue, "costs.spread_bps", "not a number"),
        ({"costs": {"commission_bps": -1.0}}, InvalidValue, "execution.commission_bps", "not below zero"),
        ({"costs": {"impact": 1.0}}, MissingInput, "costs.impact", "volumes"),
        ({"rebalance": ["tracking error 4%"]}, InvalidValue, "rebalance[0].tracking_error", "benchmark"),
        ({"rounding": "up"}, InvalidValue, "rounding", "nearest"),
        ({"seed": -1}, InvalidValue, "seed", "whole number"),
        ({"policy": policy(limits={"max_wieght": 0.2})}, UnknownField, "limits.max_wieght", "max_weight"),
    ],
)
def test_it_is_named(changes: dict[str, Any], error: type[PortoptError], field: str, says: str) -> None:
    with pytest.raises(error) as caught:
        asked(**changes)
    problem = caught.value.problem()
    assert problem["asked"]["field"] == field
    assert says in " ".join([problem["detail"], *problem["fixes"]])


def test_adjusted_prices_with_actions_would_count_each_action_twice() -> None:
    with pytest.raises(DataError, match="count twice"):
        history(drawn_prices(30, 1), adjustment="adjusted", actions=[Action("A", "split", date(2020, 1, 10), ratio=(2, 1))])


RULES: dict[str, tuple[Callable[..., Any], str]] = {
    "weights above one": (fixed({"A": 0.9, "B": 0.9}), "more than there is"),
    "an unknown asset": (fixed({"ZZZ": 0.5}), "has no price by"),
    "no number": (fixed({"A": float("nan")}), "is no weight"),
    "no weights at all": (lambda known, held: 3, "not weights by asset"),
    "an error of its own": (lambda known, held: 1 / 0, "raised ZeroDivisionError"),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_strategy_that_gives_no_weights_is_told_so_with_the_date(rule: str) -> None:
    given, says = RULES[rule]
    h = history(drawn_prices(40, 2))
    try:
        found = backtest(own(h, given))
        told = str(found.run.decisions[0].problem)
    except PortoptError as refusal:
        told = refusal.detail
    assert says in told
    assert str(h.dates[1]) in told or rule == "no weights at all"


def test_an_asset_without_a_price_on_a_date_is_named_and_the_book_stays() -> None:
    """Held, its prices end: the decision is refused or freezes it; the ledger goes on at its last price."""
    prices = drawn_prices(80, 2)
    prices[50:, 0] = np.nan

    def only_a(known: Any, held: Any) -> dict[str, float]:
        return {"A": 0.5}

    h = history(prices)
    run = backtest(own(h, only_a, rebalance=["every 20"])).run
    assert run.equity.min() > 0
    assert run.units[-1, 0] == run.units[49, 0] > 0


def test_a_holding_without_a_price_in_the_whole_window_is_frozen_and_the_rest_goes_on() -> None:
    prices = drawn_prices(160, 3)
    prices[70:, 0] = np.nan
    h = history(prices)
    limits = {"long_only": True, "cash": {"max": 0.2}, "max_weight": 0.45}
    run = backtest(Backtest(request(h, policy=policy(limits=limits), rebalance=["every 5"]), h)).run
    late = [d for d in run.decisions if d.day > 115]
    assert run.units[-1, 0] == run.units[70 - run.first, 0] > 0
    assert {d.status for d in late} <= {"decided", "kept"}
    assert {f.asset for f in run.fills if f.day > 115} == {1, 2}
