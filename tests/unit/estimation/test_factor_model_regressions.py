"""Factor models against numpy, statsmodels' published formulas by hand, closed forms and identities."""

from __future__ import annotations

import numpy as np
import pytest

from portopt.domain.errors import DataError, InvalidValue, MissingInput, UnknownField
from portopt.domain.factor_returns import FactorReturns
from portopt.domain.universe import Asset, Universe
from portopt.estimation.factor_models import cross_sectional, factor_model, read_choice, statistical, time_series
from portopt.estimation.factor_models.regression import automatic_lags
from portopt.estimation.factor_models.shrinkage import Shrinkage, market_column, shrunk
from portopt.estimation.factor_models.statistical import number_of_factors

NAMES = ("MKT", "SMB", "HML")


def market(T: int = 400, n: int = 12, K: int = 3, seed: int = 1):
    """Factors with means and some persistence, betas near one, noise whose size moves with the first factor."""
    rng = np.random.default_rng(seed)
    F = 0.0004 + 0.008 * rng.standard_normal((T, K))
    F[1:] += 0.2 * F[:-1]
    B = np.column_stack([rng.uniform(0.5, 1.5, n), *rng.normal(0, 0.5, (K - 1, n))]) if K > 1 else rng.uniform(0.5, 1.5, (n, 1))
    noise = rng.standard_normal((T, n)) * rng.uniform(0.005, 0.02, n) * (1.0 + 40.0 * np.abs(F[:, :1]))
    return F @ B.T + noise + 0.0001, F, B


def by_hand(y: np.ndarray, F: np.ndarray, lags: int | None, p: np.ndarray | None = None):
    """Coefficients and standard errors of one regression, with every matrix of the sandwich written out."""
    T = len(y)
    X = np.column_stack([np.ones(T), F])
    W = np.ones(T) if p is None else p * T
    bread = np.linalg.inv(X.T @ (X * W[:, None]))
    c = bread @ X.T @ (W * y)
    e = y - X @ c
    if lags is None:
        return c, np.sqrt(np.diag(bread) * (e @ (W * e)) / (T - X.shape[1]))
    u = X * (W * e)[:, None]
    S = u.T @ u
    for lag in range(1, lags + 1):
        G = u[lag:].T @ u[:-lag]
        S += (1 - lag / (lags + 1)) * (G + G.T)
    return c, np.sqrt(np.diag(bread @ S @ bread))


@pytest.mark.parametrize(("standard_errors", "lags"), [("classical", None), ("newey_west", 0), ("newey_west", 7)])
@pytest.mark.parametrize("half_life", [None, 60.0])
def test_betas_and_their_standard_errors_are_those_of_each_regression_written_out(standard_errors, lags, half_life):
    R, F, _ = market()
    model = time_series(R, F, NAMES, standard_errors=standard_errors, lags=lags, half_life=half_life)
    for i in range(R.shape[1]):
        c, se = by_hand(R[:, i], F, lags if standard_errors == "newey_west" else None, model.weights)
        np.testing.assert_allclose(np.concatenate([[model.alpha[i] / 252], model.B[i]]), c, rtol=1e-9, atol=1e-14)
        np.testing.assert_allclose(np.concatenate([[model.alpha_se[i] / 252], model.B_se[i]]), se, rtol=1e-9)


def test_ordinary_and_newey_west_regressions_are_those_of_statsmodels():
    sm = pytest.importorskip("statsmodels.api")
    R, F, _ = market(T=150, n=3)
    for kind, how in (("classical", {}), ("newey_west", {"cov_type": "HAC", "cov_kwds": {"maxlags": 5}})):
        model = time_series(R, F, NAMES, standard_errors=kind, lags=5)
        for i in range(3):
            fit = sm.OLS(R[:, i], sm.add_constant(F)).fit(**how)
            np.testing.assert_allclose(model.B[i], fit.params[1:], rtol=1e-10)
            np.testing.assert_allclose(model.B_se[i], fit.bse[1:], rtol=1e-9)
            np.testing.assert_allclose(model.t_statistics[i], fit.tvalues[1:], rtol=1e-9)
            assert model.r_squared[i] == pytest.approx(fit.rsquared, rel=1e-10)


def test_five_dates_of_one_asset_and_one_factor_worked_out_by_hand():
    # f = -2 .. 2 %, y = 2 f + 1 % with one disturbance: slope sum(f y)/sum(f f) = 22/10, mean y = 1 %.
    f = np.array([[-0.02], [-0.01], [0.0], [0.01], [0.02]])
    y = np.array([[-0.03], [-0.02], [0.01], [0.04], [0.05]])
    model = time_series(y, f, ("M",), standard_errors="classical", periods_per_year=1.0)
    assert model.B[0, 0] == pytest.approx(2.2)
    assert model.alpha[0] == pytest.approx(0.01)
    # residuals 0.4, -0.8, 0, 0.8, -0.4 %: RSS = 1.6e-4, s2 = RSS/3, se = sqrt(s2/1e-3), D = RSS/4
    assert model.B_se[0, 0] == pytest.approx(np.sqrt(1.6e-4 / 3 / 1e-3))
    assert model.D[0] == pytest.approx(0.4e-4)
    assert model.r_squared[0] == pytest.approx(1 - 1.6e-4 / 50e-4)
    assert model.Omega[0, 0] == pytest.approx(2.5e-4)


@pytest.mark.parametrize("half_life", [None, 50.0])
def test_the_models_variance_of_an_asset_is_its_sample_variance_and_its_mean_is_alpha_and_premia(half_life):
    R, F, _ = market()
    model = time_series(R, F, NAMES, half_life=half_life)
    p = np.full(len(R), 1 / len(R)) if model.weights is None else model.weights
    centred = R - p @ R
    variance = p @ centred**2 / (1 - p @ p) * 252
    np.testing.assert_allclose(model.covariance.diagonal(), variance, rtol=1e-12)
    np.testing.assert_allclose(model.expected_returns(0.0, alpha_kept=1.0), p @ R * 252, atol=1e-15)


def test_an_asset_that_starts_late_is_regressed_on_the_dates_it_has():
    R, F, _ = market(T=120, n=5)
    R[:40, 2], R[[3, 50], 4] = np.nan, np.nan
    model = time_series(R, F, NAMES, lags=4)
    for i, rows in ((2, np.arange(40, 120)), (4, np.setdiff1d(np.arange(120), [3, 50])), (0, np.arange(120))):
        alone = time_series(R[rows][:, [i]], F[rows], NAMES, lags=4)
        np.testing.assert_allclose(model.B[i], alone.B[0], rtol=1e-11)
        np.testing.assert_allclose(model.B_se[i], alone.B_se[0], rtol=1e-11)
        np.testing.assert_allclose(model.D[i], alone.D[0], rtol=1e-11)


def test_factors_that_say_the_same_are_refused_by_name():
    R, F, _ = market(T=60, n=2)
    same = np.column_stack([F[:, :2], F[:, 0] - 2 * F[:, 1]])
    with pytest.raises(DataError, match="factor HML is a combination of the others"):
        time_series(R, same, NAMES)
    with pytest.raises(DataError, match="4 dates for 3 factors"):
        time_series(R[:4], F[:4], NAMES)


def test_blume_moves_market_betas_a_third_of_the_way_to_one_and_nothing_else():
    R, F, _ = market()
    raw, blume = time_series(R, F, NAMES), time_series(R, F, NAMES, shrink=Shrinkage("blume"))
    np.testing.assert_allclose(blume.B[:, 0], 1 / 3 + 2 / 3 * raw.B[:, 0], rtol=1e-12)
    np.testing.assert_array_equal(blume.B[:, 1:], raw.B[:, 1:])
    np.testing.assert_allclose(blume.expected_returns(0.0, alpha_kept=1.0), R.mean(axis=0) * 252, atol=1e-14)
    # What the betas no longer explain is specific: least squares leaves it at a right angle to the factors.
    moved = blume.B - raw.B
    np.testing.assert_allclose(blume.D, raw.D + np.einsum("ik,kl,il->i", moved, raw.Omega, moved), rtol=1e-10)


def test_vasicek_is_the_average_of_beta_and_the_markets_weighted_by_precision():
    B, se = np.array([[0.6], [1.0], [1.7]]), np.array([[0.1], [0.3], [0.5]])
    after, after_se = shrunk(B, se, Shrinkage("vasicek"), 0)
    v, m = B.var(ddof=1), B.mean()
    for i in range(3):
        precision = np.array([1 / se[i, 0] ** 2, 1 / v])
        assert after[i, 0] == pytest.approx(precision @ [B[i, 0], m] / precision.sum())
        assert after_se[i, 0] == pytest.approx(precision.sum() ** -0.5)
    exact, _ = shrunk(B, np.zeros((3, 1)), Shrinkage("vasicek"), 0)
    np.testing.assert_array_equal(exact, B)


def test_vasicek_betas_forecast_true_betas_better_than_measured_ones():
    errors = []
    for seed in range(20):
        R, F, B = market(T=60, n=40, seed=seed)
        raw, vasicek = (time_series(R, F, NAMES, shrink=Shrinkage(rule)) for rule in ("none", "vasicek"))
        errors.append([np.square(m.B - B).mean() for m in (raw, vasicek)])
    assert np.mean(errors, axis=0)[1] < 0.8 * np.mean(errors, axis=0)[0]


def test_the_market_is_found_by_its_usual_names():
    assert market_column(("SMB", "Mkt-RF", "HML"), None) == 1
    assert market_column(("MTUM", "SP500"), None) == 1
    assert market_column(("A", "B"), None) == 0
    assert market_column(("A", "B"), "B") == 1


def test_newey_wests_own_rule_of_lags():
    assert [automatic_lags(T) for T in (50, 100, 252, 1000)] == [3, 4, 4, 6]


def test_fama_macbeth_premia_are_means_of_daily_regressions_and_their_errors_the_spread_of_them():
    rng = np.random.default_rng(4)
    n, T = 30, 90
    B = np.column_stack([np.ones(n), rng.normal(size=n)])
    f = 0.001 + 0.01 * rng.normal(size=(T, 2))
    R = f @ B.T + 0.02 * rng.normal(size=(T, n))
    model = cross_sectional(R, B, ("market", "size"), standard_errors="classical", periods_per_year=1.0)
    daily = np.array([np.linalg.lstsq(B, r, rcond=None)[0] for r in R])
    np.testing.assert_allclose(model.factor_returns, daily, atol=1e-14)
    np.testing.assert_allclose(model.premia, daily.mean(axis=0), atol=1e-15)
    np.testing.assert_allclose(model.premia_se, daily.std(axis=0, ddof=1) / np.sqrt(T), rtol=1e-12)
    np.testing.assert_allclose(model.Omega, np.cov(daily.T), rtol=1e-12)
    np.testing.assert_allclose(model.expected_returns(0.0, alpha_kept=1.0), R.mean(axis=0), atol=1e-15)


def test_a_cross_section_uses_the_assets_a_date_has_and_weighs_quiet_ones_more():
    rng = np.random.default_rng(5)
    n, T = 25, 60
    B = np.column_stack([np.ones(n), rng.normal(size=n)])
    f, noise = 0.01 * rng.normal(size=(T, 2)), np.where(np.arange(n) < 5, 0.2, 0.002)
    R = f @ B.T + noise * rng.normal(size=(T, n))
    R[10, :7] = np.nan
    plain, weighted = (cross_sectional(R, B, ("market", "size"), reweighted=again) for again in (False, True))
    np.testing.assert_allclose(plain.factor_returns[10], np.linalg.lstsq(B[7:], R[10, 7:], rcond=None)[0], atol=1e-14)
    assert np.abs(weighted.factor_returns - f).mean() < 0.3 * np.abs(plain.factor_returns - f).mean()


def test_exposures_that_say_the_same_are_refused_by_name():
    R = np.random.default_rng(6).normal(size=(20, 6)) * 0.01
    sectors = np.array([[1, 1, 0]] * 3 + [[1, 0, 1]] * 3, dtype=float)
    with pytest.raises(DataError, match="exposure Energy is a combination"):
        cross_sectional(R, sectors, ("market", "Technology", "Energy"))


@pytest.mark.parametrize("rule", ["marchenko_pastur", "bai_ng", "eigenvalue_ratio"])
def test_each_rule_finds_the_three_factors_that_are_there(rule):
    rng = np.random.default_rng(7)
    T, n = 500, 60
    R = 0.01 * rng.normal(size=(T, 3)) @ rng.normal(size=(3, n)) + 0.01 * rng.normal(size=(T, n))
    model = statistical(R, count=rule)
    assert model.names == ("F1", "F2", "F3")
    assert model.notes == (f"3 factors by {rule}",)


def test_no_rule_finds_less_than_one_factor_in_noise():
    values = np.sort(np.linalg.eigvalsh(np.corrcoef(np.random.default_rng(8).normal(size=(300, 30)).T)))[::-1]
    assert {number_of_factors(values, 300, 30, rule) for rule in ("marchenko_pastur", "bai_ng")} == {1}


@pytest.mark.parametrize("technique", ["principal_components", "asymptotic"])
@pytest.mark.parametrize(("T", "n"), [(300, 40), (40, 300)])
def test_statistical_factors_span_the_true_ones_and_are_portfolios_with_gross_exposure_one(technique, T, n):
    rng = np.random.default_rng(9)
    true = 0.01 * rng.normal(size=(T, 2))
    R = true @ rng.normal(1.0, 1.0, size=(2, n)) + rng.uniform(0.001, 0.004, n) * rng.normal(size=(T, n))
    model = statistical(R, count=2, technique=technique)
    X = np.column_stack([np.ones(T), model.factor_returns])
    left = true - X @ np.linalg.lstsq(X, true, rcond=None)[0]
    assert (left.var(axis=0) / true.var(axis=0)).max() < 0.01
    assert np.abs(model.factor_returns).max() <= np.abs(R).max()
    assert np.median(model.r_squared) > 0.9


def test_holes_are_no_matter_for_time_series_and_refused_for_components():
    R, _, _ = market(T=50, n=4)
    R[3, 1] = np.nan
    with pytest.raises(DataError, match="every asset's return on every date"):
        statistical(R)


def universe(n: int = 12) -> Universe:
    return Universe(
        tuple(Asset(f"A{i}", sector="Tech" if i % 2 else "Energy", attributes={"size": float(i)}) for i in range(n))
    )


def test_asset_and_factor_returns_are_joined_on_their_dates_and_made_net_of_the_risk_free_rate():
    R, F, _ = market(T=300)
    days = np.datetime64("2020-01-01") + np.arange(300)
    rf = np.full(250, 0.0001)
    factors = FactorReturns(NAMES, F[50:], days[50:], rf, excess=True, source="a file")
    model = factor_model(universe(), R[:280], read_choice({"lags": 3}), factors=factors, dates=days[:280])
    expected = time_series(R[50:280] - 0.0001, F[50:280], NAMES, lags=3)
    np.testing.assert_allclose(model.B, expected.B, rtol=1e-12)
    np.testing.assert_allclose(model.alpha, expected.alpha, atol=1e-15)
    assert model.notes == ("factors: a file", "230 dates shared, of 280 of the assets and 250 of the factors")
    assert model.risk_free == pytest.approx(0.0252)


def test_funds_as_factors_are_net_of_the_risk_free_rate_too():
    R, F, _ = market(T=100)
    model = factor_model(universe(), R, read_choice({}), factors=FactorReturns(NAMES, F), risk_free_rate=0.0252)
    expected = time_series(R - 0.0001, F - 0.0001, NAMES)
    np.testing.assert_allclose(model.alpha, expected.alpha, atol=1e-14)


def test_monthly_returns_meet_monthly_factors_whatever_day_stands_for_the_month():
    R, F, _ = market(T=60)
    months = np.datetime64("2015-01", "M") + np.arange(60)
    ends, firsts = (months + 1).astype("datetime64[D]") - 1, months.astype("datetime64[D]")
    by_end = factor_model(universe(), R, read_choice({}), factors=FactorReturns(NAMES, F, firsts), dates=ends)
    assert by_end.observations == 60
    daily = np.datetime64("2015-01-01") + np.arange(60)
    with pytest.raises(DataError, match="the assets' returns are daily, the factors' in given monthly"):
        factor_model(universe(), R, read_choice({}), factors=FactorReturns(NAMES, F, firsts), dates=daily)


def test_what_is_missing_or_unknown_is_said():
    R, F, _ = market(T=60)
    factors = FactorReturns(NAMES, F)
    with pytest.raises(MissingInput, match="needs factor returns"):
        factor_model(universe(), R, read_choice({}))
    with pytest.raises(UnknownField, match="did you mean 'SMB'"):
        factor_model(universe(), R, read_choice({"names": ["SMBB"]}), factors=factors)
    with pytest.raises(DataError, match="no dates to match them by"):
        factor_model(universe(), R[:50], read_choice({}), factors=factors)
    with pytest.raises(MissingInput, match="needs exposures"):
        factor_model(universe(), R, read_choice({"method": "cross_sectional", "intercept": False}))
    with pytest.raises(InvalidValue, match="belongs to the method statistical, not to time_series"):
        read_choice({"count": 3})
    with pytest.raises(UnknownField, match="did you mean 'shrink'"):
        read_choice({"shrnk": "vasicek"})
    with pytest.raises(InvalidValue, match="one of none, blume, vasicek"):
        read_choice({"shrink": "lasso"})
    with pytest.raises(InvalidValue, match="between 1 and"):
        read_choice({"half_life": 0})


def test_sectors_and_attributes_make_a_cross_section():
    R, _, _ = market(T=60)
    model = factor_model(universe(), R, read_choice({"method": "cross_sectional", "exposures": ["size"], "sectors": True}))
    assert model.names == ("size", "Energy", "Tech")
    np.testing.assert_allclose(model.B[:, 0].mean(), 0.0, atol=1e-15)
    np.testing.assert_allclose(model.B[:, 0].std(), 1.0, rtol=1e-12)
    np.testing.assert_allclose(R.mean(axis=0) * 252, model.alpha + model.B @ model.premia, atol=1e-14)
