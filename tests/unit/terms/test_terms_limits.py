"""What each limit means, in numbers anybody can check by hand."""

from __future__ import annotations

import numpy as np
import pytest

from portopt.domain.errors import InvalidValue, MissingInput
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.program import Program
from portopt.domain.universe import CASH, Asset, Universe
from portopt.terms.catalog import parse_limits, parse_objective

# The golden case of S4: 100 AAPL at 232.50, 200 XOM at 112.30, 150 JNJ at 165.80, worth 70,580.00 together.
GOLDEN = np.array([23250.0, 22460.0, 24870.0, 0.0]) / 70580.0


def golden(limits: dict, **changes) -> Problem:
    assets = (
        Asset("AAPL", sector="Technology", asset_class="Equity", quality_score=9.2),
        Asset("XOM", sector="Energy", asset_class="Equity", quality_score=4.5),
        Asset("JNJ", sector="Health Care", asset_class="Equity", quality_score=9.0),
        Asset(CASH),
    )
    mu = np.array([0.10, 0.07, 0.06, 0.02])
    Sigma = np.diag([0.04, 0.0625, 0.0225, 0.0])
    p = Problem(
        moments=Moments(Universe(assets), mu, Covariance(Sigma=Sigma)),
        objective=parse_objective({"kind": "min_risk"}),
        limits=parse_limits(limits),
        w_prev=GOLDEN,
        benchmark=np.array([0.4, 0.3, 0.3, 0.0]),
    )
    return p.replaced(**changes)


def reading(limits: dict, w, **changes):
    p = golden(limits, **changes)
    return p.limits[0].read(np.asarray(w, dtype=float), p)


def test_selling_all_of_xom_turns_over_31_82_percent_of_the_golden_portfolio():
    after = GOLDEN + np.array([0.0, -GOLDEN[1], 0.0, GOLDEN[1]])
    assert reading({"max_turnover": 0.2}, after).measured[0] == pytest.approx(0.3182, abs=5e-5)
    assert reading({"max_turnover": 0.2}, after).worst() == pytest.approx(0.1182, abs=5e-5)


def test_turnover_counts_cash_as_one_side_of_a_trade():
    half_sold = GOLDEN + np.array([-0.1, 0.0, 0.0, 0.1])
    assert reading({"max_turnover": 0.2}, half_sold).measured[0] == pytest.approx(0.1)


def test_turnover_without_a_book_before_the_trade_says_what_is_missing():
    with pytest.raises(MissingInput) as refused:
        reading({"max_turnover": 0.2}, GOLDEN, w_prev=None)
    assert refused.value.field == "current_weights"


def test_the_largest_position_is_read_asset_by_asset_and_cash_is_never_bound():
    found = reading({"max_weight": {"AAPL": 0.2, "*": 0.1}}, [0.1, 0.1, 0.1, 0.7])
    assert found.members == ("AAPL", "XOM", "JNJ")
    assert list(found.upper) == [0.2, 0.1, 0.1]
    assert found.worst() == 0.0


def test_a_map_without_a_star_binds_only_the_assets_it_names():
    assert reading({"max_weight": {"XOM": 0.05}}, GOLDEN).members == ("XOM",)


def test_an_asset_the_universe_does_not_have_is_refused_with_the_nearest_one():
    with pytest.raises(InvalidValue) as refused:
        reading({"max_weight": {"AAPLE": 0.2}}, GOLDEN)
    assert refused.value.field == "limits.max_weight.AAPLE"
    assert refused.value.fixes == ("rename 'AAPLE' to 'AAPL'",)


def test_one_floor_for_all_leaves_cash_and_what_cannot_be_traded_alone():
    p = golden({"min_weight": 0.05})
    halted = Universe((p.universe.assets[0], Asset("XOM", tradable=False), *p.universe.assets[2:]))
    p = p.replaced(moments=Moments(halted, p.moments.mu, p.moments.covariance))
    assert p.limits[0].read(GOLDEN, p).members == ("AAPL", "JNJ")


def test_a_sector_cap_reads_the_weight_of_each_sector():
    found = reading({"sector_limits": {"Energy": 0.1, "Technology": [0.05, 0.3]}}, GOLDEN)
    assert found.members == ("Energy", "Technology")
    np.testing.assert_allclose(found.measured, [0.3182, 0.3294], atol=5e-5)
    np.testing.assert_array_equal(found.lower, [-np.inf, 0.05])
    assert found.worst() == pytest.approx(0.2182, abs=5e-5)


def test_one_sector_cap_holds_for_every_sector_and_not_for_cash():
    found = reading({"sector_limits": 0.25}, [0.1, 0.1, 0.1, 0.7])
    assert found.members == ("Energy", "Health Care", "Technology")
    assert found.worst() == 0.0


def test_asset_classes_are_added_across_sectors():
    found = reading({"asset_class_limits": {"Equity": 0.8}}, GOLDEN)
    assert found.measured[0] == pytest.approx(1.0)


@pytest.mark.parametrize("kind", ["sector_limits", "asset_class_limits"])
def test_a_group_no_asset_belongs_to_is_refused_naming_the_known_ones(kind):
    p = golden({kind: {"Energi": 0.1}})
    for speak in (lambda: p.limits[0].express(Program(p.n), p), lambda: p.limits[0].read(GOLDEN, p)):
        with pytest.raises(InvalidValue) as refused:
            speak()
        assert refused.value.field == f"limits.{kind}.Energi"
        assert ("Energy" if kind == "sector_limits" else "Equity") in str(refused.value)


def test_an_asset_below_the_quality_floor_must_be_sold_entirely():
    found = reading({"min_quality": 6.0}, GOLDEN)
    assert found.members == ("XOM",)
    assert found.upper[0] == 0.0
    assert found.worst() == pytest.approx(0.3182, abs=5e-5)


def test_a_grandfathered_asset_may_be_kept_and_not_increased():
    limit = {"min_quality": {"score": 6.0, "grandfather": True}}
    assert reading(limit, GOLDEN).worst() == 0.0
    assert reading(limit, GOLDEN + np.array([-0.05, 0.05, 0.0, 0.0])).worst() == pytest.approx(0.05)


def test_a_missing_score_is_not_a_pass_and_cash_needs_none():
    p = golden({"min_quality": 0.0})
    unscored = Universe((p.universe.assets[0], Asset("XOM"), *p.universe.assets[2:]))
    p = p.replaced(moments=Moments(unscored, p.moments.mu, p.moments.covariance))
    assert p.limits[0].read(GOLDEN, p).members == ("XOM",)


def test_lowering_the_score_to_that_of_the_asset_lets_it_in():
    (limit,) = parse_limits({"min_quality": 6.0})
    p = golden({})
    assert limit.relaxed(1.5).read(GOLDEN, p).members == ()
    assert limit.relaxed(1.49).read(GOLDEN, p).members == ("XOM",)


def test_volatility_is_the_root_of_the_variance_and_cash_adds_none():
    # 0.5 in an asset of 20 % volatility and 0.5 in cash fluctuates by 10 %.
    assert reading({"max_volatility": 0.08}, [0.5, 0, 0, 0.5]).measured[0] == pytest.approx(0.10)
    assert reading({"max_volatility": 0.08}, [0.5, 0, 0, 0.5]).unit == "volatility"


def test_tracking_error_is_measured_from_the_benchmark():
    assert reading({"max_tracking_error": 0.02}, [0.4, 0.3, 0.3, 0.0]).measured[0] == 0.0
    # One tenth moved from AAPL (20 % volatile) to cash: 2 %.
    assert reading({"max_tracking_error": 0.02}, [0.3, 0.3, 0.3, 0.1]).measured[0] == pytest.approx(0.02)


def test_tracking_error_without_a_benchmark_says_what_is_missing():
    with pytest.raises(MissingInput) as refused:
        reading({"max_tracking_error": 0.02}, GOLDEN, benchmark=None)
    assert refused.value.field == "benchmark"


def test_expected_return_counts_cash_at_its_own_return():
    assert reading({"min_return": 0.06}, [0.5, 0, 0, 0.5]).measured[0] == pytest.approx(0.06)


def test_gross_exposure_adds_long_and_short_and_leaves_cash_out():
    found = reading({"leverage_limit": 1.5}, [1.2, -0.5, 0.0, 0.3])
    assert found.measured[0] == pytest.approx(1.7)
    assert found.worst() == pytest.approx(0.2)


def test_cash_stands_between_its_sides():
    limit = {"cash": {"min": 0.01, "max": 0.02}}
    assert reading(limit, [0.985, 0, 0, 0.015]).worst() == 0.0
    assert reading(limit, [1, 0, 0, 0]).worst() == pytest.approx(0.01)
    assert reading(limit, [0.95, 0, 0, 0.05]).worst() == pytest.approx(0.03)


def test_a_cash_floor_in_a_universe_without_cash_is_refused():
    p = golden({"cash": {"min": 0.05}})
    bare = Universe(p.universe.assets[:3])
    moments = Moments(bare, p.moments.mu[:3], Covariance(Sigma=np.eye(3)))
    p = p.replaced(moments=moments, w_prev=None, benchmark=None)
    with pytest.raises(InvalidValue) as refused:
        p.limits[0].read(np.full(3, 1 / 3), p)
    assert refused.value.fixes == ("add CASH to the assets",)


def test_fully_invested_means_no_cash_and_opened_it_means_a_little():
    assert reading({"fully_invested": True}, [0.9, 0, 0, 0.1]).worst() == pytest.approx(0.1)
    (limit,) = parse_limits({"fully_invested": True})
    assert limit.relaxed(0.1).describe() == "fully invested but for 10.00 % of cash"


def test_what_is_frozen_keeps_its_weight():
    p = golden({"frozen": True})
    halted = Universe((p.universe.assets[0], Asset("XOM", tradable=False), *p.universe.assets[2:]))
    p = p.replaced(moments=Moments(halted, p.moments.mu, p.moments.covariance))
    assert p.limits[0].read(GOLDEN, p).worst() == 0.0
    assert p.limits[0].read(np.array([0.5, 0.0, 0.5, 0.0]), p).worst() == pytest.approx(0.3182, abs=5e-5)


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({"max_weight": 0.1}, "each position at most 10.00 %"),
        ({"max_weight": {"AAPL": 0.2, "*": 0.1}}, "AAPL at most 20.00 %, every other position at most 10.00 %"),
        ({"sector_limits": 0.25}, "each sector at most 25.00 %"),
        ({"sector_limits": {"Energy": [0.05, None]}}, "Energy at least 5.00 %"),
        ({"max_turnover": 0.20125}, "at most 20.125 % of the portfolio changes hands (one-way turnover)"),
        ({"cash": {"max": 0.02}}, "cash at most 2.00 %"),
        ({"min_quality": 6}, "quality score at least 6"),
    ],
)
def test_a_limit_is_one_line_for_people(limits, sentence):
    assert parse_limits(limits)[0].describe() == sentence
