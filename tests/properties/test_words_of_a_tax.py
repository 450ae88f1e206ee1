"""Whatever stands in a policy's tax is read as rules or refused in words that name it."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from portopt.dialects.policies import read_policy, write_policy
from portopt.domain.errors import RequestError
from portopt.domain.tax import METHODS, TaxRules
from portopt.taxation.regimes import FIELDS, regime_names
from portopt.taxation.rules import WORDS, rules_of
from portopt.taxation.words import sentences

ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["A", "B", "9 %"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["A", "B", "days", "loss_value"]), inner, max_size=3)
    ),
    max_leaves=6,
)
LIKELY: dict[str, st.SearchStrategy[Any]] = {
    "regime": st.sampled_from(regime_names()) | st.dictionaries(st.sampled_from(FIELDS), ANY, max_size=8),
    "method": st.sampled_from(METHODS),
    "rate": st.floats(0.0, 1.0),
    "short_rate": st.floats(0.0, 1.0),
    "long_rate": st.floats(0.0, 0.2),
    "long_after_days": st.integers(1, 400),
    "wash_sale_days": st.integers(0, 60),
    "identical": st.lists(st.lists(st.sampled_from("ABC"), min_size=2, max_size=2, unique=True), max_size=2),
}


def read(said: dict[str, Any]) -> TaxRules | RequestError:
    try:
        return rules_of(said)
    except RequestError as refused:
        return refused


@given(st.fixed_dictionaries({}, optional={word: LIKELY.get(word, ANY) | ANY for word in WORDS}))
def test_a_tax_is_rules_or_a_refusal(said: dict[str, Any]) -> None:
    rules = read(said)
    if isinstance(rules, RequestError):
        assert str(rules.field).startswith("tax")
        assert rules.fixes
        return
    assert 0.0 <= rules.loss_value <= rules.long_rate <= rules.short_rate <= 1.0
    assert rules.long_after is not None or rules.short_rate == rules.long_rate
    assert sentences(rules)


SOUND: dict[str, st.SearchStrategy[Any]] = {
    "short_rate": st.sampled_from([0.4, "37 %"]),
    "long_rate": st.sampled_from([0.2, "20 %"]),
    "long_after_days": st.integers(1, 400),
    "allowance": st.integers(0, 5_000) | st.sampled_from(["1000.00"]),
    "method": st.sampled_from(["min_tax", "highest_cost", "fifo", "lifo"]),
    "wash_sale_days": st.integers(30, 60),
    "identical": LIKELY["identical"],
    "substitutes": st.dictionaries(st.sampled_from("AB"), st.just(["D"]), max_size=2),
    "harvest": st.booleans() | st.fixed_dictionaries({"loss_value": st.sampled_from([0.0, 0.1, "10 %"])}),
    "min_holding_days": st.integers(0, 60),
}


@given(st.fixed_dictionaries({"regime": st.just("us_federal")}, optional=SOUND))
def test_a_policy_with_a_sound_tax_is_read_back_equal(said: dict[str, Any]) -> None:
    groups = said.get("identical", [])
    assume(len({asset for group in groups for asset in group}) == sum(map(len, groups)))  # an asset has one group
    policy = read_policy({"id": "p", "objective": "min_risk", "limits": {}, "tax": said})
    assert read_policy(write_policy(policy)) == policy
    assert set(policy.tax) == set(said)
