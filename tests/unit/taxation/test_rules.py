"""The words of a policy's tax: what they come to, and how each that cannot be is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from portopt.domain.errors import InvalidValue, MissingInput, PortoptError, UnknownField
from portopt.domain.tax import LongAfter, TaxRules
from portopt.taxation.rules import in_fractions, rules_of

US = {"regime": "us_federal"}


def test_every_word_has_its_place() -> None:
    rules = rules_of(
        {
            "regime": "us_federal",
            "short_rate": 0.37,
            "long_rate": "20 %",
            "long_after_days": 365,
            "method": "specified",
            "specified": {"AAPL": ["lot-3", "lot-1"]},
            "wash_sale_days": 31,
            "harvest": {"loss_value": 0.15},
            "allowance": "1000",
            "identical": [["VOO", "IVV", "SPY"], ["GLD", "IAU"]],
            "substitutes": {"VTI": ["ITOT", "SCHB"]},
            "min_holding_days": 31,
        }
    )
    assert rules == TaxRules(
        name="us_federal",
        short_rate=0.37,
        long_rate=0.2,
        long_after=LongAfter(days=365),
        allowance=Decimal(1000),
        wash_days_before=31,
        wash_days_after=31,
        method="specified",
        specified={"AAPL": ("lot-3", "lot-1")},
        loss_value=0.15,
        min_holding_days=31,
        identical={"VOO": "VOO", "IVV": "VOO", "SPY": "VOO", "GLD": "GLD", "IAU": "GLD"},
        substitutes={"VTI": ("ITOT", "SCHB")},
        currency="USD",
    )


def test_what_a_policy_leaves_out_is_the_regimes() -> None:
    rules = rules_of({"regime": "germany"})
    assert (rules.short_rate, rules.long_rate, rules.method, rules.pooled) == (0.26375, 0.26375, "fifo", True)
    assert (rules.allowance, rules.has_wash_rule, rules.long_after, rules.loss_value) == (Decimal(1000), False, None, 0.0)


def test_rates_without_a_regime_rest_on_none() -> None:
    rules = rules_of(
        {"short_rate": 0.37, "long_rate": 0.2, "long_after_days": 365, "method": "highest_cost", "wash_sale_days": 30}
    )
    assert (rules.name, rules.long_after, rules.method) == ("own", LongAfter(days=365), "highest_cost")
    assert (rules.wash_days_before, rules.wash_days_after, rules.currency) == (30, 30, "")
    assert rules_of({"rate": 0.25}) == TaxRules("own", 0.25, 0.25)


def test_a_loss_that_is_harvested_counts_at_the_lower_rate() -> None:
    assert rules_of({**US, "short_rate": 0.37, "long_rate": 0.2, "harvest": True}).loss_value == 0.2
    assert rules_of({**US, "harvest": False}).loss_value == 0.0


def test_more_wash_sale_days_look_where_the_regime_looks() -> None:
    rules = rules_of({"regime": "united_kingdom", "wash_sale_days": 45})
    assert (rules.wash_days_before, rules.wash_days_after) == (0, 45)
    assert not rules_of({**US, "wash_sale_days": 0}).has_wash_rule  # for whom the rule is not theirs
    rules = rules_of({"regime": "germany", "wash_sale_days": 30})
    assert (rules.wash_days_before, rules.wash_days_after) == (30, 30)


def test_rates_in_percent_are_kept_as_fractions() -> None:
    assert in_fractions({"regime": {"name": "mine", "rate": "25 %"}}) == {"regime": {"name": "mine", "rate": 0.25}}
    said = {"short_rate": "37 %", "long_rate": 0.2, "harvest": {"loss_value": "15 %"}, "regime": "us_federal"}
    assert in_fractions(said) == {"short_rate": 0.37, "long_rate": 0.2, "harvest": {"loss_value": 0.15}, "regime": "us_federal"}


WRONG: list[tuple[dict[str, Any], type[PortoptError], str, str]] = [
    ({}, MissingInput, "tax", "us_federal"),
    ({"short_rat": 0.3}, UnknownField, "tax.short_rat", "short_rate"),
    ({"regime": "us_fed"}, InvalidValue, "tax.regime", "us_federal"),
    ({"regime": "Germany"}, InvalidValue, "tax.regime", "germany"),
    ({"regime": 7}, InvalidValue, "tax.regime", "regime of your own"),
    ({"method": "fifo"}, MissingInput, "tax.rate", "regime"),
    ({**US, "short_rate": 37}, InvalidValue, "tax.short_rate", "0.37 for 37 %"),
    ({**US, "short_rate": 3700}, InvalidValue, "tax.short_rate", "fractions"),
    ({**US, "short_rate": "a third"}, InvalidValue, "tax.short_rate", "fraction"),
    ({**US, "short_rate": True}, InvalidValue, "tax.short_rate", "fraction"),
    ({**US, "long_rate": -0.1}, InvalidValue, "tax.long_rate", "below zero"),
    ({**US, "rate": 0.3, "long_rate": 0.2}, InvalidValue, "tax.rate", "rate alone"),
    ({**US, "short_rate": 0.1, "long_rate": 0.2}, InvalidValue, "tax.short_rate", "rises with the holding period"),
    ({**US, "long_after_days": 365, "long_after_months": 12}, InvalidValue, "tax.long_after_days", "one of the two"),
    ({**US, "long_after_days": 0}, InvalidValue, "tax.long_after_days", "whole number"),
    ({"long_rate": 0.2}, MissingInput, "tax.long_after_months", "when a gain is long"),
    ({"long_rate": 0.2, "long_after_days": 365}, MissingInput, "tax.short_rate", "short_rate"),
    ({"short_rate": 0.3, "long_after_days": 365}, MissingInput, "tax.long_rate", "at most 0.3"),
    ({"regime": "germany", "long_after_days": 365}, InvalidValue, "tax.long_after_days", "alike"),
    ({"regime": "germany", "short_rate": 0.3, "long_rate": 0.2}, InvalidValue, "tax.long_rate", "alike"),
    ({"regime": "germany", "method": "lifo"}, InvalidValue, "tax.method", "fifo"),
    ({"regime": "germany", "method": "min_tax"}, InvalidValue, "tax.method", "fifo"),
    ({"regime": "canada", "method": "fifo"}, InvalidValue, "tax.method", "average"),
    ({"regime": "united_kingdom", "method": "fifo"}, InvalidValue, "tax.method", "average"),
    ({**US, "method": "average"}, InvalidValue, "tax.method", "min_tax"),
    ({**US, "method": "hifo"}, InvalidValue, "tax.method", "fifo"),
    ({**US, "method": "specified"}, MissingInput, "tax.specified", "lot-3"),
    ({**US, "specified": {"A": ["1"]}}, InvalidValue, "tax.specified", "specified"),
    ({**US, "method": "specified", "specified": {"A": "1"}}, InvalidValue, "tax.specified.A", "list"),
    ({**US, "method": "specified", "specified": {"A": ["1", "1"]}}, InvalidValue, "tax.specified.A[1]", "twice"),
    ({**US, "wash_sale_days": 20}, InvalidValue, "tax.wash_sale_days", "30"),
    ({**US, "wash_sale_days": -1}, InvalidValue, "tax.wash_sale_days", "whole number"),
    ({**US, "harvest": "yes"}, InvalidValue, "tax.harvest", "true"),
    ({**US, "harvest": {}}, MissingInput, "tax.harvest.loss_value", "true"),
    ({**US, "harvest": {"value": 0.1}}, UnknownField, "tax.harvest.value", "loss_value"),
    ({**US, "harvest": {"loss_value": 0.3}}, InvalidValue, "tax.harvest.loss_value", "0.238"),
    ({**US, "allowance": "-1"}, InvalidValue, "tax.allowance", "money"),
    ({**US, "allowance": "NaN"}, InvalidValue, "tax.allowance", "money"),
    ({**US, "identical": {"A": "B"}}, InvalidValue, "tax.identical", "list of lists"),
    ({**US, "identical": [["A"]]}, InvalidValue, "tax.identical[0]", "2 to"),
    ({**US, "identical": [["A", "B"], ["B", "C"]]}, InvalidValue, "tax.identical[1]", "one group"),
    ({**US, "substitutes": {"A": ["A"]}}, InvalidValue, "tax.substitutes.A[0]", "itself"),
    ({**US, "identical": [["A", "B"]], "substitutes": {"A": ["C", "B"]}}, InvalidValue, "tax.substitutes.A[1]", "identical"),
    ({**US, "substitutes": ["A"]}, InvalidValue, "tax.substitutes", "object"),
    ({**US, "min_holding_days": 30.5}, InvalidValue, "tax.min_holding_days", "whole number"),
]


@pytest.mark.parametrize(("said", "error", "field", "says"), WRONG, ids=[f"{w[2]}-{i}" for i, w in enumerate(WRONG)])
def test_what_cannot_be_is_refused_where_it_stands(
    said: dict[str, Any], error: type[PortoptError], field: str, says: str
) -> None:
    with pytest.raises(error) as caught:
        rules_of(said)
    assert type(caught.value) is error
    assert caught.value.field == field
    assert says in " ".join((caught.value.detail, *caught.value.fixes))
    assert caught.value.fixes


def test_a_refusal_names_where_the_policy_stands() -> None:
    with pytest.raises(InvalidValue) as caught:
        rules_of({**US, "short_rate": 37}, "policies[3].tax")
    assert caught.value.field == "policies[3].tax.short_rate"
