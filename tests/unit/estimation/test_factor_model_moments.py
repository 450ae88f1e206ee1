"""A factor model on its way into the moments: covariance, expected returns, exposures, cash and assets without a history."""

from __future__ import annotations

import numpy as np
import pytest

from portopt.domain.errors import MissingInput, UnknownField
from portopt.domain.exposures import exposures_of
from portopt.domain.factor_returns import FactorReturns
from portopt.domain.request import EstimationChoice
from portopt.domain.universe import CASH, Asset, Universe
from portopt.estimation import moments_from_returns

IDS = ("AAA", "BBB", "CCC", "DDD")


def data(T: int = 200):
    rng = np.random.default_rng(11)
    F = 0.0003 + 0.01 * rng.normal(size=(T, 2))
    R = F @ rng.normal(1.0, 0.4, size=(2, 4)) + 0.01 * rng.normal(size=(T, 4))
    return R, FactorReturns(("MKT", "VAL"), F)


def choice(**given) -> EstimationChoice:
    return EstimationChoice(**{"covariance": "factor_model", "factors": {"method": "time_series"}, **given})


def universe(*, cash: bool = False) -> Universe:
    assets = tuple(Asset(i, attributes={"beta": 1.0 + k}) for k, i in enumerate(IDS))
    return Universe((*assets, Asset(CASH)) if cash else assets)


def test_the_covariance_is_the_models_to_the_last_bit_and_cash_is_exposed_to_nothing():
    R, factors = data()
    with_cash = np.column_stack([R, np.zeros(len(R))])
    moments = moments_from_returns(universe(cash=True), with_cash, choice(), 0.02, factor_returns=factors)
    model = moments.factor_model
    F, Omega, D = moments.covariance.factors()
    np.testing.assert_array_equal(model.B, F)
    np.testing.assert_array_equal(model.Omega, Omega)
    np.testing.assert_array_equal(model.D, D)
    assert model.B[-1].tolist() == [0.0, 0.0]
    assert D[-1] == 0.0
    np.testing.assert_allclose(np.diag(moments.Sigma)[:4], R.var(axis=0, ddof=1) * 252, rtol=1e-12)
    assert moments.covariance_method == "factor_model"


def test_expected_returns_are_the_risk_free_rate_and_what_the_factors_pay():
    R, factors = data()
    asked = choice(expected_returns="factor_model", factors={"premia": {"MKT": 0.05}})
    moments = moments_from_returns(universe(), R, asked, 0.02, factor_returns=factors)
    model = moments.factor_model
    np.testing.assert_allclose(moments.mu, 0.02 + 0.05 * model.B[:, 0] + model.premia[1] * model.B[:, 1], rtol=1e-12)
    kept = choice(expected_returns="factor_model", factors={"alpha_kept": 1.0})
    moments = moments_from_returns(universe(), R, kept, 0.02, factor_returns=factors)
    np.testing.assert_allclose(moments.mu, R.mean(axis=0) * 252, rtol=1e-10)
    wrong = choice(expected_returns="factor_model", factors={"premia": {"MKTT": 0.05}})
    with pytest.raises(UnknownField, match="did you mean 'MKT'"):
        moments_from_returns(universe(), R, wrong, 0.02, factor_returns=factors)


def test_a_model_may_stand_beside_another_covariance():
    R, factors = data()
    beside = moments_from_returns(universe(), R, choice(covariance="ledoit_wolf"), 0.0, factor_returns=factors)
    plain = moments_from_returns(universe(), R, EstimationChoice(), 0.0)
    np.testing.assert_array_equal(beside.Sigma, plain.Sigma)
    assert beside.factor_model.names == ("MKT", "VAL")
    assert plain.factor_model is None


def test_views_keep_the_model_beside_them():
    R, factors = data()
    views = {"views": [{"assets": {"AAA": 1.0}, "return": 0.1, "confidence": 0.5}]}
    moments = moments_from_returns(universe(), R, choice(views=views), 0.0, factor_returns=factors)
    assert moments.factor_model is not None


def test_a_frozen_asset_without_a_history_has_the_average_exposures():
    R, factors = data()
    R[:, 3] = np.nan
    assets = (*universe().assets[:3], Asset("DDD", tradable=False))
    moments = moments_from_returns(Universe(assets), R, choice(), 0.0, factor_returns=factors)
    model = moments.factor_model
    np.testing.assert_allclose(model.B[3], model.B[:3].mean(axis=0), rtol=1e-12)
    assert np.isnan(model.B_se[3]).all()
    np.testing.assert_array_equal(model.D, moments.covariance.factors()[2])


def test_a_late_starter_has_its_mean_filled_by_the_others():
    R, factors = data()
    R[:80, 1] = np.nan
    moments = moments_from_returns(universe(), R, choice(), 0.0, factor_returns=factors)
    assert moments.covariance_method == "factor_model (missing returns filled by factors)"
    assert np.isfinite(moments.mu).all()


@pytest.mark.parametrize("name", ["expected_returns", "covariance"])
def test_the_estimator_without_a_described_model_finds_its_factors_in_the_returns(name):
    R, _ = data()
    bare = moments_from_returns(universe(), R, EstimationChoice(**{name: "factor_model"}), 0.01)
    said = EstimationChoice(**{name: "factor_model", "factors": {"method": "statistical"}})
    described = moments_from_returns(universe(), R, said, 0.01)
    assert bare.factor_model.method == "statistical (principal_components)"
    np.testing.assert_array_equal(bare.mu, described.mu)
    np.testing.assert_array_equal(bare.Sigma, described.Sigma)


def test_a_time_series_model_without_factor_returns_is_refused():
    R, _ = data()
    with pytest.raises(MissingInput, match="needs factor returns"):
        moments_from_returns(universe(), R, choice(), 0.0)


def test_exposures_are_attributes_and_factors_by_name():
    R, factors = data()
    model = moments_from_returns(universe(), R, choice(), 0.0, factor_returns=factors).factor_model
    found = exposures_of(universe(), model)
    assert set(found) == {"beta", "MKT", "VAL"}
    np.testing.assert_array_equal(found["beta"], [1.0, 2.0, 3.0, 4.0])
    np.testing.assert_array_equal(found["VAL"], model.B[:, 1])
    standardized = choice(factors={"method": "cross_sectional", "exposures": ["beta"]})
    model = moments_from_returns(universe(), R, standardized, 0.0).factor_model
    found = exposures_of(universe(), model)
    np.testing.assert_array_equal(found["beta"], [1.0, 2.0, 3.0, 4.0])
    np.testing.assert_array_equal(found["factor beta"], model.B[:, 1])
