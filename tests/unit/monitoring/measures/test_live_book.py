"""A live book: value, drift and limits, each against a loop over assets written here."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import CASH, Asset, Universe
from portopt.domain.watch import Figure
from portopt.monitoring.catalog import CATALOG
from portopt.monitoring.measures.live_book import BOOK_FIGURES, LiveBook, broken, live_figures, without
from portopt.terms.catalog import parse_limits, parse_objective

NOW = datetime(2024, 6, 3, 22, tzinfo=UTC)
IDS = ("A", "B", "C", CASH)
UNIVERSE = Universe((Asset("A", sector="Tech"), Asset("B", sector="Tech"), Asset("C", sector="Energy"), Asset(CASH)))
SIGMA = np.zeros((4, 4))
SIGMA[:3, :3] = [[0.04, 0.01, 0.0], [0.01, 0.09, 0.02], [0.0, 0.02, 0.16]]
POLICY = {"budget": True, "long_only": True, "max_weight": 0.4, "sector_limits": 0.7, "cash": {"min": 0.01, "max": 0.1},
          "max_tracking_error": 0.1, "max_turnover": 0.2}  # fmt: skip
BENCHMARK = np.array([0.3, 0.3, 0.4, 0.0])


def problem(w: list[float], limits: dict[str, object] | None = None, benchmark: np.ndarray | None = BENCHMARK) -> Problem:
    moments = Moments(UNIVERSE, np.array([0.05, 0.06, 0.08, 0.02]), Covariance(Sigma=SIGMA))
    terms = parse_limits(POLICY if limits is None else limits)
    return Problem(moments, parse_objective({"kind": "max_sharpe"}), terms, w_prev=np.array(w), benchmark=benchmark)


def measured(w: list[float], targets: dict[str, float] | None = None, **changes: object) -> dict[str, Figure]:
    found = live_figures(LiveBook("P1", problem(w, **changes), 1000.0, targets), NOW)  # type: ignore[arg-type]
    assert tuple(f.name for f in found) == BOOK_FIGURES
    assert {f.name for f in found} <= CATALOG.keys()
    return {f.name: f for f in found}


def test_a_book_within_every_limit_says_so() -> None:
    found = measured([0.3, 0.3, 0.35, 0.05], {"A": 0.3, "B": 0.3, "C": 0.35, CASH: 0.05})
    assert [found[name].value for name in ("book_violation", "book_limits_broken", "book_drift")] == [0.0, 0.0, 0.0]
    assert (found["book_value"].value, found["book_cash"].value, found["book_cash"].limit) == (1000.0, 0.05, 0.01)


def test_the_worst_limit_is_told_as_a_share_of_its_side_with_whom_it_is_about() -> None:
    """B is 0.15 over a cap of 0.4, the Technology sector 0.05 over 0.7: 0.375 and 0.071 of the side."""
    found = measured([0.2, 0.55, 0.2, 0.05])
    assert found["book_violation"].value == pytest.approx(0.15 / 0.4)
    worst = found["book_violation"].detail["worst"]
    assert (worst["limit"], worst["member"], worst["measured"], worst["side"]) == ("max_weight", "B", 0.55, 0.4)
    assert {one["limit"] for one in found["book_limits_broken"].detail["broken"]} == {"max_weight", "sector_limits"}
    assert found["book_limits_broken"].value == 2.0


def test_debt_is_below_the_cash_that_the_policy_wants() -> None:
    found = measured([0.4, 0.3, 0.35, -0.05])
    assert found["book_cash"].value == -0.05
    assert {one["limit"] for one in found["book_limits_broken"].detail["broken"]} >= {"cash", "long_only"}


def test_risk_is_that_of_current_beliefs_against_the_policys_limit() -> None:
    w = np.array([0.5, 0.3, 0.15, 0.05])
    found = measured(w.tolist(), limits={**POLICY, "max_volatility": 0.2})
    active = w - BENCHMARK
    assert found["book_volatility"].value == pytest.approx(np.sqrt(w @ SIGMA @ w))
    assert found["book_volatility"].limit == 0.2
    assert found["book_tracking_error"].value == pytest.approx(np.sqrt(active @ SIGMA @ active))
    assert found["book_tracking_error"].limit == 0.1


def test_without_benchmark_or_proposal_nothing_is_said_to_be_near_them() -> None:
    limits = {name: value for name, value in POLICY.items() if name != "max_tracking_error"}
    found = measured([0.3, 0.3, 0.35, 0.05], limits=limits, benchmark=None)
    missing = {name for name, f in found.items() if f.value is None and f.why}
    assert missing == {"book_tracking_error", "book_drift", "book_drift_turnover"}
    assert found["book_volatility"].limit is None


def test_a_wish_with_a_price_is_not_a_broken_limit() -> None:
    limits = {"budget": True, "long_only": True, "max_weight": {"value": 0.4, "soft": True, "penalty": 0.1}}
    assert measured([0.9, 0.05, 0.0, 0.05], limits=limits)["book_violation"].value == 0.0


def test_a_book_that_cannot_be_measured_is_never_good() -> None:
    assert all(f.value is None and f.why == "no price for A" for f in without("P1", "no price for A", NOW))


weights = (
    st.lists(st.floats(0.0, 1.0), min_size=4, max_size=4).filter(lambda w: sum(w) > 0.1).map(lambda w: np.array(w) / sum(w))
)


@given(weights, weights)
def test_drift_is_the_largest_distance_from_the_target_over_all_assets(w: np.ndarray, target: np.ndarray) -> None:
    found = measured(w.tolist(), dict(zip(IDS, target.tolist(), strict=True)))
    strays = [abs(a - b) for a, b in zip(w.tolist(), target.tolist(), strict=True)]
    assert found["book_drift"].value == pytest.approx(max(strays), abs=1e-15)
    assert found["book_drift_turnover"].value == pytest.approx(sum(strays[:3]) / 2, abs=1e-15)
    first = found["book_drift"].detail["farthest"][0]
    assert abs(first["weight"] - first["target"]) == max(strays)


@given(weights)
def test_the_limits_broken_are_those_that_a_loop_finds(w: np.ndarray) -> None:
    a, b, c, cash = w.tolist()
    active = w - BENCHMARK
    over = {f"max_weight {name}": (x - 0.4) / 0.4 for name, x in zip("ABC", (a, b, c), strict=True)}
    over |= {"sector_limits Tech": (a + b - 0.7) / 0.7, "sector_limits Energy": (c - 0.7) / 0.7}
    over |= {"cash ": max((cash - 0.1) / 0.1, (0.01 - cash) / 0.01)}
    over |= {"max_tracking_error ": (np.sqrt(max(active @ SIGMA @ active, 0.0)) - 0.1) / 0.1}
    expected = {name: value for name, value in over.items() if value > 1e-7}
    found = {f"{one.limit} {one.member}": one.excess for one in broken(problem(w.tolist()), w) if one.excess > 1e-7}
    assert {name.replace(CASH, ""): value for name, value in found.items()} == pytest.approx(expected, rel=1e-6, abs=1e-9)
