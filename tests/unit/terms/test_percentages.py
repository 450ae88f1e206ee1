"""A percentage in the place of a fraction: refused without leverage, a note of the answer with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import portopt
from portopt.domain.errors import InvalidValue
from portopt.terms.catalog import parse_limits
from portopt.terms.shared.percentages import notes_on_percentages

LEVERED: list[dict[str, Any]] = [
    {"long_only": False},
    {"leverage_limit": 3.0},
    {"cash": {"min": -1.0}},
    {"min_weight": {"A0": -0.5, "*": 0.0}},
]
LARGE: list[tuple[str, Any, str]] = [
    ("max_weight", 5, "limits.max_weight 5 means 500 %; if 5 % was meant, write 0.05"),
    ("max_weight", {"A0": 2.5}, "limits.max_weight.A0 2.5 means 250 %; if 2.5 % was meant, write 0.025"),
    ("min_weight", {"A0": 1.5}, "limits.min_weight.A0 1.5 means 150 %; if 1.5 % was meant, write 0.015"),
    ("max_volatility", 3.0, "limits.max_volatility 3 means 300 %; if 3 % was meant, write 0.03"),
    ("max_risk", {"volatility": 2.5}, "limits.max_risk.volatility 2.5 means 250 %; if 2.5 % was meant, write 0.025"),
    ("max_tracking_error", 2, "limits.max_tracking_error 2 means 200 %; if 2 % was meant, write 0.02"),
    ("max_turnover", 4, "limits.max_turnover 4 means 400 %; if 4 % was meant, write 0.04"),
    ("sector_limits", 2, "limits.sector_limits 2 means 200 %; if 2 % was meant, write 0.02"),
    ("asset_class_limits", {"Equity": [0.5, 1.5]}, "limits.asset_class_limits.Equity 1.5 means 150 %"),
    ("min_return", 2.5, "limits.min_return 2.5 means 250 %; if 2.5 % was meant, write 0.025"),
    ("top_k", {"k": 3, "weight": 1.6}, "limits.top_k.weight 1.6 means 160 %"),
    ("min_position", 1.2, "limits.min_position 1.2 means 120 %"),
    ("min_trade", 1.1, "limits.min_trade 1.1 means 110 %"),
    ("max_systematic_volatility", 2.5, "limits.max_systematic_volatility 2.5 means 250 %"),
    ("max_specific_volatility", 2.5, "limits.max_specific_volatility 2.5 means 250 %"),
    ("factor_risk_limits", {"MKT": 2.5}, "limits.factor_risk_limits.MKT 2.5 means 250 %"),
    ("concentration", {"hhi": 2.0}, "limits.concentration.hhi 2 means 200 %"),
]


@pytest.mark.parametrize(("kind", "value", "note"), LARGE)
def test_with_leverage_it_is_kept_and_noted(kind: str, value: Any, note: str) -> None:
    for allowing in LEVERED:
        if kind in allowing:
            continue
        notes = notes_on_percentages(parse_limits({**allowing, kind: value}))
        assert len(notes) == 1
        assert notes[0].startswith(note)


@pytest.mark.parametrize(("kind", "value", "note"), LARGE)
def test_without_leverage_it_is_refused_with_the_fraction_meant(kind: str, value: Any, note: str) -> None:
    for alone in ({}, {"long_only": True}, {"long_only": True, "min_weight": {"A9": -0.5}}):
        if kind in alone:
            continue
        with pytest.raises(InvalidValue, match="fractions are meant here"):
            parse_limits({**alone, kind: value})


def test_a_soft_one_is_noted_too() -> None:
    limits = parse_limits({"long_only": False, "max_volatility": {"value": 3.0, "soft": True}})
    assert len(notes_on_percentages(limits)) == 1


def test_gross_exposure_beyond_twenty_is_noted() -> None:
    assert notes_on_percentages(parse_limits({"leverage_limit": 130})) == (
        "limits.leverage_limit 130 means 13000 %; if 130 % was meant, write 1.3",
    )
    assert notes_on_percentages(parse_limits({"leverage_limit": 1.5})) == ()


def test_what_is_usual_is_not_noted() -> None:
    usual = {"long_only": False, "max_weight": 0.1, "max_volatility": 0.15, "leverage_limit": 1.6, "sector_limits": 0.3}
    assert notes_on_percentages(parse_limits(usual)) == ()


def test_the_note_stands_in_the_answer() -> None:
    rng = np.random.default_rng(0)
    returns = {f"A{i}": (0.0005 + 0.01 * rng.standard_normal(300)).tolist() for i in range(4)}
    limits = {"long_only": False, "leverage_limit": 3.0, "max_weight": 5}
    answer = portopt.optimize(returns, {"kind": "min_risk"}, limits=limits)
    assert "limits.max_weight 5 means 500 %; if 5 % was meant, write 0.05" in answer.answer.problem.notes
