"""Walk-forward: choices by the training window alone, one book throughout, failed windows named."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from made_walks import history, one_asset_each, policy, request

from portopt.domain.errors import DataError, InvalidValue, UnknownField
from portopt.domain.walk import Choice, Trial, WalkForward
from portopt.simulation import walk_forward as walks
from portopt.simulation.deciders import decider_of
from portopt.simulation.history import day_of
from portopt.simulation.simulate import simulate, walked
from portopt.simulation.windows import planned, starts_of, variants_of

WALK = WalkForward(train=100, test=40, vary={"estimation.lookback": (21, 42, 63, 84)})


def laid_out(walk: WalkForward = WALK, sessions: int = 400, **asked: object):
    """(variants, history, plan) of the made history."""
    h = history(sessions)
    variants = variants_of(request(**asked), walk)
    return variants, h, planned(variants, h, walk)


def test_every_combination_of_values_is_a_variant_and_the_policy_itself_where_nothing_is_varied() -> None:
    walk = WalkForward(vary={"estimation.lookback": (21, 42), "limits.max_weight": (0.5, 0.6)})
    found = variants_of(request(), walk)
    assert [tuple(one.changes.values()) for one in found] == [(21, 0.5), (21, 0.6), (42, 0.5), (42, 0.6)]
    assert [one.request.policy.estimation.lookback for one in found] == [21, 21, 42, 42]
    assert found[3].request.policy.limits["max_weight"] == 0.6
    alone = variants_of(request(), WalkForward())
    assert [(one.number, one.request) for one in alone] == [(0, request())]


def test_the_windows_of_a_plan_by_hand() -> None:
    _, _, plan = laid_out()
    assert (plan.first, plan.last, plan.walk_first) == (20, 399, 120)
    assert [plan.test_rows(k) for k in range(len(plan.splits))] == [
        (120, 159), (160, 199), (200, 239), (240, 279), (280, 319), (320, 359), (360, 399),
    ]  # fmt: skip
    assert [plan.window_of(row) for row in (120, 159, 160, 399)] == [0, 0, 1, 6]


def test_a_window_chooses_the_best_sharpe_ratio_of_its_training_rows() -> None:
    variants, h, plan = laid_out()
    trials = [walks.trial(one, h, plan, one_asset_each()) for one in variants]
    choices = walks.choose(plan, trials, h, 0.0)
    for split, choice in zip(plan.splits, choices, strict=True):
        scores = []
        for one in trials:
            equity = np.concatenate([[1e8], one.equity])
            r = (equity[1:] / equity[:-1] - 1.0)[split.train]
            scores.append(r.mean() / r.std(ddof=1) * np.sqrt(252))
        assert choice.variant == int(np.argmax(scores))
        assert choice.score == pytest.approx(max(scores), rel=1e-9)
    assert len({choice.variant for choice in choices}) > 1


def test_nothing_after_a_training_window_changes_its_choice() -> None:
    variants, h, plan = laid_out(replace(WALK, purge=3, embargo=2))
    trials = [walks.trial(one, h, plan, one_asset_each()) for one in variants]
    choices = walks.choose(plan, trials, h, 0.0)
    rng = np.random.default_rng(8)
    for k in (1, 4):
        last = plan.first + int(plan.splits[k].train[-1])
        assert last == plan.test_rows(k)[0] - 1 - 3 - 2
        noisy = h.prices.copy()
        noisy[last + 1 :] *= np.exp(0.3 * rng.standard_normal(noisy[last + 1 :].shape))
        other = history(prices=noisy)
        again = [walks.trial(one, other, plan, one_asset_each()) for one in variants]
        assert walks.choose(plan, again, other, 0.0)[: k + 1] == choices[: k + 1]


def test_the_walk_holds_in_each_window_what_was_chosen_for_it_on_one_book() -> None:
    variants, h, plan = laid_out()
    choices = tuple(Choice(k % 4, None) for k in range(len(plan.splits)))
    run, _ = walked(walks.walking(variants, h, plan, choices, one_asset_each()))
    assert len(run.dates) == 280
    for k in range(len(plan.splits)):
        first, last = plan.test_rows(k)
        held = run.units[first + 1 - run.first : last + 1 - run.first]
        assert (np.flatnonzero(held.sum(axis=0)) == [k % 4]).all()
    assert [d.trigger for d in run.decisions if d.day == 160] == ["window 2 begins"]
    # One ledger: what the book is worth changes by what it holds, never by a window's beginning.
    moves = (run.units[:-1] * (h.prices[121:400] - h.prices[120:399])).sum(axis=1)
    assert np.diff(run.equity) / 100.0 == pytest.approx(moves, abs=0.06)


def test_a_failed_window_is_named_and_its_successor_starts_from_the_book_really_held() -> None:
    """Row 14: window 7 fails; window 8 starts from the book held after window 6, and says so."""
    walk = replace(WALK, test=20)
    variants, h, plan = laid_out(walk)
    first, last = plan.test_rows(6)
    calls: list = []
    choices = tuple(Choice(k % 4, None) for k in range(len(plan.splits)))
    decider = one_asset_each(calls, lambda day: first <= day <= last)
    run, _ = walked(walks.walking(variants, h, plan, choices, decider))
    windows = walks.windows_as_walked(run, plan, choices, h, 0.0)
    assert [one.number for one in windows if one.status == "failed"] == [7]
    assert windows[6].problem is not None
    assert "made to fail on" in windows[6].problem["detail"]
    assert windows[7].began_with == "the book held after window 6"
    assert windows[8].began_with == "the book held after window 8"
    after_six = run.units[first - 1 - run.first]
    assert (run.units[first - run.first : last + 1 - run.first] == after_six).all()
    opening = next(call for call in calls if call[0] == last + 1)
    assert (opening[2] == after_six).all()
    assert after_six.any()
    assert windows[6].total_return != 0.0  # what is held moves on


def test_a_walk_of_one_window_and_one_variant_is_the_backtest_from_there() -> None:
    variants, h, plan = laid_out(WalkForward(train=60, test=100), sessions=160)
    run, _ = walked(walks.walking(variants, h, plan, (Choice(0, None),)))
    plain = simulate(request(), h, decider_of(request()), start=day_of(h.dates[plan.walk_first]))
    assert (run.equity == plain.equity).all()
    assert (run.units == plain.units).all()
    assert [d.day for d in run.decisions] == [d.day for d in plain.decisions]
    assert all(d.status != "failed" for d in run.decisions)


def test_a_turnover_limit_holds_at_every_decision_whichever_variant_takes_over() -> None:
    """Row 12: variants that want quite different books; the limit is on the book that is held, not on the last target."""
    walk = WalkForward(train=60, test=40, vary={"estimation.lookback": (21, 60)})
    variants, h, plan = laid_out(walk, sessions=240, on=policy(max_turnover=0.05))
    choices = tuple(Choice(k % 2, None) for k in range(len(plan.splits)))
    run, _ = walked(walks.walking(variants, h, plan, choices))
    assert len(run.decisions) > 10
    assert all(d.status != "failed" for d in run.decisions)
    worth = run.equity / 100.0
    for d in run.decisions[1:]:
        at = d.day - run.first
        traded = sum(abs(f.units) * float(h.prices[d.day, f.asset]) for f in run.fills if f.decided == d.day)
        assert traded / 2.0 / worth[at] <= 0.05 + 1e-9


def test_a_variant_that_is_refused_is_a_trial_and_is_not_chosen() -> None:
    variants, h, plan = laid_out(replace(WALK, vary={"limits.max_weight": (0.1, 0.9)}), sessions=180)
    trials = [walks.trial(one, h, plan) for one in variants]
    assert trials[0].problem is not None
    assert not len(trials[0].equity)
    assert {choice.variant for choice in walks.choose(plan, trials, h, 0.0)} == {1}


def test_without_any_history_the_first_is_taken_and_has_no_score() -> None:
    _, h, plan = laid_out()
    refused = [Trial(k, np.zeros(0), problem={"detail": "no"}) for k in range(2)]
    assert set(walks.choose(plan, refused, h, 0.0)) == {Choice(0, None)}


def test_the_tests_begin_where_the_request_begins() -> None:
    day = date(2015, 9, 1)
    _, h, plan = laid_out(start=day)
    assert h.dates[plan.walk_first] == np.datetime64(day)
    assert plan.first == plan.walk_first - 100


def test_several_starts_lie_evenly_over_the_first_test() -> None:
    _, _, plan = laid_out()
    assert starts_of(plan, replace(WALK, starts=4)) == (120, 130, 140, 150)
    with pytest.raises(InvalidValue, match="from 1 to 40"):
        starts_of(plan, replace(WALK, starts=41))


def test_what_does_not_fit_is_refused_with_what_was_measured() -> None:
    with pytest.raises(DataError, match="400 sessions") as refusal:
        laid_out(replace(WALK, train=380))
    assert refusal.value.measured["train"] == 380
    with pytest.raises(DataError, match="do not fit"):
        laid_out(start=date(2015, 3, 2))
    with pytest.raises(UnknownField):
        variants_of(request(), WalkForward(vary={"estimation.lookbak": (1,)}))
    with pytest.raises(InvalidValue, match="has no value to try"):
        variants_of(request(), WalkForward(vary={"estimation.lookback": ()}))
    with pytest.raises(InvalidValue, match="more combinations than the 1000"):
        variants_of(request(), WalkForward(vary={"estimation.lookback": tuple(range(2, 1100))}))
    with pytest.raises(InvalidValue, match="others follow by date"):
        variants_of(request(policies=((date(2016, 1, 4), policy()),)), WALK)
    with pytest.raises(InvalidValue, match="leave none"):
        laid_out(replace(WALK, embargo=100))
