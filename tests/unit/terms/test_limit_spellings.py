"""What people type as a limit: understood as one of the catalog, or told what to write instead."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

import portopt
from portopt.dialects.policies import override, read_policy
from portopt.dialects.portfolio import read_optimization
from portopt.dialects.strategy import read_request
from portopt.domain.errors import InvalidValue, UnknownField
from portopt.intake.moved import value_at
from portopt.intake.policy import Wishes, laid_over
from portopt.questions.catalog import catalog_line
from portopt.terms.catalog import LIMITS, limit_words, parse_limits
from portopt.terms.limit_spellings import ALIASES, OTHER_NAMES, TOLD
from portopt.terms.spellings import key_of

UNDERSTOOD = {
    "weight_cap": "max_weight",
    "Weight Cap": "max_weight",
    "upper_bound": "max_weight",
    "sector_cap": "sector_limits",
    "Sector-Cap": "sector_limits",
    "class_caps": "asset_class_limits",
    "turnover_limit": "max_turnover",
    "te": "max_tracking_error",
    "TE": "max_tracking_error",
    "tracking_error_limit": "max_tracking_error",
    "vol_cap": "max_volatility",
    "gross exposure": "leverage_limit",
    "no_shorting": "long_only",
    "cardinality": "max_positions",
    "names": "max_positions",
    "blacklist": "exclusions",
    "hhi": "concentration",
    "quality_floor": "min_quality",
    "UCITS": "ucits_5_10_40",
    "5/10/40": "ucits_5_10_40",
    "MAX_WEIGHT": "max_weight",
}
POLICY = {"id": "own", "objective": "min_risk", "limits": {"max_weight": 0.3, "sector_limits": 0.5}}


def policy(limits: dict[str, Any]) -> Any:
    return read_policy({**POLICY, "limits": limits})


@pytest.mark.parametrize(("typed", "kind"), UNDERSTOOD.items())
def test_a_name_that_people_type_is_the_limit_it_means(typed: str, kind: str) -> None:
    assert limit_words({typed: 1}) == {kind: 1}


def test_the_table_says_one_thing_of_each_name_and_nothing_of_the_catalogs_own() -> None:
    named = [key_of(name) for names in OTHER_NAMES.values() for name in names]
    assert len(named) == len(set(named)) == len(ALIASES)
    assert OTHER_NAMES.keys() <= LIMITS.keys()
    assert not set(named) & (LIMITS.keys() | TOLD.keys())
    assert not LIMITS.keys() & TOLD.keys()
    assert all(key_of(name) == name for name in TOLD)


@pytest.mark.parametrize("name", TOLD)
def test_what_leaves_a_choice_open_is_told_how_it_is_written(name: str) -> None:
    with pytest.raises(InvalidValue, match=f"^limits.{name} ") as refused:
        policy({name: 0.1})
    assert refused.value.fixes[0].startswith("write ")


@pytest.mark.parametrize("name", TOLD)
def test_what_is_told_is_read(name: str) -> None:
    """Each value that a refusal spells, taken out of its sentence."""
    written = dict(re.findall(r"([a-z_]+): (\{.*\}|\[.*?\]|-?[\d.]+\b|false)", TOLD[name][1].split("; ")[0]))
    read = {kind: json.loads(value) for kind, value in written.items() if kind != "trading"}
    assert read or "trading" in written
    assert len(parse_limits(read)) == sum(value is not False for value in read.values())


def test_every_door_reads_the_table() -> None:
    assert policy({"weight_cap": 0.2, "te": 0.02}).limits == {"max_weight": 0.2, "max_tracking_error": 0.02}
    own = read_policy(POLICY)
    assert override(own, {"limits.sector_cap": 0.25}).limits == {"max_weight": 0.3, "sector_limits": 0.25}
    assert override(own, {"limits.sector_cap": None}).limits == {"max_weight": 0.3}
    assert value_at(own, "limits.weight_cap") == 0.3
    assert laid_over(own, Wishes(limits={"position_cap": 0.1})).limits == {"max_weight": 0.1, "sector_limits": 0.5}
    assert portopt.ask({"A": [0.01, -0.01], "B": [0.0, 0.01]}, limits={"weight_cap": 0.6}).limits == {"max_weight": 0.6}
    s1 = {
        "portfolio_id": "p", "objective": "MIN_VOLATILITY", "method": "MEAN_VARIANCE", "constraints": {"weight_cap": 0.6},
        "strategies": [{"id": i, "expected_return": 0.1, "volatility": 0.2} for i in "AB"],
        "risk_parameters": {"correlation": [[1.0, 0.3], [0.3, 1.0]]},
    }  # fmt: skip
    assert read_request(s1).limits["max_weight"] == 0.6
    assert read_optimization({"constraints": {"sector_cap": 0.25}}).limits == {"sector_limits": 0.25}
    assert catalog_line("limits", "te").name == "max_tracking_error"


def test_two_names_of_one_limit_and_a_name_of_none_are_refused() -> None:
    with pytest.raises(InvalidValue, match=r"limits.te .* means the same as limits.max_tracking_error"):
        policy({"max_tracking_error": 0.02, "te": 0.03})
    with pytest.raises(UnknownField, match="wibble"):
        policy({"wibble": 1})
