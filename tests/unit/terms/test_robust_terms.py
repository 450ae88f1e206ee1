"""Robust objectives: radius zero is the nominal answer, the stated worst is the worst there is, and cvxpy agrees."""

from __future__ import annotations

import itertools
from typing import Any

import cvxpy as cp
import numpy as np
import pytest
from scipy import stats

from portopt.audit import certify
from portopt.domain.errors import DataError, InvalidValue, MissingInput
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import CASH, Asset, Universe
from portopt.optimization import assemble, optimize
from portopt.terms.catalog import parse_limits, parse_objective
from portopt.terms.uncertainty.covariances import CovarianceBox, CovarianceFactors
from portopt.terms.uncertainty.expected_returns import ReturnBox, ReturnEllipsoid

LONG = {"budget": True, "long_only": True, "max_weight": 0.6}
LONG_SHORT = {"budget": True, "leverage_limit": 1.6, "max_weight": 0.8, "min_weight": -0.4}


def problem(
    objective: dict[str, Any], *, n: int = 6, factors: bool = False, cash: bool = False, limits: Any = None, seed: int = 0
) -> Problem:
    rng = np.random.default_rng(seed)
    F, D = rng.normal(size=(n, 3)) * 0.2, rng.uniform(0.01, 0.05, n)
    L = np.tril(rng.normal(size=(3, 3)) * 0.3) + np.eye(3)
    mu = rng.uniform(0.0, 0.15, n)
    assets = [Asset(f"A{i}") for i in range(n)]
    if cash:
        assets.append(Asset(CASH))
        F, D, mu = np.vstack([F, np.zeros(3)]), np.append(D, 0.0), np.append(mu, 0.02)
    covariance = Covariance(F=F, Omega=L @ L.T, D=D)
    if not factors:
        covariance = Covariance(Sigma=covariance.dense())
    T = np.where(covariance.diagonal() > 0.0, 500.0, 0.0)
    moments = Moments(Universe(tuple(assets)), mu, covariance, observations=T)
    return Problem(moments, parse_objective(objective), parse_limits(LONG if limits is None else limits), risk_free_rate=0.01)


def certified(p: Problem) -> np.ndarray:
    form = assemble(p)
    return certify(p, form, optimize(p, form=form)).weights


ZERO: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"kind": "robust_utility", "risk_aversion": 4, "returns": {"set": "box", "radius": 0}},
        {"kind": "utility", "risk_aversion": 4},
    ),
    (
        {"kind": "robust_utility", "risk_aversion": 4, "returns": {"set": "ellipsoid", "radius": 0}},
        {"kind": "utility", "risk_aversion": 4},
    ),
    (
        {"kind": "robust_utility", "risk_aversion": 4, "covariance": {"set": "box", "radius": 0}},
        {"kind": "utility", "risk_aversion": 4},
    ),
    (
        {"kind": "robust_utility", "risk_aversion": 4, "covariance": {"set": "factor", "specific": 0, "exposure": 0}},
        {"kind": "utility", "risk_aversion": 4},
    ),
    ({"kind": "robust_min_risk", "covariance": {"set": "box", "radius": 0}}, {"kind": "min_risk"}),
    ({"kind": "robust_max_sharpe", "returns": {"set": "ellipsoid", "radius": 0}}, {"kind": "max_sharpe"}),
    ({"kind": "robust_max_sharpe", "returns": {"set": "box", "radius": 0}}, {"kind": "max_sharpe"}),
]


@pytest.mark.parametrize("limits", [LONG, LONG_SHORT], ids=["long only", "long and short"])
@pytest.mark.parametrize(("robust", "nominal"), ZERO, ids=str)
def test_a_set_of_radius_zero_gives_the_nominal_answer(robust, nominal, limits):
    np.testing.assert_allclose(
        certified(problem(robust, factors=True, limits=limits)),
        certified(problem(nominal, factors=True, limits=limits)),
        rtol=0,
        atol=1e-9,
    )


def test_the_worst_of_a_box_of_returns_is_the_worst_of_its_corners():
    p = problem({"kind": "utility", "risk_aversion": 4}, n=8)
    box = ReturnBox({"*": 0.02, "A1": 0.05})
    delta = box.deltas(p)
    for w in np.random.default_rng(1).normal(size=(20, p.n)):
        corners = [float((p.moments.mu + np.array(s) * delta) @ w) for s in itertools.product((-1, 1), repeat=p.n)]
        assert p.moments.mu @ w - box.penalty(w, p) == pytest.approx(min(corners), rel=1e-12)
        assert box.worst(w, p) @ w == pytest.approx(min(corners), rel=1e-12)
        assert np.all(np.abs(box.worst(w, p) - p.moments.mu) <= delta + 1e-15)


@pytest.mark.parametrize("matrix", ["sample", "diagonal"])
@pytest.mark.parametrize("factors", [False, True])
def test_nothing_inside_the_ellipsoid_is_worse_than_its_stated_worst_which_lies_on_it(matrix, factors):
    p = problem({"kind": "utility", "risk_aversion": 4}, factors=factors)
    ellipsoid = ReturnEllipsoid(radius=1.5, matrix=matrix)
    Omega = ellipsoid.error(p).dense()
    rng = np.random.default_rng(2)
    root = np.linalg.cholesky(Omega)
    w = rng.normal(size=p.n)
    stated = float(p.moments.mu @ w) - ellipsoid.penalty(w, p)
    directions = rng.normal(size=(5000, p.n))
    inside = p.moments.mu + 1.5 * (directions / np.linalg.norm(directions, axis=1)[:, None]) @ root.T
    assert (inside @ w).min() >= stated - 1e-12
    worst = ellipsoid.worst(w, p)
    assert worst @ w == pytest.approx(stated, rel=1e-12)
    off = worst - p.moments.mu
    assert off @ np.linalg.solve(Omega, off) == pytest.approx(1.5**2, rel=1e-10)


def test_the_estimated_sets_are_the_textbook_intervals():
    p = problem({"kind": "utility", "risk_aversion": 4}, cash=True)
    sigma, years = np.sqrt(p.moments.covariance.diagonal()), 500.0 / 252.0
    each = ReturnBox("estimate", confidence=0.9).deltas(p)
    np.testing.assert_allclose(each, stats.norm.ppf(0.95) * sigma / np.sqrt(years), rtol=1e-12)
    assert each[-1] == 0.0, "cash earns what it earns"
    joint = ReturnBox("estimate", confidence=0.9, coverage="all").deltas(p)
    np.testing.assert_allclose(joint, stats.norm.ppf(0.5 + 0.5 * 0.9 ** (1 / 6)) * sigma / np.sqrt(years), rtol=1e-12)
    assert ReturnEllipsoid(confidence=0.9).kappa(p) == pytest.approx(np.sqrt(stats.chi2.ppf(0.9, 6)), rel=1e-12)


def test_histories_of_different_lengths_widen_the_ellipsoid_where_they_are_short():
    p = problem({"kind": "utility", "risk_aversion": 4}, limits=LONG)
    T = np.array([500.0, 500, 500, 500, 500, 60])
    short = p.replaced(moments=Moments(p.universe, p.moments.mu, p.moments.covariance, observations=T))
    ellipsoid = ReturnEllipsoid(radius=1.0)
    e = np.eye(p.n)
    assert ellipsoid.penalty(e[5], short) == pytest.approx(ellipsoid.penalty(e[5], p) * np.sqrt(500 / 60), rel=1e-12)
    assert ellipsoid.penalty(e[0], short) == pytest.approx(ellipsoid.penalty(e[0], p), rel=1e-12)
    for q in (p, short):
        q = q.replaced(
            objective=parse_objective({"kind": "robust_utility", "risk_aversion": 4, "returns": {"set": "ellipsoid"}})
        )
        certified(q)


@pytest.mark.parametrize("limits", [LONG, LONG_SHORT], ids=["long only", "long and short"])
def test_the_worst_of_a_box_of_covariances_is_the_worst_of_its_corners(limits):
    p = problem({"kind": "utility", "risk_aversion": 4}, n=4, limits=limits)
    rng = np.random.default_rng(3)
    pairs = [(i, j) for i in range(4) for j in range(i, 4)]
    for box in (CovarianceBox(radius=0.1), CovarianceBox(confidence=0.95)):
        Delta, Sigma = box.half_widths(p), p.moments.covariance.dense()
        for _ in range(5):
            w = rng.normal(size=4) if limits is LONG_SHORT else rng.dirichlet(np.ones(4))
            most = -np.inf
            for signs in itertools.product((-1.0, 1.0), repeat=len(pairs)):
                S = Sigma.copy()
                for (i, j), s in zip(pairs, signs, strict=True):
                    S[i, j] += s * Delta[i, j]
                    S[j, i] = S[i, j]
                most = max(most, float(w @ S @ w))
            assert box.variance(w, p) == pytest.approx(most, rel=1e-12)
            worst = box.worst(w, p)
            assert w @ worst @ w == pytest.approx(most, rel=1e-12)
            assert np.linalg.eigvalsh(worst)[0] >= -1e-12, "the worst is a covariance"


def test_no_covariance_of_the_factor_set_is_worse_than_the_stated_one_which_is_in_it():
    p = problem({"kind": "utility", "risk_aversion": 4}, factors=True, limits=LONG_SHORT)
    F, Omega, _ = p.moments.covariance.factors()
    given = CovarianceFactors(specific=0.3, exposure=0.2)
    d_up, rho = given.bounds(p)
    rng = np.random.default_rng(4)
    root = np.linalg.cholesky(Omega)
    for w in rng.normal(size=(5, p.n)):
        stated = given.variance(w, p)
        for _ in range(2000):
            u = rng.normal(size=F.shape)
            u *= (rho / np.linalg.norm(u @ root, axis=1))[:, None]
            moved = F + u
            assert w @ (moved @ Omega @ moved.T + np.diag(d_up * rng.uniform(size=p.n))) @ w <= stated + 1e-12
        assert w @ given.worst(w, p) @ w == pytest.approx(stated, rel=1e-12)


def test_the_factor_sets_of_a_regression_are_those_of_goldfarb_and_iyengar():
    p = problem({"kind": "utility", "risk_aversion": 4}, factors=True)
    _, _, D = p.moments.covariance.factors()
    d_up, rho = CovarianceFactors(confidence=0.95).bounds(p)
    k, T = 3, 500
    np.testing.assert_allclose(rho, np.sqrt(k * stats.f.ppf(0.95, k, T - k - 1) * D / (T - 1)), rtol=1e-10)
    np.testing.assert_allclose(d_up, D * (T - k - 1) / stats.chi2.ppf(0.05, T - k - 1), rtol=1e-10)


def cvxpy_answer(p: Problem, spec: dict[str, Any]) -> np.ndarray:
    """The robust program written out again, from the published formulas."""
    w = cp.Variable(p.n)
    Sigma, mu, T = p.moments.covariance.dense(), p.moments.mu, 500.0 / 252.0
    excess = mu @ w
    returns, covariance = spec.get("returns"), spec.get("covariance")
    if returns and returns["set"] == "box":
        excess -= returns["radius"] * cp.norm1(w)
    if returns and returns["set"] == "ellipsoid":
        excess -= returns["radius"] * cp.norm(np.linalg.cholesky(Sigma / T).T @ w)
    variance = cp.quad_form(w, cp.psd_wrap(Sigma))
    if covariance and covariance["set"] == "box":
        variance += covariance["radius"] * cp.square(np.sqrt(np.diagonal(Sigma)) @ cp.abs(w))
    if covariance and covariance["set"] == "factor":
        F, Omega, D = p.moments.covariance.factors()
        rho = covariance["exposure"] * np.sqrt(np.diagonal(F @ Omega @ F.T))
        variance = cp.square(cp.norm(np.linalg.cholesky(Omega).T @ F.T @ w) + rho @ cp.abs(w))
        variance += cp.sum_squares(cp.multiply(np.sqrt((1 + covariance["specific"]) * D), w))
    held = [cp.sum(w) == 1, w <= 0.8, w >= -0.4, cp.norm1(w) <= 1.6]
    gamma = spec.get("risk_aversion", 1.0)
    wanted = cp.Minimize(gamma / 2 * variance - (excess if spec["kind"] == "robust_utility" else 0))
    cp.Problem(wanted, held).solve(solver=cp.CLARABEL, tol_feas=1e-11, tol_gap_abs=1e-12, tol_gap_rel=1e-12)
    return np.asarray(w.value)


@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
@pytest.mark.parametrize(
    "spec",
    [
        {"kind": "robust_utility", "risk_aversion": 3, "returns": {"set": "box", "radius": 0.02}},
        {"kind": "robust_utility", "risk_aversion": 3, "returns": {"set": "ellipsoid", "radius": 0.7}},
        {"kind": "robust_utility", "risk_aversion": 3, "covariance": {"set": "box", "radius": 0.2}},
        {"kind": "robust_utility", "risk_aversion": 3, "covariance": {"set": "factor", "specific": 0.3, "exposure": 0.2}},
        {
            "kind": "robust_utility",
            "risk_aversion": 3,
            "returns": {"set": "ellipsoid", "radius": 0.4},
            "covariance": {"set": "factor", "specific": 0.3, "exposure": 0.2},
        },
        {"kind": "robust_min_risk", "covariance": {"set": "factor", "specific": 0.3, "exposure": 0.2}},
    ],
    ids=str,
)
def test_a_robust_answer_is_what_cvxpy_finds_for_the_published_formula(spec):
    for seed in range(3):
        p = problem(spec, factors=True, limits=LONG_SHORT, seed=seed)
        np.testing.assert_allclose(certified(p), cvxpy_answer(p, spec), rtol=0, atol=2e-5)
        theirs = p.objective.value(cvxpy_answer(p, spec), p)
        ours = p.objective.value(certified(p), p)
        better = ours >= theirs - 1e-9 if p.objective.sense == "maximize" else ours <= theirs + 1e-9
        assert better


def test_the_worst_ratio_of_the_answer_is_the_best_any_portfolio_has():
    spec = {"kind": "robust_max_sharpe", "returns": {"set": "ellipsoid", "radius": 0.2}}
    p = problem(spec, cash=True).replaced(risk_free_rate=0.02)
    best = p.objective.value(certified(p), p)
    draws = np.random.default_rng(5).dirichlet(np.full(p.n, 0.5), size=4000)
    allowed = draws[(draws[:, :-1] <= 0.6).all(axis=1)]
    assert max(p.objective.value(w, p) for w in allowed) <= best


def test_a_robust_floor_holds_for_every_return_of_its_set():
    limits = {**LONG, "min_return": {"floor": 0.08, "robust": {"set": "box", "radius": 0.01}}}
    p = problem({"kind": "min_risk"}, limits=limits)
    w = certified(p)
    corners = [(p.moments.mu + 0.01 * np.array(s)) @ w for s in itertools.product((-1, 1), repeat=p.n)]
    assert min(corners) == pytest.approx(0.08, abs=1e-9), "it binds"
    nominal = certified(problem({"kind": "min_risk"}, limits={**LONG, "min_return": 0.09}))
    np.testing.assert_allclose(w, nominal, atol=1e-9, err_msg="long only, a box shifts every return alike")


def test_the_worst_of_named_scenarios_is_maximized():
    scenarios = [
        {"name": "boom", "returns": {"*": 0.1, "A0": 0.3}},
        {"name": "bust", "returns": {"*": -0.05, "A1": 0.02, "A2": 0.01}},
        {"name": "nothing new", "returns": {"A3": 0.2}},
    ]
    p = problem({"kind": "worst_case_return", "scenarios": scenarios, "risk_aversion": 2.0})
    w = certified(p)
    R = p.objective.returns(p)
    np.testing.assert_array_equal(R[2, [0, 1, 2, 4, 5]], p.moments.mu[[0, 1, 2, 4, 5]])
    v = cp.Variable(p.n)
    held = [cp.sum(v) == 1, v >= 0, v <= 0.6]
    wanted = cp.Maximize(cp.min(R @ v) - cp.quad_form(v, cp.psd_wrap(p.moments.covariance.dense())))
    cp.Problem(wanted, held).solve(solver=cp.CLARABEL, tol_feas=1e-11, tol_gap_abs=1e-12, tol_gap_rel=1e-12)
    np.testing.assert_allclose(w, v.value, atol=1e-6)
    assert p.objective.worst(w, p) == scenarios[int(np.argmin(R @ w))]["name"]


@pytest.mark.parametrize(
    ("spec", "error", "said"),
    [
        ({"returns": {"set": "ball"}}, InvalidValue, '"box" or "ellipsoid"'),
        ({"returns": {"set": "box", "radius": "guess"}}, InvalidValue, "estimate"),
        ({"covariance": {"set": "box", "radius": "guess"}}, InvalidValue, "number"),
        ({"returns": {"set": "box", "radius": -0.1}}, InvalidValue, "below 0"),
        ({"returns": {"set": "box", "radius": {"CASH": 0.1}}}, InvalidValue, "cash"),
        ({"returns": {"set": "ellipsoid", "confidence": 1.0}}, InvalidValue, "below 1"),
        ({"returns": {"set": "ellipsoid", "matrix": "full"}}, InvalidValue, "diagonal"),
        ({"covariance": {"set": "box"}}, InvalidValue, "one of"),
        ({"covariance": {"set": "box", "radius": 0.1, "confidence": 0.9}}, InvalidValue, "one of"),
        ({"covariance": {"set": "cone"}}, InvalidValue, "factor"),
    ],
)
def test_a_set_that_means_nothing_is_refused_by_name(spec, error, said):
    with pytest.raises(error, match=said):
        parse_objective({"kind": "robust_utility", "risk_aversion": 4, **spec})


def test_a_set_that_needs_what_is_not_there_says_what():
    factor = {"kind": "robust_min_risk", "covariance": {"set": "factor", "specific": 0.1}}
    with pytest.raises(MissingInput, match="factor exposures"):
        assemble(problem(factor))
    p = problem({"kind": "robust_utility", "risk_aversion": 4, "returns": {"set": "ellipsoid"}})
    bare = p.replaced(moments=Moments(p.universe, p.moments.mu, p.moments.covariance))
    with pytest.raises(MissingInput, match="how many returns"):
        assemble(bare)


@pytest.mark.parametrize(
    "drawn",
    [
        {"returns": {"set": "box", "radius": "bootstrap", "draws": 500, "seed": 1, "block": 5}},
        {"returns": {"set": "ellipsoid", "radius": "bootstrap", "confidence": 0.9}},
        {"covariance": {"set": "box", "radius": "bootstrap", "confidence": 0.9}},
    ],
    ids=str,
)
def test_a_radius_to_be_drawn_is_understood_and_says_so_where_it_was_not(drawn):
    spec = {"kind": "robust_utility", "risk_aversion": 4, **drawn}
    assert parse_objective(spec).describe()
    with pytest.raises(MissingInput, match="drawn from the history"):
        assemble(problem(spec))


def test_a_box_whose_upper_bound_is_no_covariance_is_refused():
    # Two factors, assets at every angle between them: the elementwise root of 1 + cos^2 has a negative eigenvalue.
    angles = np.arange(8) * np.pi / 8
    Sigma = 0.04 * np.cos(angles[:, None] - angles[None, :])
    moments = Moments(Universe.of([f"A{i}" for i in range(8)]), np.full(8, 0.05), Covariance(Sigma=Sigma))
    spec = {"kind": "robust_min_risk", "covariance": {"set": "box", "confidence": 0.95, "observations": 100}}
    p = Problem(moments, parse_objective(spec), parse_limits({"budget": True}))
    assert np.linalg.eigvalsh(np.sqrt(0.04**2 + Sigma**2))[0] < -1e-6
    with pytest.raises(DataError, match="no covariance"):
        assemble(p)
