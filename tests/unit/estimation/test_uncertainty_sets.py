"""Sizes of uncertainty sets from data: textbook standard errors, and a bootstrap that finds them again."""

from __future__ import annotations

import numpy as np
import pytest

from portopt.domain.errors import InvalidValue, MissingInput
from portopt.domain.moments import Covariance, Moments
from portopt.domain.universe import CASH, Asset, Universe
from portopt.estimation.uncertainty import (
    bootstrap_box,
    bootstrap_covariance_box,
    bootstrap_ellipsoid,
    bootstrap_means,
    draw_counts,
    resampled,
    resolve_sets,
    standard_errors,
)


def moments(T: int = 600, seed: int = 0, *, scenarios: bool = True, serial: float = 0.0) -> Moments:
    rng = np.random.default_rng(seed)
    L = np.tril(rng.normal(size=(3, 3)) * 0.005) + 0.01 * np.eye(3)
    shocks = rng.normal(size=(T, 3)) @ L.T
    S = np.zeros((T, 4))
    for t in range(T):
        S[t, :3] = serial * S[t - 1, :3] + shocks[t] if t else shocks[t]
    S[:, 3] = 1e-4
    universe = Universe((Asset("A"), Asset("B"), Asset("C"), Asset(CASH)))
    Sigma = np.cov(S.T, bias=True) * 252
    Sigma[3] = Sigma[:, 3] = 0.0
    return Moments(
        universe,
        S.mean(axis=0) * 252,
        Covariance(Sigma=Sigma),
        scenarios=S if scenarios else None,
        observations=np.array([T, T, T, 0.0]),
    )


def test_standard_errors_are_volatility_over_the_root_of_the_years():
    m = moments()
    expected = np.sqrt(m.covariance.diagonal() / (600 / 252))
    np.testing.assert_allclose(standard_errors(m), expected, rtol=1e-12)
    assert standard_errors(m)[3] == 0.0


def test_each_resampled_history_is_as_long_as_the_history_and_repeats_in_blocks():
    counts = draw_counts(200, 300, block=1.0, seed=1)
    np.testing.assert_array_equal(counts.sum(axis=1), 200)
    assert counts.var() == pytest.approx(1.0, abs=0.05), "independent draws: nearly Poisson"
    np.testing.assert_array_equal(draw_counts(50, 5, block=1e9, seed=1), 1.0, "one endless block is the history itself")


def test_independent_draws_find_the_textbook_errors_again():
    m = moments()
    off = bootstrap_means(m, 4000, block=1.0, seed=2)
    np.testing.assert_allclose(off[:, :3].std(axis=0), standard_errors(m)[:3], rtol=0.05)
    box = bootstrap_box(m, 0.9, draws=4000, block=1.0, seed=2)
    assert set(box) == {"A", "B", "C"}
    np.testing.assert_allclose(list(box.values()), 1.6449 * standard_errors(m)[:3], rtol=0.06)
    assert bootstrap_ellipsoid(m, 0.9, draws=4000, block=1.0, seed=2) == pytest.approx(np.sqrt(6.2514), rel=0.05)


def test_blocks_feel_serial_dependence_that_independent_draws_miss():
    m = moments(T=2000, serial=0.6)
    blocks = bootstrap_means(m, 1000, block=40.0, seed=3)[:, :3].std(axis=0)
    single = bootstrap_means(m, 1000, block=1.0, seed=3)[:, :3].std(axis=0)
    assert (blocks > 1.5 * single).all()


def test_all_intervals_at_once_are_wider_than_each():
    m = moments()
    each, together = bootstrap_box(m, 0.9, seed=4), bootstrap_box(m, 0.9, coverage="all", seed=4)
    assert all(together[a] > each[a] for a in each)


def test_the_covariance_box_shrinks_with_the_history():
    assert bootstrap_covariance_box(moments(2000), seed=5) < bootstrap_covariance_box(moments(200), seed=5)


def test_the_same_seed_is_the_same_set_and_another_is_another():
    m = moments()
    assert bootstrap_box(m, seed=6) == bootstrap_box(m, seed=6)
    assert bootstrap_box(m, seed=6) != bootstrap_box(m, seed=7)


def test_resampled_beliefs_scatter_about_the_beliefs_and_stay_covariances():
    m = moments()
    draws = resampled(m, 200, block=1.0, seed=8)
    mus = np.array([d.mu for d in draws])
    np.testing.assert_allclose(mus.mean(axis=0)[:3], m.mu[:3], atol=3 * standard_errors(m)[:3].max() / np.sqrt(200))
    np.testing.assert_allclose(mus[:, :3].std(axis=0), standard_errors(m)[:3], rtol=0.2)
    assert all(np.linalg.eigvalsh(d.covariance.dense())[0] >= -1e-15 for d in draws)


def test_a_bootstrap_in_a_request_becomes_its_number_and_nothing_else_changes():
    m = moments()
    spec = {
        "kind": "robust_utility",
        "risk_aversion": 4,
        "returns": {"set": "ellipsoid", "radius": "bootstrap", "confidence": 0.9, "draws": 200, "seed": 1, "matrix": "sample"},
        "covariance": {"set": "box", "radius": "bootstrap"},
    }
    found = resolve_sets(spec, m)
    assert found["returns"] == {
        "set": "ellipsoid",
        "matrix": "sample",
        "radius": bootstrap_ellipsoid(m, 0.9, draws=200, seed=1),
    }
    assert found["covariance"] == {"set": "box", "radius": bootstrap_covariance_box(m)}
    floor = {"min_return": {"floor": 0.05, "robust": {"set": "box", "radius": "bootstrap", "coverage": "all"}}}
    assert resolve_sets(floor, m)["min_return"]["robust"]["radius"] == bootstrap_box(m, coverage="all")
    plain = {"kind": "utility", "risk_aversion": 4, "returns": {"set": "box", "radius": 0.1}}
    assert resolve_sets(plain, m) == plain


def test_a_drawn_set_is_a_number_by_the_time_the_problem_is_formed():
    from portopt.domain.problem import Problem, describe_term
    from portopt.optimization import assemble
    from portopt.terms.catalog import parse_limits, parse_objective

    m = moments()
    spec = {
        "kind": "robust_utility",
        "risk_aversion": 4,
        "returns": {"set": "box", "radius": "bootstrap", "draws": 100, "coverage": "all"},
        "covariance": {"set": "box", "radius": "bootstrap", "draws": 50},
    }
    term = parse_objective(resolve_sets(spec, m))
    again = parse_objective(resolve_sets(describe_term(parse_objective(spec)), m))
    assert again == term, "spelled out or not"
    p = Problem(m, term, parse_limits({"budget": True, "long_only": True}))
    assert assemble(p).n_weights == 4
    assert set(term.returns.radius) == {"A", "B", "C"}
    assert 0.0 < term.covariance.radius < 1.0


def test_what_no_bootstrap_can_be_drawn_from_is_said():
    spec = {"returns": {"set": "box", "radius": "bootstrap"}}
    with pytest.raises(MissingInput, match="history"):
        resolve_sets(spec, moments(scenarios=False))
    for option in ({"draws": 3}, {"seed": -1}, {"block": 0}, {"draws": "many"}, {"confidence": 1.5}):
        with pytest.raises(InvalidValue, match=next(iter(option))):
            resolve_sets({"returns": {"set": "box", "radius": "bootstrap", **option}}, moments())
