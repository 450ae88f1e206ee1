"""One asset whose variance is 1e2 to 1e8 times the others' changes neither what is found nor by what it is measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from portopt.audit import audit
from portopt.audit.scale import objective_scale
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import Asset, Universe
from portopt.optimization import assemble, optimize
from portopt.terms.catalog import parse_limits, parse_objective


def tracking(n: int, *, factors: bool, excluded: int, wild: float | None) -> Problem:
    """An index of n assets, its `excluded` smallest not to be held; wild: a further asset, in the universe alone."""
    rng = np.random.default_rng([n, excluded])
    F = rng.normal(1.0, 0.3, (n, 3)) * [1.0, 0.4, 0.3]
    D, b = rng.uniform(0.05, 0.2, n) ** 2, rng.dirichlet(np.ones(n))
    left_out = [f"A{i:03d}" for i in np.argsort(b)[:excluded]]
    names = [f"A{i:03d}" for i in range(n)]
    if wild is not None:
        F = np.vstack([F, np.sqrt(wild) * rng.normal(1.0, 0.3, 3) * [1.0, 0.4, 0.3]])
        D, b, names = np.append(D, wild * 0.04), np.append(b, 0.0), [*names, "WILD"]
    Omega = np.diag([0.15, 0.08, 0.05]) ** 2
    covariance = Covariance(F=F, Omega=Omega, D=D) if factors else Covariance(Sigma=F @ Omega @ F.T + np.diag(D))
    limits = {"budget": True, "long_only": True, **({"exclusions": left_out} if excluded else {})}
    moments = Moments(Universe(tuple(Asset(name) for name in names)), np.full(len(D), 0.05), covariance)
    return Problem(moments, parse_objective({"kind": "min_tracking_error"}), parse_limits(limits), benchmark=b)


@pytest.mark.parametrize("wild", [1e2, 1e4, 1e6, 1e8])
@pytest.mark.parametrize("excluded", [0, 1, 3])
@pytest.mark.parametrize("factors", [False, True])
@pytest.mark.parametrize("n", [8, 40, 200])
def test_an_index_is_tracked_as_closely_as_without_the_wild_asset(n: int, factors: bool, excluded: int, wild: float) -> None:
    plain = tracking(n, factors=factors, excluded=excluded, wild=None)
    p = tracking(n, factors=factors, excluded=excluded, wild=wild)
    without, form = optimize(plain).weights, assemble(p)
    solution = optimize(p, form=form)
    certificate = audit(p, form, solution)
    assert certificate.certified, certificate.reasons
    assert without is not None
    assert solution.weights is not None
    least = plain.moments.covariance.volatility(without - plain.benchmark)
    # A dust of the wild asset may hedge a little: less is as good.
    assert p.moments.covariance.volatility(solution.weights - p.benchmark) <= least * (1.0 + 1e-7) + 1e-11


@pytest.mark.parametrize("factors", [False, True])
def test_the_audit_refuses_two_basis_points_where_the_index_can_be_copied(factors: bool) -> None:
    """A tracking error of 0.02 % where nothing is possible, with an asset at 500 % volatility that nobody holds."""
    p = tracking(40, factors=factors, excluded=0, wild=625.0)
    form = assemble(p)
    solution = optimize(p, form=form)
    assert solution.raw is not None
    assert solution.raw.x is not None
    x = solution.raw.x.copy()
    n = p.n
    off = np.zeros(n)
    off[np.argsort(-x[:n])[:2]] = 1.0, -1.0
    off *= 0.00023 / p.moments.covariance.volatility(off)
    x[:n] += off
    if factors:
        model = p.moments.covariance.factors()
        x[n:] += np.sqrt(np.diagonal(model[1])) * (model[0].T @ off)
    moved = replace(solution, weights=x[:n], raw=replace(solution.raw, x=x))
    assert not audit(p, form, moved).certified


def test_what_nobody_holds_is_no_yardstick() -> None:
    plain, p = (tracking(12, factors=False, excluded=0, wild=wild) for wild in (None, 1e8))
    x = np.zeros(13)
    x[:12] = plain.benchmark
    # At the benchmark itself: the objective is nothing, its parts are the benchmark's variance.
    assert objective_scale(assemble(p), x) == pytest.approx(objective_scale(assemble(plain), x[:12]), rel=1e-9)
