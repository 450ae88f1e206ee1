"""Factor analysis: contributions add up, errors are the portfolio's own, and the words are S2's."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from portopt.analysis.factors import analyze_factors, exposure_errors, factor_analysis
from portopt.dialects.portfolio_answers import write_factors
from portopt.domain.errors import MissingInput, UnknownField
from portopt.domain.factor_model import FactorModel
from portopt.domain.found import FactorsOfBook
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import Universe
from portopt.estimation.factor_models import statistical, time_series
from portopt.estimation.factor_models.shrinkage import Shrinkage
from portopt.terms.catalog import parse_limits, parse_objective

NAMES = ("MKT", "SMB", "HML")
RF = 0.0252


def history(T: int = 300, n: int = 8, seed: int = 2):
    """Excess returns with a common surprise beside the factors, so that the assets' errors are not independent."""
    rng = np.random.default_rng(seed)
    F = 0.0004 + 0.01 * rng.normal(size=(T, 3))
    common = 0.012 * rng.normal(size=(T, 1))
    return F @ rng.normal(0.8, 0.5, size=(3, n)) + common + 0.01 * rng.normal(size=(T, n)), F


def book(n: int = 8, seed: int = 3):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(n))


@pytest.mark.parametrize("factors", [None, ("SMB",), ("HML", "MKT")])
@pytest.mark.parametrize("shrink", ["none", "vasicek"])
def test_every_attribution_adds_up_to_its_total(factors, shrink):
    R, F = history()
    model = time_series(R, F, NAMES, shrink=Shrinkage(shrink), risk_free=RF)
    w, b = book()
    found = factor_analysis(model, w, b, factors)
    Sigma = model.covariance.dense()
    assert found.volatility == pytest.approx(np.sqrt(w @ Sigma @ w), rel=1e-13)
    assert found.tracking_error == pytest.approx(np.sqrt((w - b) @ Sigma @ (w - b)), rel=1e-13)
    assert found.mean_return == pytest.approx((R @ w).mean() * 252 + RF, abs=1e-13)
    totals = (found.volatility, found.tracking_error, found.mean_return)
    for lines, total in zip((found.attribution, found.active_attribution, found.return_attribution), totals, strict=True):
        assert sum(line.contribution for line in lines) == pytest.approx(total, abs=1e-12)
        assert sum(line.percent_contribution for line in lines) == pytest.approx(1.0, abs=1e-12)
    assert [line.factor for line in found.exposures] == list(factors or NAMES)
    rest = ["other factors"] if factors else []
    assert [line.factor for line in found.attribution] == [*(factors or NAMES), *rest, "specific"]


def test_a_marginal_contribution_is_the_slope_of_the_volatility_in_the_exposure():
    R, F = history()
    model = time_series(R, F, NAMES)
    w, _ = book()
    y, specific = model.exposures(w), model.D @ w**2
    for k, line in enumerate(factor_analysis(model, w).attribution[:3]):
        h = 1e-6
        up, down = y + h * np.eye(3)[k], y - h * np.eye(3)[k]
        slope = (np.sqrt(up @ model.Omega @ up + specific) - np.sqrt(down @ model.Omega @ down + specific)) / (2 * h)
        assert line.marginal == pytest.approx(slope, rel=1e-7)
        assert line.contribution == pytest.approx(y[k] * line.marginal, rel=1e-13)


@pytest.mark.parametrize("standard_errors", ["classical", "newey_west"])
@pytest.mark.parametrize("half_life", [None, 90.0])
def test_the_error_of_a_portfolios_exposure_is_that_of_its_own_regression(standard_errors, half_life):
    R, F = history()
    w, b = book()
    options = {"standard_errors": standard_errors, "half_life": half_life}
    model = time_series(R, F, NAMES, **options)
    own = time_series((R @ w)[:, None], F, NAMES, **options)
    np.testing.assert_allclose(model.exposures(w), own.B[0], rtol=1e-11)
    np.testing.assert_allclose(exposure_errors(model, w), own.B_se[0], rtol=1e-9)
    active = factor_analysis(model, w, b).exposures[0].active_standard_error
    assert active == pytest.approx(time_series((R @ (w - b))[:, None], F, NAMES, **options).B_se[0, 0], rel=1e-9)
    independent = np.sqrt((w**2) @ model.B_se**2)
    assert (exposure_errors(model, w) > 1.2 * independent).all(), "the common surprise is no comfort"


def test_given_exposures_have_no_errors_and_a_given_model_no_history():
    model = FactorModel.given(("MKT",), np.array([[1.0], [0.5]]), np.array([[0.04]]), np.array([0.01, 0.02]))
    found = factor_analysis(model, np.array([0.5, 0.5]))
    assert found.exposures[0].standard_error is None
    assert found.exposures[0].t_statistic is None
    assert found.return_attribution == ()
    assert found.mean_return is None
    assert found.attribution[0].percent_contribution == pytest.approx(0.0225 / 0.03)
    assert found.r_squared == pytest.approx(0.75)


def test_a_book_without_risk_has_contributions_of_zero_and_no_percentages():
    model = FactorModel.given(("MKT",), np.array([[1.0], [0.0]]), np.array([[0.04]]), np.array([0.01, 0.0]))
    found = factor_analysis(model, np.array([0.0, 1.0]))
    assert found.volatility == 0.0
    assert [(line.contribution, line.percent_contribution) for line in found.attribution] == [(0.0, None), (0.0, None)]


def problem(model: FactorModel | None) -> Problem:
    universe = Universe.of([f"A{i}" for i in range(8)])
    moments = Moments(universe, np.zeros(8), Covariance(Sigma=np.eye(8)), factor_model=model)
    limits = parse_limits({"budget": True})
    return Problem(moments, parse_objective({"kind": "min_risk"}), limits, benchmark=book()[1], portfolio_id="port-123456")


def test_the_answer_bears_the_names_of_the_portfolio_service():
    R, F = history()
    w, b = book()
    model = time_series(R, F, NAMES)
    found = analyze_factors(problem(model), w, ("MKT", "HML"), date(2022, 12, 28))
    data = write_factors(FactorsOfBook(found, "current"))
    assert data["portfolio_id"] == "port-123456"
    assert data["as_of"] == "2022-12-28"
    assert data["factors"] == ["MKT", "HML"]
    first = data["exposures"][0]
    assert {"factor", "exposure", "benchmark_exposure", "active_exposure"} <= set(first)
    assert first["active_exposure"] == pytest.approx(model.B[:, 0] @ (w - b), rel=1e-12)
    assert {"factor", "contribution", "percent_contribution"} <= set(data["attribution"][0])


def test_a_factor_nobody_knows_and_a_problem_without_a_model_are_refused():
    R, F = history()
    with pytest.raises(UnknownField, match="did you mean 'SMB'"):
        factor_analysis(time_series(R, F, NAMES), book()[0], factors=("SMBB",))
    with pytest.raises(MissingInput, match="needs a factor model"):
        analyze_factors(problem(None), book()[0])


def test_statistical_factors_are_attributed_alike():
    R, _ = history()
    found = factor_analysis(statistical(R, count=3), book()[0])
    assert sum(line.contribution for line in found.attribution) == pytest.approx(found.volatility, abs=1e-13)
    assert found.exposures[0].standard_error is not None
