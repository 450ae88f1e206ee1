"""Regimes as data: each with a source for every number, and cases worked out by hand that come out."""

from __future__ import annotations

import dataclasses
import json
from importlib import resources
from typing import Any

import pytest

from portopt.domain.errors import InvalidValue, MissingInput, PortoptError, UnknownField
from portopt.domain.tax import LongAfter
from portopt.taxation.regimes import NUMBERS, read_regime, regime, regime_names
from portopt.taxation.rules import require_cases, rules_of

CASES = [(name, i) for name in regime_names() for i in range(len(regime(name).cases))]
MINE = {"name": "mine", "rate": 0.2, "pooled": True}


def as_written(name: str) -> dict[str, Any]:
    written = resources.files("portopt.taxation").joinpath("regime_files", f"{name}.json").read_text("utf-8")
    return dict(json.loads(written))


@pytest.mark.parametrize(("name", "i"), CASES, ids=lambda part: str(part))
def test_every_case_of_a_regime_comes_out(name: str, i: int) -> None:
    one = dataclasses.replace(regime(name), cases=(regime(name).cases[i],))
    require_cases(one, name)


@pytest.mark.parametrize(("name", "i"), CASES, ids=lambda part: str(part))
def test_a_case_says_what_it_is_and_how_it_is_computed(name: str, i: int) -> None:
    case = regime(name).cases[i]
    assert all(case[part] for part in ("name", "steps", "expect"))


@pytest.mark.parametrize("name", regime_names())
def test_every_number_of_a_regime_has_a_source(name: str) -> None:
    written = as_written(name)
    assert written["name"] == name
    assert all(written[part] for part in ("title", "summary", "year", "currency", "left_out"))
    assert {n for n in (*NUMBERS, "methods") if n in written} <= set(written["sources"])
    assert len(written["cases"]) >= 5


def test_three_regimes_and_more_are_here() -> None:
    assert {"us_federal", "germany", "canada", "united_kingdom"} <= set(regime_names())


def test_what_the_regimes_say() -> None:
    us, germany = regime("us_federal"), regime("germany")
    assert (us.short_rate, us.long_rate) == (pytest.approx(0.37 + 0.038), pytest.approx(0.20 + 0.038))
    assert (us.long_after, us.wash_days_before, us.wash_days_after) == (LongAfter(months=12), 30, 30)
    assert germany.short_rate == germany.long_rate == pytest.approx(0.25 * 1.055)
    assert (germany.methods, germany.pooled, germany.wash_days_before) == (("fifo",), True, 0)
    assert regime("canada").short_rate == pytest.approx(0.5 * 0.5353)


@pytest.mark.parametrize("name", regime_names())
def test_a_regime_of_ones_own_that_says_the_same_is_the_same(name: str) -> None:
    assert rules_of({"regime": as_written(name)}) == rules_of({"regime": name})


def test_a_regime_whose_case_does_not_come_out_is_refused() -> None:
    case = {"name": "wrong", "short": "100", "expect": {"due": "25"}}
    with pytest.raises(InvalidValue) as caught:
        rules_of({"regime": {**MINE, "cases": [case]}})
    assert caught.value.field == "tax.regime.cases[0].expect.due"
    assert "20.00" in caught.value.detail


WRONG: list[tuple[dict[str, Any], type[PortoptError], str, str]] = [
    ({"nam": "x"}, UnknownField, "r.nam", "name"),
    ({"rate": 0.2}, MissingInput, "r.name", "name"),
    ({"name": "x"}, MissingInput, "r.rate", "rate"),
    ({"name": "x", "rate": 20}, InvalidValue, "r.rate", "0.2 for 20 %"),
    ({"name": "x", "rate": -0.1}, InvalidValue, "r.rate", "below zero"),
    ({"name": "x", "rate": 0.2, "short_rate": 0.3}, InvalidValue, "r.rate", "rate alone"),
    ({"name": "x", "short_rate": 0.3, "long_after": {"months": 12}}, MissingInput, "r.long_rate", "long_rate"),
    ({"name": "x", "short_rate": 0.1, "long_rate": 0.2, "long_after": {"days": 365}}, InvalidValue, "r.short_rate", "rises"),
    ({"name": "x", "short_rate": 0.2, "long_rate": 0.1, "long_after": {"year": 1}}, UnknownField, "r.long_after.year", "days"),
    ({"name": "x", "short_rate": 0.2, "long_rate": 0.1, "long_after": {}}, InvalidValue, "r.long_after", "months"),
    (
        {"name": "x", "short_rate": 0.2, "long_rate": 0.1, "long_after": {"days": 9}, "pooled": True},
        InvalidValue,
        "r.pooled",
        "one rate",
    ),
    ({**MINE, "methods": ["fiof"]}, InvalidValue, "r.methods[0]", "fifo"),
    ({**MINE, "wash_days_before": 1.5}, InvalidValue, "r.wash_days_before", "whole number"),
    ({**MINE, "allowance": "much"}, InvalidValue, "r.allowance", "money"),
    ({**MINE, "currency": "euro"}, InvalidValue, "r.currency", "three letters"),
    ({**MINE, "sources": {"rates": "law"}}, UnknownField, "r.sources.rates", "rate"),
    ({**MINE, "cases": "none"}, InvalidValue, "r.cases", "list"),
    ({"name": "x", "rate": 0.2, "keeps_allowance": True}, InvalidValue, "r.keeps_allowance", "pooled"),
]


@pytest.mark.parametrize(("data", "error", "field", "says"), WRONG, ids=[w[2] for w in WRONG])
def test_what_is_wrong_in_a_regime_is_named(data: dict[str, Any], error: type[PortoptError], field: str, says: str) -> None:
    with pytest.raises(error) as caught:
        read_regime(data, "r")
    assert caught.value.field == field
    assert says in " ".join((caught.value.detail, *caught.value.fixes))


WRONG_CASES: list[tuple[dict[str, Any], str, str]] = [
    ({"short": "1"}, "expect", "what must come of it"),
    ({"short": "1", "expect": {"dew": "1"}}, "expect.dew", "due"),
    ({"short": "one", "expect": {"due": "1"}}, "short", "number"),
    ({"acquired_on": "2024-02-30", "sold_on": "2025-01-01", "expect": {"term": "long"}}, "acquired_on", "day"),
    ({"as_of": "2026-12-01", "sales": [{"asset_id": "A", "lot_id": "1"}], "expect": {"disallowed": []}}, "sales[0]", "lot"),
]


@pytest.mark.parametrize(("case", "field", "says"), WRONG_CASES, ids=[w[1] for w in WRONG_CASES])
def test_what_is_wrong_in_a_case_is_named(case: dict[str, Any], field: str, says: str) -> None:
    with pytest.raises((InvalidValue, UnknownField)) as caught:
        require_cases(dataclasses.replace(read_regime(MINE, "r"), cases=(case,)), "r")
    assert caught.value.field == f"r.cases[0].{field}"
    assert says in " ".join((caught.value.detail, *caught.value.fixes))
