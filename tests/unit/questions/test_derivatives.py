"""What a page is given to move a limit without asking: inside its range it is what solving again gives."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import made_desk
import numpy as np
import pytest

from portopt.analysis.yardstick import Yardstick
from portopt.document.derivatives import MOST_BYTES, derivatives_document
from portopt.domain.canonical import canonical_json
from portopt.domain.previews import Move, Previews
from portopt.questions.derivatives import derivatives
from portopt.questions.what_if import what_if
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

WITHIN = 1e-6
TIGHT: Mapping[str, Any] = {**made_desk.LIMITS, "max_weight": 0.08}
TRACKED: Mapping[str, Any] = {**made_desk.LIMITS, "max_tracking_error": 0.03}
SHARPE: Mapping[str, Any] = {"kind": "max_sharpe"}
MARKETS = {
    "utility": (2, 60, made_desk.UTILITY, TIGHT),
    "a ratio": (2, 60, SHARPE, {**TIGHT, "max_weight": 0.03}),
    "a tracking error that binds": (2, 8, made_desk.UTILITY, TRACKED),
    "a ratio with one": (2, 8, SHARPE, TRACKED),
}


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    return open_runtime(Settings(home=tmp_path_factory.mktemp("home")))


def asked(market: str) -> made_desk.Desk:
    seed, n, objective, limits = MARKETS[market]
    return made_desk.desk(seed, n=n, objective=objective, limits=limits)


def shown(found: Previews, move: Mapping[str, Any], value: float) -> np.ndarray[Any, Any]:
    """The weights as a page works them out of the document alone."""
    document = derivatives_document(found)
    w, change = np.array(document["stands"]), value - move["value"]
    t = (1.0 / value - 1.0 / move["value"] if move["by"] == "inverse" else change) / move["scale"]
    for one in move["directions"]:
        w[one["at"]] += np.array(one["by"]) * sum(c * t**k for k, c in enumerate(one["coefficients"], 1))
    return w


@pytest.mark.parametrize("market", MARKETS)
def test_inside_its_range_a_preview_is_what_a_what_if_solves(market: str, runtime: Runtime) -> None:
    desk = asked(market)
    found = derivatives(desk.request, runtime, market=desk.market)
    moves = derivatives_document(found)["moves"]
    assert moves, found.left_out
    for move in moves:
        assert move["low"] <= move["value"] <= move["high"]
        assert move["low"] < move["high"]
        for part in (0.03, 0.5, 0.97):
            value = move["low"] + part * (move["high"] - move["low"])
            solved = what_if(desk.request, {move["path"]: value}, runtime, market=desk.market)
            assert np.abs(shown(found, move, value) - solved.after.weights).max() <= WITHIN, (move["path"], value)


@pytest.mark.parametrize("market", MARKETS)
def test_figures_along_the_way_are_those_of_the_weights_there(market: str, runtime: Runtime) -> None:
    desk = asked(market)
    found = derivatives(desk.request, runtime, market=desk.market)
    yardstick = Yardstick(found.problem, found.stands)
    told = 0
    for move in found.moves:
        value = move.curve.low + 0.37 * (move.curve.high - move.curve.low)
        t, there = move.curve.t(value), yardstick.measured(move.curve.weights(found.stands, value))
        own = {"turnover": there.turnover, "cost": there.cost, "objective": there.worth.value if there.worth else None}
        for name, coefficients in move.figures.items():
            if coefficients is None:
                continue
            by_page = (found.figures[name] or 0.0) + sum(c * t**k for k, c in enumerate(coefficients, 1))
            expected = own[name] if name in own else getattr(there.figures, name)
            assert by_page == pytest.approx(expected, abs=1e-8), (move.path, name)
            told += 1
    assert told >= 5


def price_by_solving(desk: made_desk.Desk, move: Move, runtime: Runtime) -> float:
    """The slope of the objective's best value at what stands, by two answers beside it."""
    step = 1e-3 * min(move.curve.high - move.curve.value, move.curve.value - move.curve.low)
    worth = []
    for value in (move.curve.value + step, move.curve.value - step):
        after = what_if(desk.request, {move.path: value}, runtime, market=desk.market).after.worth
        assert after is not None
        worth.append(after.value)
    return (worth[0] - worth[1]) / (2 * step)


@pytest.mark.parametrize("market", ["utility", "a ratio with one"])
def test_a_price_is_what_the_objective_gains(market: str, runtime: Runtime) -> None:
    desk = asked(market)
    found = derivatives(desk.request, runtime, market=desk.market)
    priced = [move for move in found.moves if move.price is not None]
    assert priced
    for move in priced:
        assert move.price == pytest.approx(price_by_solving(desk, move, runtime), rel=1e-4, abs=1e-9)
    dearness = [abs((move.price or 0.0) * move.curve.value) for move in priced]
    assert dearness == sorted(dearness, reverse=True)


def test_limits_that_gave_way_are_not_moved(tmp_path: Path) -> None:
    desk = made_desk.desk(2, n=8, limits={**made_desk.LIMITS, "max_turnover": 0.01, "max_weight": 0.13})
    policy = dataclasses.replace(desk.request.policy, relax_order=("max_turnover",))
    request = dataclasses.replace(desk.request, policy=policy)
    found = derivatives(request, open_runtime(Settings(home=tmp_path)), market=desk.market)
    assert found.moves == ()
    assert "gave way" in found.left_out[0].why


def test_a_large_book_is_told_in_a_small_document(runtime: Runtime) -> None:
    desk = made_desk.desk(2, n=500, objective=SHARPE, limits={**made_desk.LIMITS, "max_weight": 0.03})
    document = derivatives_document(derivatives(desk.request, runtime, market=desk.market))
    assert {move["path"] for move in document["moves"]} >= {"limits.max_weight", "limits.max_turnover"}
    assert len(canonical_json(document)) <= MOST_BYTES
