"""From a pack to annual moments: cash, lookback, annualizing, scenarios, and what is refused."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from portopt.domain.errors import DataError, InvalidValue
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import EstimationChoice
from portopt.domain.universe import CASH, Universe
from portopt.estimation import COVARIANCE, EXPECTED_RETURNS, estimate, moments_from_returns
from portopt.estimation import moments as module

IDS = ("A", "B", "C")


def snapshot(T: int = 400) -> MarketSnapshot:
    rng = np.random.default_rng(0)
    prices = 30 * np.exp(np.cumsum(rng.normal(0.0003, 0.01, (T, 1)) + rng.normal(0, 0.008, (T, 3)), axis=0))
    dates = np.datetime64("2023-01-01") + np.arange(T)
    return MarketSnapshot("pack-0", date(2024, 2, 4), IDS, dates, prices, None, "test", "raw")


def test_the_estimate_of_a_pack_is_the_estimate_of_its_returns_in_the_universes_order():
    universe = Universe.of(["C", "A"])
    pack = snapshot()
    result = estimate(pack, universe, EstimationChoice(covariance="sample", lookback=100), 0.0)
    expected = pack.returns()[-100:, [2, 0]]
    np.testing.assert_allclose(result.mu, expected.mean(axis=0) * 252, rtol=1e-12)
    np.testing.assert_allclose(result.Sigma, np.cov(expected.T) * 252, rtol=1e-12)
    np.testing.assert_array_equal(result.observations, [100, 100])


@pytest.mark.parametrize("covariance", COVARIANCE)
@pytest.mark.parametrize("expected_returns", EXPECTED_RETURNS)
def test_cash_has_no_risk_and_earns_its_own_return_beside_any_estimator(covariance, expected_returns):
    universe = Universe.of([*IDS, CASH])
    choice = EstimationChoice(expected_returns, {}, covariance)
    with_cash = estimate(snapshot(), universe, choice, 0.03)
    without = estimate(snapshot(), Universe.of(IDS), choice, 0.03)
    assert with_cash.mu[3] == 0.03
    assert (with_cash.Sigma[3] == 0).all()
    assert (with_cash.Sigma[:, 3] == 0).all()
    np.testing.assert_array_equal(with_cash.mu[:3], without.mu)
    np.testing.assert_allclose(with_cash.Sigma[:3, :3], without.Sigma, rtol=1e-14)


def test_a_cash_return_of_its_own_wins_over_the_risk_free_rate():
    choice = EstimationChoice(cash_return=0.011)
    assert estimate(snapshot(), Universe.of([*IDS, CASH]), choice, 0.03).mu[3] == 0.011


def test_cash_alone_is_a_universe_too():
    result = moments_from_returns(Universe.of([CASH]), np.zeros((10, 1)), EstimationChoice(), 0.02)
    assert result.mu.tolist() == [0.02]
    assert result.Sigma.tolist() == [[0.0]]


def test_periods_a_year_scale_mean_and_covariance_alike_and_once():
    pack, universe = snapshot(), Universe.of(IDS)
    for name in COVARIANCE:
        daily = estimate(pack, universe, EstimationChoice(covariance=name, periods_per_year=1.0), 0.0)
        annual = estimate(pack, universe, EstimationChoice(covariance=name, periods_per_year=252.0), 0.0)
        np.testing.assert_allclose(annual.mu, 252 * daily.mu, rtol=1e-12)
        np.testing.assert_allclose(annual.Sigma, 252 * daily.Sigma, rtol=1e-12)


def test_scenarios_are_the_days_on_which_every_asset_has_a_return():
    X = snapshot().returns()
    X[:5, 1] = np.nan
    universe = Universe.of([*IDS, CASH])
    result = moments_from_returns(universe, np.column_stack([X, np.zeros(len(X))]), EstimationChoice(lookback=None), 0.0252)
    np.testing.assert_array_equal(result.scenarios[:, :3], X[5:])
    np.testing.assert_allclose(result.scenarios[:, 3], 0.0001)


def test_too_many_scenarios_are_left_out(monkeypatch):
    monkeypatch.setattr(module, "MOST_SCENARIO_CELLS", 100)
    assert estimate(snapshot(), Universe.of(IDS), EstimationChoice(), 0.0).scenarios is None


def test_assets_without_prices_in_the_pack_are_named():
    with pytest.raises(DataError, match="pack-0 has no prices of X, Y"):
        estimate(snapshot(), Universe.of(["A", "X", "Y", CASH]), EstimationChoice(), 0.0)


@pytest.mark.parametrize("bad", [np.inf, -1.5])
def test_a_return_no_price_can_give_is_named(bad):
    X = snapshot().returns()
    X[7, 1] = bad
    with pytest.raises(DataError, match=f"returns that no price can give: B, first B with {bad:g} in row 7"):
        moments_from_returns(Universe.of(IDS), X, EstimationChoice(lookback=None), 0.0)


def test_returns_of_another_width_than_the_universe_are_refused():
    with pytest.raises(DataError, match=r"\(399, 3\) for 2 assets"):
        moments_from_returns(Universe.of("AB"), snapshot().returns(), EstimationChoice(), 0.0)


@pytest.mark.parametrize(("field", "value"), [("lookback", 1), ("min_observations", 1), ("periods_per_year", 0.0)])
def test_choices_out_of_range_are_named(field, value):
    with pytest.raises(InvalidValue) as caught:
        estimate(snapshot(), Universe.of(IDS), EstimationChoice(**{field: value}), 0.0)
    assert caught.value.field == f"estimation.{field}"


def test_the_same_pack_gives_the_same_bytes():
    first, second = (
        estimate(snapshot(), Universe.of(IDS), EstimationChoice("bayes_stein", {}, "factor"), 0.0) for _ in range(2)
    )
    assert first.mu.tobytes() == second.mu.tobytes()
    assert first.Sigma.tobytes() == second.Sigma.tobytes()
