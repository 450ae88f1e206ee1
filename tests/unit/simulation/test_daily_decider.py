"""The quick path in the simulator: the live path's weights on every day, from wherever a day is decided."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_histories import drawn_prices, history, policy, request

from portopt.domain.backtest import BacktestRequest, Membership
from portopt.domain.errors import InvalidValue
from portopt.domain.request import DataPolicy, EstimationChoice
from portopt.domain.universe import CASH, Asset, Universe
from portopt.simulation.asking import asked_on
from portopt.simulation.daily import DailyDecider
from portopt.simulation.decide import PipelineDecider, solved_live
from portopt.simulation.deciders import decider_of
from portopt.simulation.history import History, Known
from portopt.simulation.served import serves
from portopt.simulation.simulate import simulate
from portopt.simulation.strategies import Decided, Held

ASSETS, SESSIONS = 14, 66
UTILITY = {"kind": "utility", "risk_aversion": 6.0}
KINDS: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "turnover and costs": (
        UTILITY,
        {"max_weight": 0.15, "sector_limits": 0.4, "max_turnover": 0.08},
        {"linear_impact": {"bps": 8}},
    ),
    "tracking error": (UTILITY, {"max_weight": 0.2, "max_turnover": 0.1, "max_tracking_error": 0.02}, {}),
    "least risk": ("min_risk", {"max_weight": 0.12, "max_turnover": 0.05}, {}),
    "least tracking error": ("min_tracking_error", {"max_weight": 0.09, "max_turnover": 0.05}, {}),
    "square-root impact": (
        UTILITY,
        {"max_weight": 0.2, "max_turnover": 0.1, "max_tracking_error": 0.02},
        {"linear_impact": {"bps": 8}, "square_root_impact": {"coefficient": 1.0}},
    ),
    "best ratio": ("max_sharpe", {"max_weight": 0.15, "cash": {"max": 0.02}}, {"linear_impact": {"bps": 8}}),
}


def _asked(kind: str, h: History, **changes: Any) -> BacktestRequest:
    objective, limits, costs = KINDS[kind]
    universe = Universe(tuple(Asset(a, sector="XYZ"[i % 3]) for i, a in enumerate(h.ids)))
    benchmark = {a: 1.0 / len(h.ids) for a in h.ids} if "max_tracking_error" in limits or "tracking" in kind else None
    wanted = policy(objective, limits, costs=costs, **changes)
    return request(h, policy=wanted, universe=universe, benchmark=benchmark, capital=4_000_000, rebalance=["daily"])


class _Watched:
    """A decider that keeps what it was asked and what it said."""

    def __init__(self, inner: DailyDecider) -> None:
        self.inner = inner
        self.asked: list[tuple[Known, Held, Decided]] = []

    def decide(self, known: Known, held: Held) -> Decided:
        decided = self.inner.decide(known, held)
        self.asked.append((known, held, decided))
        return decided


def _run(kind: str, h: History | None = None, **changes: Any) -> tuple[BacktestRequest, _Watched]:
    prices = drawn_prices(SESSIONS, ASSETS, seed=11)
    h = history(prices, volumes=np.round(4e6 / prices)) if h is None else h
    asked = _asked(kind, h, **changes)
    watched = _Watched(DailyDecider(asked))
    simulate(asked, h, watched)
    return asked, watched


def _live_weights(asked: BacktestRequest, known: Known, held: Held) -> np.ndarray:
    _, answer = solved_live(asked_on(asked, known, held), known)
    found, w = answer.problem.universe.positions, answer.solution.weights
    assert w is not None
    return np.array([*(w[found[a]] if a in found else 0.0 for a in known.ids), w[found[CASH]]])


@pytest.mark.parametrize("kind", KINDS)
def test_every_day_has_the_weights_of_the_live_path(kind: str) -> None:
    asked, watched = _run(kind)
    quick = [d for _, _, d in watched.asked if d.certificate == "check"]
    assert len(watched.asked) > 40
    assert len(quick) > 0.6 * len(watched.asked)
    for known, held, decided in watched.asked[::4]:
        assert np.abs(decided.target - _live_weights(asked, known, held)).max() < 1e-9


def test_the_book_in_shares_keeps_the_limits_and_its_money() -> None:
    _, watched = _run("turnover and costs")
    for _, held, decided in watched.asked[1:]:
        before, shares = held.weights(), np.append(decided.units * held.prices, 0.0)
        w = shares / held.equity
        w[-1] = 1.0 - w[:-1].sum()
        np.testing.assert_allclose(w, decided.weights, atol=1e-8)  # cents
        assert 0.5 * np.abs(decided.weights - before).sum() <= 0.08 + 1e-8
        assert (decided.weights[:-1] <= np.maximum(0.15, 0.0) + 1e-8).all()
        assert decided.weights.min() >= 0.0
        assert held.cash - 100.0 * float((decided.units - held.units) @ held.prices) >= -1e-6
        assert decided.gap is not None
        assert abs(decided.gap) < 5e-3
        assert np.abs(decided.weights - decided.target).max() < 0.01


def test_a_day_decided_again_by_another_is_the_same_to_the_last_bit() -> None:
    asked, watched = _run("turnover and costs")
    for known, held, decided in watched.asked[5::11]:
        again = DailyDecider(asked).decide(known, held)
        assert np.array_equal(again.units, decided.units)
        assert np.array_equal(again.target, decided.target)
        assert again.certificate == decided.certificate
        assert again.binding == decided.binding


def test_a_book_with_impact_is_opened_on_the_quick_path_and_signed() -> None:
    asked, watched = _run("square-root impact")
    known, held, decided = watched.asked[0]
    assert held.opens
    assert decided.certificate == "audit"
    assert np.abs(decided.target - _live_weights(asked, known, held)).max() < 1e-8
    assert all(d.certificate in ("check", "audit") for _, _, d in watched.asked)


def test_some_days_are_certified_by_the_audit_and_the_seed_says_which() -> None:
    _, first = _run("least risk")
    _, second = _run("least risk")
    audited = [k.day for k, _, d in first.asked if d.certificate == "audit"]
    assert 1 < len(audited) < len(first.asked)
    assert audited == [k.day for k, _, d in second.asked if d.certificate == "audit"]


def test_what_binds_is_priced_as_the_live_path_prices_it() -> None:
    asked, watched = _run("turnover and costs")
    compared = 0
    for known, held, decided in [one for one in watched.asked if one[2].certificate == "check"][::15]:
        live = dict(PipelineDecider(asked).decide(known, held).binding)
        ours = dict(decided.binding)
        assert set(live) == set(ours)
        assert all(ours[name] == pytest.approx(price, rel=1e-6, abs=1e-9) for name, price in live.items())
        compared += 1
    assert compared > 1


def test_a_move_that_looks_like_a_split_is_judged_by_the_live_path_as_long_as_it_is_seen() -> None:
    prices = drawn_prices(SESSIONS + 30, ASSETS, seed=11)
    prices[30:, 2] = np.round(prices[30:, 2] / 2.0, 2)
    asked, watched = _run("least risk", history(prices), lookback=25, min_observations=20)
    by_day = {k.day: d for k, _, d in watched.asked}
    assert all(by_day[day].certificate == "audit" for day in range(30, 55) if day in by_day)
    assert any(by_day[day].certificate == "check" for day in range(60, SESSIONS + 29))
    known, held, decided = next(one for one in watched.asked if one[0].day == 40)
    assert np.abs(decided.target - _live_weights(asked, known, held)).max() < 1e-9


def test_a_gap_and_who_joins_and_leaves_go_the_live_way() -> None:
    prices = drawn_prices(SESSIONS, ASSETS, seed=11)
    prices[45, 3] = np.nan
    names = history(prices).ids
    joined = [Membership(a, date_of(prices, 0)) for a in names[:-1]] + [Membership(names[-1], date_of(prices, 50))]
    h = history(prices, members=joined)
    asked, watched = _run("turnover and costs", h)
    for known, held, decided in watched.asked[3::7]:
        assert np.abs(decided.target - _live_weights(asked, known, held)).max() < 1e-9
    last = watched.asked[-1]
    assert last[2].target[-2] > 0.0 or last[2].certificate != ""


def date_of(prices: np.ndarray, row: int) -> Any:
    return history(prices).dates[row].item()


def test_a_day_without_a_portfolio_is_refused_in_the_words_of_the_live_path() -> None:
    h = history(drawn_prices(SESSIONS, ASSETS, seed=11))
    asked = _asked("turnover and costs", h)
    quick = simulate(asked, h, DailyDecider(asked))
    tight = replace(asked, policies=())
    wanted = replace(asked.policy, limits={**asked.policy.limits, "max_weight": 0.075, "max_turnover": 0.01})
    later = ((h.dates[50].item(), wanted),)
    changed = history(drawn_prices(SESSIONS, ASSETS, seed=11), policies=later)
    by_quick, by_live = (simulate(tight, changed, d) for d in (DailyDecider(tight), PipelineDecider(tight)))
    problems = [[d.problem for d in run.decisions if d.status == "failed"] for run in (by_quick, by_live)]
    assert not [d for d in quick.decisions if d.status == "failed"]
    assert problems[0]
    assert {p["code"] for p in problems[0]} == {p["code"] for p in problems[1]}


def test_who_is_not_served_is_told_why() -> None:
    h = history(drawn_prices(40, 5))
    plain = request(h)
    assert serves(plain) == ""
    assert isinstance(decider_of(plain), DailyDecider)
    assert isinstance(decider_of(plain, "live"), PipelineDecider)
    for changes, says in (
        ({"rounding": "search"}, "searched"),
        ({"policy": policy(limits={"max_positions": 3})}, "whole numbers"),
        ({"policy": policy({"kind": "min_risk", "measure": "cvar"})}, "scenarios"),
        ({"policy": replace(plain.policy, estimation=EstimationChoice(covariance="gerber"))}, "gerber"),
        ({"policy": replace(plain.policy, data=DataPolicy(stale="quarantine"))}, "stale"),
    ):
        asked = replace(plain, **changes)
        assert says in serves(asked)
        assert isinstance(decider_of(asked), PipelineDecider)
        with pytest.raises(InvalidValue, match=says):
            decider_of(asked, "quick")
