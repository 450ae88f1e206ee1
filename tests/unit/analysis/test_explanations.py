"""What pulls at each weight, against derivatives taken numerically, and what is said about it."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from portopt.analysis import pulls, settled
from portopt.domain.errors import DataError
from portopt.domain.solution import RawAnswer

UTILITY = {"kind": "utility", "risk_aversion": 5.0}
CASES = {
    "utility": (UTILITY, {}),
    "utility, factor form": (UTILITY, {"factor": True}),
    "turnover": (UTILITY, {"max_turnover": 0.25}),
    "turnover, factor form": (UTILITY, {"max_turnover": 0.25, "factor": True}),
    "tracking error": (UTILITY, {"max_tracking_error": 0.075}),
    "tracking error, factor form": (UTILITY, {"max_tracking_error": 0.075, "factor": True}),
    "ratio": ({"kind": "max_sharpe"}, {"max_turnover": 0.35}),
    "ratio, factor form": ({"kind": "max_sharpe"}, {"max_volatility": 0.08, "factor": True}),
    "least risk": ({"kind": "min_risk"}, {"min_return": 0.06}),
    "tracking": ({"kind": "min_tracking_error", "risk_aversion": 8.0}, {}),
    "most return": ({"kind": "max_return"}, {"max_volatility": 0.1}),
    "square-root impact": (UTILITY, {"costs": {"square_root_impact": {"coefficient": 1.0}}}),
    "short positions": (UTILITY, {"long_only": False, "leverage_limit": 1.2, "max_turnover": 0.6}),
}


@pytest.fixture(params=CASES, scope="module")
def answer(request, explained):
    objective, more = CASES[request.param]
    return explained(objective, **more)


def test_the_pulls_on_every_asset_add_up_to_zero(answer):
    for reason in answer.explanation.reasons:
        assert sum(reason.pulls.values()) == pytest.approx(0.0, abs=1e-5)  # basis points


def test_return_and_risk_pull_by_the_slope_of_the_utility(answer):
    """d/dw_i of  mu'w - gamma/2 w'Sigma w  (or of the risk alone), by central differences."""
    p, w = answer.problem, answer.validated.weights
    gamma = answer.explanation.gamma or 1.0
    center = p.benchmark if p.objective.kind == "min_tracking_error" else np.zeros(p.n)
    counts_return = p.objective.kind in ("utility", "max_sharpe", "max_return")
    counts_risk = p.objective.kind != "max_return"

    def utility(x: np.ndarray) -> float:
        gained = float(p.moments.mu @ x) if counts_return else 0.0
        return gained - (0.5 * gamma * p.moments.covariance.variance(x - center) if counts_risk else 0.0)

    for i, reason in enumerate(answer.explanation.reasons):
        step = np.zeros(p.n)
        step[i] = 1e-5
        slope = 1e4 * (utility(w + step) - utility(w - step)) / 2e-5
        assert reason.pulls.get("expected return", 0.0) + reason.pulls.get("risk", 0.0) == pytest.approx(slope, abs=1e-3)


def test_a_traded_asset_pays_the_rate_of_its_cost_and_a_kept_one_less(explained):
    found = explained(UTILITY)
    w, before = found.validated.weights, found.problem.previous()
    moved = 0
    for i, reason in enumerate(found.explanation.reasons[:-1]):
        cost = reason.pulls.get("trading cost", 0.0)
        if w[i] > before[i] + 1e-6:
            assert cost == pytest.approx(-60.0)
            moved += 1
        elif w[i] < before[i] - 1e-6:
            assert cost == pytest.approx(60.0)
            moved += 1
        else:
            assert abs(cost) <= 60.0 + 1e-6
    assert moved >= 3


def test_cost_and_turnover_share_the_trade_in_proportion(explained):
    """What resists a trade is cost rate plus the price of turnover; a kept asset feels the same fraction of both."""
    found = explained(UTILITY, max_turnover=0.25)
    ratios = {
        round(r.pulls["max_turnover"] / r.pulls["trading cost"], 6)
        for r in found.explanation.reasons[:-1]
        if abs(r.pulls.get("trading cost", 0.0)) > 1e-6
    }
    assert len(ratios) == 1


def test_a_limits_pull_is_its_shadow_price(explained):
    found = explained(UTILITY, sector_limits=0.2)
    priced = {p.member: 1e4 * p.worth_per_unit for p in found.explanation.prices if p.limit == "sector_limits"}
    assert priced
    for i, reason in enumerate(found.explanation.reasons[:-1]):
        sector = found.problem.universe.assets[i].sector
        assert -reason.pulls.get("sector_limits", 0.0) == pytest.approx(priced.get(sector, 0.0), abs=1e-6)


def test_the_budget_pulls_at_every_asset_alike(answer):
    budget = {round(r.pulls.get("budget", 0.0), 9) for r in answer.explanation.reasons}  # what does not pull is not told
    assert len(budget) == 1


def test_gamma_of_a_ratio_is_excess_over_variance(explained):
    found = explained({"kind": "max_sharpe"}, costs={})
    p, w = found.problem, found.validated.weights
    expected = (float(p.moments.mu @ w) - 0.02) / p.moments.covariance.variance(w)
    assert found.explanation.gamma == pytest.approx(expected)


def test_gamma_is_the_given_one_or_none(explained):
    assert explained(UTILITY).explanation.gamma == 5.0
    assert explained({"kind": "min_risk"}).explanation.gamma is None
    assert explained({"kind": "max_return"}, max_volatility=0.1).explanation.gamma is None


def test_an_asset_below_the_quality_floor_is_sold_for_that(explained):
    reason = explained(UTILITY).reason("A7")
    assert reason.sentence == "Sold entirely: quality 4.5 is below the floor of 5.0"
    assert "min_quality" in reason.limits


def test_an_asset_without_a_score_is_sold_for_that(explained):
    assert "no quality score, which is not a pass" in explained(UTILITY).reason("A6").sentence


def test_an_asset_at_its_cap_is_said_to_be(explained):
    found = explained(UTILITY, max_weight=0.2, sector_limits=1.0)
    w = found.validated.weights
    capped = [a for i, a in enumerate(found.problem.universe.ids[:-1]) if w[i] == pytest.approx(0.2) and a not in ("A6", "A7")]
    assert capped
    for asset_id in capped:
        assert found.reason(asset_id).sentence.startswith("Bought to the 20.00 % position cap")
        assert "max_weight" in found.reason(asset_id).limits


def test_a_trim_in_a_full_sector_names_the_sector(explained):
    found = explained(UTILITY, sector_limits={"Technology": 0.15})
    trimmed = [r for r in found.explanation.reasons if "its sector Technology is at the 15.00 % cap" in r.sentence]
    assert trimmed
    assert all(r.asset_id in ("A0", "A3") for r in trimmed)


def test_a_kept_position_says_what_the_trade_would_cost_and_add(explained):
    found = explained(UTILITY, costs={"linear_impact": {"bps": 150}})
    kept = [r for r in found.explanation.reasons if r.sentence.startswith("Kept: trading it would cost more than it adds")]
    assert kept
    for reason in kept:
        adds = float(reason.sentence.split("against ")[1].split(" %")[0])
        assert "1.50 % against" in reason.sentence
        assert 100 * adds == pytest.approx(abs(reason.pulls["trading cost"]), abs=0.51)


def test_a_trade_the_turnover_limit_stopped_says_so(explained):
    found = explained(UTILITY, max_turnover=0.3)
    assert any("the turnover limit stops more" in r.sentence for r in found.explanation.reasons)
    free = explained(UTILITY)
    assert not any("turnover" in r.sentence for r in free.explanation.reasons)


def test_every_asset_has_a_sentence_and_cash_too(answer):
    assert len(answer.explanation.reasons) == answer.problem.n
    assert all(r.sentence and ("Cash:" in r.sentence) == (r.asset_id == "CASH") for r in answer.explanation.reasons)


def test_contributions_and_prices_come_along(answer):
    sigma = answer.problem.moments.covariance.volatility(answer.validated.weights)
    by_asset = [c.contribution for c in answer.explanation.contributions if c.of == "asset"]
    assert sum(by_asset) == pytest.approx(sigma)


def test_an_answer_without_multipliers_is_refused(explained):
    found = explained(UTILITY)
    raw = found.validated.solution.raw
    bare = RawAnswer(raw.status, raw.x, None, raw.solver, 0, 0.0)
    with pytest.raises(DataError, match="without multipliers"):
        pulls(found.problem, found.form, bare)


def _plan(moves, after, cash):
    """A plan in which every asset named was wanted to move by moves[a][0], has the order moves[a][1], and ends at after[a]."""
    lines = [
        SimpleNamespace(asset_id=a, weight_before=0.1, target_weight=0.1 + move, weight_after=after[a])
        for a, (move, _) in moves.items()
    ]
    lines.append(SimpleNamespace(asset_id="CASH", weight_before=0.1, target_weight=0.1, weight_after=cash))
    return SimpleNamespace(
        trades=[SimpleNamespace(asset_id=a, side=side) for a, (_, side) in moves.items() if side], lines=lines
    )


def _told(found, plan):
    return {r.asset_id: r.sentence for r in settled(found.explanation, plan, found.problem).reasons}


def test_reasons_follow_the_orders_where_whole_shares_go_another_way_than_the_optimum(explained):
    found = explained(UTILITY)
    moves = {"A0": (0.004, None), "A1": (0.0, "sell"), "A2": (0.03, "buy")}  # wanted by the optimum, ordered by the plan

    told = _told(found, _plan(moves, {"A0": 0.1, "A1": 0.09, "A2": 0.13}, 0.1))

    assert told["A0"] == "Kept: the 0.40 % that it should move is made up for by whole shares of the others"
    assert told["A1"].startswith("Sold: it evens out")
    assert told["A2"] == found.reason("A2").sentence


def test_what_whole_shares_cannot_order_names_the_limit_that_the_order_would_break(explained):
    found = explained(UTILITY, max_weight=0.2, sector_limits=1.0)
    pressed = next(r.asset_id for r in found.explanation.reasons if "max_weight" in r.limits)

    told = _told(found, _plan({pressed: (0.004, None)}, {pressed: 0.2}, 0.1))

    assert told[pressed] == "Kept: the position cap leaves no room for the 0.40 % that it should move"


def test_what_whole_shares_have_no_cash_for_says_so(explained):
    found = explained(UTILITY)

    told = _told(found, _plan({"A0": (0.004, None), "A1": (0.0, "sell")}, {"A0": 0.1, "A1": 0.09}, 0.0))

    assert told["A0"] == "Kept: no cash is left for the 0.40 % that it should move"
    assert told["A1"] == "Sold: it raises the cash that whole shares of the others need"


def test_an_order_that_only_a_limit_explains_names_it(explained):
    found = explained(UTILITY, max_weight=0.2, sector_limits=1.0)

    told = _told(found, _plan({"A1": (0.15, "sell")}, {"A1": 0.05}, 0.1))
    assert told["A1"] == "Sold: it evens out what whole shares of the others leave over"
    before = _plan({"A1": (0.15, "sell")}, {"A1": 0.05}, 0.1)
    before.lines[0].weight_before = 0.21  # above the cap, where the optimum would have it
    before.lines[0].target_weight = 0.25

    assert _told(found, before)["A1"] == "Sold: without it the position cap would not hold in whole shares"


def test_rows_alike_are_handed_on_together_to_the_bits_of_one_after_the_other(answer, monkeypatch):
    validated = answer.validated
    together = pulls(answer.problem, answer.form, validated.solution.raw)
    monkeypatch.setattr(sys.modules[pulls.__module__], "_alike", lambda form, rows: None)
    one_by_one = pulls(answer.problem, answer.form, validated.solution.raw)
    assert together.keys() == one_by_one.keys()
    for name, pull in together.items():
        assert np.array_equal(pull, one_by_one[name]), name
