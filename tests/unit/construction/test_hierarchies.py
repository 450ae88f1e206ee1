"""Trees of assets: closed forms, identities, each split by definition, limits as a projection, refusals, the audit."""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np
import pytest

from portopt.audit import audit
from portopt.construction import construct
from portopt.construction.distances import distance_matrix
from portopt.construction.tree import cluster_count, cut, leaves, linkage_of
from portopt.domain.errors import InvalidValue, UnknownField
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import CASH, Asset, Universe
from portopt.optimization import assemble, optimize
from portopt.terms.catalog import parse_limits, parse_objective

DISTANCES = (
    "correlation",
    "absolute_correlation",
    "squared_correlation",
    "spearman",
    "absolute_spearman",
    "kendall",
    "absolute_kendall",
    "distances",
)


def question(
    objective: dict[str, Any], Sigma: np.ndarray, limits: dict[str, Any] | None = None, *, cash: bool = False, seed: int = 0
) -> Problem:
    n = len(Sigma)
    rng = np.random.default_rng(seed)
    S = rng.multivariate_normal(np.full(n, 4e-4), Sigma / 252, size=250)
    assets, mu, covariance = (
        [Asset(f"A{i}", sector=f"S{i % 3}") for i in range(n)],
        S.mean(axis=0) * 252,
        Covariance(Sigma=Sigma),
    )
    if cash:
        assets.append(Asset(CASH))
        covariance, mu = covariance.embedded(n + 1, np.arange(n)), np.append(mu, 0.02)
        S = np.column_stack([S, np.full(250, 0.02 / 252)])
    return construct(
        Problem(
            Moments(Universe(tuple(assets)), mu, covariance, scenarios=S),
            parse_objective({"kind": "hierarchical", **objective}),
            parse_limits({"budget": True, "long_only": True, **(limits or {})}),
            w_prev=np.full(n + cash, 1 / (n + cash)),
            benchmark=np.full(n + cash, 1 / (n + cash)),
        )
    )


def block_market(seed: int = 0, sizes: tuple[int, ...] = (5, 4, 3), rho: float = 0.6, between: float = 0.1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(len(sizes)), sizes)
    sigma = rng.uniform(0.1, 0.4, len(group))
    noise = rng.uniform(-0.05, 0.05, (len(group), len(group)))
    C = np.where(group[:, None] == group, rho, between) + 0.5 * (noise + noise.T)
    np.fill_diagonal(C, 1.0)
    return C * np.outer(sigma, sigma)


def certified(p: Problem) -> tuple[np.ndarray, dict[str, Any]]:
    form = assemble(p)
    solution = optimize(p, form=form)
    certificate = audit(p, form, solution)
    assert certificate.certified, certificate.reasons
    assert solution.weights is not None
    return solution.weights, dict(certificate.claims)


@pytest.mark.parametrize(("measure", "power"), [("variance", 2), ("volatility", 1)])
@pytest.mark.parametrize("variant", ["hrp", "herc"])
def test_two_assets_have_weights_inverse_to_their_risk(variant, measure, power):
    Sigma = np.array([[0.04, 0.01], [0.01, 0.09]])
    w, _ = certified(question({"variant": variant, "measure": measure}, Sigma))
    inverse = 1 / np.array([0.2, 0.3]) ** power
    np.testing.assert_allclose(w, inverse / inverse.sum(), rtol=0, atol=1e-15)


@pytest.mark.parametrize("objective", [{"variant": "hrp"}, {"variant": "nco"}, {"variant": "nco", "clusters": 1}], ids=str)
def test_uncorrelated_assets_have_the_least_variance_of_all_whatever_the_tree(objective):
    """With a diagonal covariance inverse variance is the least variance, and splitting by variances composes exactly."""
    variances = np.array([0.01, 0.04, 0.0225, 0.09, 0.0625])
    w, _ = certified(question(objective, np.diag(variances)))
    np.testing.assert_allclose(w, (1 / variances) / (1 / variances).sum(), rtol=0, atol=1e-12)


def test_nested_optima_of_unrelated_blocks_are_the_least_variance_of_the_whole():
    Sigma = block_market(3, between=0.0, rho=0.5)
    group = np.repeat([0, 1, 2], [5, 4, 3])
    Sigma = np.where(group[:, None] == group, Sigma, 0.0)
    nested, _ = certified(question({"variant": "nco", "clusters": 3}, Sigma))
    whole = optimize(question({}, Sigma).replaced(objective=parse_objective({"kind": "min_risk"}), target=None)).weights
    np.testing.assert_allclose(nested, whole, rtol=0, atol=1e-12)


@pytest.mark.parametrize("variant", ["hrp", "herc", "nco"])
@pytest.mark.parametrize("linkage", ["single", "complete", "average", "ward"])
@pytest.mark.parametrize("leaf_order", ["linkage", "optimal"])
def test_every_split_of_every_tree_holds_for_a_second_opinion(variant, linkage, leaf_order):
    objective = {"variant": variant, "linkage": linkage, "leaf_order": leaf_order}
    w, claims = certified(question(objective, block_market(), cash=True))
    assert claims["largest deviation from a split"] <= 1e-10
    assert w[-1] == pytest.approx(0.0, abs=1e-15)
    assert w.sum() == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("choice", ["gap", "gap_mean", "gap_std"])
def test_every_distance_and_count_of_clusters_holds_for_a_second_opinion(distance, choice):
    objective = {"variant": "herc", "distance": distance, "cluster_choice": choice}
    _, claims = certified(question(objective, block_market(4)))
    assert claims["largest deviation from a split"] <= 1e-10


@pytest.mark.parametrize("measure", ["cvar", "mad", "semideviation", "worst_realization"])
@pytest.mark.parametrize("variant", ["hrp", "herc"])
def test_every_measure_of_risk_splits_the_tree(variant, measure):
    _, claims = certified(question({"variant": variant, "measure": measure}, block_market(5)))
    assert claims["largest deviation from a split"] <= 1e-10


@pytest.mark.parametrize("kind", ["spearman", "kendall"])
def test_rank_correlations_are_those_of_scipy(kind):
    from scipy.stats import kendalltau, spearmanr

    S = np.round(np.random.default_rng(6).normal(size=(80, 3)), 1)  # rounded: with ties
    d = distance_matrix(kind, Covariance(Sigma=np.eye(3)), S)
    rho = (spearmanr if kind == "spearman" else kendalltau)(S[:, 0], S[:, 2])[0]
    assert d[0, 2] == pytest.approx(np.sqrt((1 - rho) / 2), abs=1e-12)


def test_clusters_are_the_blocks_that_were_put_there():
    Sigma = block_market(7, sizes=(6, 5, 4), rho=0.8, between=0.05)
    d = distance_matrix("correlation", Covariance(Sigma=Sigma), None)
    merges = linkage_of(d, "ward", "linkage")
    assert cluster_count(d, merges, "gap", None) == 3
    found = {frozenset(leaves(merges, node).tolist()) for node in cut(merges, 3)}
    assert found == {frozenset(range(6)), frozenset(range(6, 11)), frozenset(range(11, 15))}


@pytest.mark.parametrize("nearest", ["weights", "risk"])
def test_limits_are_kept_by_the_nearest_portfolio_that_cvxpy_finds(nearest):
    Sigma = block_market(8)
    limits = {"max_weight": 0.11, "sector_limits": {"S0": 0.3}, "max_turnover": 0.1, "fully_invested": True}
    p = question({"nearest": nearest}, Sigma, limits, cash=True)
    w, _ = certified(p)
    x = cp.Variable(p.n)
    metric = np.eye(p.n) if nearest == "weights" else p.moments.Sigma
    sector = [i for i, asset in enumerate(p.universe.assets) if asset.sector == "S0"]
    held = [cp.sum(x) == 1, x >= 0, x[:-1] <= 0.11, cp.sum(x[sector]) <= 0.3, cp.norm1(x - p.w_prev) <= 0.2, x[-1] == 0]
    cp.Problem(cp.Minimize(cp.quad_form(x - p.constructed(), cp.psd_wrap(metric))), held).solve(
        solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-12
    )
    np.testing.assert_allclose(w, x.value, rtol=0, atol=1e-5)


def test_nested_sharpe_ratios_and_budgets_are_possible_inside_the_clusters():
    objective = {"variant": "nco", "clusters": 3, "inner": {"kind": "risk_parity"}, "outer": {"kind": "max_sharpe"}}
    p = question(objective, block_market(9))
    w, claims = certified(p)
    assert claims["optima inside and over the clusters"] == "as constructed, not checked again"
    assert w.min() >= -1e-15
    assert w.sum() == pytest.approx(1.0, abs=1e-14)


def test_what_the_limits_bar_is_no_part_of_the_tree():
    Sigma = block_market(10)
    few = question({}, Sigma[1:, 1:])
    barred = question({}, Sigma, {"max_weight": {"A0": 0.0}})
    np.testing.assert_allclose(barred.constructed()[1:], few.constructed(), rtol=0, atol=1e-15)
    assert certified(barred)[0][0] == 0.0


def test_a_floor_on_cash_scales_the_portfolio():
    Sigma = block_market(11)
    w, _ = certified(question({}, Sigma, {"cash": {"min": 0.1}}, cash=True))
    np.testing.assert_allclose(w[:-1], 0.9 * certified(question({}, Sigma))[0], rtol=0, atol=1e-14)


@pytest.mark.parametrize("variant", ["hrp", "herc", "nco"])
def test_a_tree_whose_weights_were_moved_is_refused_a_certificate(variant):
    p = question({"variant": variant}, block_market(12))
    h = p.constructed().copy()
    most, least = int(h.argmax()), int(np.where(h > 0, h, 1).argmin())
    h[most], h[least] = h[most] - 1e-5, h[least] + 1e-5
    moved = p.replaced(target=h)
    form = assemble(moved)
    certificate = audit(moved, form, optimize(moved, form=form))
    assert not certificate.certified
    assert any("a split of the tree is missed" in reason for reason in certificate.reasons)


@pytest.mark.parametrize(
    ("objective", "error", "message"),
    [
        ({"variant": "hcaa"}, InvalidValue, "hrp, herc, nco"),
        ({"linkage": "centroid"}, InvalidValue, "single, complete, average, ward"),
        ({"distance": "mutual_information"}, InvalidValue, "is none of"),
        ({"measure": "beta"}, InvalidValue, "no risk measure"),
        ({"clusters": 3}, InvalidValue, "says nothing to hrp"),
        ({"variant": "herc", "inner": {"kind": "min_risk"}}, InvalidValue, "says nothing to herc"),
        ({"variant": "nco", "measure": "cvar"}, InvalidValue, "inner and outer"),
        ({"variant": "herc", "clusters": 2.5}, InvalidValue, "whole number"),
        ({"variant": "nco", "inner": {"kind": "nothing"}}, UnknownField, "nothing"),
        ({"linkages": "ward"}, UnknownField, "linkage"),
    ],
    ids=str,
)
def test_options_that_mean_nothing_are_refused_in_the_users_own_words(objective, error, message):
    with pytest.raises(error, match=message):
        parse_objective({"kind": "hierarchical", **objective})
