"""A bond, a fund and shares in one book: money by hand, to the cent."""

from __future__ import annotations

import pytest
from unit_book import document, frame, request

from portopt.verifier import verify

# Quoted per 100 of face; accrued interest per 100 of face too. Denominations of 1,000.
BOND = {"price_multiplier": 0.01, "accrued_interest": "1.32", "min_denomination": 1000}
CLOSES = {"ABC": 50.0, "BOND-X": 98.25}


def test_a_bond_of_fifty_thousand_face_is_paid_with_its_accrued_interest():
    """By hand: 50,000 x (98.25 + 1.32) / 100 = 49,785.00, of which 50,000 x 1.32 / 100 = 660.00 is accrued interest.

    V = 1,000 x 50.00 + 100,000.00 = 150,000.00; the bond weighs 49,785 / 150,000 = 0.3319; cash is left with
    100,000.00 - 49,785.00 - 10 bps of 49,785.00 = 49.785, half even 49.78, so 50,165.22.
    """
    pinned = {"pinned": {"BOND-X": {"shares": 50000}, "ABC": {"shares": 0}}}
    asked = request(CLOSES, {"BOND-X": BOND}, {"ABC": "1000"}, "100000.00", limits=pinned, costs={"linear_impact": {"bps": 10}})
    found = document(asked, frame(CLOSES))
    (trade,) = found["trades"]
    told = {
        name: trade[name] for name in ("asset_id", "side", "shares", "price", "value", "cost", "unit_price", "accrued_value")
    }
    assert told == {
        "asset_id": "BOND-X", "side": "buy", "shares": 50000.0, "price": "98.25", "value": "49785.00", "cost": "49.78",
        "unit_price": "0.9957", "accrued_value": "660.00",
    }  # fmt: skip
    assert (trade["price_multiplier"], trade["accrued_interest"]) == ("0.01", "1.32")
    assert trade["weight_after"] == pytest.approx(0.3319, abs=1e-15)
    assert (found["headline"]["portfolio_value"], found["headline"]["cash_after"]) == ("150000.00", "50165.22")
    line = next(row for row in found["proposal"] if row["asset_id"] == "BOND-X")
    assert line["units"] == {"price_multiplier": "0.01", "accrued_interest": "1.32", "min_denomination": "1000"}
    assert verify(found).faults == ()


def test_what_is_held_is_worth_its_price_by_the_multiplier():
    """Two options on 100 shares each at 3.20: 2 x 3.20 x 100 = 640.00; with 10 ABC of 50.00 and cash of 360.00, 1,500.00."""
    closes = {"ABC": 50.0, "OPT": 3.2}
    asked = request(closes, {"OPT": {"price_multiplier": 100}}, {"ABC": "10", "OPT": "2"}, "360.00")
    found = document(asked, frame(closes))
    assert found["headline"]["portfolio_value"] == "1500.00"
    line = next(row for row in found["proposal"] if row["asset_id"] == "OPT")
    assert (line["price"], line["weight_before"]) == ("3.20", pytest.approx(640 / 1500, abs=1e-15))
    assert verify(found).faults == ()


def test_assets_that_say_nothing_are_told_as_ever():
    asked = request(CLOSES, {}, {"ABC": "1000"}, "100000.00")
    found = document(asked, frame(CLOSES))
    told = {name for row in (*found["trades"], *found["proposal"]) for name in row}
    assert not told & {"units", "unit_price", "price_multiplier", "accrued_value", "settles_on"}
    assert "settlement" not in found


def _moved(found, name):
    row = next(row for row in found["proposal"] if row["asset_id"] == name)
    return row["shares_before"], row["shares_after"]


def test_each_asset_trades_in_its_own_lots():
    """Shares one by one, the bond in 1,000 of face, the fund in thousandths of a unit, a stock elsewhere by hundreds."""
    closes = {"ABC": 50.0, "BOND-X": 98.25, "FUND": 123.4567, "HK": 7.5}
    units = {"BOND-X": BOND, "FUND": {"fraction_digits": 3}, "HK": {"lot_size": 100}}
    limits = {"cash": {"max": 0.02}, "max_weight": 0.4}
    asked = request(closes, units, {"ABC": "100", "HK": "150"}, "50000.00", limits=limits)
    found = document(asked, frame(closes))
    (_, bond), (_, fund), (before, hk) = _moved(found, "BOND-X"), _moved(found, "FUND"), _moved(found, "HK")
    assert (bond % 1000, bond >= 1000) == (0, True)
    assert round(fund * 1000) == pytest.approx(fund * 1000, abs=1e-6)
    assert fund % 1 != 0
    assert hk == 0 or (hk - before) % 100 == 0
    assert _moved(found, "ABC")[1] % 1 == 0
    assert verify(found).faults == ()
    assert found["certificate"]["orders"]["verdict"] == "certified"


def test_the_remainder_of_an_odd_position_is_sold_whole():
    closes = {"ABC": 50.0, "BOND-X": 98.25}
    units = {"BOND-X": {**BOND, "min_denomination": 2000, "increment": 1000}}
    asked = request(closes, units, {"ABC": "1000", "BOND-X": "1550"}, "1000.00", limits={"exclusions": ["BOND-X"]})
    found = document(asked, frame(closes))
    assert _moved(found, "BOND-X") == (1550.0, 0.0)
    assert verify(found).faults == ()


@pytest.mark.parametrize(("most", "left"), [(0.30, 0.0), (0.45, 200000.0), (0.59, 200000.0), (0.60, 300000.0)])
def test_a_holding_is_none_or_at_least_the_denomination(most, left):
    """At 100 % of face, 500,000 in all: 200,000 at least, then steps of 100,000; ABC may weigh what the rest leaves.

    The bond is the better one by far: as much is bought as its cap allows, 200,000 where that fits under it.
    """
    closes = {"ABC": 50.0, "BOND-X": 100.0}
    units = {"BOND-X": {"price_multiplier": 0.01, "min_denomination": 200000, "increment": 100000}}
    asked = request(
        closes, units, {}, "500000.00", objective={"kind": "utility", "risk_aversion": 1.0},
        limits={"max_weight": {"ABC": 0.1, "BOND-X": most}},
    )  # fmt: skip
    prices = frame(closes, {"ABC": 0.02, "BOND-X": 0.0005}, seed=3)
    found = document(asked, prices)
    assert _moved(found, "BOND-X")[1] == left
    assert verify(found).faults == ()
