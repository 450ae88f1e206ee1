"""A policy's tax in sentences."""

from __future__ import annotations

from portopt.domain.request import Policy
from portopt.questions.policies import in_words
from portopt.taxation.regimes import regime_names
from portopt.taxation.rules import WORDS, rules_of
from portopt.taxation.words import sentences

TAX = {
    "regime": "us_federal", "short_rate": 0.37, "long_rate": 0.2, "identical": [["VOO", "IVV"], ["GLD", "IAU"]],
    "substitutes": {"VTI": ["ITOT", "SCHB"]}, "harvest": {"loss_value": 0.125}, "min_holding_days": 31,
}  # fmt: skip


def test_every_rule_is_a_sentence() -> None:
    assert sentences(rules_of(TAX)) == {
        "regime": "us_federal: short gains are taxed at 37 %, long ones, held for more than 12 months, at 20 %",
        "method": "lots are sold so that the tax is least",
        "wash_sale_days": "a loss does not count where the same is bought from 30 days before to 30 days after it",
        "identical": "the same to a wash sale: VOO, IVV; GLD, IAU",
        "substitutes": "may be bought in its place: ITOT, else SCHB for VTI",
        "harvest": "a loss that is carried on counts as 12.5 % of it now",
        "min_holding_days": "a lot is held for 31 days at least",
    }
    assert sentences(rules_of({"regime": "germany"})) == {
        "regime": "germany: every gain is taxed at 26.375 %",
        "method": "of an asset the lots that were bought first are sold first",
        "allowance": "1,000 EUR of a year's net gain are free of tax",
    }
    assert "from the day of the sale to 30 days after" in sentences(rules_of({"regime": "united_kingdom"}))["wash_sale_days"]


def test_each_sentence_stands_under_a_word_of_the_policy() -> None:
    for name in regime_names():
        assert set(sentences(rules_of({"regime": name}))) <= set(WORDS)


def test_a_policy_in_words_says_its_tax() -> None:
    policy = Policy("p", "P", {"kind": "min_risk"}, {"long_only": True}, tax={**TAX, "limits": {"max_tax": "5000"}})
    lines = [line for line in in_words(policy) if line.part == "tax"]
    assert (lines[-1].name, lines[-1].value, lines[-1].words) == ("max_tax", "5000", "tax of at most 5,000.00")
    assert [(line.name, line.value) for line in lines[:2]] == [("regime", "us_federal"), ("method", None)]
    assert {line.page for line in lines} == {"methods/taxes.md"}
    assert not [line for line in in_words(Policy("p", "P", {"kind": "min_risk"}, {})) if line.part == "tax"]
