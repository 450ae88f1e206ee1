"""Combinatorial cross-validation, the frontier walked forward, and strategies side by side."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from made_walks import IDS, history, policy, request

from portopt.domain.backtest import Execution
from portopt.domain.errors import InfeasibleRequest, InvalidValue
from portopt.domain.request import Policy
from portopt.domain.walk import WalkForward
from portopt.judgement.splits import labels_of, purged
from portopt.simulation.comparison import BENCHMARK, COMPARATORS, EQUAL, LEAST, NOTHING, compared
from portopt.simulation.cross_validation import cross_validated, drifting_returns, returns_by_row, stitched
from portopt.simulation.frontier_walk import frontier_forward

FIXED = {"kind": "target_weights", "weights": {"AA": 0.5, "BB": 0.3, "CC": 0.2}}


def sampled(of: Policy) -> Policy:
    """With the plain sample covariance, which follows every return."""
    return replace(of, estimation=replace(of.estimation, covariance="sample"))


def test_a_policy_with_the_same_weights_always_has_the_same_path_nine_times() -> None:
    """And that path is, part by part, what those weights earn when they are bought at its start and left alone."""
    h = history(240)
    found = cross_validated(request(on=policy(FIXED)), h, WalkForward(groups=10, tested=2))
    assert (found.returns.shape, found.splits, found.failed) == ((9, 239), 45, ())
    assert found.returns == pytest.approx(np.tile(found.returns[0], (9, 1)), abs=1e-9)
    begin = 0
    for size in (len(part) for part in np.array_split(np.arange(239), 10)):
        worth = (h.prices[begin + 1 : begin + size + 1, :3] / h.prices[begin, :3]) @ np.array([0.5, 0.3, 0.2])
        assert np.cumprod(1.0 + found.returns[0, begin : begin + size]) == pytest.approx(worth, rel=1e-6)
        begin += size


def test_paths_are_those_of_a_naive_loop_over_the_splits() -> None:
    """The least variance in closed form, unconstrained by much: each split by hand, each path put together by hand."""
    h, walk = history(241), WalkForward(groups=6, tested=2, purge=2, embargo=3)
    asked = request(on=sampled(policy(cash={"max": 0.0})))
    found = cross_validated(asked, h, walk)
    X = h.prices[1:] / h.prices[:-1] - 1.0
    parts = np.array_split(np.arange(240), 6)
    ends = labels_of(240, 3)
    seen = dict.fromkeys(range(6), 0)
    for chosen in combinations(range(6), 2):
        tests = [(int(parts[g][0]), int(parts[g][-1]) + 1) for g in chosen]
        rest = np.setdiff1d(np.arange(240), np.concatenate([parts[g] for g in chosen]))
        train = purged(rest, tests, ends, 3)
        Sigma = np.cov(X[train], rowvar=False)
        w = np.linalg.solve(Sigma, np.ones(4))
        w /= w.sum()
        assert (w > 0.0).all(), "the closed form needs no bound to bind"
        for g in chosen:
            expected = drifting_returns(np.append(w, 0.0), X[parts[g]], 0.0)
            assert found.returns[seen[g], parts[g]] == pytest.approx(expected, abs=1e-8)
            seen[g] += 1
    assert set(seen.values()) == {5}


def test_what_is_tested_is_not_learned_from() -> None:
    """Noise in the fourth part, and in what is purged with it, changes no path over it by more than its own returns."""
    h, walk = history(201), WalkForward(groups=5, tested=1, embargo=2)
    asked = request(on=sampled(policy()))
    before = cross_validated(asked, h, walk)
    noisy = h.prices.copy()
    returns = noisy[1:] / noisy[:-1] - 1.0
    returns[120:160] = 0.05 * np.random.default_rng(1).standard_normal((40, 4))
    noisy[1:] = noisy[0] * np.cumprod(1.0 + returns, axis=0)
    after = cross_validated(asked, history(prices=noisy), walk)
    held = drifting_weights(before.returns[0, 120:160], returns_by_row(h)[1:][120:160])
    assert after.returns[0, 120:160] == pytest.approx(drifting_returns(held, returns[120:160], 0.0), abs=1e-6)
    assert np.abs(after.returns[0, :120] - before.returns[0, :120]).max() > 1e-5


def drifting_weights(path: np.ndarray, X: np.ndarray) -> np.ndarray:
    """(n + 1,) the weights whose drifting returns over X (m, n) are the path: least squares on their growth."""
    growth = np.column_stack([np.cumprod(1.0 + X, axis=0), np.ones(len(X))])
    return np.linalg.lstsq(growth, np.cumprod(1.0 + path), rcond=None)[0]


def test_a_stitched_history_grows_by_the_training_returns_and_by_nothing_else() -> None:
    h = history(50)
    rows = np.array([3, 4, 20, 21, 40])
    known = stitched(h, returns_by_row(h)[rows], rows)
    assert known.prices[1:] / known.prices[:-1] - 1.0 == pytest.approx(returns_by_row(h)[rows], rel=1e-12)
    assert known.prices[-1] == pytest.approx(h.prices[40])
    assert (np.diff(known.dates) > np.timedelta64(0, "D")).all()


def test_a_split_without_an_answer_is_named_and_all_without_one_are_refused() -> None:
    with pytest.raises(InfeasibleRequest):
        cross_validated(request(on=policy(max_weight=0.1)), history(200), WalkForward(groups=4, tested=1))
    with pytest.raises(InvalidValue, match="more than the 4 tested"):
        cross_validated(request(), history(200), WalkForward(groups=4, tested=4))


@pytest.mark.parametrize("points", [2, 3])
def test_the_turnover_limit_holds_at_every_point_of_the_frontier_on_every_day(points: int) -> None:
    """Row 13: each point trades from the book that it really holds."""
    h = history(140)
    found = frontier_forward(request(on=policy(max_turnover=0.04)), h, points)
    assert len(found) == points
    for run in found:
        assert len(run.decisions) > 8
        assert all(d.status != "failed" for d in run.decisions)
        for d in run.decisions[1:]:
            traded = sum(abs(f.units) * float(h.prices[d.day, f.asset]) for f in run.fills if f.decided == d.day)
            assert traded / 2.0 / (run.equity[d.day - run.first] / 100.0) <= 0.04 + 1e-9
    least, most = found[0], found[-1]
    assert (least.units[-1] != most.units[-1]).any()


def test_a_frontier_of_one_point_is_refused() -> None:
    with pytest.raises(InvalidValue, match="two ends"):
        frontier_forward(request(), history(100), 1)


@pytest.fixture(scope="module")
def side_by_side():
    costs = Execution(spread_bps=20.0, fractional=True)
    weights = dict.fromkeys(IDS, 0.25)
    base = request(execution=costs, benchmark=weights)
    named = {"least": base, "fixed": replace(base, policy=replace(policy(FIXED), id="fixed"))}
    return compared(named, history(140), draws=199)


def test_a_comparison_always_has_the_four_that_everything_is_held_against(side_by_side) -> None:
    assert [side.name for side in side_by_side.sides] == ["least", "fixed", EQUAL, LEAST, BENCHMARK, NOTHING]
    assert [side.asked for side in side_by_side.sides] == [True, True, False, False, False, False]
    names = {(pair.first, pair.second) for pair in side_by_side.pairs}
    assert names == {("least", "fixed"), *((a, b) for a in ("least", "fixed") for b in COMPARATORS)}


def test_costs_are_between_net_and_gross_and_nowhere_else(side_by_side) -> None:
    for side in side_by_side.sides:
        if side.name == BENCHMARK:
            assert (side.net == side.gross).all()
        else:
            assert (side.gross >= side.net - 1.0).all()
            assert side.gross[-1] > side.net[-1]


def test_the_least_variance_against_itself_is_no_difference(side_by_side) -> None:
    pair = next(one for one in side_by_side.pairs if (one.first, one.second) == ("least", LEAST))
    assert abs(pair.net.mean_difference) < 1e-4
    assert pair.gross.sharpe_p_value > 0.2


def test_the_benchmark_is_one_part_in_four_left_to_drift(side_by_side) -> None:
    side = next(one for one in side_by_side.sides if one.name == BENCHMARK)
    h = history(140)
    bought = 21  # decided in row 20, filled the day after
    units = 0.25 / h.prices[bought - 1]  # ordered at the close that the first decision saw
    units /= max(1.0, units @ h.prices[bought])
    worth = h.prices[bought:140] @ units + 1.0 - units @ h.prices[bought]
    assert side.net[1:] / side.net[1] == pytest.approx(worth, rel=1e-9)


def test_one_that_is_refused_stands_there_with_its_problem_and_the_others_are_compared() -> None:
    named = {"least": request(), "impossible": request(on=policy(max_weight=0.1))}
    found = compared(named, history(60), draws=99)
    sides = {side.name: side for side in found.sides}
    failing = sides["impossible"]
    assert failing.problem is not None or all(d.status == "failed" for d in failing.run.decisions)
    assert sides["least"].net is not None
    assert sides[LEAST].net is not None


def test_what_cannot_be_compared_is_refused() -> None:
    h = history(120)
    with pytest.raises(InvalidValue, match="nothing to compare"):
        compared({}, h)
    with pytest.raises(InvalidValue, match="always among them"):
        compared({BENCHMARK: request()}, h)
    with pytest.raises(InvalidValue, match=r"strategies\.b\.benchmark"):
        compared({"a": request(), "b": request(benchmark={"AA": 1.0})}, h)
