"""Weights that stand on a bound stand exactly there, and none of them is moved to make the sum exact."""

from __future__ import annotations

import math

import numpy as np
import pytest

from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import Asset, Universe
from portopt.optimization import assemble, optimize
from portopt.optimization.polish.last_touch import on_bounds, with_exact_sums
from portopt.optimization.ratio.best_ratio import NoExcessReturn
from portopt.terms.catalog import parse_limits, parse_objective

OBJECTIVES = (
    {"kind": "min_risk"},
    {"kind": "max_sharpe"},
    {"kind": "utility", "risk_aversion": 3.0},
    {"kind": "min_tracking_error"},
    {"kind": "max_return"},
)


def long_only(seed: int, objective: dict[str, object]) -> Problem:
    """3 to 60 assets, their covariance from few observations or many; caps, floors, sectors and turnover at random."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 60))
    returns = rng.normal(0.0, 0.05, (int(rng.integers(n // 2 + 1, 3 * n)), n)) + rng.normal(0.0, 0.04, (1, n))
    Sigma = returns.T @ returns / len(returns) * 12 + np.diag(rng.uniform(1e-4, 0.02, n)) * (rng.random() < 0.7)
    offered = (
        ("max_weight", max(0.1, 2 / n), 0.4),
        ("sector_limits", 0.5, 0.3),
        ("max_turnover", 0.3, 0.3),
        ("min_weight", round(0.3 / n, 4), 0.3),
    )
    limits = {"budget": True, "long_only": True} | {name: value for name, value, chance in offered if rng.random() < chance}
    return Problem(
        Moments(
            Universe(tuple(Asset(f"S{i}", sector=f"sector {i % 3}") for i in range(n))),
            rng.normal(0.07, 0.03, n),
            Covariance(Sigma=Sigma),
        ),
        parse_objective(objective),
        parse_limits(limits),
        w_prev=rng.dirichlet(np.full(n, 0.4)),
        benchmark=rng.dirichlet(np.ones(n)),
        risk_free_rate=0.02,
    )


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: objective["kind"])
def test_a_weight_at_a_bound_is_the_bound(objective):
    at_bounds = 0
    for seed in range(50):
        p = long_only(seed, objective)
        form = assemble(p)
        try:
            solution = optimize(p, form=form)
        except NoExcessReturn:
            continue
        if not solution.is_optimal:
            continue
        w, (lower, upper) = solution.weights, (side[: p.n] for side in form.box())
        assert math.fsum(w) == 1.0
        assert not np.signbit(w).any(), seed
        nearly = (np.abs(w - lower) < 1e-12) | (np.abs(w - upper) < 1e-12) | (np.abs(w) < 1e-12)
        exactly = (w == lower) | (w == upper) | (w == 0.0)
        assert np.array_equal(nearly, exactly), seed
        at_bounds += int(exactly.sum())
    assert at_bounds > 100


def test_the_exact_sum_moves_no_weight_that_stands_on_a_bound():
    rng = np.random.default_rng(0)
    moved = 0
    for seed in range(200):
        p = long_only(seed, {"kind": "min_risk"})
        form = assemble(p)
        lower, upper = (np.where(np.isfinite(side), side, 1.0)[: p.n] for side in form.box())
        w = rng.dirichlet(np.full(p.n, 0.5))
        w = np.clip(w, lower, upper)
        free = (w > lower) & (w < upper)
        if not free.any():
            continue
        w[free] += (1.0 - w.sum()) / free.sum() * (1.0 + 1e-16)
        x = np.zeros(form.n_columns)
        x[: p.n] = w + rng.normal(0.0, 1e-17, p.n)
        x[: p.n][~free] = w[~free] + rng.choice([-3.8e-18, 0.0, 3.8e-18], int((~free).sum()))
        box = form.box()
        out = with_exact_sums(form, on_bounds(form, x, box), np.ones(form.n_columns, dtype=bool), box)[: p.n]
        assert np.array_equal(out[~free], w[~free]), seed
        moved += int(not np.array_equal(out[free], x[: p.n][free]))
    assert moved > 20
