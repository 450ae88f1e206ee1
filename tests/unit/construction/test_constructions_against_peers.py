"""The same portfolios as PyPortfolioOpt, skfolio and Riskfolio-Lib on the bundled prices, wherever the definitions agree.

Trees to rounding; what a peer solves numerically to that solver's own tolerance.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from portopt.adapters.providers.sample import SampleProvider
from portopt.construction import construct
from portopt.domain.market import MarketQuery
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import Universe
from portopt.terms.catalog import parse_limits, parse_objective

EXACT = 1e-14
STOCKS = ("AAPL", "AMD", "BAC", "BBY", "CVX", "GE", "HD", "JNJ", "JPM", "KO")
STOCKS += ("LLY", "MRK", "MSFT", "PEP", "PFE", "PG", "RRC", "UNH", "WMT", "XOM")
pytestmark = pytest.mark.filterwarnings("ignore")  # the peers' own


@pytest.fixture(scope="module")
def returns() -> Any:
    """Two years of daily returns of the bundled stocks, as the frame the peers want."""
    long = SampleProvider().prices(MarketQuery(assets=STOCKS, as_of=date(2022, 12, 28))).to_pandas()
    prices = long.pivot(index="date", columns="asset_id", values="close")[list(STOCKS)]
    return prices.pct_change().dropna().iloc[-504:]


@pytest.fixture(scope="module")
def moments(returns: Any) -> Moments:
    Sigma = np.cov(returns.to_numpy(), rowvar=False) * 252
    mu = returns.mean().to_numpy() * 252
    return Moments(Universe.of(list(returns.columns)), mu, Covariance(Sigma=Sigma), scenarios=returns.to_numpy())


def ours(moments: Moments, objective: dict[str, Any]) -> np.ndarray:
    p = Problem(moments, parse_objective(objective), parse_limits({"budget": True, "long_only": True}))
    return construct(p).constructed()


@pytest.mark.parametrize("linkage", ["single", "complete", "average", "ward"])
def test_hrp_is_pyportfolioopts(returns, moments, linkage):
    from pypfopt import HRPOpt

    theirs = HRPOpt(returns=returns).optimize(linkage)
    w = ours(moments, {"kind": "hierarchical", "linkage": linkage})
    np.testing.assert_allclose(w, [theirs[a] for a in returns.columns], rtol=0, atol=EXACT)


@pytest.mark.parametrize("measure", ["variance", "volatility", "cvar", "mad"])
@pytest.mark.parametrize("linkage", ["single", "complete", "average", "ward"])
@pytest.mark.parametrize("variant", ["hrp", "herc"])
def test_hrp_and_herc_are_skfolios(returns, moments, variant, linkage, measure):
    """Its HRP orders the leaves optimally; its HERC counts clusters by mean distances."""
    from skfolio import RiskMeasure
    from skfolio.cluster import HierarchicalClustering, LinkageMethod
    from skfolio.optimization import HierarchicalEqualRiskContribution, HierarchicalRiskParity

    measures = {
        "variance": RiskMeasure.VARIANCE,
        "volatility": RiskMeasure.STANDARD_DEVIATION,
        "cvar": RiskMeasure.CVAR,
        "mad": RiskMeasure.MEAN_ABSOLUTE_DEVIATION,
    }
    model = {"hrp": HierarchicalRiskParity, "herc": HierarchicalEqualRiskContribution}[variant]
    tree = HierarchicalClustering(linkage_method=LinkageMethod(linkage))
    theirs = model(risk_measure=measures[measure], hierarchical_clustering_estimator=tree).fit(returns).weights_
    asked = {"kind": "hierarchical", "variant": variant, "linkage": linkage, "measure": measure, "leaf_order": "optimal"}
    w = ours(moments, {**asked, "cluster_choice": "gap_mean"})
    np.testing.assert_allclose(w, theirs, rtol=0, atol=EXACT)


@pytest.mark.parametrize(("codependence", "distance"), [("pearson", "correlation"), ("abs_spearman", "absolute_spearman")])
@pytest.mark.parametrize(("theirs", "measure"), [("MV", "variance"), ("vol", "volatility"), ("CVaR", "cvar")])
@pytest.mark.parametrize("linkage", ["single", "ward"])
@pytest.mark.parametrize("variant", ["hrp", "herc"])
def test_hrp_and_herc_are_riskfolios(returns, moments, variant, linkage, theirs, measure, codependence, distance):
    """It orders the leaves optimally by default and counts clusters by standard deviations of distances."""
    import riskfolio

    book = riskfolio.HCPortfolio(returns=returns)
    found = book.optimization(model=variant.upper(), codependence=codependence, rm=theirs, linkage=linkage, max_k=10)
    asked = {"kind": "hierarchical", "variant": variant, "linkage": linkage, "measure": measure, "distance": distance}
    w = ours(moments, {**asked, "leaf_order": "optimal", "cluster_choice": "gap_std"})
    np.testing.assert_allclose(w, found["weights"].to_numpy(), rtol=0, atol=EXACT)


@pytest.mark.parametrize("linkage", ["single", "ward"])
def test_nco_is_riskfolios_and_skfolios_to_their_solvers_tolerance(returns, moments, linkage):
    import riskfolio
    from skfolio.cluster import HierarchicalClustering, LinkageMethod
    from skfolio.optimization import MeanRisk, NestedClustersOptimization

    asked = {"kind": "hierarchical", "variant": "nco", "linkage": linkage}
    book = riskfolio.HCPortfolio(returns=returns)
    found = book.optimization(model="NCO", rm="MV", obj="MinRisk", linkage=linkage, max_k=10)["weights"].to_numpy()
    np.testing.assert_allclose(ours(moments, {**asked, "cluster_choice": "gap_std"}), found, rtol=0, atol=1e-4)
    tree = HierarchicalClustering(linkage_method=LinkageMethod(linkage))
    model = NestedClustersOptimization(
        inner_estimator=MeanRisk(), outer_estimator=MeanRisk(), clustering_estimator=tree, cv="ignore"
    )
    theirs = model.fit(returns).weights_
    np.testing.assert_allclose(ours(moments, {**asked, "cluster_choice": "gap_mean"}), theirs, rtol=0, atol=1e-3)


@pytest.mark.parametrize("b", [None, np.arange(1.0, 21.0)], ids=["equal", "rising"])
@pytest.mark.parametrize(("rm", "measure", "theirs_to"), [("MV", "volatility", 1e-5), ("CVaR", "cvar", 1e-4)])
def test_risk_budgets_are_riskfolios_to_its_solvers_tolerance(returns, moments, rm, measure, theirs_to, b):
    import riskfolio

    book = riskfolio.Portfolio(returns=returns)
    book.assets_stats(method_mu="hist", method_cov="hist")
    budgets = None if b is None else (b / b.sum()).reshape(-1, 1)
    theirs = book.rp_optimization(model="Classic", rm=rm, b=budgets, hist=True)["weights"].to_numpy()
    spelled = {} if b is None else {"budgets": dict(zip(returns.columns, b.tolist(), strict=True))}
    w = ours(moments, {"kind": "risk_parity", "measure": measure, **spelled})
    np.testing.assert_allclose(w, theirs, rtol=0, atol=theirs_to)


def test_risk_budgets_are_skfolios_to_its_solvers_tolerance(returns, moments):
    from skfolio import RiskMeasure
    from skfolio.optimization import RiskBudgeting

    for measure, name, theirs_to in ((RiskMeasure.VARIANCE, "volatility", 1e-4), (RiskMeasure.CVAR, "cvar", 1e-3)):
        theirs = RiskBudgeting(risk_measure=measure).fit(returns).weights_
        np.testing.assert_allclose(ours(moments, {"kind": "risk_parity", "measure": name}), theirs, rtol=0, atol=theirs_to)
