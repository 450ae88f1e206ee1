"""How well the best of many does by luck: held against closed forms, a loop written out, and histories that are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from portopt.domain.errors import DataError
from portopt.judgement.best_of_many import ByLuck, by_luck
from portopt.judgement.bootstrap import block_length, resamples

DAYS = 1260


def noise(seed: int, columns: int, correlation: float = 0.0, days: int = DAYS) -> np.ndarray:
    rng = np.random.default_rng(seed)
    common, own = rng.standard_normal((days, 1)), rng.standard_normal((days, columns))
    return 0.01 * (math.sqrt(correlation) * common + math.sqrt(1.0 - correlation) * own)


def test_the_best_of_independent_trials_is_the_largest_of_as_many_normals() -> None:
    R = noise(1, 50)
    R -= R.mean(axis=0)
    found = by_luck(R[:, 1:], R[:, 0], draws=4000)
    assert found.trials == 50
    for q in (0.5, 0.9, 0.95):
        assert np.quantile(found.scores, q) == pytest.approx(norm.ppf(q ** (1.0 / 50.0)), abs=0.06)


def test_the_best_of_trials_that_are_one_is_one_normal() -> None:
    r = noise(2, 1)
    found = by_luck(np.repeat(r, 30, axis=1), r[:, 0], draws=4000)
    for q in (0.5, 0.9, 0.95):
        assert np.quantile(found.scores, q) == pytest.approx(norm.ppf(q), abs=0.06)


def test_it_is_a_loop_over_histories_that_might_have_been() -> None:
    R = noise(3, 6, 0.4, 200) ** 3 * 1e4
    R = R - R.mean(axis=0) * 1.01
    judged = R[:, 0]
    block = math.ceil(block_length(judged))
    draws = np.concatenate(list(resamples(200, block, 80, 9)))
    table = []
    for rows in draws:
        scores = []
        for k in (1, 2, 3, 4, 5, 0):
            x = R[:, k] - R[:, k].mean()
            drawn = x[rows]
            sr = drawn.mean() / drawn.std()
            g3, g4 = (x**3).mean() / x.std() ** 3, (x**4).mean() / x.std() ** 4
            scores.append(sr / math.sqrt(1.0 - g3 * sr + (g4 - 1.0) / 4.0 * sr * sr))
        table.append(scores)
    z = np.array(table)
    z /= np.sqrt((z**2).mean(axis=0))
    np.testing.assert_allclose(by_luck(R[:, 1:], judged, draws=80, seed=9).scores, np.sort(z.max(axis=1)), rtol=1e-9)


def test_the_probability_is_the_upper_end_of_what_the_draws_can_tell() -> None:
    found = ByLuck(np.arange(1.0, 101.0) / 40.0, 7, 1.0)
    q = (1.0 + 6.0) / 101.0  # the scores from 95/40 on
    assert found.probability(95.0 / 40.0) == pytest.approx(q + 1.645 * math.sqrt(q * (1.0 - q) / 100.0))
    assert found.probability(-1.0) == 1.0


def test_no_draws_make_it_less_likely_than_for_a_single_trial() -> None:
    found = by_luck(noise(4, 20)[:, 1:], noise(4, 20)[:, 0], draws=200)
    assert found.probability(2.0) > norm.sf(2.0)
    assert found.probability(9.0) >= norm.sf(9.0)


def test_a_single_trial_is_judged_by_the_normal_and_those_unseen_as_independent_of_it() -> None:
    r = noise(5, 1)[:, 0]
    alone = by_luck(np.empty((DAYS, 0)), r)
    assert alone.trials == 1
    assert alone.probability(1.7) == pytest.approx(norm.sf(1.7))
    assert alone.probability(1.7, 9) == pytest.approx(1.0 - norm.cdf(1.7) ** 10)
    assert alone.probability(4.0, 5000) == pytest.approx(1.0 - norm.cdf(4.0) ** 5001, rel=1e-6)


def test_what_loses_beyond_chance_and_what_stands_still_raise_no_bar() -> None:
    R = noise(6, 40)
    hopeless = R - R.mean(axis=0) - 3.0 * R.std(axis=0) / math.sqrt(DAYS)
    r = noise(7, 1)[:, 0]
    assert by_luck(hopeless, r).trials == 1
    assert by_luck(np.zeros((DAYS, 5)), r).trials == 1
    assert by_luck(R - R.mean(axis=0), r).trials == 41


def test_neither_the_scale_of_a_trial_nor_the_order_of_them_matters() -> None:
    R, r = noise(8, 12, 0.3), noise(9, 1)[:, 0]
    plain = by_luck(R, r, draws=100).scores
    np.testing.assert_allclose(by_luck(R * np.logspace(-3, 3, 12), r * 7.0, draws=100).scores, plain, rtol=1e-9)
    np.testing.assert_allclose(by_luck(R[:, ::-1], r, draws=100).scores, plain, rtol=1e-9)


def test_the_same_seed_gives_the_same_draws_and_too_short_a_history_is_refused() -> None:
    R, r = noise(10, 5), noise(11, 1)[:, 0]
    np.testing.assert_array_equal(by_luck(R, r, draws=50).scores, by_luck(R, r, draws=50).scores)
    assert not np.array_equal(by_luck(R, r, draws=50).scores, by_luck(R, r, draws=50, seed=2).scores)
    with pytest.raises(DataError, match="too few to be resampled"):
        by_luck(R[:7], r[:7])
