"""Every term of the catalog says the same thing to the solver and to the auditor.

The witness is cvxpy with Clarabel: for fixed weights it finds the best helper columns of the program. For a limit it
minimizes the opening, in the limit's own unit, at which the program holds: that is the auditor's worst violation, and zero
exactly when the auditor finds none. For an objective or a cost it minimizes the program's objective: that is `value`.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import cvxpy as cp
import numpy as np
import pytest

from portopt.domain.canonical import plain
from portopt.domain.factor_model import FactorModel
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem, describe_term
from portopt.domain.program import Program, StandardForm, psd_root
from portopt.domain.universe import CASH, Asset, Universe
from portopt.terms.catalog import COSTS, LIMITS, OBJECTIVES, parse_costs, parse_limits, parse_objective
from portopt.terms.soft import Soft

IDS = ("AAPL", "XOM", "JNJ", "MSFT", "BOND", "GOLD")
SECTORS = ("Technology", "Energy", "Health", "Technology", None, None)
CLASSES = ("Equity", "Equity", "Equity", "Equity", "Bond", None)
SCORES = (9.2, 4.5, 9.0, 7.0, 5.0, None)

# Values beside the catalog's example: the other spellings, both sides, hard and soft, kept and barred.
MORE_LIMITS: dict[str, list[Any]] = {
    "max_weight": [0.25, 0.0],
    "min_weight": [0.05, {"*": -0.1, "XOM": 0.1}],
    "sector_limits": [0.3, {"*": 0.2, "Technology": [0.1, None]}],
    "asset_class_limits": [0.5, {"Bond": [0.05, 0.1]}],
    "max_turnover": [0.0, 0.45],
    "leverage_limit": [0.9],
    "max_risk": [
        {"semideviation": 0.004, "worst_realization": {"limit": 0.012, "horizon": 3}},
        {"volatility": 0.2, "max_drawdown": 0.05, "gini_mean_difference": {"limit": 0.01}},
        {"cdar": {"limit": 0.04, "confidence": 0.8}, "soft": True, "penalty": 2.0},
    ],
    "max_tracking_error": [0.05, {"limit": 0.03, "soft": True, "penalty": 2.0}],
    "min_quality": [6.0, {"score": 5.0, "grandfather": True}, {"score": 6.0, "exempt_classes": ["bond"]}],
    "cash": [{"min": 0.0}, {"max": 0.1}],
    "exclusions": [{"assets": ["XOM", "GOLD"], "most": 0.02}],
    "do_not_buy": [{"assets": ["XOM", "AAPL", "GOLD"], "slack": 0.02}, [{"asset_class": "Bond"}]],
    "do_not_sell": [["XOM", {"sector": "Technology"}]],
    "keep": [[{"sector": "Health"}]],
    "max_cost": [0.0005],
    "model_bands": [
        {"weights": {"AAPL": 0.2, "XOM": 0.2, "*": 0.1}, "band": 0.1},
        {"weights": {"AAPL": {"target": 0.9, "band": None}}, "others": "free"},
        {"sector": {"Technology": {"target": 0.3, "band": "50%"}, "Energy": 0.3, "Health": 0.3}, "band": 0.3},
        {"asset_class": {"Equity": 0.6, "Bond": {"target": 0.2, "band": "20/100"}}, "band": 0.2, "others": "free"},
    ],
    "concentration": [{"effective_positions": 6}],
    "top_k": [{"k": 1, "weight": 0.2}, {"k": 9, "weight": 0.5}],
    "max_positions": [3, {"asset_class": {"Equity": 2}}],
    "min_positions": [{"count": 6, "least": 0.07}],
    "min_position": [{"AAPL": 0.3, "*": 0.01}],
    "max_trades": [0],
    "min_trade": [0.3],
    "round_lots": [{"lot": 500}],
    "pinned": [{"AAPL": {"shares": 10}, "GOLD": "-$500"}, {"trades": {"JNJ": "12.5%"}, "slack": 0.01}],
    "ucits_5_10_40": [{"issuers": {"AAPL": "A", "MSFT": "A"}, "single": 0.2, "large": 0.1, "total": 0.5}],
    "axis_bounds": [{"risk": 0.1, "esg": 6.0}, {"turnover": 0.1}, {"tracking_error": 0.02}],
    "min_esg": [{"score": 7.0, "unscored": "neutral"}, {"score": 4.0, "allowance": 0.5}],
    "esg_exclusion": [6.0, {"score": 5.0, "grandfather": True}, {"score": 6.0, "exempt_classes": ["Bond", "Gold"]}],
    "exposure_limits": [{"*": [0.2, None]}],
    "active_exposure_limits": [{"duration": 0.3}],
    "factor_risk_limits": [{"VAL": 0.001}],
    "max_systematic_volatility": [{"limit": 0.02, "active": True}],
    "max_specific_volatility": [0.08],
    "min_return": [
        {"floor": 0.05, "robust": {"set": "box", "radius": 0.01}},
        {"floor": -0.02, "robust": {"set": "ellipsoid", "radius": 0.2, "observations": 500}},
    ],
}
# Limits that speak of the request's costs.
COSTS_OF: dict[str, Any] = {
    "max_cost": {
        "commission": {"bps": 5},
        "linear_impact": {"bps": {"AAPL": 3, "*": 15}},
        "square_root_impact": {},
        "quadratic_impact": {},
    }
}
MORE_OBJECTIVES: dict[str, list[Any]] = {
    "robust_utility": [
        {"risk_aversion": 3.0, "returns": {"set": "box", "radius": "estimate", "coverage": "all", "observations": 500}},
        {"risk_aversion": 3.0, "returns": {"set": "ellipsoid", "confidence": 0.9, "observations": 500}},
        {"risk_aversion": 3.0, "returns": {"set": "ellipsoid", "matrix": "diagonal", "radius": 1.0, "observations": 500}},
        {"risk_aversion": 3.0, "covariance": {"set": "box", "radius": 0.2}},
        {"risk_aversion": 3.0, "covariance": {"set": "box", "confidence": 0.95, "observations": 500}},
        {"risk_aversion": 3.0, "returns": {"set": "ellipsoid", "radius": 0.0}},
    ],
    "multi_objective": [
        {"scheme": "epsilon_constraint", "axis": "esg"},
        {"scheme": "epsilon_constraint", "axis": "turnover"},
        {"scheme": "epsilon_constraint", "axis": "tracking_error"},
        {"weights": {"risk": 1.0, "turnover": 0.5}},
    ],
    "goals": [
        {"goals": {"turnover": {"goal": 0.1}, "tracking_error": {"goal": 0.02, "weight": 3}}, "tie_break": 0.0},
    ],
    "robust_min_risk": [{"covariance": {"set": "box", "radius": 0.1}, "risk_aversion": 3.0}],
    "robust_max_sharpe": [{"returns": {"set": "box", "radius": 0.001}, "covariance": {"set": "box", "radius": 0.1}}],
    "worst_case_return": [
        {"risk_aversion": 3.0, "scenarios": [{"name": "a", "returns": {"AAPL": 0.3}}, {"name": "b", "returns": {"XOM": 0.2}}]}
    ],
    "min_risk": [
        {"risk_aversion": 3.0},
        {"measure": "cvar", "confidence": 0.9},
        {"measure": "mad", "horizon": 5},
        {"measure": "evar"},
    ],
    "hierarchical": [
        {"variant": "herc", "linkage": "ward", "measure": "cvar", "confidence": 0.9, "clusters": 3},
        {"variant": "nco", "inner": {"kind": "max_sharpe"}, "nearest": "risk"},
    ],
    "resampled": [{"of": {"kind": "utility", "risk_aversion": 3.0}, "draws": 10, "method": "bootstrap", "nearest": "risk"}],
    "risk_parity": [
        {"budgets": {"AAPL": 0.5, "*": 0.1}},
        {"budgets": {"AAPL": 0.5, "BOND": 0.5}},
        {"budgets": {"sector": {"Technology": 0.6, "Energy": 0.4}}, "target_volatility": 0.1},
        {"measure": "cvar", "confidence": 0.9},
        {"measure": "cvar", "confidence": 0.9, "budgets": {"AAPL": 0.5, "BOND": 0.5}},
    ],
    "min_tracking_error": [{"risk_aversion": 3.0}],
    "model": [{"to": "target"}],
    "equal_weight": [{"nearest": "risk"}],
    "target_weights": [{"weights": {"AAPL": 0.3, "BOND": 0.1}, "rest": "equally", "nearest": "risk"}],
    "factor_risk_budget": [{"budgets": {"*": 1.0}, "nearest": "weights"}],
}
# Objectives that speak of a limit.
LIMITS_OF: dict[str, Any] = {
    "model": {
        "model_bands": {
            "weights": {"AAPL": 0.3, "XOM": {"target": 0.1, "band": None}},
            "sector": {"Health": 0.1},
            "others": "free",
        }
    }
}
MORE_COSTS: dict[str, list[Any]] = {
    "commission": [{"per_trade": 1, "bps": 2.5}],
    "square_root_impact": [{"coefficient": 30.0}],
}


def spelled(catalog: Any, more: dict[str, list[Any]]) -> list[tuple[str, Any]]:
    return [(kind, value) for kind, entry in catalog.items() for value in (entry.example, *more.get(kind, []))]


def problem(seed: int, *, factor_form: bool, cash: bool, objective: Any = None, **terms: Any) -> Problem:
    """A random market of six assets (one of them not tradable), with or without cash and a factor covariance."""
    rng = np.random.default_rng(seed)
    assets = [
        Asset(i, sector=s, asset_class=c, quality_score=q, esg_score=q, tradable=i != "GOLD")
        for i, s, c, q in zip(IDS, SECTORS, CLASSES, SCORES, strict=True)
    ]
    n = len(assets) + cash
    F = rng.normal(size=(n, 2)) * 0.2
    L = rng.normal(size=(2, 2))
    D = rng.uniform(0.01, 0.09, n)
    mu = rng.uniform(-0.02, 0.15, n)
    if cash:
        assets.append(Asset(CASH))
        F[-1], D[-1], mu[-1] = 0.0, 0.0, 0.03
    parts = Covariance(F=F, Omega=L @ L.T, D=D)
    covariance = parts if factor_form else Covariance(Sigma=parts.dense())
    more = np.random.default_rng(1_000 + seed)
    scenarios = mu / 252 + more.normal(size=(40, n)) @ np.linalg.cholesky(parts.dense() / 252 + 1e-12 * np.eye(n)).T
    return Problem(
        moments=Moments(
            Universe(tuple(assets)),
            mu,
            covariance,
            scenarios=scenarios,
            probabilities=more.dirichlet(np.ones(40)),
            factor_model=FactorModel.given(("MKT", "VAL"), parts.F, parts.Omega, parts.D),
        ),
        objective=parse_objective(objective or {"kind": "min_risk"}),
        limits=terms.get("limits", ()),
        costs=terms.get("costs", ()),
        w_prev=rng.dirichlet(np.ones(n)),
        benchmark=rng.dirichlet(np.ones(n)),
        risk_free_rate=0.02,
        portfolio_value=1e6,
        holding_period_years=0.5,
        average_daily_value=rng.uniform(1e5, 1e7, n),
        prices=np.concatenate([more.uniform(20.0, 400.0, len(IDS)), np.ones(int(cash))]),
        exposures={"beta": more.uniform(0.5, 1.5, n), "duration": more.uniform(0.0, 8.0, n)},
        target=more.dirichlet(np.ones(n)),
    )


def limited(kind: str, value: Any, *, seed: int, factor_form: bool, cash: bool) -> tuple[Any, Problem]:
    """One limit, and the problem it is tried on."""
    (limit,) = parse_limits({kind: value})
    costs = parse_costs(COSTS_OF.get(kind, {}))
    return limit, problem(seed, factor_form=factor_form, cash=cash, limits=(limit,), costs=costs)


def form_of(p: Problem) -> StandardForm:
    program = Program(p.n)
    p.objective.express(program, p)
    for term in (*p.costs, *p.limits):
        term.express(program, p)
    return program.freeze()


def portfolios(p: Problem, seed: int) -> list[np.ndarray]:
    """Some that keep most limits (near the book, the benchmark, long only) and some that keep few."""
    rng = np.random.default_rng(seed)
    near = p.previous() + 0.02 * rng.normal(size=p.n)
    tracking = p.benchmark_weights() + 0.01 * rng.normal(size=p.n)
    simple = [np.zeros(p.n), np.full(p.n, 0.08), np.full(p.n, 1.0 / p.n), np.full(p.n, -0.2)]
    return [*simple, p.previous().copy(), p.benchmark_weights().copy(), near, tracking, rng.normal(size=p.n)]


Witness = Callable[[np.ndarray], float]


def opening_needed(form: StandardForm) -> Witness:
    """At w the least s such that the program, every side opened by s times its relax coefficient, allows w; inf for none.

    The witness is written out once a form; the weights are its parameter.
    """
    n = form.n_weights
    w = cp.Parameter(n)
    whole = form.integer.any()
    # A cone program in integers (none of the catalog is one) would be beyond the witness.
    h = cp.Variable(max(form.n_columns - n, 1), integer=(np.flatnonzero(form.integer) - n,) if whole else False)
    s = cp.Variable(nonneg=True)
    helpers = form.n_columns > n
    x = cp.hstack([w, h]) if helpers else w
    Ax = form.A @ x if form.A.shape[0] else np.zeros(0)
    held = []
    for values, lower, upper, relax in (
        (Ax, form.row_lower, form.row_upper, form.row_relax),
        (x[form.bound_columns], form.bound_lower, form.bound_upper, form.bound_relax),
    ):
        low, high = np.isfinite(lower), np.isfinite(upper)
        if low.any():
            held.append(values[low] >= lower[low] - relax[low] * s)
        if high.any():
            held.append(values[high] <= upper[high] + relax[high] * s)
    for cone in form.cones:
        relax = np.zeros(len(cone.b)) if cone.relax is None else cone.relax
        entries = cone.B @ x + cone.b + relax * s
        if cone.kind == "power":
            held.append(cp.PowCone3D(entries[0], entries[1], entries[2], cone.alpha))
        elif cone.kind == "exponential":
            held.append(cp.ExpCone(entries[0], entries[1], entries[2]))
        else:
            assert cone.kind == "second_order"
            held.append(cp.SOC(entries[0], entries[1:]))
    witness = cp.Problem(cp.Minimize(s), held)

    def at(weights: np.ndarray) -> float:
        w.value = weights
        if whole:
            witness.solve(solver=cp.HIGHS, highs_options={"mip_abs_gap": 1e-12, "mip_rel_gap": 0.0})
            return float(s.value) if witness.status == "optimal" else float("inf")
        witness.solve(solver=cp.CLARABEL, warm_start=False, tol_feas=1e-10, tol_gap_abs=1e-10, tol_gap_rel=1e-10)
        return float(s.value) if witness.status in ("optimal", "optimal_inaccurate") else float("inf")

    return at


def best_objective(form: StandardForm) -> Witness:
    """At w the program's objective with the best helper columns; every limit is taken out first."""
    n, free = form.n_weights, form.without(lambda limit: limit not in ("", "max_tracking_error"))
    if free.n_columns == n:
        return free.objective
    w = cp.Parameter(n)
    h = cp.Variable(free.n_columns - n)
    x = cp.hstack([w, h])
    lower, upper = free.box()
    low, high = np.flatnonzero(lower[n:] > -np.inf), np.flatnonzero(upper[n:] < np.inf)
    held = [h[low] >= lower[n:][low]] if len(low) else []
    held += [h[high] <= upper[n:][high]] if len(high) else []
    definitions = np.flatnonzero(free.row_lower == free.row_upper)
    if len(definitions):
        held.append(free.A[definitions] @ x == free.row_lower[definitions])
    for side, sign in ((free.row_lower, 1.0), (free.row_upper, -1.0)):
        bounded = np.flatnonzero(np.isfinite(side) & (free.row_lower != free.row_upper))
        if len(bounded):
            held.append(sign * (free.A[bounded] @ x) >= sign * side[bounded])
    for cone in free.cones:
        entries = cone.B @ x + cone.b
        if cone.kind == "power":
            held.append(cp.PowCone3D(entries[0], entries[1], entries[2], cone.alpha))
        elif cone.kind == "exponential":
            held.append(cp.ExpCone(entries[0], entries[1], entries[2]))
        else:
            held.append(cp.SOC(entries[0], entries[1:]))
    P = free.P().toarray()[n:, n:]
    wanted = free.q @ x + (0.5 * cp.sum_squares(psd_root(P).T @ h) if P.any() else 0.0)
    witness = cp.Problem(cp.Minimize(wanted), held)

    def at(weights: np.ndarray) -> float:
        w.value, h.value = weights, None
        for tolerance, steps in ((1e-11, 0.99), (1e-11, 0.9), (1e-9, 0.9)):  # shorter steps where it stumbles
            exact = {"tol_feas": tolerance, "tol_gap_abs": tolerance, "tol_gap_rel": tolerance, "max_step_fraction": steps}
            try:
                witness.solve(solver=cp.CLARABEL, warm_start=False, **exact)
            except cp.SolverError:
                continue
            break
        if h.value is None:  # a logarithm of what is not positive
            return float("inf")
        return free.objective(np.concatenate([weights, h.value]))

    return at


# Clarabel's word for "1e-11 was too much to ask": what it reached is held against the auditor below all the same.
pytestmark = pytest.mark.filterwarnings("ignore:Solution may be inaccurate")

both_forms = pytest.mark.parametrize("factor_form", [False, True], ids=["dense", "factors"])
# Nothing in a term speaks of both at once: each form of the covariance is asked once, and so is a book with cash.
form_and_cash = pytest.mark.parametrize(("factor_form", "cash"), [(False, True), (True, False)], ids=["dense, cash", "factors"])


@form_and_cash
@pytest.mark.parametrize(("kind", "value"), spelled(LIMITS, MORE_LIMITS), ids=str)
def test_the_opening_a_limit_needs_in_the_program_is_the_worst_violation_the_auditor_reads(kind, value, cash, factor_form):
    limit, p = limited(kind, value, seed=1, factor_form=factor_form, cash=cash)
    opening = opening_needed(form_of(p))
    for w in portfolios(p, seed=2):
        worst = limit.read(w, p).worst()
        needed = opening(w)
        if kind in ("min_quality", "esg_exclusion") and worst > 1e-12:
            assert needed == float("inf"), "no slope: a barred asset stays barred until the score is lowered past its own"
        elif limit.soft:
            assert needed == pytest.approx(0.0, abs=1e-8), "a soft limit forbids nothing"
            assert limit.priced(w, p) == pytest.approx(limit.price(p) * worst, rel=1e-12)
        else:
            assert needed == pytest.approx(worst, rel=1e-6, abs=2e-8)


def decided(kind: str, limit: Any, p: Problem) -> list[np.ndarray]:
    """Of a limit that leaves single assets one weight each, the book with these weights: no chance portfolio has them."""
    if kind != "pinned":
        return []
    pinned = p.previous().copy()
    for name, pin in limit.trades.items():
        i = p.universe.positions[name]
        money = {"weight": pin.amount * 1e6 - pinned[i] * 1e6, "value": pin.amount, "shares": pin.amount * p.prices[i]}
        pinned[i] += money[pin.unit] / 1e6
    return [pinned]


@pytest.mark.parametrize(("kind", "value"), spelled(LIMITS, MORE_LIMITS), ids=str)
def test_each_limit_is_both_kept_and_broken_by_the_portfolios_it_is_tried_on(kind, value):
    limit, p = limited(kind, value, seed=1, factor_form=False, cash=True)
    verdicts = {limit.read(w, p).worst() <= 1e-12 for w in [*portfolios(p, seed=2), *decided(kind, limit, p)]}
    assert verdicts == {True, False}


@form_and_cash
@pytest.mark.parametrize(("kind", "options"), spelled(OBJECTIVES, MORE_OBJECTIVES), ids=str)
def test_an_objective_is_worth_what_the_program_minimizes_with_costs_and_soft_shortfalls(kind, options, cash, factor_form):
    spec = {"kind": kind, **options}
    costs = parse_costs({"commission": {"bps": 5}, "linear_impact": {"bps": 15}, "square_root_impact": {}})
    limits = parse_limits({"max_tracking_error": {"limit": 0.02, "soft": True}, "max_turnover": 0.1})
    bare = [] if kind == "min_cost" else [{}]  # without costs it asks for nothing
    for extras in (*bare, {"costs": costs}, {"costs": costs, "limits": limits}):
        needed = parse_limits(LIMITS_OF.get(kind, {}))
        more = {**extras, "limits": (*extras.get("limits", ()), *needed)}
        p = problem(3, factor_form=factor_form, cash=cash, objective=spec, **more)
        form = form_of(p)
        best = best_objective(form)
        for w in portfolios(p, seed=4):
            if not w.any() and (form.ratio or any(cone.kind == "exponential" for cone in form.cones)):
                continue  # no risk, no ratio, no logarithm: the auditor says infinity, the witness only "very large"
            value = p.objective.value(w, p)
            spoken = -value if p.objective.sense == "maximize" else value
            assert best(w) == pytest.approx(spoken, rel=1e-6, abs=1e-8)


@form_and_cash
@pytest.mark.parametrize(("kind", "value"), spelled(COSTS, MORE_COSTS), ids=str)
def test_a_cost_adds_its_convex_part_by_the_year_to_the_program(kind, value, cash, factor_form):
    (cost,) = parse_costs({kind: value})
    p = problem(5, factor_form=factor_form, cash=cash, objective={"kind": "max_return"}, costs=(cost,))
    best, bare = best_objective(form_of(p)), form_of(p.replaced(costs=()))
    for w in portfolios(p, seed=6):
        added = best(w) - bare.objective(w)
        assert added == pytest.approx(cost.convex_value(w, p) / p.holding_period_years, rel=1e-6, abs=1e-8)
        assert cost.value(w, p) >= cost.convex_value(w, p) >= 0.0


@both_forms
@pytest.mark.parametrize(("kind", "value"), spelled(LIMITS, MORE_LIMITS), ids=str)
def test_a_relaxed_limit_is_opened_by_exactly_that_much_in_both_voices(kind, value, factor_form):
    by = 0.03125
    limit, p = limited(kind, value, seed=7, factor_form=factor_form, cash=True)
    opened = limit.relaxed(by)
    before, after = form_of(p.replaced(limits=(limit,))), form_of(p.replaced(limits=(opened,)))
    np.testing.assert_allclose(after.row_lower, before.row_lower - before.row_relax * by, rtol=0, atol=1e-15)
    np.testing.assert_allclose(after.row_upper, before.row_upper + before.row_relax * by, rtol=0, atol=1e-15)
    np.testing.assert_allclose(after.bound_lower, before.bound_lower - before.bound_relax * by, rtol=0, atol=1e-15)
    np.testing.assert_allclose(after.bound_upper, before.bound_upper + before.bound_relax * by, rtol=0, atol=1e-15)
    for old, new in zip(before.cones, after.cones, strict=True):
        np.testing.assert_allclose(new.b, old.b + (0.0 if old.relax is None else old.relax * by), rtol=0, atol=1e-15)
        assert (new.B != old.B).nnz == 0
    assert (after.A != before.A).nnz == 0
    w = portfolios(p, seed=8)[-1]
    old, new = limit.read(w, p), opened.read(w, p)
    if kind in ("min_quality", "esg_exclusion"):
        assert opened.score == pytest.approx(limit.score - by)
        return
    np.testing.assert_array_equal(new.measured, old.measured)
    np.testing.assert_allclose(new.upper, old.upper + by, rtol=0, atol=1e-15)
    np.testing.assert_allclose(new.lower, old.lower - by, rtol=0, atol=1e-15)


@pytest.mark.parametrize("factor_form", [False, True])
@pytest.mark.parametrize(("kind", "value"), spelled(LIMITS, MORE_LIMITS), ids=str)
def test_every_row_bound_and_cone_is_tagged_with_its_limit_and_named_as_the_auditor_names_it(kind, value, factor_form):
    limit, p = limited(kind, value, seed=9, factor_form=factor_form, cash=True)
    form = form_of(p)
    assert form.limits == (kind,)
    reading = limit.read(p.previous(), p)
    assert reading.limit == kind
    for group in (*form.row_groups, *form.bound_groups):
        if group.limit:
            assert (group.members or ("",)) == reading.members


@pytest.mark.parametrize(
    "term",
    [parse_objective({"kind": kind, **options}) for kind, options in spelled(OBJECTIVES, MORE_OBJECTIVES)]
    + [parse_limits({kind: value})[0] for kind, value in spelled(LIMITS, MORE_LIMITS)]
    + [parse_costs({kind: value})[0] for kind, value in spelled(COSTS, MORE_COSTS)],
    ids=lambda term: term.kind,
)
def test_a_term_as_data_builds_the_same_term_again(term):
    data = json.loads(json.dumps(describe_term(term)))
    assert data.pop("kind") == term.kind
    unused = {f.name for f in dataclasses.fields(term) if f.metadata.get("later") and not getattr(term, f.name)}
    assert set(data) == {f.name for f in dataclasses.fields(term)} - unused
    if isinstance(term, Soft):
        data["limit"] = type(term.limit)(**data["limit"])
    assert type(term)(**data) == term
    assert plain(type(term)(**data)) == plain(term)
    assert term.describe()


@pytest.mark.parametrize("catalog", [OBJECTIVES, LIMITS, COSTS])
def test_the_catalog_names_each_term_by_its_own_kind(catalog):
    for kind, entry in catalog.items():
        assert entry.kind == kind
        assert entry.summary
        assert entry.parse(entry.example).kind == kind
