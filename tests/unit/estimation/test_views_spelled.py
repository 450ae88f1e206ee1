"""Views as texts are the views that objects spell, or are told what is wrong with them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import portopt
from portopt.dialects.policies import override, read_policy
from portopt.dialects.strategy import read_request
from portopt.domain.errors import InvalidValue, PortoptError, UnknownField
from portopt.domain.universe import Universe
from portopt.estimation.views.spelled import as_choice, read_view

IDS = ("AAPL", "MSFT", "XOM", "JPM", "BRK-B", "BRK", "3M", "BTC-USD", "S&P 500", "CASH")
UNIVERSE = Universe.of(IDS)

READ = {
    "AAPL == 0.10": ({"AAPL": 1.0}, "equals", 0.10, None),
    "AAPL == 10%": ({"AAPL": 1.0}, "equals", 0.10, None),
    "AAPL = 10 %": ({"AAPL": 1.0}, "equals", 0.10, None),
    "AAPL==150 bps": ({"AAPL": 1.0}, "equals", 0.015, None),
    "AAPL == -3%": ({"AAPL": 1.0}, "equals", -0.03, None),
    "AAPL == \u22123 %": ({"AAPL": 1.0}, "equals", -0.03, None),
    "MSFT - XOM == 0.02": ({"MSFT": 1.0, "XOM": -1.0}, "equals", 0.02, None),
    "0.5*AAPL + 0.5*MSFT - JPM == 0.01": ({"AAPL": 0.5, "MSFT": 0.5, "JPM": -1.0}, "equals", 0.01, None),
    "50% AAPL + 50% MSFT == 8%": ({"AAPL": 0.5, "MSFT": 0.5}, "equals", 0.08, None),
    "2 AAPL == 1e-1": ({"AAPL": 2.0}, "equals", 0.1, None),
    "-AAPL == -10%": ({"AAPL": -1.0}, "equals", -0.1, None),
    "AAPL == MSFT + 2%": ({"AAPL": 1.0, "MSFT": -1.0}, "equals", 0.02, None),
    "AAPL + 1% == MSFT + 3%": ({"AAPL": 1.0, "MSFT": -1.0}, "equals", 0.02, None),
    "AAPL + AAPL == 20%": ({"AAPL": 2.0}, "equals", 0.2, None),
    "BRK-B - BRK == 1%": ({"BRK-B": 1.0, "BRK": -1.0}, "equals", 0.01, None),
    "BRK - XOM == 1%": ({"BRK": 1.0, "XOM": -1.0}, "equals", 0.01, None),
    "BTC-USD - 3M == 5%": ({"BTC-USD": 1.0, "3M": -1.0}, "equals", 0.05, None),
    "2*3M == 5%": ({"3M": 2.0}, "equals", 0.05, None),
    "S&P 500 == 7%": ({"S&P 500": 1.0}, "equals", 0.07, None),
    "AAPL == 10% @ 60%": ({"AAPL": 1.0}, "equals", 0.10, 0.6),
    "AAPL == 10% @0.6": ({"AAPL": 1.0}, "equals", 0.10, 0.6),
    "AAPL == 10% @ 1": ({"AAPL": 1.0}, "equals", 0.10, 1.0),
    "AAPL >= 10%": ({"AAPL": 1.0}, "at_least", 0.10, None),
    "AAPL > MSFT": ({"AAPL": 1.0, "MSFT": -1.0}, "at_least", 0.0, None),
    "AAPL \u2265 10%": ({"AAPL": 1.0}, "at_least", 0.10, None),
    "AAPL - JPM <= 15 bps": ({"AAPL": 1.0, "JPM": -1.0}, "at_most", 0.0015, None),
    "AAPL < 0": ({"AAPL": 1.0}, "at_most", 0.0, None),
}
TOLD = {
    "AAPL": "compares nothing",
    "AAPL == MSFT == 1%": "compares more than once",
    "": "compares nothing",
    "== 10%": "has an empty side",
    "AAPL ==": "has an empty side",
    "AAPL MSFT == 1%": r"no \+ or - before 'MSFT'",
    "AAPL - AAPL == 1%": "names no asset on balance",
    "10% == 5%": "names no asset on balance",
    "AAPL + == 1%": "names no asset where one belongs",
    "AAPL == 10% @ 160%": "no confidence between 0 and 100 %",
    "AAPL == 10% @ sure": "no confidence between 0 and 100 %",
    "AAPL == 10% @": "no confidence between 0 and 100 %",
    "vol(AAPL) == 20%": "a view on risk",
    "correlation(AAPL, MSFT) == 0.5": "a view on risk",
    "AAPL == " + "1" * 500: "characters",
    "APPL == 10%": "did you mean 'AAPL'",
    "0.5*GOOG == 10%": "GOOG",
    "AAPL == ten": "ten",
}


@pytest.mark.parametrize("text", READ)
def test_a_view_in_words_is_what_it_looks_like(text):
    coefficients, sense, value, confidence = READ[text]
    found = read_view(text, UNIVERSE, "views[0]")
    assert found[0] == pytest.approx(coefficients)
    assert found[1:2] == (sense,)
    assert found[2] == pytest.approx(value, abs=1e-15)
    assert found[3] == confidence


@pytest.mark.parametrize("text", TOLD)
def test_what_is_no_view_is_told(text):
    with pytest.raises((InvalidValue, UnknownField), match=TOLD[text]) as refused:
        read_view(text, UNIVERSE, "views[0]")
    assert str(refused.value.field).startswith("views[0]")


@given(
    st.dictionaries(st.sampled_from(IDS[:-1]), st.integers(-400, 400).filter(bool), min_size=1, max_size=4),
    st.integers(-2_000, 2_000),
    st.sampled_from(["==", ">=", "<="]),
)
def test_a_view_that_is_written_out_is_read_back(parts: dict[str, int], bps: int, operator: str):
    left = " ".join(f"{'-' if c < 0 else '+'} {abs(c) / 100:.2f}*{name}" for name, c in parts.items())
    coefficients, _, value, _ = read_view(f"{left} {operator} {bps} bps", UNIVERSE, "view")
    assert coefficients == pytest.approx({name: c / 100 for name, c in parts.items()})
    assert value == pytest.approx(bps / 10_000, abs=1e-15)


@given(st.text(alphabet="AXPLMSFT0159.%@=<>+-* bps", max_size=40))
def test_any_text_is_a_view_or_is_refused(text: str):
    try:
        coefficients, _, value, confidence = read_view(text, UNIVERSE, "view")
    except (InvalidValue, UnknownField):
        return
    assert any(coefficients.values())
    assert np.isfinite(value)
    assert confidence is None or 0.0 <= confidence <= 1.0


# --- in requests --------------------------------------------------------------------------------------------------


def returns() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    return dict(zip(("AAPL", "MSFT", "XOM"), rng.normal(0.0004, 0.01, (260, 3)).T, strict=True))


BL = {"method": "black_litterman"}
POOLED = {"method": "entropy_pooling"}


@pytest.mark.parametrize(
    ("texts", "objects"),
    [
        ("AAPL == 12%", {**BL, "views": [{"assets": {"AAPL": 1}, "return": 0.12}]}),
        (
            ["AAPL - MSFT == 3% @ 60%", "XOM == 2%"],
            {
                **BL,
                "views": [
                    {"assets": {"AAPL": 1, "MSFT": -1}, "return": 0.03, "confidence": 0.6},
                    {"assets": "XOM", "return": 0.02},
                ],
            },
        ),
        ({**BL, "tau": 0.1, "views": "AAPL == 12%"}, {**BL, "tau": 0.1, "views": [{"assets": "AAPL", "return": 0.12}]}),
        (["AAPL >= 20%"], {**POOLED, "views": [{"mean": "AAPL", "at_least": 0.2}]}),
        (
            {**POOLED, "confidence": 0.5, "views": ["AAPL == 15%", {"volatility": "XOM", "at_most": 0.14}]},
            {**POOLED, "confidence": 0.5, "views": [{"mean": "AAPL", "equals": 0.15}, {"volatility": "XOM", "at_most": 0.14}]},
        ),
    ],
    ids=str,
)
def test_texts_and_objects_are_one_question_with_one_answer(texts, objects):
    found, meant = (
        portopt.optimize(returns(), "max_sharpe", views=views, limits={"max_weight": 0.6}) for views in (texts, objects)
    )
    assert found.weights == meant.weights


@pytest.mark.parametrize(
    ("views", "says"),
    [
        ({**BL, "views": ["AAPL >= 10%"]}, "Black-Litterman's views are equalities"),
        (["AAPL >= 10% @ 60%"], "entropy pooling says it once for all"),
        (["GOOG == 10%"], "GOOG"),
    ],
)
def test_what_a_method_does_not_have_is_told_with_what_does(views, says):
    with pytest.raises(PortoptError, match=says) as refused:
        portopt.optimize(returns(), "max_sharpe", views=views)
    assert refused.value.fixes


def test_a_policy_and_one_of_its_changes_take_them():
    policy = read_policy({"id": "p", "objective": "sharpe", "limits": {}, "estimation": {"views": ["AAPL == 10%"]}})
    assert policy.estimation.views == {**BL, "views": ["AAPL == 10%"]}
    changed = override(policy, {"estimation.views": "AAPL - XOM >= 2%"})
    assert changed.estimation.views == {**POOLED, "views": ["AAPL - XOM >= 2%"]}


def test_s1_takes_them_and_holds_them_to_its_method():
    strategies = [{"id": i, "expected_return": 0.05, "volatility": 0.2} for i in "ab"]
    doc = {"portfolio_id": "p", "strategies": strategies, "objective": "MAX_SHARPE", "method": "BLACK_LITTERMAN"}
    risk = {"correlation": [[1, 0], [0, 1]]}
    request = read_request({**doc, "risk_parameters": {**risk, "views": ["a - b == 3% @ 60%"]}})
    assert request.estimation.views == {**BL, "views": ["a - b == 3% @ 60%"]}
    with pytest.raises(InvalidValue, match="are for entropy_pooling"):
        read_request({**doc, "risk_parameters": {**risk, "views": ["a >= 3%"]}})


def test_what_is_no_list_and_no_text_is_left_to_be_refused():
    assert as_choice(None) is None
    assert as_choice(3) == 3
    assert as_choice([]) == {}
    assert as_choice({"method": "x"}) == {"method": "x"}
