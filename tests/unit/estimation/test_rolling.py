"""Moments carried from day to day are the ones estimated afresh."""

from __future__ import annotations

import numpy as np
import pytest

from portopt.domain.arrays import Matrix
from portopt.domain.request import EstimationChoice
from portopt.domain.universe import Asset, Universe
from portopt.estimation import moments_from_returns
from portopt.estimation.rolling import COVARIANCES, MEANS, Rolling, why_not

N = 12
UNIVERSE = Universe(tuple(Asset(f"A{i}") for i in range(N)))
MARKET = np.full(N, 1.0 / N)


def _returns(T: int = 260) -> Matrix:
    rng = np.random.default_rng(2)
    return np.asarray(0.0005 + rng.normal(0.0, 0.01, (T, 1)) + rng.normal(0.0, 0.015, (T, N)))


@pytest.mark.parametrize("lookback", [90, None])
@pytest.mark.parametrize(("mean", "covariance"), [*((m, "ledoit_wolf") for m in MEANS), *(("ewma", c) for c in COVARIANCES)])
def test_every_day_is_what_an_estimate_of_its_own_says(mean: str, covariance: str, lookback: int | None) -> None:
    X, choice = _returns(), EstimationChoice(expected_returns=mean, covariance=covariance, lookback=lookback)
    rolling = Rolling(choice)
    for row in range(80, 150):  # over three months, and a window that fills up on the way
        found = rolling.at(row, lambda first, last: X[first:last])
        mu = 252.0 * rolling.finished(found, MARKET, 0.02, 252.0)
        if row % 9 == 0:
            fresh = moments_from_returns(UNIVERSE, X[: row + 1], choice, 0.02)
            size = float(np.abs(fresh.Sigma).max())
            assert np.abs(252.0 * found.Sigma - fresh.Sigma).max() < 1e-12 * size
            assert np.abs(mu - fresh.mu).max() < 1e-12 * max(1.0, float(np.abs(fresh.mu).max()))


def test_a_day_is_the_same_to_the_last_bit_whoever_began_where() -> None:
    X, choice = _returns(), EstimationChoice(lookback=90)
    walked, jumped = Rolling(choice), Rolling(choice)
    for row in range(100, 140):
        here = walked.at(row, lambda first, last: X[first:last])
    there = jumped.at(139, lambda first, last: X[first:last])
    back = walked.at(120, lambda first, last: X[first:last])
    assert np.array_equal(here.Sigma, there.Sigma)
    assert np.array_equal(here.mean, there.mean)
    assert np.array_equal(back.Sigma, Rolling(choice).at(120, lambda first, last: X[first:last]).Sigma)


def test_rounding_does_not_gather() -> None:
    X = _returns(3000)
    X[1500] = 5.0  # one day as large as a thousand others leaves nothing behind when it goes
    rolling, choice = (
        Rolling(EstimationChoice(covariance="sample", lookback=90)),
        EstimationChoice(covariance="sample", lookback=90),
    )
    for row in range(1400, 1700):
        found = rolling.at(row, lambda first, last: X[first:last])
    fresh = moments_from_returns(UNIVERSE, X[:1700], choice, 0.02)
    assert np.abs(252.0 * found.Sigma - fresh.Sigma).max() < 1e-12 * float(np.abs(fresh.Sigma).max())


def test_what_cannot_be_carried_says_so() -> None:
    assert why_not(EstimationChoice()) is None
    assert "gerber" in str(why_not(EstimationChoice(covariance="gerber")))
    assert "views" in str(why_not(EstimationChoice(views={"method": "black_litterman"})))
    assert "ledoit_wolf" in str(why_not(EstimationChoice(covariance_options={"target": "single_factor"})))
