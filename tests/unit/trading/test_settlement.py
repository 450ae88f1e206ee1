"""The ladder of cash by hand: what settles when, and which sells come after the buys that they pay for."""

from __future__ import annotations

from datetime import date

import pytest
from unit_book import document, frame, request

from portopt.domain.settlement import settles_on
from portopt.verifier import verify

CLOSES = {"ABC": 50.0, "FUND": 20.0}


@pytest.mark.parametrize(
    ("traded", "days", "on"),
    [
        (date(2024, 3, 28), 0, date(2024, 3, 28)),  # Thursday
        (date(2024, 3, 28), 1, date(2024, 3, 29)),
        (date(2024, 3, 28), 2, date(2024, 4, 1)),  # over Saturday and Sunday to Monday
        (date(2024, 3, 30), 1, date(2024, 4, 1)),  # from a Saturday
        (date(2024, 2, 28), 3, date(2024, 3, 4)),  # 29 February is a Thursday
    ],
)
def test_days_are_weekdays(traded, days, on):
    assert settles_on(traded, days) == on


def _pinned(**units):
    """1,000 of the fund at 20.00 are sold, T+3, for 400 of ABC at 50.00, T+1: 20,000 both ways, with 1,500.00 of cash."""
    asked = request(
        CLOSES, {"ABC": {"settlement_days": 1}, "FUND": {"settlement_days": 3, **units}}, {"FUND": "1000"}, "1500.00",
        limits={"pinned": {"FUND": {"shares": -1000}, "ABC": {"shares": 400}}},
    )  # fmt: skip
    return document(asked, frame(CLOSES))


def test_sells_that_settle_after_the_buys_they_pay_for_are_named():
    """By hand, from Thursday 28 March: ABC is paid on Friday, 1,500 - 20,000 = -18,500; the fund pays on Tuesday 2 April."""
    found = _pinned()
    assert {t["asset_id"]: t["settles_on"] for t in found["trades"]} == {"ABC": "2024-03-29", "FUND": "2024-04-02"}
    ladder = found["settlement"]
    assert [(d["date"], d["cash_in"], d["cash_out"], d["balance"]) for d in ladder["days"]] == [
        ("2024-03-29", "0.00", "20000.00", "-18500.00"),
        ("2024-04-02", "20000.00", "0.00", "1500.00"),
    ]
    (short,) = ladder["short"]
    assert (short["amount"], short["from"], short["until"], short["sells"]) == (
        "18500.00",
        "2024-03-29",
        "2024-04-02",
        ["FUND"],
    )
    said = (
        "buys of 20,000.00 USD (ABC) settle from 2024-03-29 on, sells that pay for them (FUND) by 2024-04-02: "
        "18,500.00 USD short for 4 days"
    )
    assert short["sentence"] == said
    assert said in found["notes"]
    assert verify(found).faults == ()


def test_a_fund_at_its_next_price_is_told_with_its_cut_off():
    found = _pinned(nav_priced=True, cut_off="16:00 Europe/Luxembourg")
    fund = next(t for t in found["trades"] if t["asset_id"] == "FUND")
    assert (fund["nav_priced"], fund["cut_off"]) == (True, "16:00 Europe/Luxembourg")
    said = [note for note in found["notes"] if "not known yet" in note]
    assert said == [
        "FUND is sold at a price that is not known yet: the order is for 1000 units, given before its cut-off 16:00 "
        "Europe/Luxembourg, and counted at the last price, of 2024-03-28"
    ]


def test_what_nobody_says_is_counted_on_the_day_of_the_trade_and_named():
    asked = request(
        CLOSES, {"FUND": {"settlement_days": 2}}, {"FUND": "1000"}, "1500.00",
        limits={"pinned": {"FUND": {"shares": -1000}, "ABC": {"shares": 30}}},
    )  # fmt: skip
    found = document(asked, frame(CLOSES))
    assert found["settlement"]["not_said"] == ["ABC"]
    assert found["settlement"]["short"] == []
    assert any(note.startswith("nobody says when ABC settle") for note in found["notes"])
    assert verify(found).faults == ()


@pytest.mark.parametrize(
    ("path", "other"),
    [
        (("days", 0, "balance"), "-18400.00"),
        (("days", 1, "cash_in"), "20000.01"),
        (("short", 0, "amount"), "1.00"),
        (("short",), []),
    ],
)
def test_a_changed_ladder_is_found_out(path, other):
    found = _pinned()
    place = found["settlement"]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = other
    assert any(fault.path.startswith("settlement") for fault in verify(found).faults)
