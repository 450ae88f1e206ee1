"""Black-Litterman: the limits of confidence, excess against absolute returns, the factor form, the library, the refusals."""

from __future__ import annotations

import numpy as np
import pytest

from portopt.domain.errors import DataError, InvalidValue, MissingInput, PortoptError, UnknownField
from portopt.domain.moments import Covariance, Moments
from portopt.domain.request import EstimationChoice
from portopt.domain.universe import CASH, Universe
from portopt.estimation import moments_from_returns
from portopt.estimation.views import apply_views, views_applied

IDS = [*"ABCDE"]


def moments(cash: bool = False, factors: bool = False, n: int = 5, seed: int = 0) -> Moments:
    rng = np.random.default_rng(seed)
    F, Omega, D = rng.normal(1, 0.4, (n, 2)), np.array([[0.03, 0.01], [0.01, 0.02]]), rng.uniform(0.01, 0.05, n)
    covariance = Covariance(F=F, Omega=Omega, D=D)
    covariance = covariance if factors else Covariance(Sigma=covariance.dense())
    ids = IDS if n == 5 else [f"A{i}" for i in range(n)]
    mu = rng.normal(0.08, 0.03, n)
    if not cash:
        return Moments(Universe.of(ids), mu, covariance)
    return Moments(Universe.of([*ids, CASH]), np.append(mu, 0.02), covariance.embedded(n + 1, np.arange(n)))


def after(base: Moments, views: list, rf: float = 0.02, **doc) -> Moments:
    return apply_views(base, EstimationChoice(views={"risk_aversion": 2.5, "views": views, **doc}), rf)


def test_without_views_the_moments_are_the_same_object():
    base = moments()
    assert apply_views(base, EstimationChoice(), 0.02) is base


@pytest.mark.parametrize("cash", [True, False])
@pytest.mark.parametrize("factors", [True, False])
def test_a_view_of_no_confidence_gives_the_prior_to_the_last_bit(cash, factors):
    base = moments(cash, factors)
    none = after(base, [])
    said = after(base, [{"assets": {"A": 1}, "return": 0.5, "confidence": 0}])
    assert np.array_equal(said.mu, none.mu)
    assert np.array_equal(said.Sigma, none.Sigma)
    estimate = after(base, [{"assets": {"A": 1}, "return": 0.5, "confidence": 0}], prior="estimate", posterior_covariance=False)
    np.testing.assert_allclose(estimate.mu, base.mu, rtol=0, atol=1e-16)
    assert estimate.covariance is base.covariance


@pytest.mark.parametrize("factors", [True, False])
def test_certain_views_hold_exactly_and_the_rest_of_the_uncertainty_stays(factors):
    base = moments(cash=True, factors=factors)
    views = [
        {"assets": {"A": 1}, "return": 0.11, "confidence": 1},
        {"assets": {"B": 1, "C": -1}, "return": 0.03, "confidence": 1},
        {"assets": {"D": 1}, "return": 0.20, "confidence": 0.3},
    ]
    result = after(base, views, tau=0.1)
    assert result.mu[0] == pytest.approx(0.11, abs=1e-15)
    assert result.mu[1] - result.mu[2] == pytest.approx(0.03, abs=1e-15)
    a, bc = np.array([1, 0, 0, 0, 0, 0.0]), np.array([0, 1, -1, 0, 0, 0.0])
    for certain in (a, bc):  # the mean of a certain view has no variance left: only the returns' own remains
        assert result.covariance.variance(certain) == pytest.approx(base.covariance.variance(certain), rel=1e-12)
    assert result.mu[-1] == 0.02


def test_the_posterior_is_the_textbooks_with_inverses():
    base = moments()
    P = np.array([[1.0, 0, 0, 0, 0], [0, 0.5, 0.5, -1, 0]])
    omega = np.array([[0.002, 0.0005], [0.0005, 0.001]])
    views = [{"assets": {"A": 1}, "return": 0.12}, {"assets": {"B": 0.5, "C": 0.5, "D": -1}, "return": 0.01}]
    result = after(base, views, omega=omega.tolist(), tau=0.07)
    pi = 2.5 * base.Sigma @ np.full(5, 0.2)
    precision = np.linalg.inv(0.07 * base.Sigma) + P.T @ np.linalg.inv(omega) @ P
    q = np.array([0.12 - 0.02, 0.01])
    mean = np.linalg.solve(precision, np.linalg.solve(0.07 * base.Sigma, pi) + P.T @ np.linalg.solve(omega, q))
    np.testing.assert_allclose(result.mu, mean + 0.02, rtol=1e-10)
    np.testing.assert_allclose(result.Sigma, base.Sigma + np.linalg.inv(precision), rtol=1e-9)


@pytest.mark.parametrize("n", [5, 40])
def test_the_factor_form_gives_the_dense_answer_and_stays_small(n):
    dense, factors = moments(n=n), moments(factors=True, n=n)
    first, second = dense.universe.ids[0], dense.universe.ids[3]
    views = [
        {"assets": {first: 1}, "return": 0.15, "confidence": 0.7},
        {"assets": {first: 1, second: -1}, "return": 0.01, "confidence": 1},
    ]
    one, other = after(dense, views), after(factors, views)
    np.testing.assert_allclose(one.mu, other.mu, rtol=1e-12)
    np.testing.assert_allclose(one.Sigma, other.Sigma, rtol=0, atol=1e-14)
    assert other.covariance.is_factor_form == (n == 40)
    if n == 40:
        F, Omega, D = other.covariance.factors()
        assert F.shape == (40, 4)  # two factors and the two assets that views name
        assert np.linalg.eigvalsh(Omega)[0] > -1e-16
        assert D.min() > 0


def test_excess_and_absolute_views_are_the_same_view_said_differently():
    base = moments(cash=True)
    absolute = after(base, [{"assets": {"A": 1}, "return": 0.10}, {"assets": {"B": 1, "C": -1}, "return": 0.02}], rf=0.03)
    excess = after(
        base,
        [{"assets": {"A": 1}, "return": 0.07}, {"assets": {"B": 1, "C": -1}, "return": 0.02}],
        rf=0.03,
        returns_are="excess",
    )
    over_cash = after(
        base, [{"assets": {"A": 1, CASH: -1}, "return": 0.07}, {"assets": {"B": 1, "C": -1}, "return": 0.02}], rf=0.03
    )
    np.testing.assert_allclose(absolute.mu, excess.mu, rtol=1e-13)
    np.testing.assert_allclose(absolute.mu, over_cash.mu, rtol=1e-13)


def test_the_risk_aversion_follows_from_the_markets_premium():
    base = moments(cash=True)
    market = np.array([0.5, 0.2, 0.1, 0.1, 0.1, 0.0])
    result, facts = views_applied(base, EstimationChoice(views={"views": []}), 0.02, market)
    premium, variance = market @ base.mu - 0.02, market @ base.Sigma @ market
    assert facts["risk_aversion"] == pytest.approx(premium / variance, rel=1e-12)
    assert market @ result.mu == pytest.approx(market @ base.mu, rel=1e-12)


def test_what_was_done_is_told_as_plain_data():
    import json

    view = {"assets": {"A": 1, "B": -0.5}, "return": 0.1, "confidence": 0}
    choice = EstimationChoice(views={"risk_aversion": 2.5, "views": [view]})
    result, facts = views_applied(moments(), choice, 0.02)
    assert json.loads(json.dumps(facts)) == facts
    assert facts["tau"] == 0.05
    assert facts["views"][0]["view"] == "A − 0.5 B"
    assert facts["views"][0]["variance"] is None
    assert "tau 0.05" in result.expected_return_method


@pytest.mark.parametrize("method", ["proportional", "idzorek", "given"])
def test_pyportfolioopt_agrees(method):
    pd = pytest.importorskip("pandas")
    from pypfopt import BlackLittermanModel

    base = moments()
    P = np.array([[1.0, 0, 0, 0, 0], [0, 1, -1, 0, 0], [0, 0, 0, 0.5, 0.5]])
    Q, confidence, variance = np.array([0.12, 0.02, 0.05]), [0.2, 0.9, 1.0], [0.001, 0.002, 0.0005]
    pi = 2.5 * base.Sigma @ np.full(5, 0.2)
    extra = {"idzorek": {"omega": "idzorek", "view_confidences": confidence}, "given": {"omega": np.diag(variance)}}.get(
        method, {}
    )
    theirs = BlackLittermanModel(
        pd.DataFrame(base.Sigma, IDS, IDS), pi=pd.Series(pi, IDS), P=P, Q=Q, tau=0.05, risk_aversion=2.5, **extra
    )
    views = [
        {"assets": {IDS[i]: float(p[i]) for i in np.flatnonzero(p)}, "return": float(q)} for p, q in zip(P, Q, strict=True)
    ]
    for k, view in enumerate(views):
        view |= {"idzorek": {"confidence": confidence[k]}, "given": {"variance": variance[k]}}.get(method, {})
    ours = after(base, views, rf=0.0, tau=0.05)
    np.testing.assert_allclose(ours.mu, theirs.bl_returns().to_numpy(), rtol=1e-9)
    np.testing.assert_allclose(ours.Sigma, theirs.bl_cov().to_numpy(), rtol=1e-9)


def test_views_reach_moments_that_are_estimated_from_returns():
    X = np.random.default_rng(3).normal(0.0005, 0.01, (300, 5))
    plain = EstimationChoice(lookback=None)
    views = {"prior": "estimate", "views": [{"assets": {"C": 1}, "return": 0.3, "confidence": 1}]}
    base = moments_from_returns(Universe.of(IDS), X, plain, 0.02)
    said = moments_from_returns(Universe.of(IDS), X, EstimationChoice(lookback=None, views=views), 0.02)
    assert said.mu[2] == pytest.approx(0.3, abs=1e-15)
    assert not np.allclose(said.mu[:2], base.mu[:2])


@pytest.mark.parametrize(
    ("doc", "error", "match"),
    [
        ({"method": "black-litterman"}, InvalidValue, "must be one of black_litterman, entropy_pooling"),
        ({"taw": 1}, UnknownField, "did you mean 'tau'"),
        ({"tau": 0}, InvalidValue, "tau"),
        ({"prior": "none"}, InvalidValue, "equilibrium, estimate"),
        ({"views": [{"assets": {"A": 1}}]}, MissingInput, r"views\[0\].return"),
        ({"views": [{"assets": {"Z": 1}, "return": 0.1}]}, UnknownField, r"views\[0\].assets"),
        ({"views": [{"assets": {"A": 0}, "return": 0.1}]}, InvalidValue, "no risky asset"),
        ({"views": [{"assets": {"A": 1}, "return": 0.1, "confidence": 1.5}]}, InvalidValue, "between 0 and 1"),
        ({"views": [{"assets": {"A": 1}, "return": 0.1, "confidence": 0.5, "variance": 1}]}, InvalidValue, "not both"),
        ({"views": [{"assets": {"A": 1}, "return": 0.1}], "omega": [[1, 0], [0, 1]]}, InvalidValue, "one row per view"),
        ({"views": "A up"}, InvalidValue, "compares nothing"),
        ({"market_weights": {"A": -1}}, InvalidValue, "between 0"),
    ],
)
def test_a_view_that_means_nothing_is_refused_by_its_path(doc, error, match):
    with pytest.raises(error, match=match):
        apply_views(moments(), EstimationChoice(views={"risk_aversion": 2.5, **doc}), 0.02)


@pytest.mark.parametrize("second", [0.1, 0.2])
def test_two_certain_views_of_one_thing_are_named(second):
    views = [{"assets": {"A": 1}, "return": 0.1, "confidence": 1}, {"assets": {"A": 2}, "return": second, "confidence": 1}]
    with pytest.raises(InvalidValue, match=r"views\[1\].*repeats or contradicts"):
        after(moments(), views)


def test_a_market_without_a_premium_asks_for_a_risk_aversion():
    base = moments()
    poor = Moments(base.universe, np.full(5, -0.1), base.covariance)
    with pytest.raises(DataError, match="premium") as caught:
        apply_views(poor, EstimationChoice(views={"views": []}), 0.02)
    assert isinstance(caught.value, PortoptError)
    assert any("risk_aversion" in fix for fix in caught.value.fixes)
