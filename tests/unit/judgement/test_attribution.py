"""Attribution: an example by hand, and sums that are exact on every history."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portopt.domain.errors import DataError
from portopt.judgement.attribution import SectorPeriod, brinson, by_group, link_factors
from portopt.judgement.sources import cost_parts, ex_ante, realized


def test_one_period_by_hand() -> None:
    """Equities 70 % at 8 % and bonds 30 % at 2 %, against 60 % at 6 % and 40 % at 3 %: R 6.2 %, B 4.8 %."""
    held = SectorPeriod(np.array([[0.7, 0.3]]), np.array([[0.056, 0.006]]))
    base = SectorPeriod(np.array([[0.6, 0.4]]), np.array([[0.036, 0.012]]))
    found = brinson(("equities", "bonds"), held, base)
    assert found.allocation == pytest.approx([0.1 * (0.06 - 0.048), -0.1 * (0.03 - 0.048)])
    assert found.selection == pytest.approx([0.6 * 0.02, 0.4 * -0.01])
    assert found.interaction == pytest.approx([0.1 * 0.02, -0.1 * -0.01])
    assert found.active == pytest.approx(0.014)


@pytest.mark.parametrize("linking", ["carino", "menchero"])
@given(seed=st.integers(0, 10_000), T=st.integers(1, 30), K=st.integers(2, 5))
def test_the_parts_add_up_to_what_was_compounded(linking: str, seed: int, T: int, K: int) -> None:
    rng = np.random.default_rng(seed)
    w, b = (rng.dirichlet(np.ones(K), T) for _ in range(2))
    held = SectorPeriod(w, w * rng.normal(0.001, 0.05, (T, K)))
    base = SectorPeriod(b, b * rng.normal(0.001, 0.05, (T, K)))
    found = brinson([f"group {k}" for k in range(K)], held, base, linking)
    total = found.allocation.sum() + found.selection.sum() + found.interaction.sum()
    assert total == pytest.approx(found.active, abs=1e-13)
    assert found.portfolio == pytest.approx(np.prod(1 + held.contributions.sum(axis=1)) - 1)


@pytest.mark.parametrize("linking", ["carino", "menchero"])
def test_holding_the_benchmark_has_no_parts(linking: str) -> None:
    w = np.tile([0.3, 0.7], (5, 1))
    same = SectorPeriod(w, w * np.random.default_rng(1).normal(0, 0.1, (5, 2)))
    found = brinson(("a", "b"), same, same, linking)
    assert [*found.allocation, *found.selection, *found.interaction] == pytest.approx([0.0] * 6, abs=1e-16)
    assert np.isfinite(link_factors(np.zeros(3), np.zeros(3), linking)).all()


def test_long_and_short_in_a_group_keep_the_sum() -> None:
    w = np.array([[0.5, -0.5, 1.0], [0.4, -0.4, 1.0]])
    r = np.array([[0.1, -0.02, 0.01], [0.03, 0.05, -0.01]])
    b = np.array([[0.2, 0.2, 0.6], [0.2, 0.2, 0.6]])
    names, held = by_group(w, r, ["tech", "tech", "other"])
    _, base = by_group(b, r, ["tech", "tech", "other"])
    found = brinson(names, held, base)
    assert names == ("other", "tech")
    assert found.allocation.sum() + found.selection.sum() + found.interaction.sum() == pytest.approx(found.active, abs=1e-15)


def test_an_asset_without_a_return_is_no_matter_where_it_is_not_held_and_refused_where_it_is() -> None:
    r = np.array([[0.1, np.nan]])
    _, found = by_group(np.array([[1.0, 0.0]]), r, ["a", "b"])
    assert found.contributions.tolist() == [[0.1, 0.0]]
    with pytest.raises(DataError, match="asset 2 is held in period 1"):
        by_group(np.array([[0.5, 0.5]]), r, ["a", "b"])
    with pytest.raises(DataError, match="do not add up to the same"):
        brinson(("a",), SectorPeriod(np.ones((1, 1)), np.zeros((1, 1))), SectorPeriod(np.zeros((1, 1)), np.zeros((1, 1))))


def test_factor_parts_add_up_and_the_exposures_are_those_the_returns_were_made_of() -> None:
    rng = np.random.default_rng(5)
    F = 0.01 * rng.standard_normal((2000, 3)) + 0.0002
    r = F @ np.array([1.0, -0.5, 0.2]) + 0.0001 + 0.001 * rng.standard_normal(2000)
    found = realized(r, F, ("market", "size", "value"))
    assert [part.exposure for part in found.parts] == pytest.approx([1.0, -0.5, 0.2], abs=0.01)
    assert sum(part.contribution for part in found.parts) + found.specific == pytest.approx(r.mean() * 252, abs=1e-15)
    assert sum(part.share for part in found.parts) + found.specific_share == pytest.approx(1.0, abs=1e-12)
    residual = r - r.mean() - (F - F.mean(axis=0)) @ np.array([part.exposure for part in found.parts])
    assert found.r_squared == pytest.approx(1.0 - residual @ residual / ((r - r.mean()) @ (r - r.mean())), rel=1e-10)


def test_ex_ante_shares_are_of_the_variance_that_the_model_gives() -> None:
    rng = np.random.default_rng(6)
    w, B, A, d = rng.dirichlet(np.ones(6)), rng.normal(1, 0.3, (6, 2)), rng.standard_normal((2, 2)), rng.uniform(0.01, 0.04, 6)
    Omega, mu = A @ A.T, np.array([0.05, 0.02])
    found = ex_ante(w, B, mu, Omega, d, ("f", "g"))
    assert found.total == pytest.approx(w @ (B @ mu))
    assert sum(part.share for part in found.parts) + found.specific_share == pytest.approx(1.0)
    assert found.specific_share == pytest.approx((w * d) @ w / (w @ (B @ Omega @ B.T + np.diag(d)) @ w))


def test_factors_that_repeat_each_other_are_refused() -> None:
    F = np.random.default_rng(7).standard_normal((50, 1))
    with pytest.raises(DataError, match="repeat each other"):
        realized(F[:, 0], np.hstack([F, 2 * F]), ("f", "g"))
    with pytest.raises(DataError, match="complete ones"):
        realized(F[:3, 0], np.hstack([F, F])[:3], ("f", "g"))


def test_costs_are_whole_cents_and_add_up() -> None:
    found = cost_parts({"commission": 12_345, "spread": 6_789, "impact": 1}, 100_000_000.0, 2.0)
    assert [part.cents for part in found] == [12_345, 6_789, 1, 19_135]
    assert found[-1].kind == "total"
    assert found[-1].bps_a_year == pytest.approx(19_135 / 100_000_000 / 2 * 10_000)
