"""What the catalog accepts, and how it refuses the rest."""

from __future__ import annotations

import math

import pytest

from portopt.domain.errors import InvalidValue, MissingInput, RequestError, UnknownField
from portopt.terms.catalog import LIMITS, parse_costs, parse_limits, parse_objective

FLAGS = {"budget", "long_only", "fully_invested", "frozen"}
NUMBERS = {"max_turnover", "leverage_limit", "max_volatility", "min_return"}
NUMBERS_OR_MAPS = {"max_weight", "min_weight", "sector_limits", "asset_class_limits", "max_tracking_error", "min_quality"}
LIMIT_KINDS = sorted({*FLAGS, *NUMBERS, *NUMBERS_OR_MAPS, "cash"})


def refusal(parse, spec) -> RequestError:
    with pytest.raises(RequestError) as refused:
        parse(spec)
    assert refused.value.fixes, "a refusal says what would be accepted"
    return refused.value


def test_every_name_requests_may_use_is_in_the_catalog():
    assert set(LIMIT_KINDS) <= set(LIMITS)


def test_limits_come_back_in_the_order_they_were_asked_for():
    assert [t.kind for t in parse_limits({"max_turnover": 0.2, "budget": True, "cash": {"max": 0.1}})] == [
        "max_turnover",
        "budget",
        "cash",
    ]


@pytest.mark.parametrize("kind", LIMIT_KINDS)
def test_null_is_absence(kind):
    assert parse_limits({kind: None}) == ()


@pytest.mark.parametrize("kind", sorted(FLAGS))
def test_false_is_absence_for_a_flag(kind):
    assert parse_limits({kind: False}) == ()


@pytest.mark.parametrize("kind", sorted(set(LIMIT_KINDS) - FLAGS))
@pytest.mark.parametrize("value", [True, False, "0.1", "ten", math.nan, math.inf, [], {}, 10**400])
def test_what_is_no_number_and_no_map_is_refused_by_name(kind, value):
    assert refusal(parse_limits, {kind: value}).field.startswith(f"limits.{kind}")


@pytest.mark.parametrize("kind", sorted(FLAGS))
@pytest.mark.parametrize("value", [1, 0, "true", [], {}])
def test_a_flag_is_true_or_false(kind, value):
    assert refusal(parse_limits, {kind: value}).field == f"limits.{kind}"


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        ({"max_weight": -0.1}, "limits.max_weight"),
        ({"max_weight": {"AAPL": -0.1}}, "limits.max_weight.AAPL"),
        ({"max_weight": {"AAPL": "x"}}, "limits.max_weight.AAPL"),
        ({"max_weight": {"CASH": 0.1}}, "limits.max_weight.CASH"),
        ({"max_weight": {1: 0.1}}, "limits.max_weight"),
        ({"sector_limits": {"Energy": [0.3, 0.1]}}, "limits.sector_limits.Energy"),
        ({"sector_limits": {"Energy": [0.3]}}, "limits.sector_limits.Energy"),
        ({"sector_limits": {"Energy": [None, None]}}, "limits.sector_limits.Energy"),
        ({"sector_limits": {"Energy": {"max": 0.1}}}, "limits.sector_limits.Energy"),
        ({"max_turnover": {"limit": 0.2}}, "limits.max_turnover"),
        ({"max_turnover": -0.2}, "limits.max_turnover"),
        ({"max_tracking_error": {"limit": 0.02, "soft": 1}}, "limits.max_tracking_error.soft"),
        ({"max_tracking_error": {"limit": -0.02}}, "limits.max_tracking_error"),
        ({"cash": 0.02}, "limits.cash"),
        ({"cash": {"min": 0.1, "max": 0.05}}, "limits.cash"),
        ({"cash": {"max": -0.1}}, "limits.cash.max"),
        ({"min_quality": {"score": 6.0, "grandfather": "yes"}}, "limits.min_quality.grandfather"),
    ],
)
def test_a_value_that_cannot_mean_anything_is_refused_where_it_stands(limits, field):
    refused = refusal(parse_limits, limits)
    assert isinstance(refused, InvalidValue)
    assert refused.field == field


@pytest.mark.parametrize(
    ("limits", "fix"),
    [
        ({"max_weight": 10}, "write 0.1 for 10 %"),
        ({"max_turnover": 20}, "write 0.2 for 20 %"),
        ({"sector_limits": {"Energy": 25}}, "write 0.25 for 25 %"),
        ({"max_tracking_error": 2}, "write 0.02 for 2 %"),
        ({"max_volatility": 15}, "write 0.15 for 15 %"),
        ({"min_return": 6}, "write 0.06 for 6 %"),
        ({"cash": {"max": 2}}, "write 0.02 for 2 %"),
    ],
)
def test_a_percentage_where_a_fraction_belongs_is_refused_with_the_fraction(limits, fix):
    assert refusal(parse_limits, limits).fixes == (fix,)


def test_a_limit_opened_beyond_the_whole_portfolio_is_still_a_limit():
    (limit,) = parse_limits({"max_weight": 0.9})
    assert limit.relaxed(0.4).caps == {"*": pytest.approx(1.3)}


@pytest.mark.parametrize(
    ("parse", "spec", "field", "nearest"),
    [
        (parse_limits, {"max_wieght": 0.1}, "limits.max_wieght", "max_weight"),
        (parse_limits, {"turnover": 0.1}, "limits.turnover", "max_turnover"),
        (parse_limits, {"cash": {"maximum": 0.1}}, "limits.cash.maximum", "max"),
        (parse_limits, {"max_tracking_error": {"limit": 0.02, "sofft": True}}, "limits.max_tracking_error.sofft", "soft"),
        (parse_costs, {"commision": {}}, "costs.commision", "commission"),
        (parse_costs, {"commission": {"per_trad": 5}}, "costs.commission.per_trad", "per_trade"),
        (parse_objective, {"kind": "max_sharp"}, "objective.max_sharp", "max_sharpe"),
        (parse_objective, {"kind": "min_risk", "riskaversion": 2}, "objective.riskaversion", "risk_aversion"),
    ],
)
def test_a_name_nobody_knows_is_refused_with_the_nearest_known_one(parse, spec, field, nearest):
    refused = refusal(parse, spec)
    assert isinstance(refused, UnknownField)
    assert (refused.field, refused.nearest) == (field, nearest)


@pytest.mark.parametrize(
    ("parse", "spec", "field"),
    [
        (parse_objective, {}, "objective.kind"),
        (parse_objective, {"kind": "utility"}, "objective.risk_aversion"),
        (parse_limits, {"max_tracking_error": {"soft": True}}, "limits.max_tracking_error.limit"),
        (parse_limits, {"min_quality": {"grandfather": True}}, "limits.min_quality.score"),
        (parse_costs, {"linear_impact": {}}, "costs.linear_impact.bps"),
    ],
)
def test_what_is_needed_and_not_given_is_named(parse, spec, field):
    refused = refusal(parse, spec)
    assert isinstance(refused, MissingInput)
    assert refused.field == field


@pytest.mark.parametrize("gamma", [0, -1, 1e9, "4", True, math.nan])
@pytest.mark.parametrize("kind", ["utility", "min_risk", "min_tracking_error"])
def test_a_risk_aversion_is_a_positive_number(kind, gamma):
    assert refusal(parse_objective, {"kind": kind, "risk_aversion": gamma}).field == "objective.risk_aversion"


@pytest.mark.parametrize("amount", ["five", "-5", "NaN", "1e999999", True, None, [5]])
def test_a_fee_is_an_amount_of_money(amount):
    if amount is None:
        assert parse_costs({"commission": {"per_trade": None}})[0].per_trade == 0
    else:
        assert refusal(parse_costs, {"commission": {"per_trade": amount}}).field == "costs.commission.per_trade"


@pytest.mark.parametrize("spec", [None, 3, "max_sharpe", [], True])
def test_a_specification_is_an_object(spec):
    for parse in (parse_limits, parse_costs):
        assert isinstance(refusal(parse, spec), InvalidValue)


@pytest.mark.parametrize("spec", [None, 3, [], True])
def test_an_objective_is_an_object_or_a_name(spec):
    assert isinstance(refusal(parse_objective, spec), InvalidValue)
    assert parse_objective("max_sharpe") == parse_objective({"kind": "max_sharpe"})
