"""The least trading, and the cheapest, that bring a book within its limits: against linear programs of cvxpy."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest

import portopt
from portopt.domain.errors import MissingInput, UnknownField
from portopt.terms.catalog import parse_objective

N = 12


def book(seed: int):
    rng = np.random.default_rng(seed)
    F = rng.normal(size=(N, 3)) * 0.15
    names = [f"A{i:02d}" for i in range(N)]
    return {
        "names": names,
        "Sigma": F @ F.T + np.diag(rng.uniform(0.01, 0.05, N)),
        "mu": rng.uniform(0.0, 0.15, N),
        "now": rng.dirichlet(np.full(N, 0.8)),
        "bench": rng.dirichlet(np.full(N, 3.0)),
        "sectors": [f"S{i % 4}" for i in range(N)],
        "bps": rng.uniform(2.0, 40.0, N),
    }


def asked(b, objective, limits, **more):
    names = b["names"]
    return portopt.optimize(
        covariance=b["Sigma"],
        expected_returns=dict(zip(names, b["mu"], strict=True)),
        current_weights=dict(zip(names, b["now"], strict=True)),
        benchmark=dict(zip(names, b["bench"], strict=True)),
        assets={a: {"sector": s} for a, s in zip(names, b["sectors"], strict=True)},
        objective=objective,
        limits=limits,
        **more,
    )


LIMITS = {"max_weight": 0.15, "sector_limits": 0.35}


def within(b, w):
    sectors = np.array(b["sectors"])
    return [cp.sum(w) == 1, w >= 0, w <= 0.15, *(cp.sum(w[np.flatnonzero(sectors == s)]) <= 0.35 for s in set(sectors))]


@pytest.mark.parametrize("seed", range(12))
def test_the_turnover_is_the_least_there_is_and_of_those_books_it_is_the_nearest_to_the_benchmark(seed):
    b = book(seed)
    found = asked(b, {"kind": "min_turnover"}, LIMITS)
    w = np.array([found.weights[a] for a in b["names"]])
    turnover = 0.5 * np.abs(w - b["now"]).sum()

    x = cp.Variable(N)
    traded = 0.5 * cp.norm1(x - b["now"])
    least = cp.Problem(cp.Minimize(traded), within(b, x)).solve(solver=cp.HIGHS)
    assert turnover == pytest.approx(least, abs=1e-8)
    cp.Problem(
        cp.Minimize(cp.quad_form(x - b["bench"], cp.psd_wrap(b["Sigma"]))), [*within(b, x), traded <= least + 1e-9]
    ).solve(solver=cp.CLARABEL)
    nearest = (x.value - b["bench"]) @ b["Sigma"] @ (x.value - b["bench"])
    assert (w - b["bench"]) @ b["Sigma"] @ (w - b["bench"]) == pytest.approx(nearest, rel=1e-4, abs=1e-9)
    assert found.certificate.certified


@pytest.mark.parametrize("seed", range(12))
def test_the_cost_is_the_least_there_is(seed):
    b = book(seed)
    rates = dict(zip(b["names"], b["bps"], strict=True))
    found = asked(b, {"kind": "min_cost"}, LIMITS, costs={"linear_impact": {"bps": rates}})
    w = np.array([found.weights[a] for a in b["names"]])
    x = cp.Variable(N)
    least = cp.Problem(cp.Minimize(1e-4 * b["bps"] @ cp.abs(x - b["now"])), within(b, x)).solve(solver=cp.HIGHS)
    assert 1e-4 * b["bps"] @ np.abs(w - b["now"]) == pytest.approx(least, abs=1e-9)
    assert found.certificate.certified


def test_a_book_within_its_limits_is_left_as_it_is():
    b = book(1)
    b["now"] = np.full(N, 1.0 / N)
    found = asked(b, {"kind": "min_turnover"}, LIMITS)
    assert all(abs(found.weights[a] - 1.0 / N) < 1e-12 for a in b["names"])


@pytest.mark.parametrize("word", ["comply", "least_trading"])
def test_other_words_mean_the_same(word):
    assert parse_objective({"kind": word}).kind == "min_turnover"
    b = book(2)
    assert asked(b, {"kind": word}, LIMITS).weights == asked(b, {"kind": "min_turnover"}, LIMITS).weights


def test_the_cheapest_without_a_cost_is_refused():
    with pytest.raises(MissingInput, match="states no costs") as refused:
        asked(book(3), {"kind": "min_cost"}, LIMITS)
    assert "min_turnover" in " ".join(refused.value.fixes)


def test_an_option_is_refused():
    with pytest.raises(UnknownField):
        parse_objective({"kind": "min_turnover", "risk_aversion": 2.0})
