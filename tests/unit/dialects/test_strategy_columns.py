"""Strategies read by columns are what they are read one by one; whatever is wrong is told of the one it is wrong of."""

from __future__ import annotations

import math
from typing import Any

import pytest

from portopt.dialects.strategy import read_request
from portopt.dialects.strategy_columns import are_in_order, floats, universe_of
from portopt.domain.errors import InvalidValue, PortoptError
from portopt.domain.universe import Asset, Universe

THREE: list[dict[str, Any]] = [
    {"id": "a", "name": "Alpha", "sector": "Energy", "esg_score": 7, "quality_score": -0.0, "expected_return": 0.05},
    {"id": "CASH"},
    {"id": "b", "asset_class": "equity", "quality_score": 0.0, "expected_return": 1},
]
REQUEST: dict[str, Any] = {
    "portfolio_id": "p",
    "objective": "MIN_VOLATILITY",
    "method": "MEAN_VARIANCE",
    "risk_parameters": {"covariance": [[0.04, 0.0], [0.0, 0.01]]},
}


def test_the_universe_is_that_of_its_assets_one_by_one():
    assets = (
        Asset("a", "Alpha", "Energy", None, quality_score=-0.0, esg_score=7.0),
        Asset("b", "", None, "equity", quality_score=0.0),
        Asset("CASH"),
    )
    found = universe_of(THREE, [0, 2, 1])
    assert found == Universe(assets)
    assert found.canonical() == Universe(assets).canonical()  # 0.0 is not -0.0, and a float stays one
    assert found.identity() == Universe(assets).identity()


def test_the_same_strategies_are_the_same_universe_and_others_are_not():
    assert universe_of(THREE, [0, 1, 2]) is universe_of([dict(s) for s in THREE], [0, 1, 2])
    unsigned = [{**THREE[0], "quality_score": 0.0}, *THREE[1:]]
    assert math.copysign(1.0, universe_of(unsigned, [0, 1, 2]).assets[0].quality_score) == 1.0
    assert math.copysign(1.0, universe_of(THREE, [0, 1, 2]).assets[0].quality_score) == -1.0


@pytest.mark.parametrize(
    "odd",
    [{"name": " "}, {"sector": 3}, {"name": "x" * 101}, {"esg_score": True}, {"esg_score": 2e6}, {"esg_score": math.nan},
     {"esg_score": 10**400}, {"sector": "a\x00b"}, {"attributes": {"beta": 1.0}}],
    ids=str,
)  # fmt: skip
def test_what_is_not_plain_is_left_to_be_looked_at(odd):
    assert universe_of([{"id": "a", **odd}], [0]) is None


@pytest.mark.parametrize("items", [[{"id": "a"}, {"id": "a"}], [{"id": "*"}], [{"ID": "a"}], [{}], [{"id": 1}], [[]]], ids=str)
def test_lists_that_need_a_word_are_not_in_order(items):
    assert not are_in_order(items, frozenset({"id"}))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"expected_return": "five"}, "strategies[1].expected_return"), ({"current_weight": True}, "strategies[1].current_weight"),
     ({"price": 0}, "strategies[1].price"), ({"name": ""}, "strategies[1].name"), ({"weight": 1}, "strategies[1].weight"),
     ({"id": "a"}, "strategies[1].id"), ({"esg_score": 1e300}, "strategies[1].esg_score")],
    ids=str,
)  # fmt: skip
def test_what_is_wrong_is_told_of_its_strategy(wrong, field):
    asked = {**REQUEST, "strategies": [{"id": "a", "expected_return": 0.1}, {"id": "b", "expected_return": 0.2, **wrong}]}
    with pytest.raises(PortoptError) as refused:
        read_request(asked)
    assert refused.value.problem()["asked"]["field"].removesuffix("weight") in field


def test_a_column_is_floats_and_gaps():
    found = floats(THREE, "expected_return", low=-10.0, high=10.0)
    assert found == [0.05, None, 1.0]
    assert type(found[2]) is float
    with pytest.raises(InvalidValue, match="0.05"):
        floats(THREE, "expected_return", low=0.5, high=10.0)
