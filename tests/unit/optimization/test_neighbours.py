"""A solved neighbour is where the next problem begins: the same optimum for less. One that is none costs little."""

from __future__ import annotations

import numpy as np
import pytest

from portopt import pipeline
from portopt.optimization import convex, neighbour
from portopt.optimization.polish import polish
from portopt.pipeline import certify, optimize

LIMITS = {"budget": True, "long_only": True, "max_weight": 0.15, "max_turnover": 0.3, "sector_limits": 0.5}
KINDS = {
    "least risk": {"objective": "min_risk"},
    "utility": {"objective": {"kind": "utility", "risk_aversion": 4.0}},
    "tracking error": {
        "objective": {"kind": "utility", "risk_aversion": 4.0},
        "limits": {**LIMITS, "max_tracking_error": 0.08},
    },
    "best ratio": {"objective": "max_sharpe", "limits": {"budget": True, "long_only": True, "max_weight": 0.3}},
}


@pytest.fixture
def climbed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Told of every solve from the beginning."""
    seen: list[int] = []
    climb = convex.climb
    monkeypatch.setattr(convex, "climb", lambda *parts, **named: seen.append(1) or climb(*parts, **named))
    return seen


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_neighbour_gives_the_same_optimum_certified(market, kind):
    asked = {"limits": LIMITS, **kind}
    before = optimize(market(7, 30, **asked))
    moved = market(7, 30, **asked)
    rng = np.random.default_rng(1)
    mu = moved.moments.mu * (1.0 + 0.02 * rng.normal(size=moved.n))
    moved = market(7, 30, **asked, mu=mu)
    cold, warm = optimize(moved), optimize(moved, neighbour=before)
    assert warm.solution.weights == pytest.approx(cold.solution.weights, abs=1e-11)
    assert certify(warm).certificate.verdict == "certified"


def test_what_lies_near_is_not_solved_from_the_beginning(market, climbed):
    before = optimize(market(7, 60, limits=LIMITS))
    climbed.clear()
    p = market(7, 60, limits=LIMITS)
    near = p.replaced(w_prev=0.999 * p.w_prev + 0.001 / p.n)
    optimize(near, neighbour=before)
    assert climbed == []
    optimize(near)
    assert climbed


def test_a_neighbour_that_is_none_changes_nothing_and_its_cost_is_bounded(market, monkeypatch):
    """Of the same shape and far away: what the attempt costs is counted, in rounds of the polish and of the correction."""
    rounds: list[int] = []
    newton = polish.newton
    monkeypatch.setattr(polish, "newton", lambda state: rounds.append(1) or newton(state))
    far = optimize(market(8, 60, objective="min_risk", limits=LIMITS))
    problem = market(9, 60, objective={"kind": "utility", "risk_aversion": 1.0}, limits=LIMITS)
    rounds.clear()
    cold = optimize(problem)
    alone = len(rounds)
    rounds.clear()
    warm = optimize(problem, neighbour=far)
    assert warm.solution.weights == pytest.approx(cold.solution.weights, abs=1e-11)
    assert len(rounds) <= alone + neighbour.NEAR


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"assets": 20}, id="other assets"),
        pytest.param({"limits": {"budget": True, "long_only": True}}, id="other limits"),
        pytest.param({"objective": "max_sharpe"}, id="another kind of objective"),
        pytest.param({"limits": {**LIMITS, "max_weight": 0.001}}, id="one without an answer"),
    ],
)
def test_a_problem_of_another_shape_is_no_neighbour(market, other):
    problem = market(7, 30, limits=LIMITS)
    asked = {"assets": 30, "limits": LIMITS, **other}
    stranger = optimize(market(7, **asked))
    known = pipeline._solved_form(stranger)
    assert known is None or neighbour.solved_from(optimize(problem).form, known) is None
    assert optimize(problem, neighbour=stranger).solution.weights.tobytes() == optimize(problem).solution.weights.tobytes()


def test_an_answer_that_keeps_tighter_bounds_is_theirs_too(market, climbed):
    """The same multipliers, given to the bounds that hold now; where the answer is outside them it is solved for."""
    before = optimize(market(7, 30, limits=LIMITS))
    assert before.solution.weights is not None
    top = float(before.solution.weights.max())
    climbed.clear()
    kept = optimize(market(7, 30, limits={**LIMITS, "max_weight": top}), neighbour=before)
    assert climbed == []
    assert kept.solution.weights is not None
    assert np.array_equal(kept.solution.weights, before.solution.weights)
    assert certify(kept).certificate.certified
    moved = optimize(market(7, 30, limits={**LIMITS, "max_weight": 0.9 * top}), neighbour=before)
    assert certify(moved).weights.max() <= 0.9 * top + 1e-12


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_trade_that_is_pinned_is_solved_from_the_answer_without_it(market, climbed, kind):
    """One bound more: the same optimum as from the beginning, for a correction."""
    asked = {"limits": LIMITS, **kind}
    before = optimize(market(7, 30, **asked))
    held = market(7, 30, **asked)
    name = max(held.universe.ids, key=lambda i: abs(before.solution.weights - held.w_prev)[held.universe.positions[i]])
    pinned = market(7, 30, **{**asked, "limits": {**asked["limits"], "pinned": {name: "none"}}})
    cold = optimize(pinned)
    climbed.clear()
    warm = optimize(pinned, neighbour=before)
    assert climbed == []
    assert warm.solution.weights == pytest.approx(cold.solution.weights, abs=1e-11)
    assert certify(warm).certificate.certified
