"""The gate: noise is rejected, skill is promoted. `PORTOPT_GATE=full` runs it at the counts of the promise (half an hour)."""

from __future__ import annotations

import os

import numpy as np
import pytest

from portopt.domain.errors import DataError, InvalidValue
from portopt.judgement.gate import Gate, judge

SEARCHES = 1000 if os.environ.get("PORTOPT_GATE") == "full" else 8
DAYS = 2520


def search(rng: np.random.Generator, annual_sharpe: float, variants: int = 200, correlation: float = 0.0) -> np.ndarray:
    """(T, N) daily returns of variants of one idea over ten years, all with the same true Sharpe ratio."""
    common, own = rng.standard_normal((DAYS, 1)), rng.standard_normal((DAYS, variants))
    return 0.01 * (annual_sharpe / np.sqrt(252) + np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9, 0.99])
def test_the_best_of_two_hundred_without_skill_is_rejected(correlation: float) -> None:
    rng = np.random.default_rng(100)
    promoted = [judge(search(rng, 0.0, correlation=correlation)).promoted for _ in range(SEARCHES)]
    # Of 8 searches, three promoted would happen to an honest gate of 5 % once in 170 times.
    assert np.mean(promoted) <= (0.05 if SEARCHES == 1000 else 0.25)


@pytest.mark.parametrize("correlation", [0.5, 0.9])
def test_variants_of_an_idea_with_a_sharpe_ratio_of_one_are_promoted(correlation: float) -> None:
    rng = np.random.default_rng(200)
    promoted = [judge(search(rng, 1.0, correlation=correlation)).promoted for _ in range(SEARCHES)]
    assert np.mean(promoted) >= 0.8


def test_one_that_is_skilled_is_found_among_those_that_are_not() -> None:
    """What no rule by Sharpe ratios can better: the chance that a ratio of 1.0 shows itself above the luckiest of 199."""
    rng = np.random.default_rng(400)
    promoted = []
    for _ in range(2 * SEARCHES):
        R = search(rng, 0.0, correlation=0.9)
        R[:, 0] += 0.01 / np.sqrt(252)
        verdict = judge(R)
        promoted.append(verdict.promoted and verdict.chosen == 0)
    assert np.mean(promoted) >= 0.6


def test_a_gain_of_one_stretch_is_no_gain_of_the_halves_without_it() -> None:
    r = 0.01 * np.random.default_rng(7).standard_normal(DAYS)
    r -= r.mean() + 3e-4
    r[1000:1050] += 0.05
    verdict = judge(r[:, None])
    assert verdict.by_luck <= 0.05
    assert [one.name for one in verdict.conditions if not one.holds] == ["lost_halves"]


def test_a_single_strategy_with_a_sharpe_ratio_of_one_is_promoted_and_one_without_is_not() -> None:
    rng = np.random.default_rng(300)
    count = max(10 * SEARCHES, 300)
    skill = np.mean([judge(search(rng, 1.0, variants=1)).promoted for _ in range(count)])
    noise = np.mean([judge(search(rng, 0.0, variants=1)).promoted for _ in range(count)])
    assert skill >= 0.85
    assert noise <= 0.075


def test_trials_whose_returns_are_not_at_hand_count_too() -> None:
    R = 0.01 * np.random.default_rng(1).standard_normal((DAYS, 5)) + 0.01 * 0.8 / np.sqrt(252)
    few, many = judge(R), judge(R, trials=5000)
    assert few.promoted
    assert not many.promoted
    assert many.expected_by_luck > few.expected_by_luck
    assert "as 5000 were tried" in many.reasons[0]


def test_skill_among_the_trials_does_not_raise_the_bar_for_itself() -> None:
    rng = np.random.default_rng(6)
    noise = search(rng, 0.0, variants=9)
    luck = judge(noise).expected_by_luck
    skilled = judge(np.column_stack([search(rng, 3.0, variants=1), noise]))
    assert skilled.promoted
    assert skilled.chosen == 0
    # Chance spreads ratios of ten years by sqrt(1/10) a year; the best of ten is 1.57 such spreads out.
    assert skilled.expected_by_luck == pytest.approx(1.57 * np.sqrt(0.1), rel=0.05)
    assert luck < 1.5 * skilled.expected_by_luck


def test_a_rejection_says_why_with_what_was_measured() -> None:
    found = judge(search(np.random.default_rng(2), 0.0, variants=50))
    assert not found.promoted
    assert [one.name for one in found.conditions] == ["history", "luck", "lost_halves"]
    assert found.reasons == tuple(one.sentence for one in found.conditions if not one.holds)
    assert found.track_record > DAYS


def test_dependence_through_time_makes_the_gate_more_careful() -> None:
    """Smoothed returns look steady: their ratio is over the bar of independent returns, and not over their own."""
    rng = np.random.default_rng(3)
    fooled = careful = 0
    for _ in range(200):
        e = 0.01 * rng.standard_normal(DAYS + 4)
        smooth = np.convolve(e, np.full(5, 0.2), mode="valid")
        verdict = judge(smooth[:, None])
        careful += verdict.promoted
        fooled += smooth.mean() / smooth.std() * np.sqrt(DAYS) > 1.645
    assert careful / 200 <= 0.11
    assert fooled / 200 >= 0.15


def test_a_short_history_is_named_as_a_reason() -> None:
    R = 0.01 * np.random.default_rng(4).standard_normal((60, 1)) + 0.01
    assert judge(R).reasons == ("60 returns out of sample; at least 120 are asked",)
    assert judge(R, gate=Gate(least_periods=60)).promoted


def test_a_strategy_in_cash_is_never_the_one_chosen() -> None:
    R = np.column_stack([np.zeros(DAYS), search(np.random.default_rng(5), 1.5, variants=1)[:, 0]])
    assert judge(R).chosen == 1


def test_what_cannot_be_judged_is_refused() -> None:
    with pytest.raises(InvalidValue, match="fewer than the 3 strategies"):
        judge(np.zeros((10, 3)), trials=2)
    with pytest.raises(DataError, match="no strategy has returns that vary"):
        judge(np.zeros((10, 3)))
    with pytest.raises(DataError, match="days without a return"):
        judge(np.full((10, 1), np.nan))
    with pytest.raises(InvalidValue, match="between 0 and 1"):
        Gate(confidence=95)
