"""Policies as documents: S4's numbers, our format, and what is refused."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from portopt.dialects.policies import (
    PolicyDefaults,
    override,
    read_defaults,
    read_policies,
    read_policy,
    shipped_defaults,
    shipped_policies,
    write_policy,
)
from portopt.domain.errors import InvalidValue, MalformedDocument, MissingInput, PortoptError, UnknownField
from portopt.domain.request import Policy
from portopt.terms.catalog import parse_costs, parse_limits, parse_objective

# S4, policy_templates.json and constraint_defaults.json, word for word.
TEMPLATES = """{
  "schema_version": "1.0",
  "policies": [
    {"id": "quality_focused", "name": "Quality-Focused Balanced", "min_quality_score": 6.0, "max_single_position_pct": 0.10,
     "max_sector_pct": 0.25, "max_tracking_error_pct": 0.02, "max_turnover_pct": 0.20, "method_version": "v1"},
    {"id": "aggressive_growth", "name": "Aggressive Growth", "min_quality_score": 4.0, "max_single_position_pct": 0.15,
     "max_sector_pct": 0.40, "max_tracking_error_pct": 0.05, "max_turnover_pct": 0.30, "method_version": "v1"},
    {"id": "conservative_income", "name": "Conservative Income", "min_quality_score": 8.0, "max_single_position_pct": 0.08,
     "max_sector_pct": 0.20, "max_tracking_error_pct": 0.015, "max_turnover_pct": 0.15, "method_version": "v1"}
  ]
}"""
DEFAULTS = """{"commission_per_trade": 5.00, "market_impact_bps": 15, "min_trade_value": 100.00, "risk_free_rate": 0.02,
  "annualization_factor": 252}"""
ROOT = Path(__file__).parents[3]


def ours(**changes: Any) -> dict[str, Any]:
    document = {"id": "mine", "name": "Mine", "objective": "min_risk", "limits": {"long_only": True, "max_weight": 0.2}}
    return {**document, **changes}


def test_the_shipped_policies_are_s4s_templates_but_for_what_they_believe_and_the_classes_without_scores() -> None:
    """docs/deviations.md: means that are no plain past means, and a quality floor that is not asked of bonds."""
    templates = read_policies(json.loads(TEMPLATES), read_defaults(json.loads(DEFAULTS)))

    def as_templates(policy: Policy, template: Policy) -> Policy:
        floor = policy.limits["min_quality"]
        limits = {**policy.limits, "min_quality": floor["score"]}
        return dataclasses.replace(policy, description="", method_version="v1", limits=limits, estimation=template.estimation)

    shipped = shipped_policies()
    assert tuple(as_templates(policy, template) for policy, template in zip(shipped, templates, strict=True)) == templates
    for policy, template in zip(shipped, templates, strict=True):
        believed, asked = policy.estimation, template.estimation
        assert (believed.covariance, believed.lookback) == (asked.covariance, asked.lookback)
        assert believed.expected_returns != asked.expected_returns == "historical_mean"


def test_the_shipped_costs_are_s4s_defaults_and_what_a_policy_gets_without_any() -> None:
    assert json.loads((ROOT / "config/costs.json").read_text()) == json.loads(DEFAULTS)
    assert shipped_defaults() == PolicyDefaults()


def test_s4_fractions_keep_their_value_and_lose_their_suffix() -> None:
    policy = read_policies(json.loads(TEMPLATES))[2]
    assert policy.limits == {
        "long_only": True, "min_quality": 8.0, "max_weight": 0.08, "sector_limits": 0.20, "max_tracking_error": 0.015,
        "max_turnover": 0.15, "cash": {"max": 0.02},
    }  # fmt: skip
    assert policy.costs == {"commission": {"per_trade": "5.00"}, "linear_impact": {"bps": 15.0}}
    assert (policy.risk_free_rate, policy.trading.min_trade_value) == (0.02, 100.0)
    assert policy.estimation.periods_per_year == 252.0


@pytest.mark.parametrize("policy", shipped_policies(), ids=lambda p: p.id)
def test_every_shipped_policy_is_made_of_terms_the_catalog_knows(policy: Any) -> None:
    assert parse_objective(policy.objective).kind == "max_sharpe"
    assert {limit.kind for limit in parse_limits(policy.limits)} == set(policy.limits)
    assert {cost.kind for cost in parse_costs(policy.costs)} == {"commission", "linear_impact"}


@pytest.mark.parametrize(
    "policy",
    [
        *shipped_policies(),
        read_policy(
            ours(
                objective={"kind": "utility", "risk_aversion": 3.0},
                limits={"max_tracking_error": {"limit": 0.02, "soft": True}, "sector_limits": {"Energy": [0.0, 0.1]}},
                costs={},
                estimation={"covariance": "oas", "lookback": None, "cash_return": 0.01},
                data={"gap": "refuse"},
                trading={"fractional": True},
                relax_order=["max_tracking_error"],
                tax={"regime": "us_federal", "short_rate": "37 %", "harvest": {"loss_value": 0.1}, "identical": [["A", "B"]]},
            )
        ),
    ],
    ids=lambda p: p.id,
)
def test_a_written_policy_reads_back_equal(policy: Any) -> None:
    assert read_policies(json.loads(json.dumps(write_policy(policy)))) == (policy,)


def test_both_formats_may_stand_in_one_list() -> None:
    s4 = {"id": "theirs", "name": "Theirs", "max_turnover_pct": 0.1}
    assert [p.id for p in read_policies([ours(), s4])] == ["mine", "theirs"]


def test_what_a_policy_leaves_out_comes_from_the_defaults() -> None:
    defaults = read_defaults({"commission_per_trade": 0.5, "market_impact_bps": 3, "min_trade_value": 7})
    policy = read_policy(ours(), defaults)
    assert policy.costs == {"commission": {"per_trade": "0.50"}, "linear_impact": {"bps": 3.0}}
    assert policy.trading.min_trade_value == 7.0
    assert read_policy(ours(costs={}), defaults).costs == {}


WRONG: list[tuple[Any, type[PortoptError], str, str | None]] = [
    (ours(limts={}), UnknownField, "limts", "limits"),
    (ours(limits={"max_wieght": 0.1}), UnknownField, "limits.max_wieght", "max_weight"),
    (ours(limits={"max_weight": 10}), InvalidValue, "limits.max_weight", "fraction"),
    (ours(limits=[1]), InvalidValue, "limits", "object"),
    (ours(objective="max_sharp"), UnknownField, "objective.max_sharp", "max_sharpe"),
    (ours(objective=3), InvalidValue, "objective", "object"),
    (ours(costs={"comission": {}}), UnknownField, "costs.comission", "commission"),
    (ours(costs={"commission": {"per_trade": "five"}}), InvalidValue, "costs.commission.per_trade", None),
    (ours(estimation={"covariance": "ledoit_wolff"}), InvalidValue, "estimation.covariance", "ledoit_wolf"),
    (ours(estimation={"lookback": 1.5}), InvalidValue, "estimation.lookback", "whole number"),
    (ours(estimation={"lookback": 1}), InvalidValue, "estimation.lookback", None),
    (ours(estimation={"min_observation": 5}), UnknownField, "estimation.min_observation", "min_observations"),
    (ours(data={"gap": "ignore"}), InvalidValue, "data.gap", "quarantine"),
    (ours(trading={"fractional": "yes"}), InvalidValue, "trading.fractional", "true or false"),
    (ours(trading={"lot_size": 0}), InvalidValue, "trading.lot_size", None),
    (ours(relax_order=["max_turnover"]), InvalidValue, "relax_order[0]", "max_weight"),
    (ours(relax_order=["long_only"]), InvalidValue, "relax_order[0]", "may give way"),
    (ours(risk_free_rate="0.02"), InvalidValue, "risk_free_rate", "quotes"),
    (ours(tax={"regime": "us_fedral"}), InvalidValue, "tax.regime", "us_federal"),
    (ours(tax={"regime": "us_federal", "shortrate": 0.3}), UnknownField, "tax.shortrate", "short_rate"),
    (ours(tax={"regime": "us_federal", "short_rate": 37}), InvalidValue, "tax.short_rate", "0.37"),
    ({"policies": [ours(tax={"regime": "germany", "method": "lifo"})]}, InvalidValue, "policies[0].tax.method", "fifo"),
    (ours(tax=[1]), InvalidValue, "tax", "object"),
    (ours(tax={"rate": 0.2, "limits": {"max_taxes": 1}}), UnknownField, "tax.limits.max_taxes", "max_tax"),
    ({"policies": [ours(tax={"rate": 0, "limits": {"max_tax": -1}})]}, InvalidValue, "policies[0].tax.limits.max_tax", "money"),
    (ours(id=None), MissingInput, "id", None),
    ({"id": "x", "name": "x"}, MissingInput, "objective", None),
    ({"id": "x", "max_turnover_pc": 0.2, "max_sector_pct": 0.2}, UnknownField, "max_turnover_pc", "max_turnover_pct"),
    ({"id": "x", "max_single_position_pct": 10}, InvalidValue, "max_single_position_pct", "10 % is 0.1"),
    ({"policies": []}, InvalidValue, "policies", "at least 1"),
    ({"policies": [ours(), ours()]}, InvalidValue, "policies[1].id", "twice"),
    ({"policies": [ours(), ours(id="b", limits={"max_weight": -1})]}, InvalidValue, "policies[1].limits.max_weight", None),
    ({"schema_version": "9", "policies": [ours()]}, InvalidValue, "schema_version", "1.0"),
    ({"policies": [ours()], "polices": []}, UnknownField, "polices", "policies"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "error", "field", "says"), WRONG, ids=[w[2] for w in WRONG])
def test_what_is_wrong_in_a_policy_is_named_where_it_stands(
    document: Any, error: type[PortoptError], field: str, says: str | None
) -> None:
    with pytest.raises(error) as caught:
        read_policies(document)
    assert type(caught.value) is error
    assert caught.value.field == field
    if says:
        assert says in " ".join((caught.value.detail, *caught.value.fixes))


def test_a_document_that_holds_no_policies_is_malformed() -> None:
    with pytest.raises(MalformedDocument):
        read_policies("quality_focused")


def test_one_value_of_a_policy_can_be_set_by_its_path() -> None:
    policy = shipped_policies()[0]
    changed = override(policy, {"limits.max_weight": 0.12, "trading.fractional": True, "limits.cash.max": 0.05})
    assert changed.limits["max_weight"] == 0.12
    assert changed.limits["cash"] == {"max": 0.05}
    assert changed.trading.fractional
    assert dataclasses.replace(changed, limits=policy.limits, trading=policy.trading) == policy


def test_setting_a_limit_to_nothing_takes_it_out() -> None:
    assert "max_turnover" not in override(shipped_policies()[0], {"limits.max_turnover": None}).limits


def test_a_tax_is_set_word_by_word_and_taken_out_again() -> None:
    policy = read_policy(ours())
    set_ = override(policy, {"tax.regime": "us_federal", "tax.short_rate": "37 %"})
    assert set_.tax == {"regime": "us_federal", "short_rate": 0.37}
    assert override(set_, {"tax.short_rate": None, "tax.regime": "germany"}).tax == {"regime": "germany"}
    assert override(set_, {"tax": {}}) == policy


def test_the_same_tax_in_percent_and_as_a_fraction_is_the_same_policy() -> None:
    percent, fraction = ({"rate": rate, "harvest": {"loss_value": value}} for rate, value in (("25 %", "5 %"), (0.25, 0.05)))
    assert read_policy(ours(tax=percent)) == read_policy(ours(tax=fraction))


@pytest.mark.parametrize(
    ("path", "value", "error", "field"),
    [
        ("tax.short_rat", 0.1, UnknownField, "tax.short_rat"),
        ("limts.max_weight", 0.1, UnknownField, "limts"),
        ("limits.max_wieght", 0.1, UnknownField, "limits.max_wieght"),
        ("limits.max_weight.AAPL", 0.1, InvalidValue, "limits.max_weight"),
        ("limits.max_weight", "lots", InvalidValue, "limits.max_weight"),
        ("trading.lotsize", 10, UnknownField, "trading.lotsize"),
    ],
)
def test_an_override_that_leads_nowhere_is_refused(path: str, value: Any, error: type[PortoptError], field: str) -> None:
    with pytest.raises(error) as caught:
        override(shipped_policies()[0], {path: value})
    assert caught.value.field == field
