"""The same problems, written a second time in cvxpy and solved tightly."""

import cvxpy as cp
import numpy as np
import pytest

from portopt.optimization import assemble, optimize

# Clarabel cannot always prove 1e-12 and says so; what it found is compared all the same.
pytestmark = pytest.mark.filterwarnings("ignore:Solution may be inaccurate")

TIGHT = {"solver": cp.CLARABEL, "tol_gap_abs": 1e-12, "tol_gap_rel": 1e-12, "tol_feas": 1e-12}
SECTORS = {"budget": True, "long_only": True, "max_weight": 0.3, "sector_limits": 0.45}
CASES = {
    "min risk, sectors": ("min_risk", SECTORS, {}),
    "utility, turnover": ({"kind": "utility", "risk_aversion": 4.0}, SECTORS | {"max_turnover": 0.15}, {}),
    "utility, costs": ({"kind": "utility", "risk_aversion": 4.0}, SECTORS, {"linear_impact": {"bps": 40}}),
    "utility, tracking error": ({"kind": "utility", "risk_aversion": 2.0}, SECTORS | {"max_tracking_error": 0.03}, {}),
    "utility, everything": (
        {"kind": "utility", "risk_aversion": 1.0},
        SECTORS | {"max_tracking_error": 0.06, "max_turnover": 0.6, "max_volatility": 0.19, "min_return": 0.05},
        {"linear_impact": {"bps": 10}},
    ),
    "utility, leverage": (
        {"kind": "utility", "risk_aversion": 3.0},
        {"budget": True, "min_weight": -0.3, "max_weight": 0.4, "leverage_limit": 1.6},
        {},
    ),
    "most return, volatility": ("max_return", SECTORS | {"max_volatility": 0.2}, {}),
    "tracking error, floor": ("min_tracking_error", SECTORS | {"min_weight": 0.02, "max_turnover": 0.5}, {}),
    "utility, square-root impact": (
        {"kind": "utility", "risk_aversion": 3.0},
        SECTORS,
        {"square_root_impact": {"coefficient": 1.0}},
    ),
    "min risk, soft tracking error": (
        "min_risk",
        SECTORS | {"max_tracking_error": {"limit": 0.001, "soft": True, "penalty": 0.02}},
        {},
    ),
}


def in_cvxpy(p, limits, costs):
    w = cp.Variable(p.n)
    mu, L = p.moments.mu, np.linalg.cholesky(p.moments.Sigma)
    risk, active, z = cp.norm(L.T @ w), cp.norm(L.T @ (w - p.benchmark)), w - p.w_prev
    rows = [cp.sum(w) == 1]
    paid = 0
    if "long_only" in limits:
        rows.append(w >= 0)
    for name, sign in (("max_weight", 1), ("min_weight", -1)):
        if name in limits:
            rows.append(sign * w <= sign * limits[name])
    if "sector_limits" in limits:
        rows += [cp.sum(w[members]) <= limits["sector_limits"] for members in p.universe.groups("sector").values()]
    if "max_turnover" in limits:
        rows.append(cp.norm1(z) <= 2 * limits["max_turnover"])
    if "leverage_limit" in limits:
        rows.append(cp.norm1(w) <= limits["leverage_limit"])
    if isinstance(limits.get("max_tracking_error"), dict):
        soft = limits["max_tracking_error"]
        paid += soft["penalty"] * cp.pos(active - soft["limit"])
    elif "max_tracking_error" in limits:
        rows.append(active <= limits["max_tracking_error"])
    if "max_volatility" in limits:
        rows.append(risk <= limits["max_volatility"])
    if "min_return" in limits:
        rows.append(mu @ w >= limits["min_return"])
    if "linear_impact" in costs:
        paid += costs["linear_impact"]["bps"] * 1e-4 * cp.norm1(z)
    if "square_root_impact" in costs:
        daily = np.sqrt(np.diag(p.moments.Sigma) / 252)
        paid += cp.sum(cp.multiply(daily * np.sqrt(1e7 / 2e7), cp.power(cp.abs(z), 1.5)))
    variance = cp.sum_squares(L.T @ w)
    gamma = getattr(p.objective, "risk_aversion", None) or 1.0
    wanted = {
        "min_risk": variance / 2,
        "utility": gamma / 2 * variance - mu @ w,
        "max_return": -mu @ w,
        "min_tracking_error": cp.sum_squares(L.T @ (w - p.benchmark)) / 2,
    }[p.objective.kind]
    program = cp.Problem(cp.Minimize(wanted + paid), rows)
    program.solve(**TIGHT)
    return w.value, program.value


@pytest.mark.parametrize("factor_form", [False, True], ids=["dense", "factors"])
@pytest.mark.parametrize("case", CASES)
def test_weights_and_objective_agree_with_cvxpy(market, case, factor_form):
    objective, limits, costs = CASES[case]
    p = market(seed=11, assets=15, objective=objective, limits=limits, costs=costs, factor_form=factor_form)
    form = assemble(p)
    solution = optimize(p, form=form)
    expected, value = in_cvxpy(p, limits, costs)
    assert form.objective(solution.raw.x) == pytest.approx(value, abs=2e-9)
    assert solution.weights == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize("limits", [SECTORS, SECTORS | {"max_turnover": 0.3, "max_tracking_error": 0.05}])
def test_no_ratio_on_a_fine_grid_of_risk_aversions_beats_the_maximum_sharpe_ratio(market, limits):
    best = market(seed=12, objective="max_sharpe", limits=limits, risk_free_rate=0.02)
    top = best.objective.value(optimize(best).weights, best)
    for gamma in np.geomspace(0.3, 30.0, 12):
        p = market(seed=12, objective={"kind": "utility", "risk_aversion": float(gamma)}, limits=limits, risk_free_rate=0.02)
        w, _ = in_cvxpy(p, limits, {})
        assert best.objective.value(w, best) <= top + 1e-9
