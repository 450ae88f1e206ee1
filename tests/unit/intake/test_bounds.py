"""Weight bounds of other libraries are our limits on weights."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import portopt
from portopt.domain.errors import InvalidValue
from portopt.intake.bounds import limits_of_bounds

IDS = ["A", "B", "C"]

MEANT = [
    ((0, 0.2), {"max_weight": {"*": 0.2}}),
    ([0, 0.2], {"max_weight": {"*": 0.2}}),
    (("0 %", "20%"), {"max_weight": {"*": 0.2}}),
    ((0, 1), {"max_weight": {"*": 1.0}}),
    ((0.05, 0.5), {"min_weight": {"*": 0.05}, "max_weight": {"*": 0.5}}),
    ((0, None), {}),
    ((-0.1, 0.5), {"long_only": False, "min_weight": {"*": -0.1}, "max_weight": {"*": 0.5}}),
    ((None, 0.5), {"long_only": False, "max_weight": {"*": 0.5}}),
    ({"A": (0, 0.2)}, {"max_weight": {"A": 0.2}}),
    ({"A": (0.1, 0.2), "*": (0, 0.6)}, {"min_weight": {"A": 0.1, "*": 0.0}, "max_weight": {"A": 0.2, "*": 0.6}}),
    ({"A": (-0.1, 0.2)}, {"long_only": False, "min_weight": {"A": -0.1, "B": 0.0, "C": 0.0}, "max_weight": {"A": 0.2}}),
    ([(0, 0.2), (0.1, 0.5), (0, None)], {"min_weight": {"A": 0.0, "B": 0.1, "C": 0.0}, "max_weight": {"A": 0.2, "B": 0.5}}),
    (pd.Series({"A": (0, 0.2), "B": (0, 0.3)}), {"max_weight": {"A": 0.2, "B": 0.3}}),
]


@pytest.mark.parametrize(("bounds", "limits"), MEANT, ids=str)
def test_bounds_are_the_limits_they_mean(bounds, limits):
    assert limits_of_bounds(bounds, IDS, "bounds") == limits


def test_bounds_on_cash_are_the_limit_on_cash():
    assert limits_of_bounds({"A": (0, 0.2), "CASH": (0.01, 0.05)}, [*IDS, "CASH"], "bounds") == {
        "max_weight": {"A": 0.2},
        "cash": {"min": 0.01, "max": 0.05},
    }


@pytest.mark.parametrize(
    ("bounds", "says"),
    [
        (0.2, "are no bounds"),
        ("0,0.2", "are no bounds"),
        ((0.3, 0.1), "its least above its most"),
        ((0, "ten"), "a number is needed"),
        ((0, 1, 2), "are pairs for 3 assets|is no pair"),
        ([(0, 1)], "are pairs for 1 assets, and there are 3"),
        ({"Q": (0, 1)}, "name 'Q', which is none of the assets"),
        ({}, "name no asset"),
        ({"A": 0.2}, "is no pair"),
    ],
    ids=str,
)
def test_what_are_no_bounds_is_told(bounds, says):
    with pytest.raises(InvalidValue, match=says) as refused:
        limits_of_bounds(bounds, IDS, "bounds")
    assert refused.value.fixes


@pytest.mark.parametrize("name", ["bounds", "weight_bounds"])
def test_the_notebook_takes_them_and_keeps_them(name):
    rng = np.random.default_rng(2)
    returns = {i: rng.normal(0.0005, 0.01 * (k + 1), 200) for k, i in enumerate(IDS)}
    found = portopt.optimize(returns, "min_variance", **{name: {"A": (0.1, 0.4), "B": (0.3, 0.35), "C": (0, 1)}})
    same = portopt.optimize(
        returns,
        "min_risk",
        limits={"min_weight": {"A": 0.1, "B": 0.3, "C": 0.0}, "max_weight": {"A": 0.4, "B": 0.35, "C": 1.0}},
    )
    assert found.weights == same.weights
    assert found.weights["A"] == pytest.approx(0.4)


def test_bounds_and_limits_that_speak_of_the_same_are_told():
    returns = {i: [0.01, 0.02, -0.01, 0.0] for i in IDS}
    with pytest.raises(InvalidValue, match="both speak of max_weight"):
        portopt.ask(returns, bounds=(0, 0.2), limits={"max_weight": 0.3})
    with pytest.raises(InvalidValue, match="mean the same as bounds"):
        portopt.ask(returns, bounds=(0, 0.2), weight_bounds=(0, 0.3))
