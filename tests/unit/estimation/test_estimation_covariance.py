"""Covariances against scikit-learn, NumPy and pandas, and the factor form against the dense one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.covariance import OAS, EmpiricalCovariance, LedoitWolf

from portopt.domain.errors import InvalidValue, UnknownField
from portopt.domain.moments import Covariance
from portopt.domain.request import EstimationChoice
from portopt.domain.universe import Universe
from portopt.estimation import COVARIANCE, moments_from_returns
from portopt.estimation.covariance.ewma import ewma
from portopt.estimation.covariance.factor import factor
from portopt.estimation.covariance.ledoit_wolf import ledoit_wolf
from portopt.estimation.covariance.oas import oas
from portopt.estimation.covariance.sample import sample

SHAPES = [(250, 12), (60, 60), (30, 80), (5, 3), (400, 1)]


def returns(T: int, n: int, seed: int = 0) -> np.ndarray:
    """One common factor and own noise, with means; a few days of fat tails."""
    rng = np.random.default_rng(seed)
    X = rng.normal(0, 0.01, (T, 1)) * rng.uniform(0.5, 1.5, n) + rng.standard_t(4, (T, n)) * rng.uniform(0.005, 0.02, n)
    return X + rng.normal(0.0005, 0.0005, n)


@pytest.mark.parametrize(("T", "n"), SHAPES)
def test_ledoit_wolf_is_scikit_learns(T, n):
    X = returns(T, n)
    np.testing.assert_allclose(ledoit_wolf(X).dense(), LedoitWolf().fit(X).covariance_, rtol=1e-10, atol=1e-18)


@pytest.mark.parametrize(("T", "n"), SHAPES)
def test_oracle_approximating_shrinkage_is_scikit_learns(T, n):
    X = returns(T, n)
    np.testing.assert_allclose(oas(X).dense(), OAS().fit(X).covariance_, rtol=1e-10, atol=1e-18)


@pytest.mark.parametrize(("T", "n"), [(250, 12), (30, 80)])
@pytest.mark.parametrize(("ours", "theirs"), [(ledoit_wolf, LedoitWolf), (oas, OAS)])
def test_the_shrinkage_read_off_the_matrix_is_the_published_intensity(T, n, ours, theirs):
    X = returns(T, n)
    S = EmpiricalCovariance().fit(X).covariance_
    Sigma = ours(X).dense()
    off = ~np.eye(n, dtype=bool)
    rho = 1.0 - float(Sigma[off] @ S[off] / (S[off] @ S[off]))
    assert rho == pytest.approx(theirs().fit(X).shrinkage_, rel=1e-9)


@pytest.mark.parametrize(("T", "n"), [(250, 12), (60, 60), (30, 80)])
def test_the_sample_covariance_is_numpys(T, n):
    X = returns(T, n)
    np.testing.assert_allclose(sample(X).dense(), np.cov(X.T), rtol=1e-10, atol=1e-18)


@pytest.mark.parametrize(("T", "n"), [(250, 6), (12, 30)])
@pytest.mark.parametrize("half_life", [5.0, 63.0])
def test_the_exponentially_weighted_covariance_is_pandas(T, n, half_life):
    X = returns(T, n)
    expected = pd.DataFrame(X).ewm(halflife=half_life).cov().loc[T - 1].to_numpy()
    np.testing.assert_allclose(ewma(X, half_life).dense(), expected, rtol=1e-9, atol=1e-18)


def test_few_observations_of_many_assets_stay_in_factor_form_and_never_become_n_by_n():
    X = returns(30, 80)
    for estimate in (sample, ledoit_wolf, oas, lambda X: ewma(X, 20.0), lambda X: factor(X, None)):
        covariance = estimate(X)
        assert covariance.is_factor_form
        assert covariance.factors()[0].shape[0] == 80


@pytest.mark.parametrize(("T", "n"), [(250, 12), (30, 80)])
def test_the_factor_model_keeps_every_variance_and_the_leading_correlation_components(T, n):
    X = returns(T, n)
    covariance = factor(X, 2)
    S = np.cov(X.T)
    np.testing.assert_allclose(covariance.diagonal(), np.diag(S), rtol=1e-10)
    values, vectors = np.linalg.eigh(np.corrcoef(X.T))
    s = np.sqrt(np.diag(S))
    common = (vectors[:, -2:] * values[-2:]) @ vectors[:, -2:].T * np.outer(s, s)
    F, Omega, _ = covariance.factors()
    np.testing.assert_allclose(F @ Omega @ F.T, common, rtol=1e-8, atol=1e-14)


def test_all_factors_give_back_the_sample_covariance():
    X = returns(250, 12)
    np.testing.assert_allclose(factor(X, 12).dense(), np.cov(X.T), rtol=1e-9, atol=1e-16)


def test_the_number_of_factors_is_the_number_in_the_data():
    rng = np.random.default_rng(5)
    X = rng.normal(0, 0.01, (1000, 3)) @ rng.normal(0, 1, (3, 100)) + rng.normal(0, 0.01, (1000, 100))
    assert factor(X, None).factors()[0].shape == (100, 3)


def test_pure_noise_gets_one_factor_not_none():
    assert factor(np.random.default_rng(0).normal(0, 0.01, (2000, 5)), None).factors()[0].shape[1] >= 1


def test_an_asset_that_never_moves_has_no_variance_in_any_estimator_that_does_not_shrink():
    X = returns(100, 4)
    X[:, 2] = 0.0
    for name in ("sample", "ewma", "factor"):
        options = {option: entry.default for option, entry in COVARIANCE[name].options.items()}
        assert COVARIANCE[name].estimate(X, **options).dense()[2] == pytest.approx(np.zeros(4))


@pytest.mark.parametrize("dense", [True, False])
def test_the_variances_of_a_covariance_are_its_dense_diagonal(dense):
    rng = np.random.default_rng(1)
    F, root = rng.normal(size=(7, 3)), rng.normal(size=(3, 3))
    covariance = Covariance(F=F, Omega=root @ root.T if dense else np.diag([1.0, 2.0, 3.0]), D=np.ones(7))
    np.testing.assert_allclose(covariance.diagonal(), np.diag(covariance.dense()), rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"halflife": 10}, UnknownField, "did you mean 'half_life'"),
        ({"half_life": 0.5}, InvalidValue, "must lie between 1 and inf"),
        ({"half_life": "long"}, InvalidValue, "must be a number"),
    ],
)
def test_options_are_checked_by_name_and_range(options, error, match):
    choice = EstimationChoice(covariance="ewma", covariance_options=options)
    with pytest.raises(error, match=match) as caught:
        moments_from_returns(Universe.of("ABC"), returns(100, 3), choice, 0.0)
    assert caught.value.field.startswith("estimation.covariance_options.half")


def test_a_fractional_number_of_factors_is_refused():
    choice = EstimationChoice(covariance="factor", covariance_options={"factors": 2.5})
    with pytest.raises(InvalidValue, match="whole number"):
        moments_from_returns(Universe.of("ABC"), returns(100, 3), choice, 0.0)


def test_an_estimator_nobody_knows_is_answered_with_the_nearest():
    with pytest.raises(InvalidValue, match="known: sample, ewma, ledoit_wolf, oas, factor") as caught:
        moments_from_returns(Universe.of("ABC"), returns(100, 3), EstimationChoice(covariance="ledoit-wolf"), 0.0)
    assert caught.value.fixes == ("use 'ledoit_wolf'",)
