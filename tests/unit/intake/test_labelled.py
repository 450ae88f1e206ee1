"""Labels decide what belongs to whom; what was not labelled, or means something else in other units, is asked about."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import portopt
from portopt.domain.errors import InvalidValue, UnknownField

SIGMA = pd.DataFrame([[0.04, 0.01], [0.01, 0.09]], index=["A", "B"], columns=["A", "B"])
MU = {"A": 0.10, "B": 0.05}
RNG = np.random.default_rng(11)
RETURNS = pd.DataFrame(RNG.normal(0.0005, 0.01, (120, 2)), index=pd.bdate_range("2024-01-01", periods=120), columns=["A", "B"])
# Least variance of two assets: w_A = (s_BB - s_AB) / (s_AA + s_BB - 2 s_AB) = 0.08 / 0.11.
LEAST = 8 / 11


@pytest.mark.parametrize("order", [["A", "B"], ["B", "A"]])
def test_a_labelled_covariance_is_put_in_the_order_of_the_assets(order):
    found = portopt.optimize(None, "min_risk", expected_returns=pd.Series(MU), covariance=SIGMA.loc[order, order])
    assert found.weights["A"] == pytest.approx(LEAST, abs=1e-9)


@pytest.mark.parametrize(
    ("covariance", "said"),
    [
        (SIGMA.rename(index={"B": "C"}, columns={"B": "C"}), "rows and columns are not those of the assets"),
        ([[0.04, 0.01], [0.02, 0.09]], "not symmetric between A and B"),
        (np.eye(3) / 10, "for 2 assets"),
    ],
)
def test_a_covariance_of_other_assets_or_of_two_minds_is_refused(covariance, said):
    with pytest.raises(InvalidValue, match=said) as refused:
        portopt.optimize(None, "min_risk", expected_returns=MU, covariance=covariance)
    assert refused.value.fixes


def test_series_belong_together_by_their_dates_and_not_by_their_positions():
    apart = {"A": RETURNS["A"].iloc[:100], "B": RETURNS["B"].iloc[20:]}
    by_date = portopt.optimize(pd.DataFrame(apart), "min_risk")
    assert portopt.optimize(apart, "min_risk").weights == by_date.weights
    by_position = {name: values.to_numpy() for name, values in apart.items()}
    assert portopt.optimize(by_position, "min_risk").weights != by_date.weights


def test_a_date_that_stands_twice_cannot_be_put_beside_other_dates():
    twice = pd.concat([RETURNS["A"], RETURNS["A"].iloc[:1]])
    with pytest.raises(InvalidValue, match="stands twice in its index"):
        portopt.optimize({"A": twice, "B": RETURNS["B"]}, "min_risk")


@pytest.mark.parametrize(
    ("question", "fix"),
    [
        ({"benchmark": {"A": 60, "B": 40}}, "these are percent: divide them by 100"),
        ({"benchmark": {"A": 0.3, "B": 0.3}}, "give weights that add to 1, CASH included"),
        ({"current_weights": [0.5, 0.5]}, 'write {"A": 0.6, "B": 0.4}'),
        ({"expected_returns": {"A": 10, "B": 5}}, "write 0.1 for 10 %"),
        ({"risk_free_rate": 2.0}, "write 0.02 for 2 %"),
        ({"limits": {"max_weight": "0.6"}}, "write limits.max_weight as 0.6"),
        ({"assets": ["x", "y"]}, 'write {"A": {"sector": "Energy"}}'),
    ],
)
def test_what_means_something_else_is_refused_with_what_was_meant(question, fix):
    with pytest.raises(InvalidValue) as refused:
        portopt.optimize(RETURNS, "max_sharpe", **question)
    assert refused.value.fixes[0].startswith(fix)


def test_attributes_are_read_from_a_frame_and_a_name_that_is_none_is_answered():
    sectors = pd.DataFrame({"sector": ["Energy", "Tech "], "quality_score": [7.0, np.nan]}, index=["A", "B"])
    held = portopt.optimize(RETURNS, "min_risk", assets=sectors, limits={"sector_limits": {"Tech": 0.1}})
    assert held.weights["B"] == pytest.approx(0.1, abs=1e-9)
    with pytest.raises(UnknownField, match="did you mean 'sector'"):
        portopt.optimize(RETURNS, "min_risk", assets={"A": {"sectr": "x"}})
    extra = portopt.optimize(RETURNS, "min_risk", assets={"A": {}, "Z": {"sector": "x"}}, expected_returns={"A": 0.1})
    assert extra.notes == (
        "expected_returns name no B: estimated from the returns",
        "assets: Z not among the assets, and not read",
    )


def test_a_sector_spelled_in_two_ways_does_not_slip_out_of_its_limit():
    two = {"A": {"sector": "Tech"}, "B": {"sector": "tech"}}
    with pytest.raises(InvalidValue, match="one sector spelled in two ways"):
        portopt.optimize(RETURNS, "min_risk", assets=two, limits={"sector_limits": {"Tech": 0.4}})


def test_a_universe_by_frame_and_money_in_any_case_are_what_they_are_in_files(tmp_path):
    prices = 100 * (1 + RETURNS).cumprod()
    book, sectors = pd.Series({"A": 10, "B": 5, "cash": 250.5}), pd.DataFrame({"sector": ["x", "y"]}, index=["A", "B"])
    limits = {"min_quality": None, "sector_limits": None, "max_weight": None, "max_tracking_error": None}
    found = portopt.rebalance(book, prices, "quality_focused", universe=sectors, limits=limits, home=tmp_path)
    assert found.document["headline"]["cash_before"] == "250.50"
    with pytest.raises(InvalidValue, match="is what they add to, and not 1"):
        portopt.rebalance(book, prices, "quality_focused", limits=limits, benchmark={"A": 50, "B": 50}, home=tmp_path)
    with pytest.raises(UnknownField, match="did you mean 'sector'"):
        portopt.rebalance(book, prices, "quality_focused", universe={"A": {"sectr": "x"}}, limits=limits, home=tmp_path)
