"""Back within the bands by the least trading, over random books: against linear programs of SciPy and against enumeration."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

import portopt
from portopt.domain.errors import InfeasibleRequest

EXACT = 1e-7


def book(seed: int, n: int, *, cash: bool) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """(names, weights before the trade, targets, absolute half-widths); bands wide enough that some stand inside them."""
    rng = np.random.default_rng(seed)
    names = [f"A{i}" for i in range(n)] + (["CASH"] if cash else [])
    targets = rng.dirichlet(np.full(len(names), 3.0))
    now = np.maximum(targets + rng.normal(0.0, 0.06, len(names)), 0.0)
    now /= now.sum()
    return names, now, targets, np.minimum(rng.uniform(0.01, 0.08, len(names)), 0.25 * targets)


def answered(names: list[str], now: np.ndarray, model: dict[str, Any], to: str = "edge", **limits: Any) -> np.ndarray:
    found = portopt.optimize(
        covariance=np.diag([0.0 if name == "CASH" else 0.04 for name in names]),
        expected_returns=dict.fromkeys(names, 0.05),
        current_weights=dict(zip(names, now, strict=True)),
        objective={"kind": "model", "to": to},
        limits={"model_bands": model, **limits},
    )
    return np.array([found.weights[name] for name in names])


def spelled(names: list[str], targets: np.ndarray, widths: np.ndarray) -> dict[str, Any]:
    return {"weights": {n: {"target": float(t), "band": float(b)} for n, t, b in zip(names, targets, widths, strict=True)}}


def least_traded(names: list[str], now: np.ndarray, low: np.ndarray, high: np.ndarray) -> float | None:
    """The least sum of |w - now| over assets that are not cash, within [low, high], by HiGHS; None where nothing fits."""
    n = len(names)
    costs = np.array([0.0 if name == "CASH" else 1.0 for name in names])
    block = np.hstack([np.eye(n), -np.eye(n), np.eye(n)])  # w - bought + sold = now
    total = np.concatenate([np.ones(n), np.zeros(2 * n)])[None, :]
    found = linprog(
        np.concatenate([np.zeros(n), costs, costs]),
        A_eq=np.vstack([block, total]),
        b_eq=np.concatenate([now, [1.0]]),
        bounds=[*zip(np.maximum(low, 0.0), high, strict=True), *[(0.0, None)] * (2 * n)],
        method="highs",
    )
    return float(found.fun) if found.status == 0 else None


@pytest.mark.parametrize("cash", [False, True], ids=["no cash", "cash"])
@pytest.mark.parametrize("seed", range(60))
def test_no_portfolio_within_the_bands_is_reached_by_less_trading(seed, cash):
    names, now, targets, widths = book(seed, 3 + seed % 6, cash=cash)
    low, high = targets - widths, targets + widths
    least = least_traded(names, now, low, high)
    if least is None:
        with pytest.raises(InfeasibleRequest):
            answered(names, now, spelled(names, targets, widths))
        return
    w = answered(names, now, spelled(names, targets, widths))
    counted = np.array([name != "CASH" for name in names])
    assert np.all(w >= np.maximum(low, 0.0) - EXACT)
    assert np.all(w <= high + EXACT)
    assert float(np.abs(w - now)[counted].sum()) == pytest.approx(least, abs=1e-6)
    if np.all((now >= low) & (now <= high)):
        assert w == pytest.approx(now, abs=1e-12)


@pytest.mark.parametrize("seed", range(40))
def test_of_equal_trading_it_is_the_nearest_to_the_targets(seed):
    """Perturbed within the set of books of the same trading, none is nearer: by a quadratic program of cvxpy."""
    import cvxpy as cp

    names, now, targets, widths = book(1_000 + seed, 6, cash=False)
    low, high = np.maximum(targets - widths, 0.0), targets + widths
    least = least_traded(names, now, low, high)
    if least is None:
        pytest.skip("no portfolio is within these bands")
    w = cp.Variable(6)
    held = [w >= low, w <= high, cp.sum(w) == 1, cp.norm1(w - now) <= least + 1e-9]
    cp.Problem(cp.Minimize(cp.sum_squares(w - targets)), held).solve(cp.CLARABEL)
    assert answered(names, now, spelled(names, targets, widths)) == pytest.approx(w.value, abs=2e-4)


@pytest.mark.parametrize("seed", range(25))
def test_enumerated_books_of_whole_percents_are_never_better(seed):
    """Three assets and cash in steps of two percent: 23,426 books, those within the bands compared by the objective itself."""
    rng = np.random.default_rng(seed)
    names = ["A", "B", "C", "CASH"]
    now, targets = rng.multinomial(50, np.full(4, 0.25)) / 50, rng.multinomial(50, np.full(4, 0.25)) / 50
    steps = np.array([s for s in itertools.product(range(51), repeat=3) if sum(s) <= 50]) / 50
    books = np.column_stack([steps, 1.0 - steps.sum(axis=1)])
    inside = books[np.all((books >= targets - 0.06 - 1e-12) & (books <= targets + 0.06 + 1e-12), axis=1)]
    model = {"weights": dict(zip(names, targets.tolist(), strict=True)), "band": 0.06}

    def worth(w: np.ndarray) -> np.ndarray:
        return 0.5 * np.abs(w - now)[..., :3].sum(axis=-1) + 0.005 * ((w - targets) ** 2).sum(axis=-1)

    found = answered(names, now, model)
    assert np.all((found >= targets - 0.06 - EXACT) & (found <= targets + 0.06 + EXACT))
    assert worth(found) <= worth(inside).min() + 1e-9


@pytest.mark.parametrize("seed", range(40))
def test_to_the_targets_what_was_out_of_its_band_is_at_its_target_and_the_rest_moves_for_money_alone(seed):
    names, now, targets, widths = book(2_000 + seed, 6, cash=True)
    low, high = np.maximum(targets - widths, 0.0), targets + widths
    out = (now < low - 1e-9) | (now > high + 1e-9)
    free = np.where(out, targets, 0.0).sum()
    low_rest, high_rest = np.where(out, targets, low), np.where(out, targets, high)
    if not low_rest.sum() <= 1.0 <= high_rest.sum():
        pytest.skip(f"the rest cannot make room: {free:.3f} is wanted")
    w = answered(names, now, spelled(names, targets, widths), "target")
    assert w[out] == pytest.approx(targets[out], abs=1e-7)
    least = least_traded(names, now, low_rest, high_rest)
    assert float(np.abs(w - now)[:-1].sum()) == pytest.approx(least, abs=1e-6)


@pytest.mark.parametrize("seed", range(20))
def test_sectors_and_assets_together_take_the_least_trading_too(seed):
    rng = np.random.default_rng(3_000 + seed)
    n, sectors = 8, np.array([0, 0, 0, 1, 1, 2, 2, 2])
    names, now = [f"A{i}" for i in range(n)], rng.dirichlet(np.full(n, 2.0))
    wanted = rng.dirichlet(np.full(3, 6.0))
    G = np.array([(sectors == k).astype(float) for k in range(3)])
    found = portopt.optimize(
        covariance=np.eye(n) * 0.04,
        expected_returns=dict.fromkeys(names, 0.05),
        current_weights=dict(zip(names, now, strict=True)),
        assets={name: {"sector": f"S{k}"} for name, k in zip(names, sectors, strict=True)},
        objective="model",
        limits={"model_bands": {"sector": {f"S{k}": float(t) for k, t in enumerate(wanted)}, "band": 0.04}},
    )
    w = np.array([found.weights[name] for name in names])
    block = np.hstack([np.eye(n), -np.eye(n), np.eye(n)])
    rows = np.hstack([np.vstack([G, -G]), np.zeros((6, 2 * n))])
    witness = linprog(
        np.concatenate([np.zeros(n), np.ones(2 * n)]),
        A_ub=rows,
        b_ub=np.concatenate([wanted + 0.04, 0.04 - wanted]),
        A_eq=np.vstack([block, np.concatenate([np.ones(n), np.zeros(2 * n)])]),
        b_eq=np.concatenate([now, [1.0]]),
        bounds=[(0.0, None)] * (3 * n),
        method="highs",
    )
    assert np.all(np.abs(G @ w - wanted) <= 0.04 + EXACT)
    assert float(np.abs(w - now).sum()) == pytest.approx(witness.fun, abs=1e-6)
