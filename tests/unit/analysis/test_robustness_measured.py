"""What robustness costs and buys, and agreement with two other libraries on the bundled prices."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pytest

from portopt.adapters.providers.sample import SampleProvider
from portopt.analysis.robustness import nominal, price_of_robustness, regret, stability, worst_case
from portopt.audit import certify
from portopt.domain.errors import InvalidValue
from portopt.domain.market import MarketQuery
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import Universe
from portopt.estimation.uncertainty import resampled
from portopt.optimization import assemble, optimize
from portopt.terms.catalog import parse_limits, parse_objective

IDS = ("AAPL", "BAC", "CVX", "GE", "JNJ", "KO", "MSFT", "PFE", "PG", "XOM")


def history() -> np.ndarray:
    frame = SampleProvider().prices(MarketQuery(assets=IDS, as_of=datetime.date(2022, 12, 28), last_dates=505))
    wide = frame.pivot(on="asset_id", index="date", values="close").sort("date").select(IDS).to_numpy()
    return np.asarray(wide[1:] / wide[:-1] - 1.0)


@pytest.fixture(scope="module")
def returns() -> np.ndarray:
    return history()


def problem(returns: np.ndarray, spec: dict[str, Any], limits: dict[str, Any] | None = None, periods: float = 252.0) -> Problem:
    """Sample moments. periods=1: per day, as the other libraries count."""
    n = returns.shape[1]
    moments = Moments(
        Universe.of(IDS[:n]),
        returns.mean(axis=0) * periods,
        Covariance(Sigma=np.cov(returns.T) * periods),
        periods_per_year=periods,
        scenarios=returns,
        observations=np.full(n, float(len(returns))),
    )
    return Problem(moments, parse_objective(spec), parse_limits({"budget": True, "long_only": True, **(limits or {})}))


def answer(p: Problem) -> np.ndarray:
    form = assemble(p)
    return certify(p, form, optimize(p, form=form)).weights


SPECS: list[dict[str, Any]] = [
    {"kind": "robust_utility", "risk_aversion": 4, "returns": {"set": "ellipsoid", "radius": 1.0}},
    {
        "kind": "robust_utility",
        "risk_aversion": 4,
        "returns": {"set": "box", "radius": 0.03},
        "covariance": {"set": "box", "radius": 0.1},
    },
    {"kind": "robust_min_risk", "covariance": {"set": "box", "confidence": 0.9}},
    {"kind": "robust_max_sharpe", "returns": {"set": "box", "radius": 0.03}},
]


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_robustness_costs_at_the_beliefs_and_pays_at_their_worst(returns, spec):
    p = problem(returns, spec)
    robust, plain = answer(p), answer(nominal(p))
    paid = price_of_robustness(p, robust, plain)
    assert paid.price >= -1e-9
    assert paid.protection >= -1e-9
    assert paid.distance == pytest.approx(0.5 * np.abs(robust - plain).sum())
    assert regret(nominal(p), plain, plain) == 0.0
    found = worst_case(p, robust)
    assert found.worst == p.objective.value(robust, p)
    assert found.worst_return <= found.expected_return
    assert found.worst_volatility >= found.volatility
    if found.expected_returns is not None:
        assert found.expected_returns @ robust == pytest.approx(found.worst_return, rel=1e-12)


def test_a_robust_answer_moves_less_when_the_history_is_drawn_again(returns):
    limits = {"max_weight": 0.5}
    draws = resampled(problem(returns, SPECS[0]).moments, draws=15, seed=1)
    measured = {}
    for name, spec in {"nominal": {"kind": "utility", "risk_aversion": 4}, "robust": SPECS[0]}.items():
        p = problem(returns, spec, limits)
        measured[name] = stability(p, answer(p), draws, answer)
    assert measured["robust"].mean_turnover < measured["nominal"].mean_turnover
    assert measured["robust"].weights.shape == (15, len(IDS))
    assert measured["robust"].largest_turnover >= measured["robust"].mean_turnover
    assert 0.0 < measured["robust"].between <= 1.0


def test_an_objective_without_a_set_has_no_worst_case(returns):
    p = problem(returns, {"kind": "utility", "risk_aversion": 4})
    with pytest.raises(InvalidValue, match="no set"):
        worst_case(p, np.full(p.n, 0.1))


@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
@pytest.mark.parametrize("diagonal", [False, True])
def test_skfolio_agrees_on_the_ellipsoid_of_a_confidence(returns, diagonal):
    from skfolio.optimization import MeanRisk, ObjectiveFunction
    from skfolio.uncertainty_set import EmpiricalMuUncertaintySet

    model = MeanRisk(
        objective_function=ObjectiveFunction.MAXIMIZE_UTILITY,
        risk_aversion=2.0,
        mu_uncertainty_set_estimator=EmpiricalMuUncertaintySet(confidence_level=0.2, diagonal=diagonal),
        solver_params={"tol_gap_abs": 1e-13, "tol_gap_rel": 1e-13, "tol_feas": 1e-13},
    )
    model.fit(returns)
    # Their utility is mu'w - lambda w'Sigma w, ours mu'w - gamma/2 w'Sigma w: gamma = 2 lambda.
    matrix = "diagonal" if diagonal else "sample"
    spec = {"kind": "robust_utility", "risk_aversion": 4, "returns": {"set": "ellipsoid", "confidence": 0.2, "matrix": matrix}}
    p = problem(returns, spec, periods=1.0)
    ours = answer(p)
    np.testing.assert_allclose(ours, model.weights_, rtol=0, atol=1e-4)
    theirs = model.weights_ / model.weights_.sum()
    assert p.objective.value(ours, p) >= p.objective.value(theirs, p) - 1e-12


@pytest.mark.filterwarnings("ignore")
def test_riskfolio_agrees_on_boxes_of_returns_and_covariances(returns):
    import pandas as pd
    import riskfolio as rp

    port = rp.Portfolio(returns=pd.DataFrame(returns, columns=list(IDS)))
    port.solvers = ["CLARABEL"]
    port.assets_stats(method_mu="hist", method_cov="hist")
    delta, share = 2e-4, 0.1
    Sigma = np.cov(returns.T)
    sigma = np.sqrt(np.diagonal(Sigma))
    Delta = share * np.outer(sigma, sigma)
    port.d_mu = pd.DataFrame(np.full((1, len(IDS)), delta), columns=list(IDS))
    port.cov_l = pd.DataFrame(Sigma - Delta, index=list(IDS), columns=list(IDS))
    port.cov_u = pd.DataFrame(Sigma + Delta, index=list(IDS), columns=list(IDS))
    port.cov_mu, port.k_mu, port.k_sigma = port.cov_l, 1.0, 1.0  # read, and not used by boxes
    port.cov_sigma = pd.DataFrame(np.eye(len(IDS) ** 2))
    theirs = port.wc_optimization(obj="Utility", rf=0, l=2, Umu="box", Ucov="box").to_numpy().ravel()
    spec = {
        "kind": "robust_utility",
        "risk_aversion": 4,
        "returns": {"set": "box", "radius": delta},
        "covariance": {"set": "box", "radius": share},
    }
    p = problem(returns, spec, periods=1.0)
    ours = answer(p)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-3)
    assert p.objective.value(ours, p) >= p.objective.value(theirs / theirs.sum(), p) - 1e-12
