"""What may be said of an asset's units, and what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from portopt.domain.canonical import canonical_json, plain
from portopt.domain.errors import InvalidValue, RequestError
from portopt.domain.request import TradingRules
from portopt.domain.steps import step_of
from portopt.domain.units import Units, units_of
from portopt.domain.universe import Asset, Universe


def of(**said):
    return units_of(said, "units")


def test_a_price_in_money_and_back():
    bond = of(price_multiplier=0.01, accrued_interest=1.32)
    assert bond.money(Decimal("98.25")) == Decimal("0.9957")
    assert bond.quoted(Decimal("0.9957")) == Decimal("98.25")


@pytest.mark.parametrize(
    ("said", "size", "fine", "least"),
    [
        ({"lot_size": 100}, "100", False, "0"),
        ({"fraction_digits": 3}, "0.001", True, "0"),
        ({"fraction_digits": 0}, "1", False, "0"),
        ({"min_denomination": 1000}, "1000", False, "1000"),
        ({"min_denomination": "200000", "increment": 1000}, "1000", False, "200000"),
        ({"price_multiplier": 100}, "5", False, "0"),
    ],
)
def test_a_step_is_the_asset_s_own_or_the_policy_s(said, size, fine, least):
    step = step_of(Asset("X", units=of(**said)), TradingRules(lot_size=5))
    assert (step.size, step.fine, step.least_held) == (Decimal(size), fine, Decimal(least))


def test_its_own_lots_hold_where_the_policy_trades_fractions():
    rules = TradingRules(fractional=True)
    assert step_of(Asset("X", units=of(lot_size=100)), rules).size == 100
    assert step_of(Asset("X"), rules).size == Decimal("0.000001")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"price_multiplier": 0}, "is nothing"),
        ({"price_multiplier": -0.01}, "is negative"),
        ({"accrued_interest": -1}, "is negative"),
        ({"price_multiplier": "a hundredth"}, "is not a number"),
        ({"price_multiplier": True}, "is not a number"),
        ({"price_multiplier": 1e13}, "below 10\\^12"),
        ({"lot_size": 0}, "is nothing"),
        ({"lot_size": 2.5}, "no whole number"),
        ({"fraction_digits": 7}, "from 0 to 6"),
        ({"settlement_days": 1.5}, "from 0 to 30"),
        ({"lot_size": 100, "increment": 100}, "lot_size and increment"),
        ({"min_denomination": 2500, "increment": 1000}, "no whole number of steps"),
        ({"nav_priced": "yes"}, "neither true nor false"),
        ({"nav_priced": True, "cut_off": "four"}, "no time of day"),
        ({"cut_off": "16:00"}, "nothing says that this is one"),
        ({"price_multiplyer": 0.01}, "did you mean 'price_multiplier'"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(said, why):
    with pytest.raises(RequestError, match=why) as refused:
        of(**said)
    assert str(refused.value.field).startswith("units")
    assert refused.value.fixes


def test_a_minimum_off_the_steps_is_answered_with_the_next_one():
    with pytest.raises(InvalidValue) as refused:
        of(min_denomination=2500, increment=1000)
    assert "3000" in refused.value.fixes[0]


def test_what_says_nothing_is_nothing_and_changes_no_byte():
    assert of() is None
    assert of(price_multiplier=1, accrued_interest="0.00", nav_priced=False, lot_size=None) is None
    bare = Asset("A", sector="Energy")
    assert b"units" not in canonical_json(bare)
    assert Universe((bare,)).identity() == Universe((Asset("A", sector="Energy", units=None),)).identity()


def test_units_are_content_however_they_are_written():
    one, other = (Universe((Asset("B", units=of(price_multiplier=m)),)) for m in (0.01, "0.0100"))
    assert one.identity() == other.identity() != Universe((Asset("B"),)).identity()
    assert units_of(plain(one.assets[0])["units"], "units") == Units(price_multiplier=Decimal("0.01"))
